// Values that only this computer and its hypervisors know: boxes, machines to clone, network cards, and what each provider suggests.
import * as vscode from 'vscode';
import { listStore, vagrantHome } from '../../images/boxStore.ts';
import { networkInterfaces } from '../../system/hostFacts.ts';
import { thisPlatform } from '../../system/platform.ts';
import { machineKind } from '../../config/kinds.ts';
import { knownProviders } from '../../config/schema.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { folderOf } from '../diagnostics/hostPath.ts';
import { plainPath, valueAt, type Place } from './place.ts';

export interface LiveValue {
  readonly value: string | number;
  readonly description?: string;
  readonly kind?: vscode.CompletionItemKind;
  /** A folder: completion goes on inside it. */
  readonly folder?: boolean;
}

/** How long a provider may take, and how long its answer holds, in ms. */
const patienceMs = 3000;
const holdsMs = 30_000;

export class LiveValues {
  readonly #parts: Pick<Parts, 'registry' | 'fleet' | 'ensureProviders'>;
  readonly #answers = new Map<string, { readonly at: number; readonly values: Promise<readonly LiveValue[]> }>();

  constructor(parts: Pick<Parts, 'registry' | 'fleet' | 'ensureProviders'>) {
    this.#parts = parts;
  }

  /** Values for the place; `typed` is what stands there already. Never rejects. */
  async at(document: vscode.TextDocument, place: Place, typed: string, neighbours: readonly string[]): Promise<readonly LiveValue[]> {
    const path = plainPath(place.path);
    const own = await this.#own(document, place, path, typed, neighbours).catch(() => []);
    const theirs = await Promise.all(this.#providersFor(place).map(provider => this.#asked(`${provider.id}:${provider.connection.id}:${path}`, async () => (await provider.suggestions?.values(path, AbortSignal.timeout(patienceMs))) ?? [])));
    const seen = new Set<string | number>();
    return [...own, ...theirs.flat()].filter(({ value }) => !seen.has(value) && seen.add(value));
  }

  #providersFor({ provider, machine, value }: Place): ReturnType<Parts['registry']['all']> {
    const wanted = machine?.config['connection'] ?? valueAt(value, ['config', 'connection']);
    const all = this.#parts.registry.all().filter(p => p.id === provider && p.suggestions !== undefined);
    const named = all.filter(p => p.connection.id === wanted || p.connection.label === wanted);
    return named.length > 0 ? named : all;
  }

