// The guest's side: Guest Additions' version and level, addresses; their ISO into the drive.
import { GaiaError } from '../../machines/errors.ts';
import type { Guest } from '../../machines/provider.ts';
import { controllersOf, disksOf, parseSlot } from './parse/devices.ts';
import type { Controller } from './parse/devices.ts';
import { guestOf, parseGuestProperties } from './parse/guest.ts';
import type { VmInfo } from './parse/info.ts';
import { parseVmInfo } from './parse/info.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import type { Attachment, Call } from './requests.ts';
import type { Tool } from './tool.ts';
import { vmState } from './states.ts';

export function createGuest(tool: Tool): Guest {
  return {
    async info(id, signal) {
      const uuid = nativeId(id);
      const info = parseVmInfo((await tool.ask(requests.showVm(uuid), signal)).stdout);
      // Never of a machine that is off: the question would take its lock.
      const properties = vmState(info.get('VMState')).online ? parseGuestProperties((await tool.ask(requests.guestProperties(uuid), signal)).stdout) : new Map<string, string>();
      return guestOf(info, properties) ?? { addresses: [], agentRunning: false };
    },

    async insertAdditions(id, context) {
      const uuid = nativeId(id);
      const info = parseVmInfo((await tool.ask(requests.showVm(uuid), context.signal)).stdout);
      try {
        for (const call of insertAdditionsCalls(uuid, info)) await tool.change(call, context);
      } catch (error) {
        if (!GaiaError.is(error) || !/Cannot find the Guest Additions ISO/.test(error.detail.raw ?? '')) throw error;
        throw new GaiaError('notFound', { message: 'This VirtualBox has no ISO with the Guest Additions.', hint: 'Install the package that brings it (virtualbox-guest-additions-iso on Debian and Ubuntu), or download it from virtualbox.org.', ...(error.detail.raw === undefined ? {} : { raw: error.detail.raw }) });
      }
    },
  };
}

/** Puts the ISO into the first optical drive; a machine without one gets one, if it is off. `additions` is VirtualBox's own word for its ISO. */
export function insertAdditionsCalls(uuid: string, info: VmInfo): readonly Call[] {
  const drive = disksOf(info).find(disk => disk.kind === 'cdrom');
  const slot = drive && parseSlot(drive.slot);
  if (slot) return [requests.attach(uuid, slot, 'dvddrive', 'additions')];
  if (vmState(info.get('VMState')).online) throw new GaiaError('wrongState', { message: 'The machine has no optical drive, and one can be added only while it is shut down.' });
  const free = freeSlot(info);
  return [...free.before(uuid), requests.attach(uuid, free.at, 'dvddrive', 'additions')];
}

/** The first free place on a controller for disks, and what must be done for it to be there. */
export function freeSlot(info: VmInfo): { readonly at: Attachment; readonly before: (uuid: string) => readonly Call[] } {
  const taken = new Set(disksOf(info).map(disk => disk.slot));
  for (const controller of controllersOf(info)) {
    if (controller.chip === 'I82078') continue;
    for (let port = 0; port < Math.max(1, controller.maxPorts); port++) {
      for (let device = 0; device < devicesPerPort(controller); device++) {
        if (taken.has(`${controller.name} ${String(port)}:${String(device)}`)) continue;
        return { at: { controller: controller.name, port, device }, before: uuid => (port < controller.ports ? [] : [requests.setPortCount(uuid, controller.name, port + 1)]) };
      }
    }
  }
  return { at: { controller: 'SATA', port: 0, device: 0 }, before: uuid => [requests.addController(uuid, 'SATA', 'sata', 'IntelAhci', 2)] };
}

function devicesPerPort(controller: Controller): number {
  return /^(?:PIIX3|PIIX4|ICH6)$/i.test(controller.chip) ? 2 : 1;
}
