// One at a time with the machines of a file: apply, destroy and adopt of two windows would else each make the machine that is not there yet,
// or take away what the other has just made.
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { systemClock } from '../../machines/clock.ts';
import type { Clock } from '../../machines/clock.ts';
import { GaiaError } from '../../machines/errors.ts';
import { withFreeFileLock } from '../../system/fileLock.ts';

export class Turns {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #mine = new Set<string>();

  /** `folder`: of the locks, the same for all windows. */
  constructor(folder: string, clock: Clock = systemClock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** Is it this window's turn with the file, by work that has not ended? `file`: the document's address. */
  has(file: string): boolean {
    return this.#mine.has(file);
  }

  /**
   * Runs `work` while no other window does. Throws GaiaError `locked` at once when one does, and nothing was begun then. A window that has
   * crashed keeps no turn.
   */
  async take<T>(file: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#mine.has(file)) throw new GaiaError('locked', { message: 'This file is being applied already.', hint: 'Wait until that has ended, or cancel it.' });
    this.#mine.add(file);
    try {
      return await withFreeFileLock(this.lockOf(file), signal, this.#clock, work, () => inAnotherWindow(file));
    } finally {
      this.#mine.delete(file);
    }
  }

  lockOf(file: string): string {
    return path.join(this.#folder, `${createHash('sha256').update(file).digest('hex')}.lock`);
  }
}

function inAnotherWindow(file: string): GaiaError {
  return new GaiaError('locked', {
    message: '“{0}” is being applied in another window.', values: [fileNameOf(file)],
    hint: 'Nothing was changed here. Wait until that window has ended applying or destroying, answer its question, or cancel it there; then try again.',
  });
}

/** The last word of an address, for a person. */
export function fileNameOf(address: string): string {
  const last = address.slice(address.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
