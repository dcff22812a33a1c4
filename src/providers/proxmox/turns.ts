// Work that copies disks takes its turn on a node: many at once make Proxmox VE's own storage locks time out (P3), and none ends sooner.
import { GaiaError } from '../../machines/errors.ts';

export class Turns {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Is one free at once? */
  free(key: string): boolean {
    return (this.#taken.get(key) ?? 0) < this.#limit;
  }

  /** Resolves with what gives the turn back, in the order of asking. Throws GaiaError `cancelled`. */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw cancelled();
    if (this.free(key)) this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1);
    else await this.#wait(key, signal);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#give(key);
    };
  }

  #wait(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, queue);
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        queue.splice(queue.indexOf(go), 1);
        reject(cancelled());
      };
      queue.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** To the next who waits, or back. */
  #give(key: string): void {
    const next = this.#waiting.get(key)?.shift();
    if (next) {
      next();
      return;
    }
    const left = (this.#taken.get(key) ?? 1) - 1;
    if (left > 0) this.#taken.set(key, left);
    else {
      this.#taken.delete(key);
      this.#waiting.delete(key);
    }
  }
}

function cancelled(): GaiaError {
  return new GaiaError('cancelled', { message: 'Cancelled.', left: 'Nothing was sent.' });
}
