// The machine a tool call means: by id, or by a name that only one machine has.
import type { Machine } from '../../machines/machine.ts';
import { GaiaError } from '../../machines/errors.ts';
import { allTargets, targetById } from '../commands/targets.ts';
import type { Target } from '../commands/targets.ts';
import type { Parts } from '../parts.ts';

export interface MachineInput {
  /** Id or name. */
  readonly machine: string;
}

/** Throws GaiaError `notFound`, or `invalidInput` when several have the name. */
export function findMachine(parts: Parts, wanted: string): Target {
  const byId = targetById(parts, wanted);
  if (byId) return byId;
  const named = allTargets(parts).filter(({ machine }) => machine.name === wanted);
  if (named.length > 1) throw new GaiaError('invalidInput', { message: 'Several machines are named "{0}": give the id of one of {1}.', values: [wanted, named.map(({ machine }) => machine.id).join(', ')] });
  const [only] = named;
  if (only) return only;
  throw new GaiaError('notFound', { message: 'There is no machine "{0}".', values: [wanted] });
}

/** As {@link findMachine}, after one look when the fleet does not know it yet. */
export async function lookForMachine(parts: Parts, wanted: string): Promise<Target> {
  if (!allTargets(parts).some(({ machine }: { machine: Machine }) => machine.id === wanted || machine.name === wanted)) await parts.fleet.refresh();
  return findMachine(parts, wanted);
}

/** For a confirmation, which may not look anything up. */
export function knownName(parts: Parts, wanted: string): string {
  return targetById(parts, wanted)?.machine.name ?? wanted;
}
