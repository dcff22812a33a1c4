// The state of one machine as VirtualBox says it, and waiting until it is the one that was asked for and the session lock is given back (V1).
import { GaiaError } from '../../machines/errors.ts';
import type { Inventory } from './inventory.ts';
import { parseVmInfo } from './parse/info.ts';
import type { VmInfo } from './parse/info.ts';
import { showVm } from './requests.ts';
import { vmState } from './states.ts';
import type { Tool } from './tool.ts';

export interface PresentState {
  /** `poweroff`, `running` … */
  readonly word: string;
  readonly online: boolean;
  /** A machine process or a window holds the machine: `headless`, `GUI/Qt`. */
  readonly session: string | undefined;
  readonly info: VmInfo;
}

const firstDelayMs = 60;
const longestDelayMs = 1000;
/** A window opens its log within the first, and shows the machine within the second, on a slow computer. */
const windowLogMs = 2000;
const windowMs = 15_000;

export class MachineStates {
  readonly #tool: Tool;
  readonly #inventory: Inventory;

  constructor(tool: Tool, inventory: Inventory) {
    this.#tool = tool;
    this.#inventory = inventory;
  }

  /** Throws `notFound` when the machine is gone. */
  async read(uuid: string, signal: AbortSignal): Promise<PresentState> {
    const info = parseVmInfo((await this.#tool.ask(showVm(uuid), signal)).stdout);
    const state = vmState(info.get('VMState'));
    return { word: state.word, online: state.online, session: info.get('SessionName') || undefined, info };
  }

  /** Has the machine's process itself logged one of these states (`Running`)? Costs a look at a file. false = not known. */
  async isLogged(uuid: string, states: readonly string[]): Promise<boolean> {
    const logged = await this.#inventory.logs.state(uuid);
    return logged !== undefined && states.includes(logged);
  }

  /** Waits until a process that opened its log at `since` (ms since 1970) or later has logged one of these states. false = not within `patienceMs`. */
  async waitUntilLogged(uuid: string, states: readonly string[], since: number, patienceMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#tool.doors;
    for (;;) {
      // The log says its second only.
      const opened = Date.parse((await this.#inventory.logs.startedAt(uuid)) ?? '');
      if (opened >= since - 1000 && (await this.isLogged(uuid, states))) return true;
      if (clock.now() - since >= patienceMs) return false;
      await clock.sleep(firstDelayMs, signal);
    }
  }

  /**
   * Has the machine's process logged one of these last states (`PoweredOff`) and ended? It gives the session lock back before it ends, so
   * then the lock is free. Costs looks at files, for some hundredths of a second. false = not known: ask VBoxManage.
   */
  async hasEnded(uuid: string, states: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { clock, hasEnded } = this.#tool.doors;
    for (const delay of [0, 3, 3, 4, 5, 5, 10, 10, 20, 20]) {
      if (delay > 0) await clock.sleep(delay, signal);
      const pid = (await this.isLogged(uuid, states)) ? await this.#inventory.logs.process(uuid) : undefined;
      if (pid !== undefined && (await hasEnded(pid))) return true;
    }
    return false;
  }

  /**
   * Waits until a detachable window that was asked for at `since` shows the machine. While it still opens, it would start the machine anew
   * if that was powered off meanwhile (measured, 7.2). Where the window writes no log (older versions) there is nothing to wait for.
   */
  async waitForWindow(uuid: string, since: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#tool.doors;
    for (;;) {
      const open = await this.#inventory.logs.windowIsOpen(uuid, since).catch(() => undefined);
      const waited = clock.now() - since;
      if (open === true || waited > (open === undefined ? windowLogMs : windowMs)) return;
      await clock.sleep(firstDelayMs, signal);
    }
  }

  /** Waits until `reached` holds. Resolves with the state, or with undefined when `timeoutMs` are over. */
  async wait(uuid: string, reached: (state: PresentState) => boolean, timeoutMs: number, signal: AbortSignal): Promise<PresentState | undefined> {
    const { clock } = this.#tool.doors;
    const until = clock.now() + timeoutMs;
    for (let delay = firstDelayMs; ; delay = Math.min(longestDelayMs, delay * 1.6)) {
      const state = await this.read(uuid, signal);
      if (reached(state)) return state;
      const left = until - clock.now();
      if (left <= 0) return undefined;
      await clock.sleep(Math.min(delay, left), signal);
    }
  }

  /** Waits until the machine is off or saved, and nobody holds it. Throws `locked` when that does not come. */
  async waitUntilReleased(uuid: string, timeoutMs: number, signal: AbortSignal): Promise<PresentState> {
    const state = await this.wait(uuid, isReleased, timeoutMs, signal);
    if (state) return state;
    throw new GaiaError('locked', { message: 'VirtualBox has not let go of the machine after {0} seconds.', values: [Math.round(timeoutMs / 1000)], hint: 'Look at it in VirtualBox itself. Gaia changes nothing while the machine is locked.' });
  }
}

/** Off or saved, in no transition, and no session holds it. */
export function isReleased(state: PresentState): boolean {
  return !state.online && state.session === undefined && !/^(?:restoringsnapshot|deletingsnapshot|settingup|offlinesnapshotting)$/.test(state.word);
}
