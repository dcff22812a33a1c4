// Reading values of a config that may hold anything anywhere.
import { isObject } from '../merge.ts';
import type { ConfigPath, MachineConfig } from '../model.ts';

export type Entry = { readonly [key: string]: unknown };

/** The objects of a list of the config, with their paths. */
export function entries(config: MachineConfig, list: string): readonly { readonly entry: Entry; readonly path: ConfigPath }[] {
  const value = config[list];
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown, i) => (isObject(entry) ? [{ entry, path: ['config', list, i] }] : []));
}

export function options(config: MachineConfig): Entry {
  return isObject(config['provider_config']) ? config['provider_config'] : {};
}

/** The object at a key of the config. */
export function section(config: MachineConfig, key: string): Entry {
  return isObject(config[key]) ? config[key] : {};
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function port(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536 ? value : undefined;
}

export interface Forward {
  readonly path: ConfigPath;
  readonly hostPort: number;
  readonly guestPort: number | undefined;
  readonly protocol: string;
  /** '' = all addresses. */
  readonly hostIp: string;
  readonly autoCorrect: boolean;
}

/** By config object, which stays the same while the machine does: the comparisons of a file ask for all machines at each keystroke. */
const remembered = new WeakMap<MachineConfig, readonly Forward[]>();

/** The forwarded ports of a machine, well-formed ones only. */
export function forwards(config: MachineConfig): readonly Forward[] {
  let found = remembered.get(config);
  if (!found) { found = readForwards(config); remembered.set(config, found); }
  return found;
}

function readForwards(config: MachineConfig): readonly Forward[] {
  return entries(config, 'networks').flatMap(({ entry, path }) => {
    const hostPort = port(entry['host_port']);
    if (entry['type'] !== 'forwarded_port' || hostPort === undefined) return [];
    const hostIp = text(entry['host_ip']) ?? '';
    return [{ path, hostPort, guestPort: port(entry['guest_port']), protocol: entry['protocol'] === 'udp' ? 'udp' : 'tcp', hostIp: hostIp === '0.0.0.0' || hostIp === '::' ? '' : hostIp, autoCorrect: entry['auto_correct'] === true }];
  });
}

/** Every text in a value, with its path. */
export function* texts(value: unknown, path: ConfigPath): Generator<{ readonly text: string; readonly path: ConfigPath }> {
  if (typeof value === 'string') yield { text: value, path };
  else if (Array.isArray(value)) for (let i = 0; i < value.length; i++) yield* texts(value[i], [...path, i]);
  else if (isObject(value)) for (const [key, inner] of Object.entries(value)) yield* texts(inner, [...path, key]);
}
