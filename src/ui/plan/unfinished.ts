// Machines that were made and are not set up yet: which steps after the first start are done. Kept by id until all are, so that applying
// again goes on where it ended.
import type { MachineId } from '../../machines/machine.ts';
import { Records } from './records.ts';
import type { RecordsPlace } from './records.ts';

type Done = readonly string[];

export class UnfinishedStore {
  readonly #records: Records<Done>;

  constructor(place: Pick<RecordsPlace<Done>, 'folder' | 'old'>) {
    this.#records = new Records({ ...place, oldKey: 'gaia.unfinished', is: (value): value is Done => Array.isArray(value) && value.every(one => typeof one === 'string') });
  }

  /** Ids of all of them. */
  async all(): Promise<ReadonlySet<string>> {
    return new Set((await this.#records.all()).keys());
  }

  async has(id: MachineId): Promise<boolean> {
    return await this.#records.get(id) !== undefined;
  }

  /** Steps that are done, by the names `mark` was given. */
  async doneOf(id: MachineId): Promise<ReadonlySet<string>> {
    return new Set(await this.#records.get(id));
  }

  begin(id: MachineId): Promise<void> {
    return this.#records.change(id, done => done ?? []);
  }

  mark(id: MachineId, step: string): Promise<void> {
    return this.#records.change(id, (done = []) => (done.includes(step) ? done : [...done, step]));
  }

  /** All is done, or the machine is gone. */
  forget(id: MachineId): Promise<void> {
    return this.#records.change(id, () => undefined);
  }
}
