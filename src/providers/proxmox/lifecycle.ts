// Deleting, renaming, resizing what is there.
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { DeletionPreview, Lifecycle, OperationContext, Resize } from '../../machines/provider.ts';
import { checkDnsName } from './cloneGuest.ts';
import { formatDiskSize } from './encode.ts';
import type { Params } from './encode.ts';
import { number, rows, text } from './fields.ts';
import { parseDisks, parsePending, parseSettings } from './parse.ts';
import { parseSnapshots } from './snapshotTree.ts';
import { afterwards, readStatus, withState } from './power.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';

/** `unreferenced`: with the volumes of its number that no setting of it names, which only a delete of that kind takes. */
export async function deletionPreview(deps: PartDeps, id: MachineId, signal: AbortSignal, { unreferenced = false } = {}): Promise<DeletionPreview> {
  const { calls, directory } = deps;
  const { guest, machine } = await directory.find(calls, id, signal);
  const [configAnswer, snapshotAnswer, status] = await Promise.all([calls.get(requests.config(guest, { current: true }), signal), calls.get(requests.snapshots(guest), signal).catch(() => undefined), readStatus(deps, guest, signal)]);
  const settings = parseSettings(configAnswer.data);
  const own = new RegExp(`(?:^|[/:])(?:vm|base|subvol|basevol)-${guest.vmid}-`);
  const named: DeletionPreview['disks'] = parseDisks(settings)
    .filter(disk => disk.location !== undefined && disk.kind !== 'cdrom')
    .map(disk => {
      // Volumes of other guests and paths of the node are left alone by the server.
      const goes = own.test(disk.location as string);
      return { location: disk.location as string, goes, ...(goes ? {} : { why: 'It does not belong to this machine alone.' }) };
    });
  const disks = unreferenced ? [...named, ...(await unreferencedVolumes(deps, guest, named.map(disk => disk.location), signal))] : named;
  const base = { disks, snapshots: countSnapshots(snapshotAnswer?.data) };
  if (settings['protection'] === '1') return { ...base, refused: 'It is protected from deletion.' };
  if (settings['lock'] !== undefined && settings['lock'] !== 'suspended') return { ...base, refused: 'A task of Proxmox VE holds it locked.' };
  if (status.running) return { ...base, refused: 'It runs: shut it down first.' };
  if (machine.template && (await hasLinkedClones(deps, guest, settings, signal))) return { ...base, refused: 'Linked clones still need its disks.' };
  return base;
}

/** Every volume with the number of this machine on the storages of its node, but for those that are `known` already. An error is none: what is not known would be lost unsaid. */
async function unreferencedVolumes(deps: PartDeps, guest: Guest, known: readonly string[], signal: AbortSignal): Promise<DeletionPreview['disks']> {
  const view = await deps.directory.view(deps.calls, signal);
  const storages = view.storages.filter(storage => storage.node === guest.node && storage.status === 'available' && storage.content.some(kind => kind === 'images' || kind === 'rootdir'));
  const answers = await Promise.all(storages.map(async storage => rows((await deps.calls.get(requests.storageContent(guest.node, storage.id), signal)).data)));
  return answers.flat().flatMap(row => {
    const location = text(row['volid']);
    const used = number(row['used']);
    const isDisk = row['content'] === 'images' || row['content'] === 'rootdir';
    return location === undefined || !isDisk || number(row['vmid']) !== guest.vmid || known.includes(location) ? [] : [{ location, goes: true, ...(used === undefined ? {} : { usedBytes: used }) }];
  });
}

function countSnapshots(data: unknown): number {
  const count = (nodes: readonly { readonly children: readonly unknown[] }[]): number => nodes.reduce((sum, node) => sum + 1 + count(node.children as readonly { children: readonly unknown[] }[]), 0);
  return count(parseSnapshots(data));
}

async function hasLinkedClones(deps: PartDeps, guest: Guest, settings: Readonly<Record<string, string>>, signal: AbortSignal): Promise<boolean> {
  const storages = new Set(parseDisks(settings).flatMap(disk => (disk.storage === undefined ? [] : [disk.storage])));
  for (const storage of storages) {
    // No right to look is no proof; the server itself refuses the delete then.
    const answer = await deps.calls.get(requests.storageContent(guest.node, storage), signal).catch((error: unknown) => {
      if (GaiaError.is(error, 'cancelled')) throw error;
      return undefined;
    });
    const needle = new RegExp(`(?:^|[/:])(?:base|basevol)-${guest.vmid}-`);
    if (rows(answer?.data).some(row => number(row['vmid']) !== guest.vmid && (needle.test(text(row['parent']) ?? '') || needle.test(text(row['volid']) ?? '')))) return true;
  }
  return false;
}

