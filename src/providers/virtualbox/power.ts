// Start, shut down, power off and the like. Each verb resolves only when VirtualBox says that the state is reached and the lock is given back.
import { GaiaError } from '../../machines/errors.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { OperationContext, Power } from '../../machines/provider.ts';
import type { Inventory } from './inventory.ts';
import type { MachineStates, PresentState } from './machineState.ts';
import { isReleased } from './machineState.ts';
import * as requests from './requests.ts';
import type { Call } from './requests.ts';
import type { Tool } from './tool.ts';

/** The lock is given back well within this, or something is wrong. */
const settleMs = 30_000;

/** How one knows that a call has done what it was for. */
interface Wanted {
  /** The machine's process, which runs on, has logged one of these states. */
  readonly logged?: readonly string[];
  /** ms since 1970: look for `logged` in a log that was opened then or later, with patience, before VBoxManage is asked. */
  readonly since?: number;
  /** The machine's process has logged one of these states and ended. */
  readonly ended?: readonly string[];
  /** What VBoxManage must say where the log does not. */
  readonly reached: (state: PresentState) => boolean;
}

export function createPower(tool: Tool, states: MachineStates, inventory: Inventory): Power {
  /** Runs the call; if it fails and the machine is as wanted all the same, that is done too: it was so before, or VirtualBox fell over its own feet afterwards. */
  const until = async (id: MachineId, call: Call, wanted: Wanted, context: OperationContext): Promise<void> => {
    const uuid = nativeId(id);
    try {
      await tool.change(call, context, async () => wanted.reached(await states.read(uuid, context.signal)));
    } catch (error) {
      if (!GaiaError.is(error, 'wrongState', 'locked', 'unexpected')) throw error;
      if (wanted.reached(await states.read(uuid, context.signal))) return;
      throw error;
    }
    if (wanted.logged && (wanted.since === undefined ? await states.isLogged(uuid, wanted.logged) : await states.waitUntilLogged(uuid, wanted.logged, wanted.since, settleMs, context.signal))) return;
    if (wanted.ended && (await states.hasEnded(uuid, wanted.ended, context.signal))) return;
    if (await states.wait(uuid, wanted.reached, settleMs, context.signal)) return;
    throw new GaiaError('didNotAnswer', { message: 'VirtualBox accepted the request, but the machine did not change within {0} seconds.', values: [settleMs / 1000] });
  };
  const isRunning = (state: PresentState): boolean => state.word === 'running';

  return {
    startModes: ['headless', 'gui', 'detachable'],

    async start(id, options, context) {
      const uuid = nativeId(id);
      const mode = options.mode ?? (await inventory.startMode(uuid));
      const call = requests.start(uuid, mode);
      const since = tool.doors.clock.now();
      // A start that fails because it runs already has nothing left to do; one during the end of an earlier session waits for the lock.
      // A detachable window starts the machine only after startvm has returned, and fails if somebody holds the machine just then: asking
      // VBoxManage how it is would do that (measured, 7.2).
      await until(id, call, { logged: ['Running'], ...(mode === 'detachable' ? { since } : {}), reached: state => {
        if (state.word === 'aborted' || state.word === 'aborted-saved') {
          throw new GaiaError('unexpected', { message: 'The machine started and ended at once.', hint: 'Look at VBox.log in the machine\'s Logs folder.' });
        }
        return isRunning(state);
      } }, context);
      if (mode === 'detachable') await states.waitForWindow(uuid, since, context.signal);
    },

    async shutDown(id, { timeoutMs }, context) {
      const uuid = nativeId(id);
      try {
        await tool.change(requests.acpiPowerButton(uuid), context);
      } catch (error) {
        if (!GaiaError.is(error, 'wrongState') || !isReleased(await states.read(uuid, context.signal))) throw error;
        return;
      }
      context.progress({ message: 'Asked the guest to shut down. Waiting for it.' });
      if (await states.wait(uuid, isReleased, timeoutMs, context.signal)) return;
      throw new GaiaError('didNotAnswer', {
        message: 'The guest has not shut down within {0} seconds.',
        values: [Math.round(timeoutMs / 1000)],
        hint: 'It may be asking somebody to confirm, or have no ACPI support. Power it off if nothing in it can be lost.',
        left: 'The machine still runs.',
      });
    },

    powerOff: (id, context) => until(id, requests.powerOff(nativeId(id)), { ended: ['PoweredOff'], reached: isReleased }, context),
    reset: (id, context) => until(id, requests.reset(nativeId(id)), { logged: ['Running'], reached: state => state.online }, context),
    pause: (id, context) => until(id, requests.pause(nativeId(id)), { logged: ['Paused'], reached: state => state.word === 'paused' }, context),
    resume: (id, context) => until(id, requests.resume(nativeId(id)), { logged: ['Running'], reached: isRunning }, context),
    suspend: (id, context) => until(id, requests.saveState(nativeId(id)), { ended: ['Saved'], reached: state => isReleased(state) && state.word.endsWith('saved') }, context),
  };
}

/** The UUID in an id. Throws `notFound` for the id of another provider. */
export function nativeId(id: MachineId): string {
  const parts = parseMachineId(id);
  if (parts.provider !== 'virtualbox') throw new GaiaError('notFound', { message: 'This machine does not belong to VirtualBox.' });
  return parts.native;
}
