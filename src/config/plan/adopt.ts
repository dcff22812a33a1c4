// Which names of a file may be given an existing machine. One that has its machine, or may have it where nobody looks now, keeps it.
import type { Machine } from '../../machines/machine.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import type { Bindings } from './model.ts';
import { noPlace, placesIn, whereaboutsOf } from './whereabouts.ts';
import type { Why, World } from './whereabouts.ts';

export type Adoptable =
  | { readonly kind: 'free'; readonly spec: MachineSpec }
  | { readonly kind: 'own'; readonly spec: MachineSpec; readonly machine: Machine }
  | { readonly kind: 'blocked'; readonly spec: MachineSpec; readonly why: Why };

export function adoptable(specs: readonly MachineSpec[], bindings: Bindings, world: World): readonly Adoptable[] {
  const placeOf = placesIn(world);
  return specs.map((spec): Adoptable => {
    const id = bindings.get(spec.name);
    const where = id === undefined ? undefined : whereaboutsOf(spec.name, id, world, placeOf);
    if (where?.kind === 'there') return { kind: 'own', spec, machine: where.machine };
    const why = where?.kind === 'unknown' ? where.why : noPlace(spec.provider, spec.connection, world, placeOf);
    return why ? { kind: 'blocked', spec, why } : { kind: 'free', spec };
  });
}
