// Ruby's Symbols in JSON, where it matters to whoever reads a setting whether a text or a Symbol stands there.
import { asString, NotKnown, RubyHash, RubySymbol, toJson, type Value } from './rubyValues.ts';

/** For plugins, whose settings know Symbols from texts: `:name` is a Symbol. */
export function withSymbols(value: Value): unknown {
  if (value instanceof RubySymbol) return `:${value.name}`;
  if (typeof value === 'string' && /^:[A-Za-z_]\w*$/.test(value)) throw new NotKnown('a text that looks like a Symbol');
  if (value instanceof RubyHash) return Object.fromEntries(value.entries().map(([key, inner]) => [asString(key), withSymbols(inner)]));
  return Array.isArray(value) ? value.map(withSymbols) : toJson(value);
}

/** As `withSymbols`, with keys that are Symbols too. */
export function pluginJson(value: Value): unknown {
  if (Array.isArray(value)) return value.map(pluginJson);
  if (!(value instanceof RubyHash)) return withSymbols(value);
  const pairs = value.entries();
  const symbols = pairs.every(([key]) => key instanceof RubySymbol);
  if (!symbols && pairs.some(([key]) => typeof key !== 'string' || /^:[A-Za-z_]\w*$/.test(key))) throw new NotKnown('keys of several kinds');
  return Object.fromEntries(pairs.map(([key, inner]) => [symbols ? `:${asString(key)}` : asString(key), pluginJson(inner)]));
}
