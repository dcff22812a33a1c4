// Methods of Ruby's texts, numbers, lists and hashes that Vagrantfiles call, on known values.
import type { RubyProc} from './rubyValues.ts';
import { asString, known, NotKnown, RubyHash, RubyPattern, RubyRange, RubySymbol, same, UnsetVariable, isTrue, type Value } from './rubyValues.ts';

/** Runs a block with these arguments. */
export type Yield = (block: RubyProc, args: readonly Value[]) => Value;

type Method<T> = (self: T, args: readonly Value[], block: RubyProc | undefined, run: Yield) => Value;

const text = (args: readonly Value[], at = 0): string => {
  const value = known(args[at] ?? null);
  if (typeof value !== 'string') throw new NotKnown('a method called with such an argument');
  return value;
};
const number = (args: readonly Value[], at = 0): number => {
  const value = known(args[at] ?? null);
  if (typeof value !== 'number') throw new NotKnown('a method called with such an argument');
  return value;
};
const need = (block: RubyProc | undefined): RubyProc => {
  if (!block) throw new NotKnown('an iteration without a block');
  return block;
};

/** `%d`, `%02d`, `%s`, `%x`, `%05.1f`, `%-10s`, `%%`, `%{name}`, `%<name>d` */
export function format(pattern: string, args: readonly Value[]): string {
  let next = 0;
  const named = args[0] instanceof RubyHash ? args[0] : undefined;
  return pattern.replace(/%(?:\{(\w+)\}|(?:<(\w+)>)?([-+0 ]*)(\d*)(?:\.(\d+))?([a-zA-Z%]))/g, (_, plain: string | undefined, name: string | undefined, flags: string, width: string, digits: string | undefined, kind: string) => {
    if (kind === '%') return '%';
    const value = plain ?? name ? named?.get(new RubySymbol(plain ?? name ?? '')) ?? null : args[next++] ?? null;
    if (plain !== undefined) return asString(value);
    let made: string;
    switch (kind) {
      case 's': made = asString(value); break;
      case 'd': case 'i': made = String(Math.trunc(Number(known(value)))); break;
      case 'x': made = Number(known(value)).toString(16); break;
      case 'X': made = Number(known(value)).toString(16).toUpperCase(); break;
      case 'o': made = Number(known(value)).toString(8); break;
      case 'b': made = Number(known(value)).toString(2); break;
      case 'f': made = Number(known(value)).toFixed(digits === undefined ? 6 : Number(digits)); break;
      default: throw new NotKnown(`the format %${kind}`);
    }
    if (flags.includes('-')) return made.padEnd(Number(width));
    return made.padStart(Number(width), flags.includes('0') && kind !== 's' ? '0' : ' ');
  });
}

