// Create, delete, rename, resize.
import { GaiaError } from '../../machines/errors.ts';
import type { Lifecycle, Resize } from '../../machines/provider.ts';
import { createNeeds } from './createNeeds.ts';
import { checkName } from './creation.ts';
import type { Creation } from './creation.ts';
import type { PartDeps } from './deps.ts';
import type { Deletion } from './deletion.ts';
import { idOf } from './inventory.ts';
import { isReleased } from './machineState.ts';
import { disksOf } from './parse/devices.ts';
import { parseVmInfo } from './parse/info.ts';
import type { Medium } from './parse/media.ts';
import { ancestry, parseMedia } from './parse/media.ts';
import { nativeId } from './power.ts';
import { Remains } from './remains.ts';
import * as requests from './requests.ts';
import type { Call } from './requests.ts';
import type { Tool } from './tool.ts';

const mebibyte = 1024 * 1024;

export function createLifecycle({ tool, inventory, states }: PartDeps, creation: Creation, deletion: Deletion): Lifecycle {
  const remains = new Remains(tool, inventory);
  return {
    needs: createNeeds,
    create: async (spec, context) => idOf(await creation.create(spec, context)),
    deletionPreview: (id, signal) => deletion.preview(id, signal),
    delete: (id, { disks }, context) => deletion.delete(id, disks, context),
    remains: (intents, signal) => remains.find(intents, signal),
    removeRemains: (found, context) => remains.remove(found, context),

    // modifyvm refuses both a running machine and one with a saved state.
    renamesIn: ['stopped'],
    async rename(id, name, context) {
      const uuid = nativeId(id);
      const machines = await inventory.list(context.signal);
      const self = machines.find(machine => machine.id === id);
      if (self?.name === name) return;
      checkName(name, [`/${(self?.path ?? []).join('/')}`], machines.filter(machine => machine.id !== id));
      await tool.change(requests.modify(uuid, '--name', name), context, async () => (await states.read(uuid, context.signal)).online);
    },

    async resizeNeedsStop(id, size, signal) {
      const state = await states.read(nativeId(id), signal);
      return isReleased(state) && !state.word.endsWith('saved') ? [] : (Object.keys(size) as (keyof Resize)[]).filter(key => size[key] !== undefined);
    },

    async resize(id, size, context) {
      const uuid = nativeId(id);
      const state = await states.read(uuid, context.signal);
      if (state.online || state.word.endsWith('saved')) throw new GaiaError('wrongState', { message: 'CPUs, memory and disks can be changed only while the machine is shut down.' });
      for (const call of resizeCalls(uuid, size, await mediumAt(tool, uuid, size, context.signal))) await tool.change(call, context);
    },
  };
}

/** The disk that a resize is about; [] = none. Throws when it is not there, or would have to shrink. */
export async function mediumAt(tool: Tool, uuid: string, size: Resize, signal: AbortSignal): Promise<readonly Medium[]> {
  if (!size.disk) return [];
  const { stdout } = await tool.ask(requests.showVm(uuid), signal);
  const disk = disksOf(parseVmInfo(stdout)).find(candidate => candidate.slot === size.disk?.slot);
  const medium = disk?.extra?.['uuid'];
  if (disk?.kind !== 'disk' || typeof medium !== 'string') throw new GaiaError('notFound', { message: 'There is no disk at {0}.', values: [size.disk.slot] });
  const chain = ancestry(parseMedia((await tool.ask(requests.listMedia(), signal)).stdout), medium);
  const now = chain[0]?.capacityBytes ?? 0;
  if (size.disk.sizeBytes < now) throw new GaiaError('invalidInput', { message: 'VirtualBox can only make disks larger. This one has {0} MiB.', values: [Math.round(now / mebibyte)] });
  return chain.slice(0, 1);
}

/** `chain[0]` = the disk that is attached; with snapshots it is the differencing one, and growing that alone is right: the snapshots keep their size. */
export function resizeCalls(uuid: string, size: Resize, chain: readonly Medium[]): readonly Call[] {
  const settings = [...(size.cpus === undefined ? [] : ['--cpus', String(size.cpus)]), ...(size.memoryMiB === undefined ? [] : ['--memory', String(size.memoryMiB)])];
  const disk = size.disk;
  return [
    ...(settings.length > 0 ? [requests.modify(uuid, ...settings)] : []),
    ...(disk ? [requests.growDisk(chain[0]?.uuid ?? `<disk at ${disk.slot}>`, Math.ceil(disk.sizeBytes / mebibyte))] : []),
  ];
}