export interface DeleteChoice {
  readonly disks: 'delete' | 'keep';
  readonly purge?: boolean;
  /** Also ANY volume with this VMID on all storages. Only when a person asked for it. */
  readonly unreferenced?: boolean;
}

export async function deleteMachine(deps: PartDeps, id: MachineId, choice: DeleteChoice, context: OperationContext): Promise<void> {
  const { calls, directory } = deps;
  const { guest, machine } = await directory.find(calls, id, context.signal);
  if (choice.disks === 'keep') throw new GaiaError('notSupported', { message: 'Proxmox VE deletes the disks of a machine with it.', machine: machine.name, hint: 'Move a disk to another machine first, if it is to stay.' });
  const preview = await deletionPreview(deps, id, context.signal);
  // Numbers are given out anew at once: what is there under this one now must still be what was meant.
  const status = await readStatus(deps, guest, context.signal);
  if (status.name !== undefined && status.name !== machine.name && !/^(?:VM|CT) ?\d+$/.test(machine.name)) {
    directory.forget();
    throw new GaiaError('conflict', { message: 'The number of {0} now belongs to {1}, so nothing was deleted.', values: [machine.name, status.name], hint: 'Refresh the list.' });
  }
  if (preview.refused !== undefined) throw new GaiaError(status.running ? 'wrongState' : 'protected', { message: preview.refused, machine: machine.name });
  try {
    await calls.run(requests.destroy(guest, { ...(choice.purge ? { purge: true } : {}), ...(choice.unreferenced ? { destroyUnreferenced: true } : {}) }), context, { machine: machine.name });
  } catch (error) {
    directory.forget();
    throw await withState(error, deps, guest, machine.name);
  }
  directory.forget();
  await afterwards(machine.name, () => calls.until(
    async signal => {
      try {
        return (await readStatus(deps, guest, signal)).name !== status.name;
      } catch (error) {
        if (GaiaError.is(error, 'notFound', 'noPermission')) return true;
        throw error;
      }
    },
    10_000,
    context.signal,
  ));
}

/** Names in `hotplug`: `network,disk,usb` by default; `1` is all of the default, `0` nothing. */
export function hotplugs(settings: Readonly<Record<string, string>>, what: 'cpu' | 'memory' | 'network'): boolean {
  const usual = 'network,disk,usb';
  const given = settings['hotplug'] ?? usual;
  return (given === '1' ? usual : given).split(',').includes(what);
}

export async function resizeNeedsStop(deps: PartDeps, id: MachineId, size: Resize, signal: AbortSignal): Promise<readonly (keyof Resize)[]> {
  const { guest } = await deps.directory.find(deps.calls, id, signal);
  if (guest.kind === 'lxc' || !(await readStatus(deps, guest, signal)).running) return [];
  const settings = parseSettings((await deps.calls.get(requests.config(guest, { current: true }), signal)).data);
  return [...(size.cpus !== undefined && !hotplugs(settings, 'cpu') ? (['cpus'] as const) : []), ...(size.memoryMiB !== undefined && !hotplugs(settings, 'memory') ? (['memoryMiB'] as const) : [])];
}

export async function resize(deps: PartDeps, id: MachineId, size: Resize, context: OperationContext): Promise<void> {
  const { calls, directory } = deps;
  const { guest, machine } = await directory.find(calls, id, context.signal);
  const settings = parseSettings((await calls.get(requests.config(guest), context.signal)).data);
  const params = { ...(size.cpus === undefined ? {} : cpuParams(guest, settings, size.cpus)), ...(size.memoryMiB === undefined ? {} : { memory: size.memoryMiB, ...balloonLimit(settings, size.memoryMiB) }) };
  if (size.disk) checkGrowth(settings, size.disk);
  if (Object.keys(params).length > 0) await changeConfig(deps, guest, params, { ...(settings['digest'] === undefined ? {} : { digest: settings['digest'] }) }, context.signal);
  if (size.disk) {
    try {
      await calls.run(requests.resizeDisk(guest, size.disk.slot, formatDiskSize(size.disk.sizeBytes)), context, { machine: machine.name });
    } catch (error) {
      throw Object.keys(params).length > 0 && GaiaError.is(error) ? new GaiaError(error.code, { ...error.detail, left: `${error.detail.left ?? ''} CPUs and memory were changed, the disk was not.`.trim(), cause: error }) : error;
    }
  }
  directory.forget();
  await sayPending(deps, guest, context);
}

