// A folder of small files that all windows read and write: one writer at a time, of whole files.
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { systemClock } from '../../machines/clock.ts';
import type { Clock } from '../../machines/clock.ts';
import { GaiaError } from '../../machines/errors.ts';
import { withFileLock } from '../../system/fileLock.ts';
import { listFolder } from '../../system/files.ts';

/** Others hold the lock for some milliseconds; a dead process' lock is free after six seconds. */
const patienceMs = 30_000;
const ours = /^[0-9a-f]{64}\.json$/;

export class SharedFolder {
  readonly path: string;
  readonly #clock: Clock;

  constructor(folder: string, clock: Clock = systemClock) {
    this.path = folder;
    this.#clock = clock;
  }

  /** Where what is called `key` is kept. */
  pathOf(key: string): string {
    return path.join(this.path, `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  isOurs(name: string): boolean {
    return ours.test(name);
  }

  /** The files of all keys, in no order that means anything. */
  async files(): Promise<readonly string[]> {
    return (await listFolder(this.path) ?? []).map(one => one.name).filter(name => ours.test(name)).sort().map(name => path.join(this.path, name));
  }

  /** Runs `work` while no other window writes here. `held` fires when that is no longer sure. */
  async alone<T>(work: (held: AbortSignal) => Promise<T>): Promise<T> {
    const patience = new AbortController();
    const timer = setTimeout(() => { patience.abort(); }, patienceMs);
    try {
      return await withFileLock(path.join(this.path, 'lock'), patience.signal, this.#clock, held => {
        clearTimeout(timer);
        return work(held);
      });
    } catch (error) {
      if (!patience.signal.aborted) throw error;
      throw new GaiaError('locked', { message: 'Another window keeps locked what Gaia remembers of machines.', hint: 'Close windows that hang, then try again.', cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
