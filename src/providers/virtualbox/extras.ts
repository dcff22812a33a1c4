// Verbs that VirtualBox alone has.
import type { ExtraVerb } from '../../machines/provider.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { PartDeps } from './deps.ts';
import { disksOf, parseSlot } from './parse/devices.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';

export function createExtras({ tool, inventory, states }: PartDeps): readonly ExtraVerb[] {
  return [
    {
      id: 'discardSavedState',
      title: 'Discard Saved State',
      icon: 'discard',
      available: machine => machine.state === 'suspended',
      confirm: 'Discard the saved state of {0}? What was not saved inside the machine is lost, as if its plug were pulled.',
      async run(id, _input, context) {
        const uuid = nativeId(id);
        await tool.change(requests.discardState(uuid), context);
        // It prints its errors and exits with 0: only the machine itself says whether it is done.
        const state = await states.waitUntilReleased(uuid, 30_000, context.signal);
        if (state.word.endsWith('saved')) throw new GaiaError('unexpected', { message: 'The machine still has its saved state.' });
      },
    },
    {
      id: 'moveToGroup',
      title: 'Move to Group…',
      icon: 'folder',
      available: machine => machine.state === 'stopped',
      input: { prompt: 'Group, such as /lab/web. Empty = no group. VirtualBox moves the machine\'s folder with it.' },
      async run(id, input, context) {
        await tool.change(requests.modify(nativeId(id), '--groups', groupText(input)), context);
      },
    },
    {
      id: 'sendCtrlAltDelete',
      title: 'Send Ctrl+Alt+Delete',
      icon: 'keyboard',
      available: machine => machine.state === 'running',
      run: async (id, _input, context) => {
        await tool.change(requests.ctrlAltDelete(nativeId(id)), context);
      },
    },
    {
      id: 'ejectMedia',
      title: 'Eject Optical Disc',
      icon: 'eject',
      available: machine => machine.state === 'running' || machine.state === 'stopped' || machine.state === 'paused',
      async run(id, _input, context) {
        const uuid = nativeId(id);
        const { info } = await states.read(uuid, context.signal);
        for (const disk of disksOf(info)) {
          const slot = parseSlot(disk.slot);
          if (disk.kind === 'cdrom' && disk.location !== undefined && slot) await tool.change(requests.attach(uuid, slot, 'dvddrive', 'emptydrive'), context);
        }
      },
    },
    {
      id: 'showMachineLog',
      title: 'Show Log of the Machine',
      showsOutput: true,
      icon: 'output',
      available: machine => machine.providerState !== 'inaccessible',
      async run(id, _input, context) {
        const log = await inventory.logs.text(nativeId(id));
        if (log === undefined) throw new GaiaError('notFound', { message: 'The machine has no log yet.' });
        for (const line of log.split('\n')) context.output(line);
      },
    },
  ];
}

/** `lab/web` → `/lab/web`; nothing → `/`. */
export function groupText(input: string | undefined): string {
  const parts = (input ?? '').split('/').map(part => part.trim()).filter(part => part !== '');
  if (parts.some(part => part.includes(','))) throw new GaiaError('invalidInput', { message: 'The name of a group must not contain a comma.' });
  return `/${parts.join('/')}`;
}
