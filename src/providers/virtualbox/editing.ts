// Changes to an existing machine: settings, port forwards, shared folders, adapters, disks, media. Each is turned into calls from what the
// machine is now; what cannot be done while it runs is found out before anything is changed.
import * as path from 'node:path';
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { Change, Editing } from '../../machines/provider.ts';
import { adapterOptions, checkedForward, liveAdapterCommands } from './adapters.ts';
import { settleAdapter } from './adapterNetwork.ts';
import { fileName } from './create.ts';
import { freeSlot } from './guest.ts';
import { adaptersOf, disksOf, parseSlot } from './parse/devices.ts';
import type { VmInfo } from './parse/info.ts';
import { parseVmInfo } from './parse/info.ts';
import { splitTags } from './parse/machineFile.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import type { Call } from './requests.ts';
import { liveCommand, option, settingDescriptions } from './settings.ts';
import { vmState } from './states.ts';
import type { Tool } from './tool.ts';

const mebibyte = 1024 * 1024;

export function createEditing(tool: Tool): Editing {
  const look = async (id: MachineId, signal: AbortSignal): Promise<VmInfo> => parseVmInfo((await tool.ask(requests.showVm(nativeId(id)), signal)).stdout);
  return {
    settings: settingDescriptions,

    async needsStop(id, changes, signal) {
      const info = await look(id, signal);
      return changes.filter(change => changeCalls(nativeId(id), change, info) === undefined);
    },

    async apply(id, asked, context) {
      const uuid = nativeId(id);
      const info = await look(id, context.signal);
      const saved = vmState(info.get('VMState')).word.endsWith('saved');
      const changes: Change[] = [];
      // One after the other: a network that is made for the first serves the next.
      for (const change of asked) changes.push(vmState(info.get('VMState')).online ? change : await settleAdapter(tool, change, context));
      const calls = changes.map(change => changeCalls(uuid, change, info));
      const refused = changes[calls.findIndex(list => list === undefined)];
      if (refused) throw new GaiaError('wrongState', { message: saved ? 'The machine has a saved state, so this cannot be changed now.' : 'The machine must be shut down for this change.', hint: saved ? 'Start it and shut it down, or discard its saved state.' : 'Shut it down, and try again.' });
      for (const [index, list] of calls.entries()) {
        context.progress({ message: 'Changing the machine', fraction: index / calls.length });
        for (const call of freshCalls(uuid, changes[index] as Change, list ?? [], index === 0 ? info : await look(id, context.signal))) await tool.change(call, context);
      }
    },
  };
}

/** An earlier change of the same edit may have moved what a later one works with (a free port). */
function freshCalls(uuid: string, change: Change, planned: readonly Call[], info: VmInfo): readonly Call[] {
  return change.kind === 'addDisk' ? (changeCalls(uuid, change, info) ?? planned) : planned;
}

