// What a Vagrantfile is made of before the templates lay it out: statements in sections, each with the place in the config it comes from.
import type { ConfigComment, ConfigPath, Severity } from '../config/model.ts';
import { args, heredoc, type Heredoc, type RubyValue } from './ruby.ts';

/** Where a statement comes from (`path`, from the machine's object), and the comments of that place. */
interface Origin {
  readonly path: ConfigPath;
  comments: string[];
  /** A comment on the statement's own line. */
  trailing?: string;
}

/** `receiver.name = value` */
export interface Assignment extends Origin {
  readonly kind: 'assign';
  readonly receiver: string;
  readonly name: string;
  /** With `text`: the Hash's other options. */
  readonly value: RubyValue;
  readonly text?: { readonly key: string; readonly heredoc: Heredoc };
}

/** `receiver.method arguments`, perhaps with a heredoc as its last option, perhaps with a block of statements. */
export interface Call extends Origin {
  readonly kind: 'call';
  readonly receiver: string;
  readonly method: string;
  readonly args: RubyValue;
  readonly text?: { readonly key: string; readonly heredoc: Heredoc };
  readonly block?: { readonly variable: string; readonly statements: readonly Statement[]; readonly path: ConfigPath };
}

/** `if` or `unless` around statements. */
export interface Condition extends Origin {
  readonly kind: 'condition';
  readonly word: 'if' | 'unless';
  /** Ruby. */
  readonly condition: string;
  readonly block: { readonly statements: readonly Statement[]; readonly path: ConfigPath };
}

/** Ruby that the config holds as it is. */
export interface Code extends Origin {
  readonly kind: 'code';
  readonly lines: readonly string[];
  /** It may hold heredocs or other text that must not be moved to the right. */
  readonly verbatim: boolean;
}

export type Statement = Assignment | Call | Condition | Code;

/** Something Vagrant cannot bear or express; `path` from the machine's object. Becomes a ParseProblem with its range. */
export interface ViewProblem {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly values: readonly (string | number)[];
  readonly path: ConfigPath;
  /** Underline the key, not the value. */
  readonly atKey?: boolean;
}

/** One machine, ready for the templates. Sections are set apart by blank lines, in the order in which they stand. */
export interface MachineView {
  readonly name: string;
  /** Comments above the machine. */
  readonly comments: string[];
  /** The `define` line's further options (`primary`, `autostart`). */
  readonly define: RubyValue;
  /** undefined: the only machine of the file, set on `config` itself. */
  readonly variable: string | undefined;
  readonly sections: readonly (readonly Statement[])[];
  readonly problems: readonly ViewProblem[];
}

export function assign(path: ConfigPath, receiver: string, name: string, value: RubyValue): Assignment {
  return { kind: 'assign', path, comments: [], receiver, name, value };
}

export function call(path: ConfigPath, receiver: string, method: string, list: readonly RubyValue[], options: { readonly [key: string]: RubyValue } = {}): Call {
  return { kind: 'call', path, comments: [], receiver, method, args: args(list, options) };
}

/** A call whose option `key` is a text: as a heredoc behind the other options where that can be, else as a string in its place. */
export function textCall(path: ConfigPath, receiver: string, method: string, list: readonly RubyValue[], options: { readonly [key: string]: RubyValue }, key: string, text: string, word = 'SHELL'): Call {
  const made = heredoc(text, '  ', word);
  return made
    ? { kind: 'call', path, comments: [], receiver, method, args: args(list, options), text: { key, heredoc: made } }
    : call(path, receiver, method, list, { ...options, [key]: text });
}

/** An assignment of a Hash whose option `key` is a text: as a heredoc where that can be. */
export function textAssign(path: ConfigPath, receiver: string, name: string, options: { readonly [key: string]: RubyValue }, key: string, text: string, word = 'SHELL'): Assignment {
  const made = heredoc(text, '  ', word);
  return made ? { ...assign(path, receiver, name, options), text: { key, heredoc: made } } : assign(path, receiver, name, { [key]: text, ...options });
}

