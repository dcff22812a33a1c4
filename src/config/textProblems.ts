// What is wrong with the text itself, as problems.
import type { ParseProblem, Severity, TextRange } from './model.ts';
import { phrase } from './phrase.ts';
import { syntaxMessage, type Node, type ParseError } from './tree.ts';

/** The keys that stand in an object a second time. */
export function duplicateKeys(root: Node | undefined): Node[] {
  const found: Node[] = [];
  const walk = (node: Node): void => {
    if (node.type === 'object' && (node.children?.length ?? 0) > 1) {
      const seen = new Set<unknown>();
      for (const property of node.children ?? []) {
        const key = property.children?.[0];
        if (key && seen.has(key.value)) found.push(key);
        seen.add(key?.value);
      }
    }
    for (const child of node.children ?? []) if (child.children) walk(child);
  };
  if (root) walk(root);
  return found;
}

export function duplicateProblem(key: Node, range: TextRange): ParseProblem {
  return textProblem('duplicate-key', 'warning', phrase('The key "{0}" stands here twice: the last one counts.'), range, [String(key.value)]);
}

export function syntaxProblem(error: ParseError, range: TextRange): ParseProblem {
  return textProblem('syntax', 'error', syntaxMessage(error), { offset: range.offset, length: Math.max(range.length, 1) });
}

export function textProblem(code: string, severity: Severity, message: string, range: TextRange, values?: readonly (string | number)[]): ParseProblem {
  return { code, severity, message, range, ...(values && { values }) };
}
