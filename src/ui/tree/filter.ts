// The tree's filter: words that must all fit. `state:running`, `tag:web`, `pool:lab`, `provider:proxmox`, anything else is part of the name, a tag, the
// path, the pool or the state. Pure.
import type { Machine } from '../../machines/machine.ts';
import { parseMachineId } from '../../machines/machine.ts';
import { stateWords } from '../words.ts';

export type Matches = (machine: Machine) => boolean;

/** undefined = no filter: everything fits. */
export function parseFilter(text: string): Matches | undefined {
  const tests = words(text).map(test);
  return tests.length === 0 ? undefined : machine => tests.every(fits => fits(machine));
}

/** Splits at blanks, but not inside double quotes. */
function words(text: string): readonly string[] {
  return [...text.matchAll(/(?:"[^"]*"?|\S)+/g)].map(match => match[0].replaceAll('"', '').toLocaleLowerCase()).filter(word => word.length > 0);
}

function test(word: string): Matches {
  const key = /^(state|tag|pool|provider|name):(.+)$/.exec(word);
  const wanted = key?.[2] ?? word;
  const has = (value: string | undefined): boolean => value?.toLocaleLowerCase().includes(wanted) ?? false;
  switch (key?.[1]) {
    case 'state': return machine => isState(machine, wanted);
    case 'tag': return machine => machine.tags?.some(has) ?? false;
    case 'pool': return machine => has(machine.pool);
    case 'provider': return machine => has(parseMachineId(machine.id).provider);
    case 'name': return machine => has(machine.name);
    default: return machine => has(machine.name) || (machine.tags?.some(has) ?? false) || (machine.path?.some(has) ?? false) || has(machine.pool) || isState(machine, wanted);
  }
}

function isState(machine: Machine, wanted: string): boolean {
  return machine.state.startsWith(wanted) || stateWords[machine.state]().toLocaleLowerCase().startsWith(wanted);
}