const stringMethods: Readonly<Record<string, Method<string>>> = {
  '+': (self, args) => self + text(args),
  '*': (self, args) => self.repeat(number(args)),
  '%': (self, args) => format(self, Array.isArray(args[0]) ? args[0] : args),
  '<<': (self, args) => self + text(args),
  '[]': (self, args) => slice(self, args),
  '=~': (self, args) => { const at = self.search(pattern(args)); return at < 0 ? null : at; }, 'match?': (self, args) => pattern(args).test(self), match: (self, args) => { const found = pattern(args).exec(self); return found ? [...found].map(one => one ?? null) : null; }, '!~': (self, args) => !pattern(args).test(self), scan: (self, args) => [...self.matchAll(all(pattern(args)))].map(found => (found.length > 1 ? found.slice(1) : found[0])),
  upcase: self => self.toUpperCase(), downcase: self => self.toLowerCase(), capitalize: self => self.charAt(0).toUpperCase() + self.slice(1).toLowerCase(), swapcase: () => { throw new NotKnown('swapcase'); },
  strip: self => self.trim(), lstrip: self => self.trimStart(), rstrip: self => self.trimEnd(), chomp: (self, args) => (args.length ? (self.endsWith(text(args)) ? self.slice(0, -text(args).length) : self) : self.replace(/\r?\n$/, '')), chop: self => self.slice(0, -1),
  to_s: self => self, to_str: self => self, to_sym: self => new RubySymbol(self), intern: self => new RubySymbol(self), to_i: self => Number.parseInt(/^\s*[-+]?\d+/.exec(self.replaceAll('_', ''))?.[0] ?? '0', 10), to_f: self => Number.parseFloat(self) || 0,
  length: self => [...self].length, size: self => [...self].length, 'empty?': self => self === '', inspect: self => JSON.stringify(self), reverse: self => [...self].reverse().join(''),
  'start_with?': (self, args) => args.some((_, at) => self.startsWith(text(args, at))), 'end_with?': (self, args) => args.some((_, at) => self.endsWith(text(args, at))), 'include?': (self, args) => self.includes(text(args)),
  split: (self, args) => (args.length === 0 || args[0] === ' ' ? self.trim().split(/\s+/).filter(one => one !== '') : dropEmptyTail(self.split(args[0] instanceof RubyPattern ? args[0].pattern : text(args)))), lines: self => self.match(/[^\n]*\n|[^\n]+$/g) ?? [], chars: self => [...self],
  sub: (self, args) => substitute(self, args, false), gsub: (self, args) => substitute(self, args, true), delete: (self, args) => self.replaceAll(text(args), ''), tr: (self, args) => translate(self, text(args), text(args, 1)),
  'sub!': () => { throw new NotKnown('a text changed in place'); }, 'gsub!': () => { throw new NotKnown('a text changed in place'); },
  rjust: (self, args) => self.padStart(number(args), args.length > 1 ? text(args, 1) : ' '), ljust: (self, args) => self.padEnd(number(args), args.length > 1 ? text(args, 1) : ' '),
  succ: () => { throw new NotKnown('the next text'); }, concat: (self, args) => self + args.map(asString).join(''), index: (self, args) => { const at = self.indexOf(text(args)); return at < 0 ? null : at; }, unindent: self => self, hash: () => { throw new NotKnown('a hash value'); },
  each_line: (self, _args, block, run) => { for (const line of self.match(/[^\n]*\n|[^\n]+$/g) ?? []) run(need(block), [line]); return self; },
  encode: self => self, force_encoding: self => self, scrub: self => self,
};

const pattern = (args: readonly Value[]): RegExp => {
  if (args[0] instanceof RubyPattern) return args[0].pattern;
  throw new NotKnown('a match with something else than a pattern');
};
const all = (of: RegExp): RegExp => new RegExp(of.source, `${of.flags}g`);

function substitute(self: string, args: readonly Value[], every: boolean): string {
  const to = text(args, 1);
  if (!(args[0] instanceof RubyPattern)) return every ? self.replaceAll(text(args), () => to) : self.replace(text(args), () => to);
  const by = (...found: unknown[]): string => to.replace(/\\(\d)/g, (_, digit: string) => String(found[Number(digit)] ?? ''));
  return self.replace(every ? all(args[0].pattern) : args[0].pattern, by as never);
}

function dropEmptyTail(list: string[]): string[] {
  while (list.at(-1) === '') list.pop();
  return list;
}

function translate(self: string, from: string, to: string): string {
  if (/[-^\\]/.test(from.slice(1)) || from.startsWith('^')) throw new NotKnown('such a tr');
  return [...self].map(one => { const at = [...from].indexOf(one); return at < 0 ? one : ([...to][at] ?? [...to].at(-1) ?? ''); }).join('');
}

function slice(self: string, args: readonly Value[]): Value {
  const first = known(args[0] ?? null);
  const all = [...self];
  if (first instanceof RubyRange) return all.slice(first.from, first.to < 0 ? all.length + first.to + 1 : first.to + 1).join('');
  if (typeof first === 'string') return self.includes(first) ? first : null;
  if (typeof first !== 'number') throw new NotKnown('such an index');
  const from = first < 0 ? all.length + first : first;
  return args.length > 1 ? all.slice(from, from + number(args, 1)).join('') : (all[from] ?? null);
}

