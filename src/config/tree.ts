// The syntax tree of JSON with comments: reading values from it and finding places in it.
import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import type { ConfigPath } from './model.ts';
import { phrase } from './phrase.ts';

export type { Node, ParseError } from 'jsonc-parser';

/** Parses as much as there is. Deep nesting must have been refused before: the parser is recursive. */
export function treeOf(text: string): { readonly root: Node | undefined; readonly errors: readonly ParseError[] } {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  // Nobody reads more, and a text of nonsense has a hundred thousand.
  return { root, errors: errors.slice(0, 100) };
}

/** One English sentence for a parser's error code: an l10n key. */
export function syntaxMessage(error: ParseError): string {
  const messages: Record<string, string> = {
    InvalidSymbol: phrase('This is not JSON: expected a value.'),
    InvalidNumberFormat: phrase('This is not a number.'),
    PropertyNameExpected: phrase('A property name in double quotes is missing here.'),
    ValueExpected: phrase('A value is missing here.'),
    ColonExpected: phrase('A colon is missing here.'),
    CommaExpected: phrase('A comma is missing here.'),
    CloseBraceExpected: phrase('A closing brace is missing here.'),
    CloseBracketExpected: phrase('A closing bracket is missing here.'),
    EndOfFileExpected: phrase('There is text after the end.'),
    InvalidCommentToken: phrase('This comment is broken.'),
    UnexpectedEndOfComment: phrase('This comment does not end.'),
    UnexpectedEndOfString: phrase('This text does not end: a double quote is missing.'),
    UnexpectedEndOfNumber: phrase('This number is cut off.'),
    InvalidUnicode: phrase('This is not a Unicode escape: \\u takes four hexadecimal digits.'),
    InvalidEscapeCharacter: phrase('This escape is not known in JSON; write a backslash as \\\\.'),
    InvalidCharacter: phrase('A control character cannot stand in a text as it is.'),
  };
  return messages[printParseErrorCode(error.error)] ?? phrase('This is not JSON.');
}

/** The plain value: objects with own properties only, also for a key like `__proto__`. Of a key given twice the last counts, as everywhere in JSON. */
export function valueOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueOf);
  if (node.type !== 'object') return node.value;
  const result: Record<string, unknown> = {};
  for (const property of node.children ?? []) {
    const [key, value] = property.children ?? [];
    if (!key || !value) continue;
    Object.defineProperty(result, key.value as string, { value: valueOf(value), enumerable: true, configurable: true, writable: true });
  }
  return result;
}

/** The property of an object by key; the last one of that key. */
export function propertyOf(node: Node | undefined, key: string): Node | undefined {
  if (node?.type !== 'object') return undefined;
  return node.children?.findLast(property => property.children?.[0]?.value === key);
}

/** The node of the value at `path`. */
export function nodeAt(root: Node | undefined, path: ConfigPath): Node | undefined {
  let node = root;
  for (const step of path) {
    if (typeof step === 'number') node = node?.type === 'array' ? node.children?.[step] : undefined;
    else node = propertyOf(node, step)?.children?.[1];
    if (!node) return undefined;
  }
  return node;
}

/** The node of the key of the property at `path`; of an array's element the element itself. */
export function keyNodeAt(root: Node | undefined, path: ConfigPath): Node | undefined {
  const last = path.at(-1);
  if (typeof last !== 'string') return nodeAt(root, path);
  return propertyOf(nodeAt(root, path.slice(0, -1)), last)?.children?.[0];
}
