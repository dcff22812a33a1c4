// The value of each kind of node: literals, variables, assignments. What is done with control flow and calls is in files of their own.
import { attributeWrite, callNode, indexWrite } from './calls.ts';
import { caseOf, choose, forLoop, Leave, loop } from './controlFlow.ts';
import type { Interpreter } from './evaluate.ts';
import { assignTo } from './parameters.ts';
import type { RubyNode } from './prism.ts';
import { callMethod, list } from './rubyMethods.ts';
import { EnvironmentObject, LibraryObject, newestVagrant, pattern } from './rubyLibrary.ts';
import { mentionsVagrant } from './rubyNodes.ts';
import { asString, isTrue, known, NotKnown, RubyHash, RubyProc, RubyRange, RubySymbol, Unknown, type Scope, type Value } from './rubyValues.ts';

export function evaluate(it: Interpreter, node: RubyNode, scope: Scope): Value {
  const child = (field: string): RubyNode | null => (node[field] as RubyNode | null | undefined) ?? null;
  const children = (field: string): RubyNode[] => (node[field] as RubyNode[] | undefined) ?? [];
  const name = String(node.name);
  switch (node.type) {
    case 'StatementsNode': return it.statements(node, scope);
    case 'ParenthesesNode': return it.value(child('body'), scope);
    case 'NilNode': return null;
    case 'TrueNode': return true;
    case 'FalseNode': return false;
    case 'IntegerNode': return integer(it.source.text(node.location));
    case 'FloatNode': return Number(it.source.text(node.location).replaceAll('_', ''));
    case 'StringNode': return unescaped(it, node, 'contentLoc');
    case 'SymbolNode': return new RubySymbol(unescaped(it, node, 'valueLoc'));
    case 'InterpolatedStringNode': return children('parts').map(part => asString(it.value(part, scope))).join('');
    case 'InterpolatedSymbolNode': return new RubySymbol(children('parts').map(part => asString(it.value(part, scope))).join(''));
    case 'EmbeddedStatementsNode': return it.value(child('statements'), scope);
    case 'EmbeddedVariableNode': return it.value(child('variable'), scope);
    case 'ArrayNode': return children('elements').flatMap(one => (one.type === 'SplatNode' ? list(it.value(one.expression as RubyNode, scope)) : [it.value(one, scope)]));
    case 'HashNode': case 'KeywordHashNode': return hash(it, children('elements'), scope);
    case 'RangeNode': return range(it, node, scope);
    case 'ImplicitNode': return it.value(child('value'), scope);
    case 'LocalVariableReadNode': return scope.find(name) ?? null;
    case 'ItLocalVariableReadNode': return scope.find('it') ?? null;
    case 'GlobalVariableReadNode': case 'InstanceVariableReadNode': {
      const value = it.globals.get(name);
      if (value === undefined && it.loadsOthers) throw new NotKnown(name);
      return value ?? null;
    }
    case 'ConstantReadNode': return constant(it, name);
    case 'SourceFileNode': return 'Vagrantfile';
    case 'LocalVariableWriteNode': return write(it, value => { scope.set(name, value); }, child('value'), scope);
    case 'GlobalVariableWriteNode': case 'InstanceVariableWriteNode': return write(it, value => { it.globals.set(name, value); }, child('value'), scope);
    case 'ConstantWriteNode': return write(it, value => { it.constants.set(name, value); }, child('value'), scope);
    case 'LocalVariableOrWriteNode': { const now = scope.find(name) ?? null; return isTrue(now) ? now : write(it, value => { scope.set(name, value); }, child('value'), scope); }
    case 'GlobalVariableOrWriteNode': case 'InstanceVariableOrWriteNode': { const now = it.globals.get(name) ?? null; return isTrue(now) ? now : write(it, value => { it.globals.set(name, value); }, child('value'), scope); }
    case 'LocalVariableOperatorWriteNode': { const made = callMethod(scope.find(name) ?? null, String(node.binaryOperator), [it.value(child('value'), scope)], undefined, it.yield); scope.set(name, made); return made; }
    case 'GlobalVariableOperatorWriteNode': case 'InstanceVariableOperatorWriteNode': { const made = callMethod(it.globals.get(name) ?? null, String(node.binaryOperator), [it.value(child('value'), scope)], undefined, it.yield); it.globals.set(name, made); return made; }
    case 'IndexOrWriteNode': case 'IndexOperatorWriteNode': return indexWrite(it, node, scope);
    case 'CallOrWriteNode': case 'CallOperatorWriteNode': return attributeWrite(it, node, scope);
    case 'MultiWriteNode': {
      const value = it.value(child('value'), scope);
      const parts = Array.isArray(value) ? [...value] : [value];
      for (const target of children('lefts')) assignTo(it, target, parts.shift() ?? null, scope);
      return value;
    }
    case 'IfNode': return choose(it, child('predicate'), child('statements'), child('subsequent'), scope);
    case 'UnlessNode': return choose(it, child('predicate'), child('elseClause'), child('statements'), scope);
    case 'RegularExpressionNode': return pattern(it.source.text(node.contentLoc as RubyNode['location']), it.source.text(node.closingLoc as RubyNode['location']));
    case 'ElseNode': return it.value(child('statements'), scope);
    case 'CaseNode': return caseOf(it, node, scope);
    case 'WhileNode': case 'UntilNode': return loop(it, node, scope);
    case 'ForNode': return forLoop(it, node, scope);
    case 'AndNode': { const left = it.value(child('left'), scope); return isTrue(left) ? it.value(child('right'), scope) : left; }
    case 'OrNode': { const left = it.value(child('left'), scope); return isTrue(left) ? left : it.value(child('right'), scope); }
    case 'BeginNode': return it.value(child('statements'), scope);
    case 'RescueModifierNode': return it.value(child('expression'), scope);
    case 'DefNode': it.methods.set(name, node); return new RubySymbol(name);
    case 'ClassNode': case 'ModuleNode': it.constants.set(name, new Unknown(`the class ${name}`)); return null;
    case 'LambdaNode': return new RubyProc(node, scope);
    case 'NextNode': throw new Leave('next', first(it, child('arguments'), scope));
    case 'BreakNode': throw new Leave('break', first(it, child('arguments'), scope));
    case 'ReturnNode': throw new Leave('return', first(it, child('arguments'), scope));
    case 'DefinedNode': return isDefined(it, child('value'), scope);
    case 'ConstantPathNode': return path(it, it.source.text(node.location));
    case 'SelfNode': throw new NotKnown('self');
    case 'CallNode': return callNode(it, node, scope);
    default: throw new NotKnown(`${node.type.replace(/Node$/, '')}: ${firstLine(it.source.text(node.location))}`);
  }
}

