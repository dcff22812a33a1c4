// Snapshots: what the storage can do is asked before, and what a failed one left behind is said after.
import { GaiaError } from '../../machines/errors.ts';
import type { Snapshots } from '../../machines/provider.ts';
import { flag, record } from './fields.ts';
import { brokenSnapshots, parseSnapshots } from './snapshotTree.ts';
import { readStatus, withState } from './power.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';

export function createSnapshots(deps: PartDeps): Snapshots {
  const { calls, directory } = deps;
  return {
    list: async (id, signal) => {
      const { guest } = await directory.find(calls, id, signal);
      return parseSnapshots((await calls.get(requests.snapshots(guest), signal)).data);
    },
    take: async (id, options, context) => {
      checkName(options.name);
      const { guest, machine } = await directory.find(calls, id, context.signal);
      await needFeature(deps, guest, 'snapshot', machine.name, context.signal);
      const status = await readStatus(deps, guest, context.signal);
      // As in Proxmox VE's own form: with the memory, unless one says otherwise.
      const memory = guest.kind === 'qemu' && status.running && (options.memory ?? true);
      const request = requests.takeSnapshot(guest, options.name, { memory, ...(options.description === undefined ? {} : { description: options.description }) });
      try {
        await calls.run(request, context, { machine: machine.name });
      } catch (error) {
        throw await withLeftover(deps, guest, options.name, await withState(error, deps, guest, machine.name));
      }
      return options.name;
    },
    restore: async (id, snapshot, context) => {
      const { guest, machine } = await directory.find(calls, id, context.signal);
      try {
        await calls.run(requests.rollback(guest, snapshot), context, { machine: machine.name });
      } catch (error) {
        throw await withState(error, deps, guest, machine.name);
      }
      directory.forget();
    },
    delete: async (id, snapshot, context) => {
      const { guest, machine } = await directory.find(calls, id, context.signal);
      try {
        await calls.run(requests.deleteSnapshot(guest, snapshot), context, { machine: machine.name });
      } catch (error) {
        throw await withState(error, deps, guest, machine.name);
      }
    },
    edit: async (id, snapshot, change, context) => {
      if (change.name !== undefined && change.name !== snapshot) throw new GaiaError('notSupported', { message: 'Proxmox VE cannot rename a snapshot.', hint: 'Change its description instead.' });
      const { guest } = await directory.find(calls, id, context.signal);
      if (change.description !== undefined) await calls.change(requests.describeSnapshot(guest, snapshot, change.description), context.signal);
    },
  };
}

/** pve-configid of 2–40 characters; the server's own message for a bad one is hard to read. */
export function checkName(name: string): void {
  if (/^[A-Za-z][\w-]{1,39}$/.test(name) && !/^(?:current|pending)$/i.test(name)) return;
  throw new GaiaError('invalidInput', { message: 'A snapshot cannot be named “{0}”.', values: [name], hint: 'A name starts with a letter and has 2 to 40 letters, digits, - and _. Anything else fits into its description.' });
}

/** Asks what the disks of a guest can do. Throws GaiaError `notSupported`; a server that does not answer the question gets the benefit of the doubt. */
export async function needFeature(deps: PartDeps, guest: Guest, feature: 'snapshot' | 'clone' | 'copy', name: string, signal: AbortSignal): Promise<void> {
  let data: unknown;
  try {
    data = (await deps.calls.get(requests.feature(guest, feature), signal)).data;
  } catch (error) {
    if (GaiaError.is(error, 'cancelled', 'unauthenticated', 'untrusted', 'didNotAnswer', 'locked')) throw error;
    return;
  }
  if (flag(record(data)['hasFeature'])) return;
  throw new GaiaError('notSupported', {
    message: feature === 'snapshot' ? 'The disks of {0} do not support snapshots.' : 'The disks of {0} cannot be cloned in this way.',
    values: [name],
    machine: name,
    hint: 'Snapshots and linked clones need a storage that can do them (LVM-thin, ZFS, Ceph) or qcow2 disks, and no passed-through devices.',
  });
}

async function withLeftover(deps: PartDeps, guest: Guest, snapshot: string, error: unknown): Promise<unknown> {
  if (!(error instanceof GaiaError) || deps.calls.dry) return error;
  try {
    const { data } = await deps.calls.get(requests.snapshots(guest), AbortSignal.timeout(10_000));
    if (!brokenSnapshots(data).includes(snapshot)) return error;
    return new GaiaError(error.code, { ...error.detail, values: [...(error.detail.values ?? [])], left: `${error.detail.left ?? ''} The unfinished snapshot ${snapshot} is left; delete it when the lock is gone.`.trim() });
  } catch {
    return error;
  }
}