export function blockCall(path: ConfigPath, receiver: string, method: string, list: readonly RubyValue[], options: { readonly [key: string]: RubyValue }, block: NonNullable<Call['block']>): Call {
  const made = call(path, receiver, method, list, options);
  return block.statements.length ? { ...made, block } : made;
}

/** `custom_config` as statements: moved to the right only where that surely changes nothing. */
export function code(path: ConfigPath, text: string): Code {
  const lines = text.replace(/\r\n?/g, '\n').replace(/\n+$/, '').split('\n');
  return { kind: 'code', path, comments: [], lines, verbatim: !movable(lines) };
}

/** No heredoc, no quote that stays open at a line's end, nothing that means something in column 0 alone. */
function movable(lines: readonly string[]): boolean {
  return lines.every(line => !/<<|%[qQwWiIrxs]?[([{<|!/]|\\$|^=begin|^=end|^__END__/.test(line) && ['"', "'", '`'].every(quote => (line.split(quote).length - 1) % 2 === 0));
}

/** Gives each comment to the statement of its place, else to the nearest one above or below it, else to the machine. */
export function attachComments(comments: readonly ConfigComment[], sections: readonly (readonly Statement[])[], machine: string[], toLines: (text: string) => string[]): void {
  if (!comments.length) return;
  const all: Statement[] = [];
  const collect = (list: readonly Statement[]): void => {
    for (const one of list) {
      all.push(one);
      if ((one.kind === 'call' || one.kind === 'condition') && one.block) collect(one.block.statements);
    }
  };
  sections.forEach(collect);
  for (const [index, comment] of comments.entries()) {
    const lines = withoutSettings(toLines(comment.text), comments[index + 1]?.text);
    if (lines.length === 0) continue;
    // What stands at the machine's name is about the machine, whatever else takes the name.
    const target = comment.path.length === 0 || (comment.path.length === 1 && comment.path[0] === 'name') ? undefined : placeFor(comment.path, all);
    if (!target) machine.push(...lines);
    else if (comment.placement === 'after' && lines.length === 1 && !target.trailing && target.path.length >= comment.path.length && target.kind !== 'code' && target.kind !== 'condition' && !('text' in target) && !('block' in target)) target.trailing = lines[0] ?? '';
    else target.comments.push(...lines);
  }
}

/** Settings of the config that are commented out are not for who reads the Vagrantfile, nor is the line that leads to them. */
function withoutSettings(lines: readonly string[], next: string | undefined): string[] {
  return lines.filter((line, at) => !isSetting(line) && !(line.trimEnd().endsWith(':') && isSetting(lines[at + 1] ?? next ?? '')));
}

const isSetting = (line: string): boolean => /^\s*(?:[{[]?\s*"[\w$-]+"\s*:|[\]}]+,?\s*$)/.test(line);

function placeFor(path: ConfigPath, all: readonly Statement[]): Statement | undefined {
  const own = all.find(one => samePath(blockPath(one), path)) ?? all.find(one => samePath(one.path, path));
  if (own) return own;
  const below = all.find(one => startsWith(one.path, path));
  if (below && path.length > 1) return below;
  for (let length = path.length - 1; length >= 2; length--) {
    const above = all.find(one => samePath(one.path, path.slice(0, length)) || samePath(blockPath(one), path.slice(0, length)));
    if (above) return above;
  }
  return undefined;
}

function blockPath(statement: Statement): ConfigPath {
  return statement.kind === 'call' && statement.block ? statement.block.path : statement.path;
}

export function samePath(a: ConfigPath, b: ConfigPath): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}

export function startsWith(path: ConfigPath, start: ConfigPath): boolean {
  return path.length >= start.length && start.every((key, index) => key === path[index]);
}
