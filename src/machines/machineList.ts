// The machines of one connection, in order and found by id. Never changed: what looks like a change is a new list.
import type { Machine, MachineId } from './machine.ts';

export class MachineList {
  readonly machines: readonly Machine[];
  readonly #places: ReadonlyMap<MachineId, number>;

  private constructor(machines: readonly Machine[], places: ReadonlyMap<MachineId, number>) {
    this.machines = machines;
    this.#places = places;
  }

  /** Two machines of one id are a provider's fault; the last one wins, at the first one's place. */
  static of(machines: readonly Machine[]): MachineList {
    const kept: Machine[] = [];
    const places = new Map<MachineId, number>();
    for (const machine of machines) {
      const place = places.get(machine.id) ?? kept.length;
      places.set(machine.id, place);
      kept[place] = machine;
    }
    return new MachineList(kept, places);
  }

  get(id: MachineId): Machine | undefined {
    const place = this.#places.get(id);
    return place === undefined ? undefined : this.machines[place];
  }

  /** The same machines at the same places, some of them with news. `machines` has the ids of this list, in its order. */
  updated(machines: readonly Machine[]): MachineList {
    return new MachineList(machines, this.#places);
  }
}
