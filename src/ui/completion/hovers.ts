// What the hover adds to the schema's description (which VS Code's JSON service shows): unit, default, example, and what the value comes to.
import * as vscode from 'vscode';
import { defaultOf, exampleOf } from '../../config/docs.ts';
import { isObject } from '../../config/merge.ts';
import { machineKind } from '../../config/kinds.ts';
import { propertyAt } from '../../config/schema.ts';
import { describeBytes, sizeBytes } from '../../config/sizes.ts';
import { machineSpec } from '../../config/spec.ts';
import type { ParsedMachine } from '../../config/model.ts';
import { isAllowedHostOnly, defaultHostOnlyRanges } from '../../machines/hostOnlyRanges.ts';
import { rangeIn } from '../diagnostics/diagnostics.ts';
import type { HostFactsSource } from '../diagnostics/hostFactsSource.ts';
import { isGaiaDocument } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { GaiaDocuments } from './documents.ts';
import { placeAt, plainPath, valueAt, type Place } from './place.ts';

export class ConfigHovers implements vscode.HoverProvider {
  readonly #documents: GaiaDocuments;
  readonly #facts: HostFactsSource;

  constructor(documents: GaiaDocuments, facts: HostFactsSource) {
    this.#documents = documents;
    this.#facts = facts;
  }

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    if (!isGaiaDocument(document)) return undefined;
    const place = placeAt(this.#documents.parsed(document), document.offsetAt(position));
    if (!place?.token) return undefined;
    const lines = [schemaLine(place), this.#meaning(document, place)].filter(line => line !== undefined && line !== '');
    return lines.length === 0 ? undefined : new vscode.Hover(new vscode.MarkdownString(lines.join('\n\n')), rangeIn(document, place.token));
  }

  /** What the value comes to, on this computer. */
  #meaning(document: vscode.TextDocument, place: Place): string | undefined {
    const value = valueAt(place.value, place.path);
    const facts = this.#facts.factsFor(document);
    const path = plainPath(place.path);
    switch (path) {
      case 'name': return place.machine && summary(place.machine);
      case 'config.memory': {
        if (typeof value !== 'number') return undefined;
        const size = describeBytes(value * 1024 ** 2);
        return facts.memoryMiB === undefined || !machineKind(place.provider).local ? `= ${size}` : t('= {0}, {1} % of this computer’s {2}', size, Math.round(value / facts.memoryMiB * 100), describeBytes(facts.memoryMiB * 1024 ** 2));
      }
      case 'config.cpus': return typeof value === 'number' && facts.cpus !== undefined && machineKind(place.provider).local ? t('This computer has {0}.', facts.cpus) : undefined;
      case 'config.disk_size': case 'config.disks.size': case 'config.provider_config.disk_size': return sized(value);
      case 'config.disk_size_gb': return typeof value === 'number' ? sized(value * 1024) : undefined;
      case 'config.networks.ip': {
        if (typeof value !== 'string' || !machineKind(place.provider).hostOnlyRanges || valueAt(place.value, [...place.path.slice(0, -1), 'type']) !== 'private_network' || facts.platform === 'win32') return undefined;
        const allowed = facts.hostOnlyNetworks ?? defaultHostOnlyRanges;
        return isAllowedHostOnly(value, allowed) === true ? t('Inside the ranges for host-only networks: {0}', allowed.ranges.map(r => r.text).join(', ')) : undefined;
      }
      case 'config.box': {
        const boxes = (facts.boxes ?? []).filter(box => box.name === value);
        return typeof value === 'string' && facts.boxes ? (boxes.length === 0 ? t('Not on this computer yet: it is downloaded when the machine is made.') : t('On this computer: {0}', boxes.map(b => `${b.version} (${[b.provider, b.architecture].filter(Boolean).join(', ')})`).join(', '))) : undefined;
      }
      default: return undefined;
    }
  }
}

function sized(value: unknown): string | undefined {
  const bytes = sizeBytes(value);
  return bytes === undefined ? undefined : `= ${describeBytes(bytes)}`;
}

/** Default, unit and example in one line. */
function schemaLine({ value, path }: Place): string | undefined {
  const schema = propertyAt(value, path);
  if (!schema || typeof path.at(-1) === 'number' || path.length === 0 || plainPath(path) === 'config') return undefined;
  const [usual, example, unit] = [defaultOf(schema), exampleOf(schema), schema['x-unit']];
  const limits = schema.minimum === undefined && schema.maximum === undefined ? '' : `${schema.minimum === undefined ? '' : String(schema.minimum)}–${schema.maximum === undefined ? '' : String(schema.maximum)}`;
  return [unit && t('Unit: {0}', unit), usual && t('Default: {0}', usual), limits && t('Range: {0}', limits), example && t('Example: {0}', example)].filter(Boolean).join(' · ');
}

/** What a machine is, all told, and what of it comes from the defaults. */
function summary(machine: ParsedMachine): string {
  const spec = machineSpec(machine);
  const source = 'name' in spec.source ? spec.source.name : 'of' in spec.source ? spec.source.of : 'url' in spec.source ? spec.source.url : t('empty');
  const facts = [spec.cpus !== undefined && t('{0} CPUs', spec.cpus), spec.memoryMiB !== undefined && describeBytes(spec.memoryMiB * 1024 ** 2), spec.disks[0] && spec.disks[0].sizeBytes > 0 && t('disk {0}', describeBytes(spec.disks[0].sizeBytes)), source].filter(Boolean).join(' · ');
  const inherited = Object.keys(machine.config).filter(key => !Object.hasOwn(machine.own, key) || JSON.stringify(machine.own[key]) !== JSON.stringify(machine.config[key]));
  const escaped = facts.replace(/[\\`*_{}[\]()#+!|<>]/g, '\\$&');
  return inherited.length === 0 || !isObject(machine.own) ? escaped : `${escaped}\n\n${t('From the defaults: {0}', inherited.map(key => `\`${key.replaceAll('`', '')}\``).join(', '))}`;
}
