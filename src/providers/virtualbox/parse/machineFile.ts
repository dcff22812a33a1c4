// A machine's .vbox file: what a row of the tree needs of a machine that does not run, and what `showvminfo` does not say safely.
// Layouts: up to settings version 1.19 (VirtualBox 7.0) the CPU stands in Hardware, from 1.20 in Platform.
import type { SharedFolder, Snapshot } from '../../../machines/machine.ts';
import type { XmlElement } from './xml.ts';
import { all, at, child, parseXml, plainUuid } from './xml.ts';

export interface FileMedium {
  readonly uuid: string;
  /** Absolute, or relative to the folder of the .vbox file. */
  readonly location: string;
  readonly format?: string;
  readonly parent?: string;
}

export interface MachineFile {
  readonly uuid: string;
  readonly name: string;
  readonly osType?: string;
  /** `/lab/a`; never empty. */
  readonly groups: readonly string[];
  readonly description?: string;
  readonly cpus: number;
  readonly memoryMiB?: number;
  readonly firmware: string;
  /** The whole machine is encrypted: only its id and name can be read. */
  readonly encrypted: boolean;
  /** Has its state saved on disk. */
  readonly saved: boolean;
  /** Its process ended without a word. */
  readonly aborted: boolean;
  /** ISO 8601 UTC. */
  readonly stateChangedAt?: string;
  readonly snapshots: readonly Snapshot[];
  readonly snapshotCount: number;
  readonly sharedFolders: readonly SharedFolder[];
  readonly media: readonly FileMedium[];
  /** `gui`, `headless`: how a start shows it when nobody says. */
  readonly frontend?: string;
  /** What Gaia noted with the machine (extra data `gaia/tags`). */
  readonly tags: readonly string[];
  /** What Gaia made it of (extra data `gaia/source`), as it was noted. */
  readonly source?: string;
  /** The present state is the current snapshot's, unchanged. */
  readonly unmodified: boolean;
}

/** undefined = not a machine's settings file, or read while it was being written. */
export function parseMachineFile(text: string): MachineFile | undefined {
  const root = parseXml(text);
  if (root?.name !== 'VirtualBox') return undefined;
  const sealed = child(root, 'MachineEncrypted');
  const machine = child(root, 'Machine') ?? sealed;
  const uuid = plainUuid(machine?.attributes['uuid']);
  if (!machine || uuid === undefined) return undefined;
  const attributes = machine.attributes;
  const hardware = child(machine, 'Hardware');
  const current = plainUuid(attributes['currentSnapshot']);
  const snapshots = all(machine, 'Snapshot').map(snapshot => readSnapshot(snapshot, current));
  const cpu = at(machine, 'Platform', 'CPU') ?? child(hardware, 'CPU');
  const memory = Number(child(hardware, 'Memory')?.attributes['RAMSize']);
  const description = child(machine, 'Description')?.text;
  const frontend = (at(machine, 'Platform', 'Frontend', 'Default') ?? at(hardware, 'Frontend', 'Default'))?.attributes['type'];
  const notes = new Map(all(child(machine, 'ExtraData'), 'ExtraDataItem').map(item => [item.attributes['name'], item.attributes['value']]));
  const noted = (key: string): string | undefined => notes.get(key);
  const groups = all(child(machine, 'Groups'), 'Group').map(group => group.attributes['name'] ?? '/');
  return {
    uuid,
    name: attributes['name'] ?? uuid,
    ...(attributes['OSType'] ? { osType: attributes['OSType'] } : {}),
    groups: groups.length > 0 ? groups : ['/'],
    ...(description ? { description } : {}),
    cpus: Number(cpu?.attributes['count'] ?? 1) || 1,
    ...(Number.isFinite(memory) && memory > 0 ? { memoryMiB: memory } : {}),
    firmware: at(hardware, 'Firmware')?.attributes['type'] ?? 'BIOS',
    encrypted: sealed !== undefined,
    saved: Boolean(attributes['stateFile']),
    aborted: attributes['aborted'] === 'true' || attributes['aborted'] === '1',
    ...(attributes['lastStateChange'] ? { stateChangedAt: attributes['lastStateChange'] } : {}),
    snapshots,
    snapshotCount: count(snapshots),
    sharedFolders: all(child(hardware, 'SharedFolders'), 'SharedFolder').map(readFolder),
    ...(frontend ? { frontend } : {}),
    tags: splitTags(noted('gaia/tags')),
    ...(noted('gaia/source') === undefined ? {} : { source: noted('gaia/source') as string }),
    unmodified: attributes['currentStateModified'] === 'false',
    media: all(at(machine, 'MediaRegistry', 'HardDisks'), 'HardDisk').flatMap(disk => readMedia(disk, undefined)),
  };
}

/** `a,b`; nothing = none. */
export function splitTags(text: string | undefined): readonly string[] {
  return (text ?? '').split(',').filter(tag => tag !== '');
}

function readSnapshot(element: XmlElement, current: string | undefined): Snapshot {
  const uuid = plainUuid(element.attributes['uuid']) ?? '';
  const description = child(element, 'Description')?.text;
  const createdAt = element.attributes['timeStamp'];
  return {
    id: uuid,
    name: element.attributes['name'] ?? '',
    ...(description ? { description } : {}),
    ...(createdAt ? { createdAt } : {}),
    withMemory: Boolean(element.attributes['stateFile']),
    ...(uuid === current ? { current: true } : {}),
    children: all(child(element, 'Snapshots'), 'Snapshot').map(snapshot => readSnapshot(snapshot, current)),
  };
}

function readFolder(element: XmlElement): SharedFolder {
  const { name, hostPath, writable, autoMount, autoMountPoint } = element.attributes;
  return {
    name: name ?? '',
    hostPath: hostPath ?? '',
    readOnly: !(writable === 'true' || writable === '1'),
    autoMount: autoMount === 'true' || autoMount === '1',
    ...(autoMountPoint ? { mountPoint: autoMountPoint } : {}),
  };
}

function readMedia(element: XmlElement, parent: string | undefined): readonly FileMedium[] {
  const uuid = plainUuid(element.attributes['uuid']);
  const { location, format } = element.attributes;
  const below = all(element, 'HardDisk').flatMap(disk => readMedia(disk, uuid));
  if (uuid === undefined || location === undefined) return below;
  return [{ uuid, location, ...(format ? { format } : {}), ...(parent === undefined ? {} : { parent }) }, ...below];
}

function count(snapshots: readonly Snapshot[]): number {
  return snapshots.reduce((sum, snapshot) => sum + 1 + count(snapshot.children), 0);
}
