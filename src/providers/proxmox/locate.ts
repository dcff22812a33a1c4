// From a machine's id to the guest on its present node, by the last list when it is fresh.
import { GaiaError } from '../../machines/errors.ts';
import type { Machine, MachineId } from '../../machines/machine.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { Clock } from '../../machines/clock.ts';
import type { Calls } from './calls.ts';
import { guestOf, parseResources } from './resources.ts';
import type { ClusterView } from './resources.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';

export interface Located {
  readonly guest: Guest;
  readonly machine: Machine;
}

/** A guest moves rarely and only by a task; this covers one click and what follows it. */
const freshMs = 5000;

export class Directory {
  #view: ClusterView | undefined;
  #at = 0;
  readonly #connection: string;
  readonly #clock: Clock;

  constructor(connection: string, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** The last whole list; undefined before the first. */
  get latest(): ClusterView | undefined {
    return this.#view;
  }

  /** One request, whatever the size of the cluster. */
  async refresh(calls: Pick<Calls, 'get'>, signal: AbortSignal): Promise<ClusterView> {
    const { data } = await calls.get(requests.resources(), signal);
    this.#at = this.#clock.now();
    this.#view = parseResources(data, this.#connection, this.#at);
    return this.#view;
  }

  /** After something moved, was made or deleted: the next look is a new list. */
  forget(): void {
    this.#at = 0;
  }

  async view(calls: Pick<Calls, 'get'>, signal: AbortSignal): Promise<ClusterView> {
    return this.#view && this.#clock.now() - this.#at < freshMs ? this.#view : this.refresh(calls, signal);
  }

  /** Throws GaiaError `notFound`. */
  async find(calls: Pick<Calls, 'get'>, id: MachineId, signal: AbortSignal): Promise<Located> {
    const wanted = parseMachineId(id).native;
    const match = (view: ClusterView): Machine | undefined => view.machines.find(machine => parseMachineId(machine.id).native === wanted);
    const machine = match(await this.view(calls, signal)) ?? match(await this.refresh(calls, signal));
    if (!machine) throw new GaiaError('notFound', { message: '{0} is gone, or the user or token may not see it.', values: [wanted], hint: 'Refresh the list.' });
    return { guest: guestOf(machine), machine };
  }
}
