// What a machine's own logs say, without asking VBoxManage: its process writes and flushes VBox.log at every change of state, and a detachable
// window writes VBoxUI.log. Only what was added since the last look is read.
import * as path from 'node:path';
import { lastLoggedState } from './parse/logState.ts';
import type { VirtualBoxDoors } from './tool.ts';

export interface MachinePlace {
  readonly uuid: string;
  /** Absolute path of the .vbox file. */
  readonly settingsFile: string;
}

interface LogPosition {
  readonly size: number;
  readonly modifiedMs: number;
  readonly state: string | undefined;
  /** The log's first bytes: a new log can grow past the old one's size between two looks, and begins otherwise. */
  readonly start: string;
}

const chunk = 64 * 1024;
/** Holds the line with the time at which the log was opened. */
const startBytes = 300;
/** Holds the lines about the host and the process, too. */
const headBytes = 4096;

export class MachineLogs {
  readonly #doors: Pick<VirtualBoxDoors, 'files'>;
  readonly #placeOf: (uuid: string) => Promise<MachinePlace | undefined>;
  readonly #known = new Map<string, LogPosition>();

  constructor(doors: Pick<VirtualBoxDoors, 'files'>, placeOf: (uuid: string) => Promise<MachinePlace | undefined>) {
    this.#doors = doors;
    this.#placeOf = placeOf;
  }

  /** The state that the machine's living process wrote last (`Running`, `Paused` …); undefined = not known. */
  async state(uuid: string): Promise<string | undefined> {
    const place = await this.#placeOf(uuid);
    return place && (await this.stateAt(place));
  }

  /** The same for a machine whose place is known. */
  async stateAt({ uuid, settingsFile }: MachinePlace): Promise<string | undefined> {
    const { files } = this.#doors;
    const file = logOf(settingsFile, 'VBox.log');
    try {
      const info = await files.fileInfo(file);
      if (info?.kind !== 'file') return undefined;
      const known = this.#known.get(uuid);
      if (known?.size === info.sizeBytes && known.modifiedMs === info.modifiedMs) return known.state;
      const start = await this.#startOf(file, startBytes);
      // A log that shrank, or begins otherwise, is that of a new start.
      const from = known && known.size <= info.sizeBytes && known.start === start ? known.size : 0;
      const state = (await this.#lastState(file, from, info.sizeBytes)) ?? (from > 0 ? known?.state : undefined);
      this.#known.set(uuid, { size: info.sizeBytes, modifiedMs: info.modifiedMs, state, start });
      return state;
    } catch {
      return undefined;
    }
  }

  /** ISO 8601 UTC: when the machine's process opened its log. */
  async startedAt(uuid: string): Promise<string | undefined> {
    const opened = /Log opened (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)/.exec(await this.#head(uuid))?.[1];
    return opened === undefined ? undefined : `${opened}Z`;
  }

  /** The process that wrote the machine's log. */
  async process(uuid: string): Promise<number | undefined> {
    const pid = /^[\d:.]+ Process ID: (\d+)\r?$/m.exec(await this.#head(uuid))?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /** Does the detachable window that opened at `since` (ms since 1970) or later show the machine by now? undefined = it writes no log. */
  async windowIsOpen(uuid: string, since: number): Promise<boolean | undefined> {
    const place = await this.#placeOf(uuid);
    const { files } = this.#doors;
    const file = place && logOf(place.settingsFile, 'VBoxUI.log');
    const info = file === undefined ? undefined : await files.fileInfo(file);
    if (file === undefined || info?.kind !== 'file' || info.modifiedMs < since) return undefined;
    return /\bGUI: UI(?:FrameBuffer|MachineLogic)/.test(new TextDecoder().decode(await files.readRange(file, 0, chunk)));
  }

  /** The end of VBox.log, for people. */
  async text(uuid: string): Promise<string | undefined> {
    const place = await this.#placeOf(uuid);
    const { files } = this.#doors;
    const file = place && logOf(place.settingsFile, 'VBox.log');
    const info = file === undefined ? undefined : await files.fileInfo(file);
    if (file === undefined || info?.kind !== 'file') return undefined;
    const from = Math.max(0, info.sizeBytes - 4 * chunk);
    return new TextDecoder().decode(await files.readRange(file, from, info.sizeBytes - from));
  }

  /** Backwards from the end, until a state is named or `from` is reached. */
  async #lastState(file: string, from: number, size: number): Promise<string | undefined> {
    for (let end = size; end > from; ) {
      const begin = Math.max(from, end - chunk);
      // Some bytes more in front, so that no line is cut.
      const first = Math.max(0, begin - 200);
      const bytes = await this.#doors.files.readRange(file, first, end - first);
      const state = lastLoggedState(new TextDecoder('latin1').decode(bytes));
      if (state !== undefined) return state;
      end = begin;
    }
    return undefined;
  }

  async #head(uuid: string): Promise<string> {
    const place = await this.#placeOf(uuid);
    return place ? await this.#startOf(logOf(place.settingsFile, 'VBox.log'), headBytes).catch(() => '') : '';
  }

  async #startOf(file: string, bytes: number): Promise<string> {
    return new TextDecoder('latin1').decode(await this.#doors.files.readRange(file, 0, bytes));
  }
}

function logOf(settingsFile: string, name: string): string {
  return path.join(path.dirname(settingsFile), 'Logs', name);
}
