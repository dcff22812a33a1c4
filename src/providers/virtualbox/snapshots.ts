// Snapshots: the tree, take (off, saved, or running with its memory), restore, delete, rename.
import { GaiaError } from '../../machines/errors.ts';
import type { Snapshot } from '../../machines/machine.ts';
import type { Power, Snapshots } from '../../machines/provider.ts';
import type { PartDeps } from './deps.ts';
import { parseVmInfo } from './parse/info.ts';
import { flatten, snapshotsOf } from './parse/snapshots.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';

const settleMs = 60_000;

export function createSnapshots({ tool, inventory, states }: PartDeps, power: Power): Snapshots {
  const list = async (uuid: string, signal: AbortSignal): Promise<readonly Snapshot[]> => {
    const file = await inventory.machineFile(uuid);
    if (file && !file.encrypted) return file.snapshots;
    return snapshotsOf(parseVmInfo((await tool.ask(requests.showVm(uuid), signal)).stdout));
  };
  const find = async (uuid: string, snapshot: string, signal: AbortSignal): Promise<Snapshot> => {
    const found = flatten(await list(uuid, signal)).find(candidate => candidate.id === snapshot);
    if (found) return found;
    throw new GaiaError('notFound', { message: 'This snapshot is not there any more.' });
  };

  return {
    list: (id, signal) => list(nativeId(id), signal),

    async take(id, { name, description }, context) {
      const uuid = nativeId(id);
      checkSnapshotName(name);
      const state = await states.read(uuid, context.signal);
      const before = new Set(flatten(await list(uuid, context.signal)).map(snapshot => snapshot.id));
      // A running machine is always taken with its memory: VirtualBox knows no other way. `--live` keeps it running meanwhile.
      const answer = await tool.change(requests.takeSnapshot(uuid, name, { ...(description ? { description } : {}), live: state.word === 'running' }), context, () => Promise.resolve(false));
      const said = /UUID: ([0-9a-f-]{36})/i.exec(answer.stdout)?.[1]?.toLowerCase();
      const taken = flatten(await list(uuid, context.signal)).find(snapshot => !before.has(snapshot.id) && (said === undefined || snapshot.id === said))?.id ?? said;
      if (taken === undefined) throw new GaiaError('unexpected', { message: 'VirtualBox took a snapshot but does not show it.', raw: answer.stdout });
      if (state.word === 'running') await states.wait(uuid, now => now.word === 'running' || now.word === 'paused' || !now.online, settleMs, context.signal);
      return taken;
    },

    /** A machine that runs is powered off for it, and runs again afterwards: its present state is given up either way, as the caller has asked. */
    async restore(id, snapshot, context) {
      const uuid = nativeId(id);
      await find(uuid, snapshot, context.signal);
      const state = await states.read(uuid, context.signal);
      if (state.online) await power.powerOff(id, context);
      await tool.change(requests.restoreSnapshot(uuid, snapshot), context);
      await states.waitUntilReleased(uuid, settleMs, context.signal);
      if (state.online) await power.start(id, { mode: modeOfSession(state.session) }, context);
    },

    async delete(id, snapshot, context) {
      const uuid = nativeId(id);
      const found = await find(uuid, snapshot, context.signal);
      if (found.children.length > 1) {
        throw new GaiaError('wrongState', { message: 'The snapshot "{0}" has {1} children, and VirtualBox deletes only those with one or none.', values: [found.name, found.children.length], hint: 'Delete its children until one is left, then delete this one.' });
      }
      const online = (await states.read(uuid, context.signal)).online;
      await tool.change(requests.deleteSnapshot(uuid, snapshot), context);
      await (online ? states.wait(uuid, now => !now.word.startsWith('deletingsnapshot'), settleMs, context.signal) : states.waitUntilReleased(uuid, settleMs, context.signal));
    },

    async edit(id, snapshot, change, context) {
      const uuid = nativeId(id);
      if (change.name !== undefined) checkSnapshotName(change.name);
      await find(uuid, snapshot, context.signal);
      await tool.change(requests.editSnapshot(uuid, snapshot, change), context);
    },
  };
}

function checkSnapshotName(name: string): void {
   
  if (name.trim() === '' || /[\u0000-\u001f\u007f]/.test(name)) throw new GaiaError('invalidInput', { message: 'A snapshot needs a name without line ends and control characters.' });
}

/** The way of starting that a session's name stands for. */
export function modeOfSession(session: string | undefined): 'headless' | 'gui' {
  return session?.startsWith('GUI') ? 'gui' : 'headless';
}

