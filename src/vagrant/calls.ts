// Calls: of the file's own methods, of Ruby's, and of Vagrant's objects.
import { Leave } from './controlFlow.ts';
import type { Interpreter } from './evaluate.ts';
import { bind } from './parameters.ts';
import type { RubyNode } from './prism.ts';
import { callMethod, format, list } from './rubyMethods.ts';
import { harmless } from './rubyNodes.ts';
import { asString, isTrue, NotKnown, RubyProc, Scope, UnsetVariable, VagrantObject, type Value } from './rubyValues.ts';

export function callNode(it: Interpreter, node: RubyNode, scope: Scope): Value {
  const name = String(node.name);
  const receiverNode = node.receiver as RubyNode | null;
  const blockNode = node.block as RubyNode | null;
  if (!receiverNode) return ownCall(it, name, node, blockNode, scope);
  if (name === 'run' && it.source.text(receiverNode.location) === 'Vagrant::Config') throw new NotKnown('a Vagrantfile of version 1');
  const receiver = it.value(receiverNode, scope);
  if (name === 'configure' && blockNode?.type === 'BlockNode' && it.source.text(receiverNode.location) === 'Vagrant') return it.configure(new RubyProc(blockNode, scope));
  // `a&.b`
  if ((receiver === null || receiver instanceof UnsetVariable) && it.source.text((node.callOperatorLoc as RubyNode['location'] | null) ?? { startOffset: 0, length: 0 }) === '&.') return null;
  const args = argumentsOf(it, node.arguments as RubyNode | null, scope);
  const block = blockOf(it, blockNode, scope);
  if (name === '<<' && typeof receiver === 'string' && receiverNode.type === 'LocalVariableReadNode') {
    const made = receiver + asString(args[0] ?? null);
    scope.set(String(receiverNode.name), made);
    return made;
  }
  if (receiver instanceof RubyProc) {
    if (name === 'call' || name === '()' || name === '[]' || name === 'yield') return it.yield(receiver, args);
    throw new NotKnown(name);
  }
  return breakable(() => send(it, receiver, name, args, block, node));
}

/** A call without a receiver: a method of the file, or one of Ruby's. */
function ownCall(it: Interpreter, name: string, node: RubyNode, blockNode: RubyNode | null, scope: Scope): Value {
  const method = it.methods.get(name);
  if (method) {
    const args = argumentsOf(it, node.arguments as RubyNode | null, scope);
    const inner = new Scope();
    bind(it, method.parameters as RubyNode | null, args, inner, false);
    const block = blockOf(it, blockNode, scope);
    if (block) inner.variables.set('&', block);
    try {
      return it.value(method.body as RubyNode | null, inner);
    } catch (thrown) {
      if (thrown instanceof Leave && thrown.how === 'return') return thrown.value;
      throw thrown;
    }
  }
  if (name === 'it' && scope.find('it') !== undefined) return scope.find('it') ?? null;
  if (name === 'require_relative' || name === 'load' || (name === 'require' && !/^['"][\w/-]+['"]$/.test(it.source.text((node.arguments as RubyNode | null)?.location ?? { startOffset: 0, length: 0 })))) it.loadsOthers = true;
  if (harmless.has(name)) return null;
  const args = argumentsOf(it, node.arguments as RubyNode | null, scope);
  const block = blockOf(it, blockNode, scope);
  switch (name) {
    case 'format': case 'sprintf': return format(asString(args[0] ?? null), args.slice(1));
    case 'lambda': case 'proc': return block ?? null;
    case 'Integer': return typeof args[0] === 'number' ? args[0] : Number.parseInt(asString(args[0] ?? null), 10);
    case 'String': return asString(args[0] ?? null);
    case 'Array': return args[0] === null ? [] : Array.isArray(args[0]) ? args[0] : [args[0] ?? null];
    case '__dir__': return '.';
    case 'loop': throw new NotKnown('a loop without an end');
    default: throw new NotKnown(name);
  }
}

export function send(it: Interpreter, receiver: Value, name: string, args: readonly Value[], block: RubyProc | undefined, node: RubyNode): Value {
  if (receiver instanceof VagrantObject) {
    if (name === '==' || name === '!=' || name === 'nil?') throw new NotKnown('a comparison of Vagrant\'s objects');
    return receiver.call(name, args, block, node);
  }
  return callMethod(receiver, name, args, block, it.yield);
}

function argumentsOf(it: Interpreter, node: RubyNode | null, scope: Scope): Value[] {
  return ((node?.arguments as RubyNode[] | undefined) ?? []).flatMap(one => (one.type === 'SplatNode' ? list(it.value(one.expression as RubyNode, scope)) : [it.value(one, scope)]));
}

function blockOf(it: Interpreter, node: RubyNode | null, scope: Scope): RubyProc | undefined {
  if (!node) return undefined;
  if (node.type === 'BlockNode') return new RubyProc(node, scope);
  const given = node.expression as RubyNode | null;
  if (given?.type === 'SymbolNode') return new RubyProc(given, undefined);
  const value = it.value(given, scope);
  if (value instanceof RubyProc) return value;
  throw new NotKnown('such a block');
}

function breakable(run: () => Value): Value {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof Leave && thrown.how === 'break') return thrown.value;
    throw thrown;
  }
}

export function indexWrite(it: Interpreter, node: RubyNode, scope: Scope): Value {
  const receiver = it.value(node.receiver as RubyNode, scope);
  const args = argumentsOf(it, node.arguments as RubyNode | null, scope);
  const now = send(it, receiver, '[]', args, undefined, node);
  if (node.type === 'IndexOrWriteNode' && isTrue(now)) return now;
  const value = it.value(node.value as RubyNode, scope);
  return send(it, receiver, '[]=', [...args, node.type === 'IndexOrWriteNode' ? value : callMethod(now, String(node.binaryOperator), [value], undefined, it.yield)], undefined, node);
}

export function attributeWrite(it: Interpreter, node: RubyNode, scope: Scope): Value {
  const receiver = it.value(node.receiver as RubyNode, scope);
  const now = send(it, receiver, String(node.readName), [], undefined, node);
  if (node.type === 'CallOrWriteNode' && isTrue(now)) return now;
  const value = it.value(node.value as RubyNode, scope);
  return send(it, receiver, String(node.writeName), [node.type === 'CallOrWriteNode' ? value : callMethod(now, String(node.binaryOperator), [value], undefined, it.yield)], undefined, node);
}