/** Grows a disk to a size; a larger one stays as it is. */
export async function growTo(deps: PartDeps, guest: Guest, slot: string, sizeBytes: number, context: OperationContext): Promise<void> {
  if (!deps.calls.dry) {
    const disks = parseDisks(parseSettings((await deps.calls.get(requests.config(guest), context.signal)).data));
    const disk = disks.find(candidate => candidate.slot === slot);
    if (disk?.capacityBytes !== undefined && disk.capacityBytes >= sizeBytes) return;
  }
  await deps.calls.run(requests.resizeDisk(guest, slot, formatDiskSize(sizeBytes)), context);
}

/**
 * PUT config. When an answer got lost and the second try meets a changed digest, the change may be our own: then what is there now decides.
 */
export async function changeConfig(deps: PartDeps, guest: Guest, params: Params, options: { readonly delete?: readonly string[]; readonly digest?: string }, signal: AbortSignal, repeatable = true): Promise<void> {
  const { repeatable: _repeatable, ...once } = requests.setConfig(guest, params, options);
  try {
    await deps.calls.change(repeatable ? { ...once, repeatable: true } : once, signal);
  } catch (error) {
    if (!GaiaError.is(error, 'conflict')) throw error;
    const now = parseSettings((await deps.calls.get(requests.config(guest), signal)).data);
    const said = (value: Params[string]): string => (typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
    const done = Object.entries(params).every(([key, value]) => now[key] === said(value)) && (options.delete ?? []).every(key => now[key] === undefined);
    if (!done) throw error;
  }
}

/** `cpus` of the domain is sockets × cores. Sockets are kept where the number allows it. */
export function cpuParams(guest: Guest, settings: Readonly<Record<string, string>>, cpus: number): Readonly<Record<string, number>> {
  const sockets = Number(settings['sockets'] ?? 1);
  if (guest.kind === 'lxc') return { cores: cpus };
  return sockets > 1 && cpus % sockets === 0 ? { cores: cpus / sockets } : { cores: cpus, ...(sockets > 1 ? { sockets: 1 } : {}) };
}

/** A balloon minimum above the memory is refused. */
function balloonLimit(settings: Readonly<Record<string, string>>, memoryMiB: number): Readonly<Record<string, number>> {
  return settings['balloon'] !== undefined && Number(settings['balloon']) > memoryMiB ? { balloon: memoryMiB } : {};
}

function checkGrowth(settings: Readonly<Record<string, string>>, wish: { readonly slot: string; readonly sizeBytes: number }): void {
  const disk = parseDisks(settings).find(candidate => candidate.slot === wish.slot);
  if (!disk) throw new GaiaError('notFound', { message: 'It has no disk {0}.', values: [wish.slot] });
  if (disk.capacityBytes !== undefined && wish.sizeBytes < disk.capacityBytes) throw new GaiaError('invalidInput', { message: 'A disk cannot be made smaller.' });
}

/** Says which changes wait for the next start. */
export async function sayPending(deps: PartDeps, guest: Guest, context: OperationContext): Promise<void> {
  if (deps.calls.dry) return;
  const pending = await deps.calls.get(requests.pending(guest), context.signal).then(answer => parsePending(answer.data), () => ({}));
  const keys = Object.keys(pending);
  if (keys.length > 0) context.output(`Takes effect at the next start: ${keys.join(', ')}.`);
}

export function createLifecycle(deps: PartDeps, create: Lifecycle['create']): Lifecycle {
  return {
    needs: 'nothing',
    create,
    keepsDisks: false,
    deletionPreview: (id, signal) => deletionPreview(deps, id, signal),
    delete: (id, options, context) => deleteMachine(deps, id, options, context),
    rename: async (id, name, context) => {
      checkDnsName(name);
      const { guest } = await deps.directory.find(deps.calls, id, context.signal);
      await changeConfig(deps, guest, guest.kind === 'qemu' ? { name } : { hostname: name }, {}, context.signal);
      deps.directory.forget();
    },
    resizeNeedsStop: (id, size, signal) => resizeNeedsStop(deps, id, size, signal),
    resize: (id, size, context) => resize(deps, id, size, context),
  };
}