const numberMethods: Readonly<Record<string, Method<number>>> = {
  '+': (self, args) => self + number(args), '-': (self, args) => self - number(args), '*': (self, args) => self * number(args), '**': (self, args) => self ** number(args),
  '/': (self, args) => (Number.isInteger(self) && Number.isInteger(number(args)) ? Math.floor(self / number(args)) : self / number(args)), '%': (self, args) => ((self % number(args)) + number(args)) % number(args), modulo: (self, args) => ((self % number(args)) + number(args)) % number(args), div: (self, args) => Math.floor(self / number(args)),
  '<': (self, args) => self < number(args), '>': (self, args) => self > number(args), '<=': (self, args) => self <= number(args), '>=': (self, args) => self >= number(args), '<=>': (self, args) => Math.sign(self - number(args)),
  '&': (self, args) => self & number(args), '|': (self, args) => self | number(args), '<<': (self, args) => self * 2 ** number(args), '>>': (self, args) => Math.floor(self / 2 ** number(args)), '-@': self => -self, '+@': self => self,
  to_s: (self, args) => self.toString(args.length ? number(args) : 10), to_i: self => Math.trunc(self), to_int: self => Math.trunc(self), to_f: self => self, floor: self => Math.floor(self), ceil: self => Math.ceil(self), round: self => Math.round(self), abs: self => Math.abs(self), succ: self => self + 1, next: self => self + 1, pred: self => self - 1, chr: self => String.fromCharCode(self),
  'even?': self => self % 2 === 0, 'odd?': self => self % 2 !== 0, 'zero?': self => self === 0, 'positive?': self => self > 0, 'negative?': self => self < 0, inspect: self => String(self), 'between?': (self, args) => self >= number(args) && self <= number(args, 1),
  times: (self, _args, block, run) => { for (const at of new RubyRange(0, self - 1).toArray()) run(need(block), [at]); return self; },
  upto: (self, args, block, run) => { for (const at of new RubyRange(self, number(args)).toArray()) run(need(block), [at]); return self; },
  downto: (self, args, block, run) => { for (const at of new RubyRange(number(args), self).toArray().reverse()) run(need(block), [at]); return self; },
  step: (self, args, block, run) => { const by = number(args, 1); if (by <= 0) throw new NotKnown('such a step'); for (let at = self; at <= number(args); at += by) run(need(block), [at]); return self; },
};