/** Prism's own decoder takes U+FEFF at a text's start for a byte order mark, and drops one. */
function unescaped(it: Interpreter, node: RubyNode, content: string): string {
  const { value } = node.unescaped as { value: string };
  const written = node[content] ? it.source.text(node[content] as RubyNode['location']) : '';
  const opening = node.openingLoc ? it.source.text(node.openingLoc as RubyNode['location']) : '';
  const raw = opening === "'" || opening.startsWith('%q');
  return written.startsWith('\ufeff') || (!raw && /^\\u\{?feff/i.test(written)) ? `\ufeff${value}` : value;
}

function first(it: Interpreter, node: RubyNode | null, scope: Scope): Value {
  const args = (node?.arguments as RubyNode[] | undefined) ?? [];
  return args.length > 1 ? args.map(one => it.value(one, scope)) : it.value(args[0], scope);
}

/** A value that is not known goes into the variable as such: it is enough for what does not use it. */
function write(it: Interpreter, set: (value: Value) => void, node: RubyNode | null, scope: Scope): Value {
  let value: Value;
  try {
    value = it.value(node, scope);
  } catch (thrown) {
    if (!(thrown instanceof NotKnown)) throw thrown;
    if (node && mentionsVagrant(node, scope)) throw thrown;
    value = new Unknown(thrown.message);
  }
  set(value);
  return value;
}

function hash(it: Interpreter, elements: readonly RubyNode[], scope: Scope): RubyHash {
  const made = new RubyHash();
  for (const one of elements) {
    if (one.type === 'AssocSplatNode') {
      const inner = known(it.value(one.value as RubyNode, scope));
      if (!(inner instanceof RubyHash)) throw new NotKnown('a hash made of something else');
      for (const [key, value] of inner.entries()) made.set(key, value);
    } else made.set(it.value(one.key as RubyNode, scope), it.value(one.value as RubyNode, scope));
  }
  return made;
}

function range(it: Interpreter, node: RubyNode, scope: Scope): Value {
  const from = known(it.value(node.left as RubyNode | null, scope));
  const to = known(node.right ? it.value(node.right as RubyNode, scope) : -1);
  const open = it.source.text(node.operatorLoc as RubyNode['location']) === '...';
  if (typeof from === 'number' && typeof to === 'number') return new RubyRange(from, open ? to - 1 : to);
  if (typeof from === 'string' && typeof to === 'string' && from.length === 1 && to.length === 1) return new RubyRange(from.charCodeAt(0), to.charCodeAt(0) - (open ? 1 : 0)).toArray().map(code => String.fromCharCode(code));
  throw new NotKnown('such a range');
}

function constant(it: Interpreter, name: string): Value {
  const value = it.constants.get(name);
  if (value !== undefined) return value;
  if (name === 'ENV') return new EnvironmentObject(it);
  // The file is read as `vagrant up` would read it.
  if (name === 'ARGV') return ['up'];
  if (['Array', 'Hash', 'YAML', 'JSON'].includes(name)) return new LibraryObject(name, it);
  if (name === 'Vagrant' || name === 'File' || name === 'Dir' || name === 'IO') return new LibraryObject(name, it);
  throw new NotKnown(name);
}

function path(it: Interpreter, text: string): Value {
  const value = it.constants.get(text);
  if (value !== undefined) return value;
  if (text === 'Vagrant::VERSION') return newestVagrant;
  if (text === 'File::RDONLY') return 0;
  if (text === 'Gem::Version') return new LibraryObject(text, it);
  throw new NotKnown(text);
}

function isDefined(it: Interpreter, node: RubyNode | null, scope: Scope): Value {
  if (node?.type === 'LocalVariableReadNode') return scope.find(String(node.name)) === undefined ? null : 'local-variable';
  if (node?.type === 'ConstantReadNode') return it.constants.has(String(node.name)) ? 'constant' : null;
  if (node?.type === 'GlobalVariableReadNode') return it.globals.has(String(node.name)) ? 'global-variable' : null;
  throw new NotKnown('defined?');
}

function integer(text: string): number {
  const plain = text.replaceAll('_', '');
  const octal = /^(-?)0o?([0-7]+)$/.exec(plain);
  return octal ? Number.parseInt(octal[2] ?? '0', 8) * (octal[1] === '-' ? -1 : 1) : Number(plain);
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 80) ?? '';

