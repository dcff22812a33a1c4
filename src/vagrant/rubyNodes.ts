// Questions to the tree of a Vagrantfile: what a statement speaks of, changes, or only says to the person at the terminal.
import type { Interpreter } from './evaluate.ts';
import type { RubyNode } from './prism.ts';
import { Unknown, VagrantObject, type Scope } from './rubyValues.ts';

/** Calls that only talk to whoever runs the file, or load libraries. */
export const harmless = new Set(['puts', 'print', 'p', 'pp', 'warn', 'printf', 'require', 'require_relative', 'raise', 'abort', 'exit', 'exit!', 'fail', 'sleep', 'system', 'private', 'public', 'attr_accessor', 'include', 'extend', 'trap', 'at_exit', 'srand', 'load']);

/** Nothing, or calls that only talk to the person at the terminal or stop. */
export function talksOnly(node: RubyNode | null): boolean {
  if (!node) return true;
  if (node.type === 'ElseNode') return talksOnly(node.statements as RubyNode | null);
  if (node.type === 'IfNode' || node.type === 'UnlessNode') return talksOnly(node.statements as RubyNode | null) && talksOnly((node.subsequent ?? node.elseClause ?? null) as RubyNode | null);
  if (node.type === 'StatementsNode') return (node.body as RubyNode[]).every(talksOnly);
  if (node.type === 'CallNode') return !node.receiver && harmless.has(String(node.name));
  return /^(Nil|String|InterpolatedString|XString|InterpolatedXString|Return)Node$/.test(node.type);
}

/** Every node below, itself included. */
export function* nodesOf(node: unknown): Generator<RubyNode> {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const one of node) yield* nodesOf(one);
    return;
  }
  const it = node as RubyNode;
  if (typeof it.type === 'string') yield it;
  for (const [key, inner] of Object.entries(it)) if (key !== 'location' && typeof inner === 'object') yield* nodesOf(inner);
}

/** Does a statement speak of one of Vagrant's objects? */
export function mentionsVagrant(statement: RubyNode, scope: Scope): boolean {
  for (const node of nodesOf(statement)) {
    if (node.type === 'LocalVariableReadNode' && scope.find(String(node.name)) instanceof VagrantObject) return true;
    if (node.type === 'CallNode' && (node.name === 'configure' || (node.name === 'run' && node.block))) return true;
  }
  return false;
}

export const writes = (statement: RubyNode): boolean => /WriteNode$/.test(statement.type);

/** What a statement that was not understood may have changed is not known any more. */
export function forget(statement: RubyNode, scope: Scope, interpreter: Interpreter, why: string): void {
  for (const node of nodesOf(statement)) {
    const name = String(node.name);
    if (/^LocalVariable(Write|OrWrite|OperatorWrite|Target)/.test(node.type) && scope.find(name) !== undefined) scope.set(name, new Unknown(why));
    if (/^(Global|Instance)Variable(Write|OrWrite|OperatorWrite)/.test(node.type)) interpreter.globals.set(name, new Unknown(why));
    if (node.type === 'ConstantWriteNode') interpreter.constants.set(name, new Unknown(why));
    const changing = node.type === 'CallNode' && /^(\[\]=|<<|push|append|concat|merge!|update|store|delete|unshift|map!)$/.test(name);
    if (!changing && !/^Index(Or|Operator)Write/.test(node.type)) continue;
    for (const inner of nodesOf(node.receiver)) {
      if (inner.type === 'LocalVariableReadNode' && !(scope.find(String(inner.name)) instanceof VagrantObject)) scope.set(String(inner.name), new Unknown(why));
      if (inner.type === 'GlobalVariableReadNode' || inner.type === 'InstanceVariableReadNode') interpreter.globals.set(String(inner.name), new Unknown(why));
    }
  }
}
