// What all machines of an imported file have in common, as its `defaults`. Taken out only where the language's own merge puts exactly the
// same machine together again, so that nothing can change its meaning or its order.
import { isObject, mergeDefaults } from '../config/merge.ts';
import type { ImportedMachine } from './machineBuilder.ts';

export interface Factored {
  /** Empty = nothing is taken out. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** What each machine still says itself, by its position. */
  readonly own: readonly Readonly<Record<string, unknown>>[];
  /** How many entries of a list went to the defaults: those that stay are numbered anew. */
  readonly taken: ReadonlyMap<string, number>;
}

type Config = Readonly<Record<string, unknown>>;

/** `stays`: what stands at this path of this machine must stay there (a comment stands beside it). Paths as in `ImportedMachine.lines`. */
export function factored(machines: readonly ImportedMachine[], stays: (machine: ImportedMachine, path: string) => boolean): Factored {
  const configs = machines.map(machine => machine.config);
  const [first] = configs;
  let found: Factored = { defaults: {}, own: configs, taken: new Map() };
  if (!first || machines.length < 2) return found;
  const providers = new Set(machines.map(machine => machine.provider));
  const movable = (path: string): boolean => machines.every(machine => !stays(machine, path));
  for (const key of Object.keys(first)) {
    if (key === 'provider_config' && providers.size > 1) continue;
    const common = commonPart(configs.map(config => config[key]), `config/${key}`, movable);
    if (common === undefined) continue;
    const next: Factored = {
      defaults: { ...found.defaults, [key]: common },
      own: found.own.map(config => without(config, key, common)),
      taken: Array.isArray(common) ? new Map([...found.taken, [key, common.length]]) : found.taken,
    };
    if (machines.every((machine, at) => same(mergeDefaults(next.own[at] ?? {}, machine.provider, { config: next.defaults }).config, machine.config))) found = next;
  }
  return found;
}

/** Equal values as they are; of lists what they begin with; of objects the keys that are equal everywhere. undefined = nothing. */
function commonPart(values: readonly unknown[], path: string, movable: (path: string) => boolean): unknown {
  const [first] = values;
  if (first === undefined) return undefined;
  if (values.every(value => json(value) === json(first)) && movable(path)) return first;
  if (values.every(Array.isArray)) {
    const lists = values as readonly (readonly unknown[])[];
    let length = 0;
    while (lists.every(list => length < list.length && json(list[length]) === json(lists[0]?.[length])) && movable(`${path}/${String(length)}`)) length++;
    return length === 0 ? undefined : lists[0]?.slice(0, length);
  }
  if (!values.every(isObject)) return undefined;
  const kept = Object.entries(first as Config).filter(([key, value]) => values.every(other => json((other as Config)[key]) === json(value)) && movable(`${path}/${key}`));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function without(config: Config, key: string, common: unknown): Config {
  const { [key]: value, ...rest } = config;
  if (json(value) === json(common)) return rest;
  const left = Array.isArray(value) ? (value as unknown[]).slice((common as unknown[]).length) : Object.fromEntries(Object.entries(value as Config).filter(([inner]) => !(inner in (common as Config))));
  return Object.fromEntries(Object.entries(config).map(([other, present]) => [other, other === key ? left : present]));
}

/** The order of the top keys means nothing; further in it does. */
function same(a: Config, b: Config): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every(key => json(a[key]) === json(b[key]));
}

function json(value: unknown): string | undefined {
  return JSON.stringify(value) as string | undefined;
}