/** What to run for one change, in the machine's present state; undefined = it must be shut down for that. */
export function changeCalls(uuid: string, change: Change, info: VmInfo): readonly Call[] | undefined {
  const state = vmState(info.get('VMState'));
  const live = state.online;
  // With a saved state nothing of the hardware may change, or the state could not be continued.
  const off = !live && !state.word.endsWith('saved');
  switch (change.kind) {
    case 'setting': {
      // A note of Gaia's with the machine, whatever that does.
      if (change.key === 'tags') return [requests.setExtraData(uuid, 'gaia/tags', splitTags(String(change.value)).map(tag => tag.trim()).join(','))];
      if (off) return [requests.modify(uuid, ...option(change.key, change.value))];
      const command = live ? liveCommand(change.key, change.value) : undefined;
      return command && [requests.control(uuid, ...command)];
    }
    case 'addPortForward':
      return live || off ? [requests.addForward(uuid, checkedForward(change.forward), live)] : undefined;
    case 'removePortForward':
      return live || off ? [requests.removeForward(uuid, change.forward, live)] : undefined;
    case 'addSharedFolder':
      if (change.folder.transient && !live) throw new GaiaError('wrongState', { message: 'A transient shared folder can be added only while the machine runs.' });
      return live || off ? [requests.addSharedFolder(uuid, change.folder)] : undefined;
    case 'removeSharedFolder':
      return live || off ? [requests.removeSharedFolder(uuid, change.folder)] : undefined;
    case 'setAdapter': {
      if (off) return [requests.modify(uuid, ...adapterOptions(change.adapter))];
      const commands = live ? liveAdapterCommands(adaptersOf(info).find(adapter => adapter.index === change.adapter.index), change.adapter) : undefined;
      return commands?.map(command => requests.control(uuid, ...command));
    }
    case 'removeAdapter':
      return off ? [requests.modify(uuid, `--nic${String(change.index)}`, 'none')] : undefined;
    case 'addDisk':
      return off ? addDiskCalls(uuid, change, info) : undefined;
    case 'removeDisk': {
      const disk = disksOf(info).find(candidate => candidate.slot === change.slot);
      const slot = disk && parseSlot(disk.slot);
      if (!slot) throw new GaiaError('notFound', { message: 'There is no disk at {0}.', values: [change.slot] });
      if (!off) return undefined;
      return [requests.detach(uuid, slot), ...(change.deleteFile && disk.kind === 'disk' && disk.location !== undefined ? [requests.deleteDisk(String(disk.extra?.['uuid'] ?? disk.location))] : [])];
    }
    case 'moveDisk':
      return off ? moveDiskCalls(change, info) : undefined;
    case 'insertMedium': {
      const slot = parseSlot(change.slot);
      if (!slot) throw new GaiaError('invalidInput', { message: 'There is no drive at {0}.', values: [change.slot] });
      const kind = disksOf(info).find(candidate => candidate.slot === change.slot)?.kind;
      if (kind === 'disk') throw new GaiaError('invalidInput', { message: 'At {0} is a hard disk, not a drive.', values: [change.slot] });
      if (kind === undefined && !off) return undefined;
      return [requests.attach(uuid, slot, kind === 'floppy' ? 'fdd' : 'dvddrive', change.location ?? 'emptydrive')];
    }
  }
}

function addDiskCalls(uuid: string, change: Extract<Change, { kind: 'addDisk' }>, info: VmInfo): readonly Call[] {
  const free = change.slot === undefined ? freeSlot(info) : { at: parseSlot(change.slot), before: () => [] };
  const { at } = free;
  if (!at) throw new GaiaError('invalidInput', { message: 'There is no place {0} for a disk.', values: [change.slot ?? ''] });
  if (disksOf(info).some(disk => disk.slot === `${at.controller} ${String(at.port)}:${String(at.device)}`)) throw new GaiaError('alreadyExists', { message: 'There is a disk at {0} already.', values: [change.slot ?? ''] });
  const folder = change.storage ?? path.dirname(info.get('CfgFile') ?? '');
  const name = fileName(`${info.get('name') ?? 'disk'}-${at.controller}-${String(at.port)}-${String(at.device)}`);
  const file = change.location ?? path.join(folder, `${name}.vdi`);
  return [...free.before(uuid), requests.createDisk(file, Math.ceil(change.sizeBytes / mebibyte), 'VDI'), requests.attach(uuid, at, 'hdd', file)];
}

function moveDiskCalls(change: Extract<Change, { kind: 'moveDisk' }>, info: VmInfo): readonly Call[] {
  const disk = disksOf(info).find(candidate => candidate.slot === change.slot);
  const medium = disk?.extra?.['uuid'];
  if (disk?.kind !== 'disk' || typeof medium !== 'string') throw new GaiaError('notFound', { message: 'There is no disk at {0}.', values: [change.slot] });
  return [requests.moveDisk(medium, change.storage)];
}
