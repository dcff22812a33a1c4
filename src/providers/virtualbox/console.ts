// The machine's screen: VirtualBox opens its own window. To a machine that runs without one, a window that can be closed again is attached.
import type { Console, Power } from '../../machines/provider.ts';
import type { MachineStates } from './machineState.ts';
import { nativeId } from './power.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';

export function createConsole(tool: Tool, states: MachineStates, power: Power): Console {
  return {
    async open(id, context) {
      const uuid = nativeId(id);
      const state = await states.read(uuid, context.signal);
      if (!state.online) await power.start(id, { mode: 'detachable' }, context);
      // A machine started in a window shows itself; asking again would only fail on the lock.
      else if (!state.session?.startsWith('GUI')) {
        const since = tool.doors.clock.now();
        await tool.change(requests.start(uuid, 'detachable'), context, () => Promise.resolve(true));
        await states.waitForWindow(uuid, since, context.signal);
      }
      return { kind: 'external' };
    },
  };
}
