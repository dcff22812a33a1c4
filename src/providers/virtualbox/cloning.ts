// Clones, full and linked. The clone's UUID is chosen before it exists, so that a clone that fails or is cancelled can be taken back by it.
import { randomUUID } from 'node:crypto';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { MachineId, Snapshot } from '../../machines/machine.ts';
import type { Cloning, CloneOptions, OperationContext, Snapshots } from '../../machines/provider.ts';
import { checkName } from './creation.ts';
import type { Creation } from './creation.ts';
import type { PartDeps } from './deps.ts';
import { idOf } from './inventory.ts';
import { isReleased } from './machineState.ts';
import { flatten } from './parse/snapshots.ts';
import { nativeId } from './power.ts';
import { machineFolder } from './remains.ts';
import * as requests from './requests.ts';
import type { Made } from './takeBack.ts';

const settleMs = 60_000;
const noSnapshot = 'A linked clone needs a snapshot, and this machine has none.';

interface Base extends NonNullable<Made['snapshot']> {
  /** Resolves with the snapshot's id. */
  take(context: OperationContext): Promise<string>;
}

export const baseName = (clone: string): string => `Base of ${clone}`;

/** Names the clone's UUID: by it this snapshot can be told from everybody else's before its own id is known. */
export function baseDescription(source: string, clone: { readonly name: string; readonly linked?: boolean; readonly uuid: string }): string {
  return `${clone.linked ? 'Linked base' : 'Base'} for ${source} and ${clone.name} (${clone.uuid})`;
}

export function createCloning({ tool, inventory, states }: PartDeps, creation: Creation, snapshots: Snapshots): Cloning {
  /** The snapshot to clone from; undefined = the present state. `take` = one must be taken first. */
  const origin = async (id: MachineId, options: CloneOptions, signal: AbortSignal): Promise<{ readonly snapshot?: string; readonly take?: boolean }> => {
    const all = flatten(await snapshots.list(id, signal));
    if (options.snapshot !== undefined) {
      const found = all.find(snapshot => snapshot.id === options.snapshot) ?? all.find(snapshot => snapshot.name === options.snapshot);
      if (!found) throw new GaiaError('notFound', { message: 'This snapshot is not there any more.' });
      return { snapshot: found.id };
    }
    const state = await states.read(nativeId(id), signal);
    const current = all.find(snapshot => snapshot.current);
    if (!options.linked) {
      if (!state.online) return {};
      // VirtualBox cannot copy the disk a running machine writes to: a snapshot holds it still.
      if (options.takeSnapshot) return { take: true };
      throw new GaiaError('wrongState', { message: 'A running machine can be cloned only from a snapshot.', hint: 'Shut it down, choose a snapshot, or let Gaia take one.' });
    }
    const unmodified = current !== undefined && !state.online && (await inventory.machineFile(nativeId(id)))?.unmodified === true;
    if (unmodified) return { snapshot: current.id };
    if (options.takeSnapshot) return { take: true };
    if (current) return { snapshot: current.id };
    throw new GaiaError('wrongState', { message: noSnapshot, hint: 'Take a snapshot first, or let Gaia take one.' });
  };

  /** The snapshot of the source that a clone is made from. */
  const baseOf = async (id: MachineId, source: string, clone: CloneOptions & { readonly uuid: string }, signal: AbortSignal): Promise<Base> => {
    const list = async (now: AbortSignal): Promise<readonly Snapshot[]> => flatten(await snapshots.list(id, now));
    const name = baseName(clone.name);
    const before = new Set((await list(signal)).map(snapshot => snapshot.id));
    return {
      name,
      take: context => {
        context.progress({ message: 'Taking a snapshot to clone from' });
        return snapshots.take(id, { name, description: baseDescription(source, clone) }, context);
      },
      async remove(context) {
        // A VBoxManage that was ended leaves VBoxSVC to finish the snapshot (measured, 7.2): it may still be on its way.
        const settled = await states.wait(nativeId(id), state => isReleased(state) || /^(?:running|paused|gurumeditation)$/.test(state.word), settleMs, context.signal);
        if (!settled) return false;
        const made = (await list(context.signal)).find(snapshot => !before.has(snapshot.id) && snapshot.description?.includes(clone.uuid) === true);
        if (made) await snapshots.delete(id, made.id, context);
        return true;
      },
    };
  };

  return {
    takesSnapshot: true,
    async refusal(id, { linked }, signal) {
      if (linked) return flatten(await snapshots.list(id, signal)).length > 0 ? undefined : noSnapshot;
      return (await states.read(nativeId(id), signal)).online ? 'A running machine can be cloned only from a snapshot.' : undefined;
    },

    async clone(id, options, context) {
      const uuid = nativeId(id);
      const machines = await inventory.list(context.signal);
      const source = machines.find(machine => machine.id === id);
      const group = `/${(source?.path ?? []).join('/')}`;
      const groups = group === '/' ? [] : [group];
      checkName(options.name, groups, machines);
      const from = await origin(id, options, context.signal);
      const clone = options.reserved ?? randomUUID();
      const base = from.take ? await baseOf(id, source?.name ?? '', { ...options, uuid: clone }, context.signal) : undefined;
      const machineFolders = await inventory.defaultMachineFolder();
      const folders = machineFolders === undefined ? [] : await creation.newFolders([machineFolder(machineFolders, groups, options.name)]);
      // The snapshot first: removed in the other order, it goes when nothing stands on it any more.
      await context.intend?.([...(base ? [{ kind: 'snapshot' as const, machine: id, name: base.name, marked: clone }] : []), ...folders]);
      try {
        const snapshot = base ? await base.take(context) : from.snapshot;
        await tool.change(requests.cloneVm(uuid, { name: options.name, uuid: clone, linked: options.linked === true, ...(snapshot === undefined ? {} : { snapshot }), groups }), context);
        await states.waitUntilReleased(clone, 30_000, context.signal);
      } catch (error) {
        throw await creation.takeBack({ files: [], networks: [], names: [], uuid: clone, folders, snapshot: base, folder: undefined }, asGaiaError(error));
      }
      return idOf(clone);
    },
  };
}
