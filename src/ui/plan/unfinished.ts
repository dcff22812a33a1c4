// Machines that were made and are not set up yet: which steps after the first start are done. Kept by id until all are, so that applying
// again goes on where it ended.
import type * as vscode from 'vscode';
import type { MachineId } from '../../machines/machine.ts';

const key = 'gaia.unfinished';
type Stored = Readonly<Record<string, readonly string[]>>;

export class UnfinishedStore {
  readonly #state: Pick<vscode.Memento, 'get' | 'update'>;
  #last: Promise<void> = Promise.resolve();

  constructor(state: Pick<vscode.Memento, 'get' | 'update'>) {
    this.#state = state;
  }

  has(id: MachineId): boolean {
    return this.#stored()[id] !== undefined;
  }

  /** Steps that are done, by the names `mark` was given. */
  doneOf(id: MachineId): ReadonlySet<string> {
    return new Set(this.#stored()[id] ?? []);
  }

  begin(id: MachineId): Promise<void> {
    return this.#write(stored => (stored[id] === undefined ? { ...stored, [id]: [] } : stored));
  }

  mark(id: MachineId, step: string): Promise<void> {
    return this.#write(stored => ({ ...stored, [id]: [...new Set([...stored[id] ?? [], step])] }));
  }

  /** All is done, or the machine is gone. */
  forget(id: MachineId): Promise<void> {
    return this.#write(({ [id]: _, ...others }) => others);
  }

  /** Writes follow each other. */
  #write(change: (stored: Stored) => Stored): Promise<void> {
    this.#last = this.#last.catch(() => undefined).then(async () => {
      const before = this.#stored();
      const after = change(before);
      if (after !== before) await this.#state.update(key, after);
    });
    return this.#last;
  }

  #stored(): Stored {
    return this.#state.get<Stored>(key, {});
  }
}
