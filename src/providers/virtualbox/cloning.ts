// Clones, full and linked. The clone's UUID is chosen before it exists, so that a clone that fails or is cancelled can be taken back by it.
import { randomUUID } from 'node:crypto';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { Cloning, CloneOptions, OperationContext, Snapshots } from '../../machines/provider.ts';
import { checkName } from './creation.ts';
import type { Creation } from './creation.ts';
import type { PartDeps } from './deps.ts';
import { idOf } from './inventory.ts';
import { flatten } from './parse/snapshots.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';

const noSnapshot = 'A linked clone needs a snapshot, and this machine has none.';

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
      const snapshot = from.take ? await takeBase(id, options, snapshots, source?.name ?? '', context) : from.snapshot;
      const clone = randomUUID();
      try {
        await tool.change(requests.cloneVm(uuid, { name: options.name, uuid: clone, linked: options.linked === true, ...(snapshot === undefined ? {} : { snapshot }), groups }), context);
        await states.waitUntilReleased(clone, 30_000, context.signal);
      } catch (error) {
        throw await creation.takeBack({ files: [], networks: [], names: [], uuid: clone, folder: undefined }, asGaiaError(error));
      }
      return idOf(clone);
    },
  };
}

async function takeBase(id: MachineId, options: CloneOptions, snapshots: Snapshots, source: string, context: OperationContext): Promise<string> {
  context.progress({ message: 'Taking a snapshot to clone from' });
  return await snapshots.take(id, { name: `Base of ${options.name}`, description: `${options.linked ? 'Linked base' : 'Base'} for ${source} and ${options.name}` }, context);
}