/** What lists, ranges and hashes share: they are gone through as lists of elements. */
const listMethods: Readonly<Record<string, Method<Value[]>>> = {
  each: (self, _args, block, run) => { if (block) for (const one of [...self]) run(block, [one]); return self; },
  each_with_index: (self, _args, block, run) => { if (!block) return self.map((one, at) => [one, at]); [...self].forEach((one, at) => run(need(block), [one, at])); return self; },
  each_index: (self, _args, block, run) => { self.forEach((_, at) => run(need(block), [at])); return self; },
  reverse_each: (self, _args, block, run) => { for (const one of [...self].reverse()) run(need(block), [one]); return self; },
  each_slice: (self, args, block, run) => { const by = number(args); const parts: Value[] = []; for (let at = 0; at < self.length; at += by) parts.push(self.slice(at, at + by)); if (!block) return parts; for (const part of parts) run(block, [part]); return self; },
  with_index: (self, args, block, run) => self.map((one, at) => run(need(block), [one, at + (args.length ? number(args) : 0)])),
  map: (self, _args, block, run) => (block ? self.map(one => run(block, [one])) : self), collect: (self, _args, block, run) => self.map(one => run(need(block), [one])), flat_map: (self, _args, block, run) => self.flatMap(one => run(need(block), [one])), each_with_object: (self, args, block, run) => { for (const one of self) run(need(block), [one, args[0] ?? null]); return args[0] ?? null; },
  select: (self, _args, block, run) => self.filter(one => isTrue(run(need(block), [one]))), filter: (self, _args, block, run) => self.filter(one => isTrue(run(need(block), [one]))), reject: (self, _args, block, run) => self.filter(one => !isTrue(run(need(block), [one]))),
  find: (self, _args, block, run) => self.find(one => isTrue(run(need(block), [one]))) ?? null, detect: (self, _args, block, run) => self.find(one => isTrue(run(need(block), [one]))) ?? null,
  'any?': (self, _args, block, run) => (block ? self.some(one => isTrue(run(block, [one]))) : self.length > 0), 'all?': (self, _args, block, run) => self.every(one => isTrue(block ? run(block, [one]) : one)), 'none?': (self, _args, block, run) => !self.some(one => isTrue(block ? run(block, [one]) : one)),
  inject: (self, args, block, run) => fold(self, args, block, run), reduce: (self, args, block, run) => fold(self, args, block, run), sum: self => self.reduce<number>((all, one) => all + Number(known(one)), 0),
  first: (self, args) => (args.length ? self.slice(0, number(args)) : (self[0] ?? null)), last: (self, args) => (args.length ? self.slice(-number(args)) : (self.at(-1) ?? null)), take: (self, args) => self.slice(0, number(args)), drop: (self, args) => self.slice(number(args)), min: self => Math.min(...self.map(one => Number(known(one)))), max: self => Math.max(...self.map(one => Number(known(one)))),
  '[]': (self, args) => element(self, args), at: (self, args) => element(self, args), fetch: (self, args) => element(self, args) ?? args[1] ?? null, dig: (self, args, block, run) => { const inner = element(self, args.slice(0, 1)); return args.length > 1 ? callMethod(inner, 'dig', args.slice(1), block, run) : inner; }, values_at: (self, args) => args.map(at => element(self, [at])), slice: (self, args) => element(self, args),
  '[]=': (self, args) => { self[number(args)] = args[1] ?? null; return args[1] ?? null; }, '<<': (self, args) => { self.push(args[0] ?? null); return self; }, push: (self, args) => { self.push(...args); return self; }, append: (self, args) => { self.push(...args); return self; }, unshift: (self, args) => { self.unshift(...args); return self; }, pop: self => self.pop() ?? null, shift: self => self.shift() ?? null, concat: (self, args) => { for (const one of args) self.push(...list(one)); return self; }, 'map!': (self, _args, block, run) => { self.forEach((one, at) => { self[at] = run(need(block), [one]); }); return self; },
  '+': (self, args) => [...self, ...list(args[0] ?? null)], '-': (self, args) => self.filter(one => !list(args[0] ?? null).some(other => same(one, other))), '*': (self, args) => (typeof args[0] === 'string' ? self.map(asString).join(args[0]) : Array.from({ length: number(args) }, () => self).flat()), '|': (self, args) => unique([...self, ...list(args[0] ?? null)]), '&': (self, args) => self.filter(one => list(args[0] ?? null).some(other => same(one, other))),
  join: (self, args) => flat(self).map(asString).join(args.length ? asString(args[0] ?? null) : ''), length: self => self.length, size: self => self.length, count: (self, _args, block, run) => (block ? self.filter(one => isTrue(run(block, [one]))).length : self.length), 'empty?': self => self.length === 0, 'include?': (self, args) => self.some(one => same(one, args[0] ?? null)), 'member?': (self, args) => self.some(one => same(one, args[0] ?? null)), index: (self, args) => { const at = self.findIndex(one => same(one, args[0] ?? null)); return at < 0 ? null : at; }, find_index: (self, args) => { const at = self.findIndex(one => same(one, args[0] ?? null)); return at < 0 ? null : at; },
  flatten: self => flat(self), compact: self => self.filter(one => one !== null), uniq: self => unique(self), reverse: self => [...self].reverse(), sort: self => [...self].sort(compare), sort_by: (self, _args, block, run) => self.map(one => [run(need(block), [one]), one] as const).sort((a, b) => compare(a[0], b[0])).map(([, one]) => one), zip: (self, args) => self.map((one, at) => [one, ...args.map(other => list(other)[at] ?? null)]), to_a: self => [...self], entries: self => [...self], to_ary: self => self, to_h: (self, _args, block, run) => new RubyHash((block ? self.map(one => run(block, [one])) : self).map(pair)), group_by: (self, _args, block, run) => group(self, need(block), run), partition: (self, _args, block, run) => { const yes = self.filter(one => isTrue(run(need(block), [one]))); return [yes, self.filter(one => !yes.includes(one))]; },
};

function pair(value: Value): [Value, Value] {
  const both = list(value);
  return [both[0] ?? null, both[1] ?? null];
}

