// The arguments of a block, a lambda or a method go into its variables; `a, (b, c) = …` does the same.
import type { Interpreter } from './evaluate.ts';
import type { RubyNode } from './prism.ts';
import { NotKnown, RubyHash, RubySymbol, type Scope, type Value } from './rubyValues.ts';

export function bind(it: Interpreter, node: RubyNode | null, given: readonly Value[], scope: Scope, spread: boolean): void {
  if (!node) return;
  if (node.type === 'NumberedParametersNode' || node.type === 'ItParametersNode') {
    scope.variables.set('it', given[0] ?? null);
    given.forEach((one, at) => scope.variables.set(`_${String(at + 1)}`, one));
    return;
  }
  const parameters = (node.type === 'BlockParametersNode' ? node.parameters : node) as RubyNode | null;
  if (!parameters) return;
  const requireds = parameters.requireds as RubyNode[];
  const optionals = parameters.optionals as RubyNode[];
  const posts = parameters.posts as RubyNode[];
  const keywords = parameters.keywords as RubyNode[];
  const rest = parameters.rest as RubyNode | null;
  let values = [...given];
  const named = keywords.length && values.at(-1) instanceof RubyHash ? (values.pop() as RubyHash) : undefined;
  if (spread && values.length === 1 && Array.isArray(values[0]) && requireds.length + optionals.length + posts.length + (rest ? 1 : 0) > 1) values = [...values[0]];
  requireds.forEach(one => { assignTo(it, one, values.shift() ?? null, scope); });
  for (const one of optionals) scope.variables.set(String(one.name), values.length > posts.length ? (values.shift() ?? null) : it.value(one.value as RubyNode, scope));
  if (rest && typeof rest.name === 'string') scope.variables.set(rest.name, values.splice(0, Math.max(0, values.length - posts.length)));
  posts.forEach(one => { assignTo(it, one, values.shift() ?? null, scope); });
  for (const one of keywords) scope.variables.set(String(one.name), named?.get(new RubySymbol(String(one.name))) ?? (one.value ? it.value(one.value as RubyNode, scope) : null));
}

export function assignTo(it: Interpreter, target: RubyNode, value: Value, scope: Scope): void {
  switch (target.type) {
    case 'RequiredParameterNode': scope.variables.set(String(target.name), value); return;
    case 'LocalVariableTargetNode': scope.set(String(target.name), value); return;
    case 'GlobalVariableTargetNode': case 'InstanceVariableTargetNode': it.globals.set(String(target.name), value); return;
    case 'MultiTargetNode': {
      const parts = Array.isArray(value) ? [...value] : [value];
      (target.lefts as RubyNode[]).forEach(one => { assignTo(it, one, parts.shift() ?? null, scope); });
      return;
    }
    default: throw new NotKnown('such an assignment');
  }
}
