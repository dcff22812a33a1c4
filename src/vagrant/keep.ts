// A statement that was not understood, as Ruby that stands for itself in `custom_config`: known variables are replaced by their values.
import type { Interpreter } from './evaluate.ts';
import type { RubyNode } from './prism.ts';
import { ConfigObject, type Keep } from './recorder.ts';
import { rubyLiteral, strings, symbol, range, type RubyValue } from './ruby.ts';
import { NotKnown, RubyHash, RubyRange, RubySymbol, UnsetVariable, VagrantObject, type Scope, type Value } from './rubyValues.ts';

/** undefined: it speaks of something that is not known and not in the statement, so it would not run by itself. */
export function keptText(statement: RubyNode, scope: Scope, interpreter: Interpreter, keep: Keep): string | undefined {
  const { source } = interpreter;
  const inside = new Set<string>();
  const replaced: { start: number; length: number; text: string }[] = [];
  const libraries = new Set<string>();
  collect(statement, inside);
  try {
    visit(statement);
  } catch (thrown) {
    if (thrown instanceof NotKnown) return undefined;
    throw thrown;
  }
  const start = source.index(statement.location.startOffset);
  let text = whole(statement, source);
  for (const one of replaced.sort((a, b) => b.start - a.start)) text = text.slice(0, one.start - start) + one.text + text.slice(one.start - start + one.length);
  const lines = unindent(text);
  const made = keep.provider ? `config.vm.provider ${rubyLiteral(keep.provider.name)} do |${keep.provider.variable}|\n${lines.map(line => (line === '' || /<<|%[qQwW]/.test(text) ? line : `  ${line}`)).join('\n')}\nend` : lines.join('\n');
  return [...libraries].map(one => `require "${one}"\n`).join('') + made;

  function visit(node: unknown): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    const it = node as RubyNode;
    const name = String(it.name);
    switch (it.type) {
      case 'LocalVariableReadNode': if (!inside.has(name)) put(it, scope.find(name) ?? null); return;
      case 'GlobalVariableReadNode': case 'InstanceVariableReadNode': if (!inside.has(name)) {
        const value = interpreter.globals.get(name);
        if (value === undefined && interpreter.loadsOthers) throw new NotKnown(name);
        put(it, value ?? null);
      } return;
      case 'ConstantReadNode': {
        const value = interpreter.constants.get(name);
        if (value !== undefined && !inside.has(name)) put(it, value);
        if (name === 'YAML' || name === 'JSON') libraries.add(name.toLowerCase());
        return;
      }
      case 'CallNode': if (!it.receiver && interpreter.methods.has(name)) throw new NotKnown(name); break;
      case 'ReturnNode': throw new NotKnown('return');
    }
    for (const [key, inner] of Object.entries(it)) if (key !== 'location' && typeof inner === 'object') visit(inner);
  }

  function put(node: RubyNode, value: Value): void {
    const from = source.index(node.location.startOffset);
    const length = source.text(node.location).length;
    if (value instanceof ConfigObject) replaced.push({ start: from, length, text: 'config' });
    else if (value instanceof VagrantObject) {
      if (keep.provider?.variable !== node.name) throw new NotKnown('an object of Vagrant');
    } else if (value instanceof UnsetVariable) replaced.push({ start: from, length, text: `ENV[${rubyLiteral(value.name)}]` });
    else replaced.push({ start: from, length, text: rubyLiteral(literal(value)) });
  }
}

/** Variables that the statement itself makes. */
function collect(node: unknown, names: Set<string>): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const one of node) collect(one, names);
    return;
  }
  const it = node as RubyNode;
  if (typeof it.type === 'string' && /ParameterNode$|Variable(Write|Target|OrWrite|OperatorWrite)Node$|ConstantWriteNode$/.test(it.type)) names.add(String(it.name));
  for (const [key, inner] of Object.entries(it)) if (key !== 'location' && typeof inner === 'object') collect(inner, names);
}

/** The statement's text with the bodies of heredocs that begin in its last line. */
function whole(statement: RubyNode, source: Interpreter['source']): string {
  let end = statement.location.startOffset + statement.location.length;
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    const it = node as RubyNode & { openingLoc?: RubyNode['location'] | null; closingLoc?: RubyNode['location'] | null };
    if (it.openingLoc && it.closingLoc && source.text(it.openingLoc).startsWith('<<')) end = Math.max(end, it.closingLoc.startOffset + it.closingLoc.length);
    for (const [key, inner] of Object.entries(it)) if (key !== 'location' && typeof inner === 'object') visit(inner);
  };
  visit(statement);
  return source.text({ startOffset: statement.location.startOffset, length: end - statement.location.startOffset }).replace(/\n$/, '');
}

/** The first line has no indentation of its own: the others lose what they have in common, if nothing in them depends on it. */
function unindent(text: string): string[] {
  const lines = text.split('\n');
  if (/<<-?['"A-Z_a-z]|%[qQ]/.test(text)) return lines;
  const common = Math.min(...lines.slice(1).filter(line => line.trim() !== '').map(line => /^ */.exec(line)?.[0].length ?? 0));
  return Number.isFinite(common) ? lines.map((line, at) => (at === 0 ? line : line.slice(Math.min(common, /^ */.exec(line)?.[0].length ?? 0)))) : lines;
}

/** A known value as one the encoder takes. */
export function literal(value: Value): RubyValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof RubySymbol) return symbol(value.name);
  if (value instanceof RubyRange) return range(value.from, value.to);
  if (Array.isArray(value)) return value.map(literal);
  if (value instanceof RubyHash) {
    const pairs = value.entries();
    if (pairs.every(([key]) => key instanceof RubySymbol)) return Object.fromEntries(pairs.map(([key, inner]) => [(key as RubySymbol).name, literal(inner)]));
    if (pairs.every(([key]) => typeof key === 'string')) return strings(Object.fromEntries(pairs.map(([key, inner]) => [key as string, literal(inner)])));
  }
  throw new NotKnown('a value without a literal');
}
