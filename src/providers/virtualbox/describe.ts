// Everything about one machine: `showvminfo`, the disks, what the guest says, and the settings file for what showvminfo does not say safely.
import type { Disk, Machine, MachineDetails, MachineId, NetworkAdapter, SharedFolder } from '../../machines/machine.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { Inventory } from './inventory.ts';
import { idOf } from './inventory.ts';
import { originKey } from './origin.ts';
import { adaptersOf, disksOf, folderFlags, foldersOf, forwardsOf } from './parse/devices.ts';
import { addressesByMac, guestOf, parseGuestProperties } from './parse/guest.ts';
import type { VmInfo } from './parse/info.ts';
import { parseVmInfo } from './parse/info.ts';
import type { MachineFile } from './parse/machineFile.ts';
import { splitTags } from './parse/machineFile.ts';
import type { Medium } from './parse/media.ts';
import { parseMedia } from './parse/media.ts';
import { flatten, snapshotsOf } from './parse/snapshots.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import { vmState } from './states.ts';
import type { Tool } from './tool.ts';

export async function describe(tool: Tool, inventory: Inventory, id: MachineId, signal: AbortSignal): Promise<MachineDetails> {
  const uuid = nativeId(id);
  const [shown, media, startedAt] = await Promise.all([
    tool.ask(requests.showVm(uuid), signal),
    // A refinement: an unreadable disk somewhere must not hide the machine.
    tool.ask(requests.listMedia(), signal).then(answer => parseMedia(answer.stdout), orNone<readonly Medium[]>([])),
    inventory.logs.startedAt(uuid),
  ]);
  const info = parseVmInfo(shown.stdout);
  const file = await inventory.machineFile(uuid);
  const state = vmState(info.get('VMState'));
  const noted = file && !file.encrypted ? file : await notesOf(tool, uuid, signal);
  // Asked of a machine that is off, this would take the machine's lock; of one that runs it is harmless.
  const properties = state.online ? await tool.ask(requests.guestProperties(uuid), signal).then(answer => parseGuestProperties(answer.stdout), orNone<ReadonlyMap<string, string>>(new Map())) : new Map<string, string>();
  const snapshots = file && !file.encrypted ? file.snapshots : snapshotsOf(info);
  const guest = guestOf(info, properties);
  // As a person reads it: `Debian (64-bit)`; the settings file has VirtualBox's id of it.
  const osType = info.get('ostype') ?? file?.osType;
  return {
    machine: machineOf(uuid, info, file, noted, snapshots),
    ...(info.has('firmware') ? { firmware: info.get('firmware') as string } : {}),
    ...(osType === undefined ? {} : { osType }),
    disks: disksOf(info).map(disk => withMedium(disk, media, new Set([uuid, ...flatten(snapshots).map(snapshot => snapshot.id)]))),
    adapters: withAddresses(adaptersOf(info), addressesByMac(properties), state.online),
    portForwards: forwardsOf(shown.stdout),
    sharedFolders: await foldersWithFlags(tool, uuid, foldersOf(info), file, signal),
    snapshots,
    ...(guest === undefined ? {} : { guest }),
    ...(state.online && startedAt !== undefined ? { startedAt } : {}),
    settings: Object.fromEntries(info),
  };
}

function orNone<T>(none: T): (error: unknown) => T {
  return error => {
    if (GaiaError.is(error, 'cancelled', 'didNotAnswer', 'notInstalled')) throw error;
    return none;
  };
}

/** What Gaia noted with the machine, where its settings file cannot be read. */
async function notesOf(tool: Tool, uuid: string, signal: AbortSignal): Promise<Pick<MachineFile, 'tags' | 'source'>> {
  const of = async (key: string): Promise<string | undefined> => /^Value: (.*)$/m.exec(await tool.ask(requests.extraData(uuid, key), signal).then(answer => answer.stdout, orNone('')))?.[1]?.trimEnd();
  const [tags, source] = await Promise.all([of('gaia/tags'), of(originKey)]);
  return { tags: splitTags(tags), ...(source === undefined ? {} : { source }) };
}

function machineOf(uuid: string, info: VmInfo, file: MachineFile | undefined, noted: Pick<MachineFile, 'tags' | 'source'>, snapshots: MachineDetails['snapshots']): Machine {
  const state = vmState(info.get('VMState'));
  const groups = (info.get('groups') ?? '/').split(',').filter(group => group !== '');
  const path = (groups[0] ?? '/').split('/').filter(part => part !== '');
  const description = file?.description ?? info.get('description');
  return {
    id: idOf(uuid),
    name: file?.name ?? info.get('name') ?? uuid,
    kind: 'vm',
    state: state.state,
    providerState: state.word,
    ...(path.length > 0 ? { path } : {}),
    ...(info.has('cpus') ? { cpus: Number(info.get('cpus')) } : {}),
    ...(info.has('memory') ? { memoryMiB: Number(info.get('memory')) } : {}),
    ...(description ? { description } : {}),
    ...(noted.tags.length > 0 ? { tags: noted.tags } : {}),
    ...(state.word.startsWith('aborted') ? { badges: ['aborted'] } : {}),
    snapshotCount: flatten(snapshots).length,
    extra: { groups, ...(file?.osType === undefined ? {} : { osType: file.osType }), ...(noted.source === undefined ? {} : { source: noted.source }) },
  };
}

function withMedium(disk: Disk, media: readonly Medium[], own: ReadonlySet<string>): Disk {
  const medium = media.find(candidate => candidate.uuid === disk.extra?.['uuid']);
  if (!medium || disk.kind !== 'disk') return disk;
  return {
    ...disk,
    ...(medium.capacityBytes === undefined ? {} : { capacityBytes: medium.capacityBytes }),
    ...(medium.sizeOnDiskBytes === undefined ? {} : { usedBytes: medium.sizeOnDiskBytes }),
    ...(medium.format === undefined ? {} : { format: medium.format }),
    ...(medium.users.some(user => !own.has(user)) ? { shared: true } : {}),
    extra: { ...disk.extra, ...(medium.parent === undefined ? {} : { parent: medium.parent }) },
  };
}

function withAddresses(adapters: readonly NetworkAdapter[], addresses: ReadonlyMap<string, readonly string[]>, online: boolean): readonly NetworkAdapter[] {
  if (!online) return adapters;
  return adapters.map(adapter => {
    const found = addresses.get(adapter.macAddress?.replaceAll(':', '').toUpperCase() ?? '');
    return found ? { ...adapter, addresses: found } : adapter;
  });
}

/** Permanent folders have their flags in the settings file, transient ones (and all, where it cannot be read) only in the answer for people. */
async function foldersWithFlags(tool: Tool, uuid: string, folders: readonly SharedFolder[], file: MachineFile | undefined, signal: AbortSignal): Promise<readonly SharedFolder[]> {
  const saved = new Map(file?.sharedFolders.map(folder => [folder.name, folder]));
  if (folders.every(folder => !folder.transient && saved.has(folder.name))) return folders.map(folder => ({ ...saved.get(folder.name), ...folder }));
  const flags = folderFlags((await tool.ask(requests.showVmForPeople(uuid), signal)).stdout);
  return folders.map(folder => ({ ...folder, ...flags.get(folder.name) }));
}
