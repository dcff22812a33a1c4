// The values a Vagrantfile is made of while it is read: Ruby's own kinds, and "not known".
import type { RubyNode } from './prism.ts';

export class RubySymbol {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class RubyRange {
  readonly from: number;
  /** Included. */
  readonly to: number;
  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }
  toArray(): number[] {
    if (this.to - this.from > 10_000) throw new NotKnown('a range of more than 10,000 numbers');
    return Array.from({ length: Math.max(0, this.to - this.from + 1) }, (_, at) => this.from + at);
  }
}

/** Keeps the order and the kind of its keys, as a Ruby Hash does. */
export class RubyHash {
  private readonly pairs = new Map<string, [Value, Value]>();
  constructor(pairs: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of pairs) this.set(key, value);
  }
  get size(): number {
    return this.pairs.size;
  }
  get(key: Value): Value | undefined {
    return this.pairs.get(keyOf(key))?.[1];
  }
  has(key: Value): boolean {
    return this.pairs.has(keyOf(key));
  }
  set(key: Value, value: Value): void {
    this.pairs.set(keyOf(key), [key, value]);
  }
  delete(key: Value): Value {
    const before = this.get(key) ?? null;
    this.pairs.delete(keyOf(key));
    return before;
  }
  entries(): [Value, Value][] {
    return [...this.pairs.values()];
  }
}

/** A block, a lambda or a method: `parameters` and `body` as the tree has them, and what it sees. */
export class RubyProc {
  readonly node: RubyNode;
  readonly scope: Scope | undefined;
  constructor(node: RubyNode, scope: Scope | undefined) {
    this.node = node;
    this.scope = scope;
  }
}

/** An environment variable that was not set while reading: nil where it is asked about, not known where it is used. */
export class UnsetVariable {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A value nobody can know without running the file. Variables may hold it; using it stops the statement. */
export class Unknown {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/** A thing with Vagrant's methods (`config`, `config.vm`, `vb` …): answers calls itself. */
export abstract class VagrantObject {
  abstract call(name: string, args: readonly Value[], block: RubyProc | undefined, node: RubyNode): Value;
}

/** A regular expression, where JavaScript's means the same. */
export class RubyPattern {
  readonly pattern: RegExp;
  constructor(pattern: RegExp) {
    this.pattern = pattern;
  }
}

/** `Vagrant.has_plugin?("name")`: a question that stays open, as the answer is another one on each computer. */
export class PluginQuestion {
  readonly plugin: string;
  constructor(plugin: string) {
    this.plugin = plugin;
  }
}

/** `File.exist?(path)` where nothing is known of the files: an open question too. */
export class FileQuestion {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

export type Value = string | number | boolean | null | RubyPattern | PluginQuestion | FileQuestion | RubySymbol | RubyRange | RubyProc | RubyHash | Unknown | UnsetVariable | VagrantObject | Value[];

/** Thrown where a statement needs something that is not known. */
export class NotKnown extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'NotKnown';
  }
}

export class Scope {
  readonly variables = new Map<string, Value>();
  readonly parent: Scope | undefined;
  constructor(parent?: Scope) {
    this.parent = parent;
  }
  find(name: string): Value | undefined {
    return this.variables.has(name) ? this.variables.get(name) : this.parent?.find(name);
  }
  /** Sets the variable where it is, else makes it here. */
  set(name: string, value: Value): void {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) { // eslint-disable-line @typescript-eslint/no-this-alias
      if (scope.variables.has(name)) {
        scope.variables.set(name, value);
        return;
      }
    }
    this.variables.set(name, value);
  }
}

function keyOf(key: Value): string {
  if (typeof key === 'string') return `s${key}`;
  if (key instanceof RubySymbol) return `:${key.name}`;
  if (typeof key === 'number' || typeof key === 'boolean' || key === null) return `p${String(key)}`;
  if (Array.isArray(key)) return `[${key.map(keyOf).join(',')}]`;
  throw new NotKnown('a hash with keys of this kind');
}

export const isTrue = (value: Value): boolean => {
  if (value instanceof Unknown) throw new NotKnown(value.why);
  if (value instanceof PluginQuestion) throw new NotKnown('Vagrant.has_plugin?');
  if (value instanceof FileQuestion) throw new NotKnown(`the file ${value.path}`);
  return value !== null && value !== false && !(value instanceof UnsetVariable);
};

/** The value, if it may be used. */
export function known(value: Value): Value {
  if (value instanceof Unknown) throw new NotKnown(value.why);
  if (value instanceof UnsetVariable) throw new NotKnown(`the environment variable ${value.name}`);
  if (value instanceof PluginQuestion) throw new NotKnown('Vagrant.has_plugin?');
  if (value instanceof FileQuestion) throw new NotKnown(`the file ${value.path}`);
  return value;
}

/** `to_s` */
export function asString(value: Value): string {
  const it = known(value);
  if (typeof it === 'string') return it;
  if (typeof it === 'number' || typeof it === 'boolean') return String(it);
  if (it === null) return '';
  if (it instanceof RubySymbol) return it.name;
  throw new NotKnown('the text of such a value');
}

export function same(a: Value, b: Value): boolean {
  if (a instanceof RubySymbol || b instanceof RubySymbol) return a instanceof RubySymbol && b instanceof RubySymbol && a.name === b.name;
  const unset = (value: Value): Value => (value instanceof UnsetVariable ? null : value);
  const [one, two] = [unset(a), unset(b)];
  if (one instanceof Unknown || two instanceof Unknown) throw new NotKnown('a comparison with something not known');
  if (Array.isArray(one) && Array.isArray(two)) return one.length === two.length && one.every((inner, at) => same(inner, two[at] ?? null));
  return one === two;
}

/** As JSON: Symbols become texts, hashes objects. undefined when it holds something JSON has no word for. */
export function toJson(value: Value): unknown {
  const it = known(value);
  if (it === null || typeof it === 'string' || typeof it === 'number' || typeof it === 'boolean') return it;
  if (it instanceof RubySymbol) return it.name;
  if (Array.isArray(it)) return it.map(toJson);
  if (it instanceof RubyHash) return Object.fromEntries(it.entries().map(([key, inner]) => [asString(key), toJson(inner)]));
  if (it instanceof RubyRange) return `${String(it.from)}..${String(it.to)}`;
  throw new NotKnown('a value that JSON has no word for');
}