  /** One question at a time, its answer kept for a while; a failure is an empty answer, and asked again. */
  async #asked(key: string, ask: () => Promise<readonly LiveValue[]>): Promise<readonly LiveValue[]> {
    const known = this.#answers.get(key);
    if (known && Date.now() - known.at < holdsMs) return known.values;
    const values = ask().catch(() => { this.#answers.delete(key); return []; });
    this.#answers.set(key, { at: Date.now(), values });
    if (this.#answers.size > 200) for (const oldest of this.#answers.keys()) { this.#answers.delete(oldest); break; }
    return values;
  }

  async #own(document: vscode.TextDocument, place: Place, path: string, typed: string, neighbours: readonly string[]): Promise<readonly LiveValue[]> {
    const entry = valueAt(place.value, place.path.slice(0, -1)) as { readonly [key: string]: unknown } | undefined;
    switch (path) {
      case 'provider': {
        await this.#parts.ensureProviders();
        return this.#parts.registry.all().filter(p => !(knownProviders as readonly string[]).includes(p.id)).map(p => ({ value: p.id, description: p.label }));
      }
      case 'config.box': return this.#asked(`boxes:${place.provider}`, () => installedBoxes(place.provider));
      case 'config.clone_from': case 'config.clone_from.name': return [...neighbours.map(value => ({ value, description: t('in this file') })), ...await this.#machines(place.provider, true)];
      case 'config.source_distro': return this.#machines(place.provider, false);
      case 'config.connection': return this.#parts.registry.all().filter(p => p.id === place.provider).map(p => ({ value: p.connection.id, description: p.connection.detail ?? p.connection.label }));
      case 'config.networks.bridge': return machineKind(place.provider).bridgesHostCards ? networkInterfaces().map(({ name, address }) => ({ value: name, ...(address !== undefined && { description: address }) })) : [];
      case 'config.hostname': return typeof place.value['name'] === 'string' && /^[A-Za-z0-9][-.A-Za-z0-9]*$/.test(place.value['name']) ? [{ value: place.value['name'], description: t('the name of the machine') }] : [];
      case 'config.networks.host_port': return typeof entry?.['guest_port'] === 'number' ? [{ value: entry['guest_port'] < 1024 ? entry['guest_port'] + 8000 : entry['guest_port'], description: t('for port {0} of the machine', entry['guest_port']) }] : [];
      case 'config.provisioners.before': case 'config.provisioners.after': return stepNames(place).map(value => ({ value, description: t('a step of this machine') }));
      case 'config.synced_folders.host_path': return filesIn(document, typed, true);
      case 'config.triggers.run.path': case 'config.triggers.run_remote.path': case 'config.provisioners.path': case 'config.provisioners.source': case 'config.provisioners.playbook': case 'config.tarball': case 'config.iso': case 'config.image': case 'config.cloud_init.user_data': case 'config.cloud_init.network_config':
        return filesIn(document, typed, false);
      default: return [];
    }
  }

  /** Machines of the provider that are there; templates first. */
  async #machines(provider: string, templates: boolean): Promise<readonly LiveValue[]> {
    await this.#parts.ensureProviders();
    if (this.#parts.fleet.entries().some(e => e.provider.id === provider && e.status.kind === 'notAsked')) await Promise.race([this.#parts.fleet.refresh(), new Promise(resolve => setTimeout(resolve, patienceMs))]);
    const found = this.#parts.fleet.entries().filter(e => e.provider.id === provider).flatMap(e => e.machines);
    return [...found].sort((a, b) => Number(templates && (b.template ?? false)) - Number(templates && (a.template ?? false)))
      .map(m => ({ value: m.name, description: m.template === true ? t('template') : m.providerState }));
  }
}

async function installedBoxes(provider: string): Promise<readonly LiveValue[]> {
  const { env, home } = thisPlatform();
  const boxes = (await listStore(`${vagrantHome(env, home)}/boxes`)).filter(box => box.provider === provider || provider === '');
  const byName = new Map<string, string[]>();
  for (const { name, version } of boxes) byName.set(name, [...(byName.get(name) ?? []), version]);
  return [...byName].map(([value, versions]) => ({ value, description: t('on this computer: {0}', versions.join(', ')) }));
}

function stepNames({ value, path }: Place): readonly string[] {
  const steps = valueAt(value, ['config', 'provisioners']);
  return Array.isArray(steps) ? steps.flatMap((step: unknown, i) => { const name = valueAt(step, ['name']); return i !== path[2] && typeof name === 'string' && name !== '' ? [name] : []; }) : [];
}

/** Files and folders beside the document, below what is typed so far. */
async function filesIn(document: vscode.TextDocument, typed: string, foldersOnly: boolean): Promise<readonly LiveValue[]> {
  const base = folderOf(document.uri);
  if (!base || /^([A-Za-z]:|[/\\~]|\w+:\/\/)/.test(typed)) return [];
  const head = typed.replace(/[^/]*$/, '') || './';
  const entries = await vscode.workspace.fs.readDirectory(vscode.Uri.joinPath(base, head));
  return entries.filter(([name, type]) => !name.startsWith('.') && name !== 'node_modules' && (!foldersOnly || (type & vscode.FileType.Directory) !== 0)).map(([name, type]) => {
    const folder = (type & vscode.FileType.Directory) !== 0;
    return { value: `${head}${name}`, kind: folder ? vscode.CompletionItemKind.Folder : vscode.CompletionItemKind.File, ...(folder && { folder }) };
  });
}
