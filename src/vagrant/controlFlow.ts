// if, unless, case and loops of a Vagrantfile, and the words that leave a block. A question that has another answer on each computer is handed on, not answered.
import type { Interpreter } from './evaluate.ts';
import { assignTo } from './parameters.ts';
import type { RubyNode } from './prism.ts';
import { callMethod, list } from './rubyMethods.ts';
import { talksOnly } from './rubyNodes.ts';
import { FileQuestion, isTrue, known, NotKnown, PluginQuestion, type Scope, type Value } from './rubyValues.ts';

/** `next`, `break` and `return` on their way out. */
export class Leave extends Error {
  readonly how: 'next' | 'break' | 'return';
  readonly value: Value;
  constructor(how: 'next' | 'break' | 'return', value: Value) {
    super(how);
    this.how = how;
    this.value = value;
  }
}

/** Both ways of a condition that is not known may come to the same: nothing that concerns a machine. */
export function choose(it: Interpreter, predicate: RubyNode | null, then: RubyNode | null, otherwise: RubyNode | null, scope: Scope): Value {
  let answer: boolean;
  try {
    const value = it.value(predicate, scope);
    if (value instanceof PluginQuestion && it.plugin === undefined && talksOnly(otherwise)) return ifPlugin(it, value.plugin, then, scope);
    if (value instanceof FileQuestion && it.unlessExists === undefined && talksOnly(then)) return unlessFile(it, value.path, otherwise, scope);
    answer = isTrue(value);
  } catch (thrown) {
    if (thrown instanceof NotKnown && talksOnly(then) && talksOnly(otherwise)) return null;
    throw thrown;
  }
  return it.value(answer ? then : otherwise, scope);
}

function unlessFile(it: Interpreter, path: string, then: RubyNode | null, scope: Scope): Value {
  if (talksOnly(then)) return null;
  const { keep } = it;
  it.keep = undefined;
  it.unlessExists = path;
  try {
    return it.value(then, scope);
  } finally {
    it.keep = keep;
    it.unlessExists = undefined;
  }
}

function ifPlugin(it: Interpreter, plugin: string, then: RubyNode | null, scope: Scope): Value {
  if (talksOnly(then)) return null;
  const { keep } = it;
  it.keep = undefined;
  it.plugin = plugin;
  try {
    return it.value(then, scope);
  } finally {
    it.keep = keep;
    it.plugin = undefined;
  }
}

export function caseOf(it: Interpreter, node: RubyNode, scope: Scope): Value {
  const subject = node.predicate ? known(it.value(node.predicate as RubyNode, scope)) : undefined;
  for (const one of node.conditions as RubyNode[]) {
    for (const condition of (one.conditions as RubyNode[] | undefined) ?? []) {
      const value = it.value(condition, scope);
      const hit = subject === undefined ? isTrue(value) : isTrue(callMethod(value, '===', [subject], undefined, it.yield));
      if (hit) return it.value(one.statements as RubyNode | null, scope);
    }
  }
  return it.value(node.elseClause as RubyNode | null, scope);
}

export function loop(it: Interpreter, node: RubyNode, scope: Scope): Value {
  for (let turns = 0; isTrue(it.value(node.predicate as RubyNode, scope)) === (node.type === 'WhileNode'); turns++) {
    if (turns > 10_000) throw new NotKnown('a loop without an end');
    it.value(node.statements as RubyNode | null, scope);
  }
  return null;
}

export function forLoop(it: Interpreter, node: RubyNode, scope: Scope): Value {
  for (const one of list(it.value(node.collection as RubyNode, scope))) {
    assignTo(it, node.index as RubyNode, one, scope);
    it.value(node.statements as RubyNode | null, scope);
  }
  return null;
}
