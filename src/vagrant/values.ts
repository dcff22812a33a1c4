// Reading a config that may hold anything anywhere, and turning its plain values into Ruby values.
import type { ConfigPath } from '../config/model.ts';
import { strings, symbol, type RubyValue } from './ruby.ts';

export type Dict = { readonly [key: string]: unknown };

export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const asDict = (value: unknown): Dict => (isDict(value) ? value : {});
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** A JSON value as Ruby data: objects get string keys, as whoever reads them (Ansible, Chef, a shell) has no symbols. */
export function data(value: unknown): RubyValue {
  if (Array.isArray(value)) return value.map(data);
  if (isDict(value)) return strings(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, data(inner)])));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** As `data`, for plugins' own settings: there `":name"` is a Symbol, and so are the keys of an object that all look so. */
export function pluginData(value: unknown): RubyValue {
  if (typeof value === 'string' && symbolText.test(value)) return symbol(value.slice(1));
  if (Array.isArray(value)) return value.map(pluginData);
  if (!isDict(value)) return data(value);
  const pairs = Object.entries(value);
  const symbols = pairs.length > 0 && pairs.every(([key]) => symbolText.test(key));
  const made = Object.fromEntries(pairs.map(([key, inner]) => [symbols ? key.slice(1) : key, pluginData(inner)]));
  return symbols ? made : strings(made);
}

const symbolText = /^:[A-Za-z_]\w*$/;

/** A text or a list of lines as one text: each line of a list ends with a line end, a lone one needs none. */
export function joinLines(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length === 1) return String(value[0]);
  if (Array.isArray(value)) return value.map(line => `${String(line)}\n`).join('');
  return undefined;
}

const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Bytes of a size: a number counts `unit`s (MB in a config), a text carries its unit (`64G`, `512 MB`). undefined if it is no size. */
export function sizeInBytes(value: unknown, unit = 'M'): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? Math.round(value * (units[unit] ?? 1)) : undefined;
  const found = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(value) : null;
  if (!found) return undefined;
  const letter = (found[2] ?? '').toUpperCase();
  const bare = letter === '' && !/b/i.test(typeof value === 'string' ? value : '');
  return Math.round(Number(found[1]) * (units[bare ? unit : letter] ?? 1));
}

/** As `config.vm.disk` writes sizes: whole numbers of KB, MB, GB or TB of 1024, the largest that is exact (rounded up to KB). */
export function vagrantSize(bytes: number): string {
  for (const [letter, unit] of [['TB', units.T], ['GB', units.G], ['MB', units.M]] as const) {
    if (unit && bytes % unit === 0) return `${String(bytes / unit)}${letter}`;
  }
  return `${String(Math.ceil(bytes / 1024))}KB`;
}

/** Variables for a script: texts under text keys, with a look-up for each secret. */
export function environment(values: Dict, path: ConfigPath, secret: (key: string, path: ConfigPath) => RubyValue): RubyValue {
  return strings(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, isSecret(key, value) ? secret(key, [...path, key]) : typeof value === 'string' ? value : String(value)])));
}

/** Names of settings whose value must not be written into a file. */
const secretName = /(^|_)(password|passwd|passphrase|token|secret|api_?key|access_?key|private_?key)$/i;

/** Is the value of this setting a secret? A path to one is not, and neither is Vagrant's own public password. */
export function isSecret(name: string, value: unknown): boolean {
  return secretName.test(name) && typeof value === 'string' && value !== '' && value !== 'vagrant';
}
