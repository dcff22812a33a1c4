// What a machine was made of, noted with it when it is made: by that the plan sees that its file now names another box, image or source, for
// which there is no change in place. A note that came along with a copy or an appliance is another machine's, and says nothing.
import type { MachineDetails } from '../../machines/machine.ts';
import type { Difference } from '../../machines/provider.ts';
import type { MachineSource, MachineSpec } from '../../machines/spec.ts';
import { isGemVersion, parseConstraints, satisfies } from '../../images/gemVersion.ts';

/** Extra data of the machine, beside `gaia/tags`. */
export const originKey = 'gaia/source';

interface Origin {
  /** Of the machine that was made. */
  readonly uuid: string;
  readonly kind: MachineSource['kind'];
  /** As the file names it. */
  readonly name?: string;
  /** The version that a box had. */
  readonly version?: string;
}

export function originText({ source }: Pick<MachineSpec, 'source'>, uuid: string): string {
  const name = nameOf(source);
  return JSON.stringify({ uuid, kind: source.kind, ...(name === undefined ? {} : { name }), ...(source.kind === 'box' && source.version !== undefined ? { version: source.version } : {}) });
}

/**
 * Another source than the machine was made of. Not compared: what nobody noted; a file that names none; another installation medium, as
 * what was installed from it stays; a newer version of a box that the file allows, too.
 */
export function origin({ source }: MachineSpec, { machine }: MachineDetails): readonly Difference[] {
  const made = parse(machine.extra?.['source']);
  if (made === undefined || !machine.id.endsWith(`:${made.uuid}`) || source.kind === 'empty') return [];
  const isInstalled = (kind: MachineSource['kind']): boolean => kind === 'iso' || kind === 'empty';
  const isSame = isInstalled(source.kind) ? isInstalled(made.kind) : source.kind === made.kind && nameOf(source) === made.name && isOfVersion(source, made.version);
  if (isSame) return [];
  return [{ key: 'source', before: words(made.kind, made.name, made.version), after: words(source.kind, nameOf(source), source.kind === 'box' ? source.version : undefined), effect: 'replace', loses: 'all data on its disks' }];
}

function isOfVersion(source: MachineSource, version: string | undefined): boolean {
  if (source.kind !== 'box' || source.version === undefined || version === undefined || !isGemVersion(version)) return true;
  return satisfies(version, parseConstraints(source.version) ?? []);
}

function nameOf(source: MachineSource): string | undefined {
  switch (source.kind) {
    case 'box':
    case 'distribution':
      return source.name;
    case 'clone':
      return source.of;
    case 'empty':
      return undefined;
    default:
      // `./x.qcow2` is `x.qcow2`.
      return source.url.replace(/^(?:\.[\\/])+/, '');
  }
}

function words(kind: MachineSource['kind'], name: string | undefined, version: string | undefined): string {
  return [kind === 'clone' ? 'clone of' : kind, name, version].filter(part => part !== undefined).join(' ');
}

function parse(text: unknown): Origin | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const value = JSON.parse(text) as Partial<Origin> | null;
    return typeof value?.uuid === 'string' && typeof value.kind === 'string' ? (value as Origin) : undefined;
  } catch {
    return undefined;
  }
}