function group(self: Value[], block: RubyProc, run: Yield): RubyHash {
  const made = new RubyHash();
  for (const one of self) {
    const key = run(block, [one]);
    made.set(key, [...list(made.get(key) ?? []), one]);
  }
  return made;
}

function fold(self: Value[], args: readonly Value[], block: RubyProc | undefined, run: Yield): Value {
  const operator = args.find(one => one instanceof RubySymbol);
  const start = args.find(one => !(one instanceof RubySymbol));
  const items = start === undefined ? self.slice(1) : self;
  return items.reduce<Value>((all, one) => (block ? run(block, [all, one]) : callMethod(all, operator instanceof RubySymbol ? operator.name : '+', [one], undefined, run)), start ?? self[0] ?? null);
}

const flat = (self: Value[]): Value[] => self.flatMap(one => (Array.isArray(one) ? flat(one) : [one]));
const unique = (self: Value[]): Value[] => self.filter((one, at) => self.findIndex(other => same(one, other)) === at);
const compare = (a: Value, b: Value): number => (typeof a === 'number' && typeof b === 'number' ? a - b : asString(a) < asString(b) ? -1 : asString(a) > asString(b) ? 1 : 0);

export function list(value: Value): Value[] {
  const it = known(value);
  if (Array.isArray(it)) return it;
  if (it instanceof RubyRange) return it.toArray();
  if (it instanceof RubyHash) return it.entries().map(([key, inner]) => [key, inner]);
  throw new NotKnown('something that is no list');
}

function element(self: Value[], args: readonly Value[]): Value {
  const first = known(args[0] ?? null);
  if (first instanceof RubyRange) return self.slice(first.from, first.to < 0 ? self.length + first.to + 1 : first.to + 1);
  if (typeof first !== 'number') throw new NotKnown('such an index');
  return args.length > 1 ? self.slice(first, first + number(args, 1)) : (self.at(first) ?? null);
}

const hashMethods: Readonly<Record<string, Method<RubyHash>>> = {
  '[]': (self, args) => self.get(args[0] ?? null) ?? null, fetch: (self, args, block, run) => self.get(args[0] ?? null) ?? args[1] ?? (block ? run(block, [args[0] ?? null]) : missing()), dig: (self, args, block, run) => { const inner = self.get(args[0] ?? null) ?? null; return args.length > 1 && inner !== null ? callMethod(inner, 'dig', args.slice(1), block, run) : inner; },
  '[]=': (self, args) => { self.set(args[0] ?? null, args[1] ?? null); return args[1] ?? null; }, store: (self, args) => { self.set(args[0] ?? null, args[1] ?? null); return args[1] ?? null; }, delete: (self, args) => self.delete(args[0] ?? null),
  'key?': (self, args) => self.has(args[0] ?? null), 'has_key?': (self, args) => self.has(args[0] ?? null), 'include?': (self, args) => self.has(args[0] ?? null), 'member?': (self, args) => self.has(args[0] ?? null), 'value?': (self, args) => self.entries().some(([, one]) => same(one, args[0] ?? null)),
  keys: self => self.entries().map(([key]) => key), values: self => self.entries().map(([, value]) => value), length: self => self.size, size: self => self.size, count: self => self.size, 'empty?': self => self.size === 0, 'any?': self => self.size > 0,
  each: (self, _args, block, run) => { for (const [key, value] of self.entries()) run(need(block), [[key, value]]); return self; }, each_pair: (self, _args, block, run) => { for (const [key, value] of self.entries()) run(need(block), [[key, value]]); return self; }, each_key: (self, _args, block, run) => { for (const [key] of self.entries()) run(need(block), [key]); return self; }, each_value: (self, _args, block, run) => { for (const [, value] of self.entries()) run(need(block), [value]); return self; },
  merge: (self, args) => merged(self, args), 'merge!': (self, args) => { for (const other of args) for (const [key, value] of hash(other).entries()) self.set(key, value); return self; }, update: (self, args) => { for (const other of args) for (const [key, value] of hash(other).entries()) self.set(key, value); return self; }, to_h: self => self, dup: self => new RubyHash(self.entries()), to_hash: self => self,
  select: (self, _args, block, run) => new RubyHash(self.entries().filter(([key, value]) => isTrue(run(need(block), [key, value])))), filter: (self, _args, block, run) => new RubyHash(self.entries().filter(([key, value]) => isTrue(run(need(block), [key, value])))), reject: (self, _args, block, run) => new RubyHash(self.entries().filter(([key, value]) => !isTrue(run(need(block), [key, value])))), transform_values: (self, _args, block, run) => new RubyHash(self.entries().map(([key, value]) => [key, run(need(block), [value])] as const)),
};

