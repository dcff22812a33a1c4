// What stands at an offset of a parsed config: whose it is, and by which path. Pure.
import { getLocation } from 'jsonc-parser';
import type { ConfigPath, ParsedConfig, ParsedMachine, TextRange } from '../../config/model.ts';

export interface Place {
  /** The machine it is in; undefined = in `defaults` or outside of all. */
  readonly machine?: ParsedMachine;
  /** Index of the machine. */
  readonly index?: number;
  /** From the machine's object, as written there (not merged); in `defaults`, as if these were a machine. */
  readonly path: ConfigPath;
  /** The machine's own value, or that of `defaults`, with the provider that holds there. */
  readonly value: { readonly [key: string]: unknown };
  readonly provider: string;
  readonly atKey: boolean;
  /** The whole of the text, number … at the offset, quotes included. */
  readonly token?: TextRange;
}

export function placeAt(parsed: ParsedConfig, offset: number): Place | undefined {
  const index = parsed.machines.findIndex(({ range }) => offset > range.offset && offset < range.offset + range.length);
  const machine = parsed.machines[index];
  const defaultsRange = machine ? undefined : parsed.locate(['defaults']);
  const inDefaults = defaultsRange && offset > defaultsRange.offset && offset < defaultsRange.offset + defaultsRange.length;
  const range = machine?.range ?? (inDefaults ? defaultsRange : undefined);
  if (!range) return undefined;
  const location = getLocation(parsed.text.slice(range.offset, range.offset + range.length), offset - range.offset);
  const node = location.previousNode;
  const within = node && offset >= range.offset + node.offset && offset <= range.offset + node.offset + node.length;
  const { provider: written } = parsed.defaults ?? {};
  const provider = machine?.provider ?? (typeof written === 'string' ? written : '');
  const value = machine ? { name: machine.name, provider, config: machine.own } : { ...parsed.defaults, provider };
  return {
    ...(machine && { machine, index }),
    // In `defaults` keys of config may stand without it.
    path: !machine && location.path[0] !== 'config' && location.path[0] !== 'provider' ? ['config', ...location.path] : location.path,
    value, provider, atKey: location.isAtPropertyKey,
    ...(within && { token: { offset: range.offset + node.offset, length: node.length } }),
  };
}

/** `config.networks.bridge`: a path without its indexes, as Suggestions.values takes it. */
export function plainPath(path: ConfigPath): string {
  return path.filter(step => typeof step === 'string').join('.');
}

/** The value at `path` inside `value`. */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((inner, step) => (typeof inner === 'object' && inner !== null ? (inner as { [key: string | number]: unknown })[step] : undefined), value);
}
