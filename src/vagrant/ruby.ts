// The one encoder for Ruby: a JavaScript value in, the Ruby literal that is that value out. Facts about Ruby's literals: docs/providers/vagrant.md.

type Plain = { readonly [key: string]: RubyValue };

type Form =
  | { readonly ruby: 'symbol'; readonly name: string }
  | { readonly ruby: 'env'; readonly name: string; readonly default?: string }
  | { readonly ruby: 'range'; readonly from: number; readonly to: number }
  | { readonly ruby: 'strings'; readonly value: Plain }
  | { readonly ruby: 'arguments'; readonly list: readonly RubyValue[]; readonly options: Plain }
  | { readonly ruby: 'join'; readonly parts: readonly (string | { readonly env: string })[] };

/** A Ruby value that JSON has no word for. Only the functions below make one: data from a config can never pass for it. */
export class RubyForm {
  readonly form: Form;
  constructor(form: Form) {
    this.form = form;
  }
}

export type RubyValue = string | number | boolean | null | RubyForm | readonly RubyValue[] | Plain;

const symbolName = /^[A-Za-z_][A-Za-z0-9_]*[?!]?$/;
/** Controls, formatting characters (right-to-left marks, joiners), private and unassigned ones: never raw, so that what is read is what runs. */
const invisible = /[\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/u;
const everyInvisible = new RegExp(invisible.source, 'gu');
const plain = /^[\x20\x21\x24-\x5b\x5d-\x7e]*$/;
const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\u001b': '\\e' };

export const symbol = (name: string): RubyForm => new RubyForm({ ruby: 'symbol', name });
/** `ENV["NAME"]`, or `ENV.fetch("NAME", otherwise)`. */
export const env = (name: string, otherwise?: string): RubyForm => new RubyForm(otherwise === undefined ? { ruby: 'env', name } : { ruby: 'env', name, default: otherwise });
export const range = (from: number, to: number): RubyForm => new RubyForm({ ruby: 'range', from, to });
/** A Hash with string keys (`"KEY" => value`): data for somebody else, not options of Vagrant. */
export const strings = (value: Plain): RubyForm => new RubyForm({ ruby: 'strings', value });
/** What stands behind a method's name: values, then options as keywords without braces. */
export const args = (list: readonly RubyValue[], options: Plain = {}): RubyForm => new RubyForm({ ruby: 'arguments', list, options });
/** A text in which environment variables stand: `"https://#{ENV["HOST"]}:8006"`. */
export const join = (...parts: readonly (string | { readonly env: string })[]): RubyForm => new RubyForm({ ruby: 'join', parts });

const lineWidth = 100;

/** The Ruby literal of `value`, on one line, whatever the value. A lone surrogate, for which Ruby has no form, becomes U+FFFD. */
export function rubyLiteral(value: RubyValue): string {
  if (typeof value === 'string') return rubyString(value);
  if (value === null) return 'nil';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return rubyNumber(value);
  if (isArray(value)) return value.length ? `[${value.map(rubyLiteral).join(', ')}]` : '[]';
  if (value instanceof RubyForm) return rubyForm(value.form);
  return braces(symbolPairs(value));
}

function rubyForm(value: Form): string {
  switch (value.ruby) {
    case 'symbol': return rubySymbol(value.name);
    case 'env': return value.default === undefined ? `ENV[${rubyString(value.name)}]` : `ENV.fetch(${rubyString(value.name)}, ${rubyString(value.default)})`;
    case 'range': return `(${rubyNumber(value.from)}..${rubyNumber(value.to)})`;
    case 'strings': return braces(Object.entries(value.value).map(([key, inner]) => `${rubyString(key)} => ${rubyLiteral(inner)}`));
    case 'arguments': return rubyArguments(value.list.map(rubyLiteral), symbolPairs(value.options));
    case 'join': return `"${value.parts.map(part => (typeof part === 'string' ? doubleQuoted(part).slice(1, -1) : `#{ENV[${rubyString(part.env)}]}`)).join('')}"`;
  }
}

/** On one line, or, where that would be too long, each option on its own. */
function rubyArguments(list: readonly string[], pairs: readonly string[]): string {
  const line = [...list, ...pairs].join(', ');
  return line.length <= lineWidth || !list.length || pairs.length < 2 ? line : [list.join(', '), ...pairs].join(',\n  ');
}

/** As `rubyLiteral`, but long arrays and hashes are broken over lines. Lines after the first are indented for a statement in column 0. */
export function rubyPretty(value: RubyValue, indent = ''): string {
  const line = rubyLiteral(value);
  if (line.length <= lineWidth - indent.length || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  const pairs = (of: { readonly [key: string]: RubyValue }, key: (name: string) => string): string =>
    `{\n${Object.entries(of).map(([name, one]) => `${inner}${key(name)} ${rubyPretty(one, inner)}`).join(',\n')}\n${indent}}`;
  if (isArray(value)) return `[\n${value.map(one => inner + rubyPretty(one, inner)).join(',\n')}\n${indent}]`;
  if (!(value instanceof RubyForm)) return pairs(value, hashKey);
  return value.form.ruby === 'strings' ? pairs(value.form.value, name => `${rubyString(name)} =>`) : line;
}

/** A double-quoted string; a single-quoted one where that is easier to read (paths with `\`, text with `"`). */
export function rubyString(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  if (/["\\#]/.test(text) && !text.includes("'") && !invisible.test(text) && needsEscape(text)) return `'${text.replace(/\\(?=\\|$)/g, '\\\\')}'`;
   
  const escaped = text.replace(/["\\]|#(?=[{$@])/g, '\\$&').replace(everyInvisible, escapeInvisible);
  return `"${escaped}"`;
}

function needsEscape(text: string): boolean {
  return /["\\]|#[{$@]/.test(text);
}

function escapeInvisible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const known = escapes[character];
  if (known) return known;
  if (code < 0x80) return `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
  if (code >= 0xd800 && code <= 0xdfff) return '\\uFFFD';
  return code > 0xffff ? `\\u{${code.toString(16).toUpperCase()}}` : `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** `:name`, or `:"any text"`. An empty name is `:""`. */
export function rubySymbol(name: string): string {
  if (symbolName.test(name)) return `:${name}`;
  return `:${doubleQuoted(name)}`;
}

function doubleQuoted(text: string): string {
  const literal = rubyString(text);
  return literal.startsWith('"') ? literal : `"${text.replace(/["\\]|#(?=[{$@])/g, '\\$&')}"`;
}

/** An Integer for whole numbers of any size, else a Float. JSON has neither NaN nor infinity; they become `nil`. */
function rubyNumber(value: number): string {
  if (!Number.isFinite(value)) return 'nil';
  if (Number.isInteger(value)) return BigInt(value).toString();
  const text = String(value);
  return text.includes('.') ? text : text.replace('e', '.0e');
}

function symbolPairs(value: { readonly [key: string]: RubyValue }): string[] {
  return Object.entries(value).map(([key, inner]) => `${hashKey(key)} ${rubyLiteral(inner)}`);
}

/** `key:`, or `"any text":`: both are Symbols. */
function hashKey(key: string): string {
  return symbolName.test(key) ? `${key}:` : `${doubleQuoted(key)}:`;
}

function braces(pairs: readonly string[]): string {
  return pairs.length ? `{ ${pairs.join(', ')} }` : '{}';
}

function isArray(value: RubyValue): value is readonly RubyValue[] {
  return Array.isArray(value);
}

/** A heredoc: `opening` stands where the value stands, `body` on the lines below it, ending with the terminator's line. */
export interface Heredoc {
  readonly opening: string;
  readonly body: readonly string[];
}

/**
 * `text` as a squiggly heredoc whose body stands `indent` blanks in, or undefined where a heredoc cannot be the same text:
 * no line end or just one line, carriage returns or other invisible characters, lines of blanks alone, or blanks before every line.
 */
export function heredoc(text: string, indent: string, word = 'SHELL'): Heredoc | undefined {
  const ends = text.endsWith('\n');
  const lines = (ends ? text.slice(0, -1) : text).split('\n');
  if (lines.length < 2 || lines.every(line => line === '')) return undefined;
  if (!lines.some(line => line !== '' && !/^[ \t]/.test(line))) return undefined;
  if (lines.some(line => /^[ \t]+$/.test(line) || invisible.test(line.replaceAll('\t', '')))) return undefined;
  let end = word;
  for (let n = 2; lines.some(line => line.trim() === end); n++) end = `${word}_${String(n)}`;
  const raw = lines.some(line => /\\|#[{$@]/.test(line));
  const opening = `<<~${raw ? `'${end}'` : end}${ends ? '' : '.chomp'}`;
  return { opening, body: [...lines.map(line => (line === '' ? '' : `${indent}${line}`)), `${indent.slice(0, -2)}${end}`] };
}

/** Text for `# …` comments: one entry a line, none of which can end the comment or hide something. */
export function commentLines(text: string): string[] {
  return text.split(/\r\n|[\n\r\u2028\u2029\u0085]/).map(line => line.replace(everyInvisible, ' ').trimEnd());
}