const missing = (): never => { throw new NotKnown('a key that is not there'); };
const merged = (self: RubyHash, args: readonly Value[]): RubyHash => new RubyHash([...self.entries(), ...args.flatMap(other => hash(other).entries())]);

export function hash(value: Value): RubyHash {
  const it = known(value);
  if (!(it instanceof RubyHash)) throw new NotKnown('something that is no hash');
  return it;
}

/** Methods every value has. */
const anyMethods: Readonly<Record<string, Method<Value>>> = {
  '==': (self, args) => same(self, args[0] ?? null), '!=': (self, args) => !same(self, args[0] ?? null), '===': (self, args) => (self instanceof RubyPattern ? typeof args[0] === 'string' && self.pattern.test(args[0]) : self instanceof RubyRange ? self.toArray().some(one => same(one, args[0] ?? null)) : same(self, args[0] ?? null)), 'eql?': (self, args) => same(self, args[0] ?? null), '!': self => !isTrue(self), 'nil?': self => self === null || self instanceof UnsetVariable,
  freeze: self => self, dup: self => (Array.isArray(self) ? [...self] : self), clone: self => (Array.isArray(self) ? [...self] : self), itself: self => self, to_s: self => asString(self), tap: (self, _args, block, run) => { run(need(block), [self]); return self; }, then: (self, _args, block, run) => run(need(block), [self]),
  'is_a?': () => { throw new NotKnown('the class of a value'); },
};

/** `self.name(args) { block }` for Ruby's own values. */
export function callMethod(self: Value, name: string, args: readonly Value[], block: RubyProc | undefined, run: Yield): Value {
  const own = Object.hasOwn(anyMethods, name) ? anyMethods[name] : undefined;
  const tables = tablesOf(self);
  for (const [table, as] of tables) if (Object.hasOwn(table, name)) return (table[name] as Method<Value>)(as, args, block, run);
  if (own) return own(self, args, block, run);
  known(self);
  throw new NotKnown(`the method ${name}`);
}

function tablesOf(self: Value): [Readonly<Record<string, Method<never>>>, Value][] {
  if (typeof self === 'string') return [[stringMethods, self]];
  if (typeof self === 'number') return [[numberMethods, self]];
  if (self instanceof RubyPattern) return [[{ '=~': (it: RubyPattern, args) => (typeof args[0] === 'string' ? it.pattern.test(args[0]) || null : null), 'match?': (it: RubyPattern, args) => typeof args[0] === 'string' && it.pattern.test(args[0]) } as Readonly<Record<string, Method<never>>>, self]];
  if (Array.isArray(self)) return [[listMethods, self]];
  if (self instanceof RubyHash) return [[hashMethods, self], [listMethods, self.entries().map(([key, value]) => [key, value])]];
  if (self instanceof RubyRange) return [[{ step: ((it: RubyRange, args, block, run) => { for (let at = it.from; at <= it.to; at += number(args)) run(need(block), [at]); return it; }) as Method<RubyRange>, 'cover?': ((it: RubyRange, args) => number(args) >= it.from && number(args) <= it.to) as Method<RubyRange> }, self], [listMethods, self.toArray()]];
  if (self instanceof RubySymbol) return [[{ to_s: (it: RubySymbol) => it.name, to_sym: (it: RubySymbol) => it, id2name: (it: RubySymbol) => it.name, to_proc: (it: RubySymbol) => it } as Readonly<Record<string, Method<never>>>, self], [stringMethods, self.name]];
  if (self === null || self instanceof UnsetVariable) return [[{ to_s: () => '', to_a: () => [], to_i: () => 0, 'empty?': () => { throw new NotKnown('empty? of nil'); } } as Readonly<Record<string, Method<never>>>, self]];
  return [];
}
