// Changes to a config as the fewest text edits that make them: comments, order and the rest of the text stay.
import { applyEdits, findNodeAtLocation, parseTree, type Edit, type Node } from 'jsonc-parser';
import type { ConfigPath, ParsedMachine } from './model.ts';

/** Replace `length` characters at `offset` by `content`. Edits of one change do not overlap; offsets are those of the text before. */
export interface TextEdit {
  readonly offset: number;
  readonly length: number;
  readonly content: string;
}

/** How the text is laid out: taken from the text itself. */
export interface Layout {
  readonly insertSpaces: boolean;
  readonly tabSize: number;
  readonly eol: string;
}

/** Sets the value at `path` (from the root), making what is missing above it. `undefined` removes it. */
export function setValue(text: string, path: ConfigPath, value: unknown, layout: Layout = layoutOf(text)): TextEdit[] {
  if (value === undefined) return removeValue(text, path);
  const tree = parseTree(text, [], { allowTrailingComma: true });
  if (!tree) return [{ offset: 0, length: text.length, content: print(nested(path, value), '', layout) + layout.eol }];
  // The deepest ancestor that is there; below it everything is new.
  let node = tree;
  let depth = 0;
  for (; depth < path.length; depth++) {
    const child = findNodeAtLocation(tree, path.slice(0, depth + 1));
    if (!child) break;
    node = child;
  }
  const step = path[depth];
  const fits = typeof step === 'string' ? node.type === 'object' : node.type === 'array';
  if (step === undefined || !fits) return [{ offset: node.offset, length: node.length, content: print(nested(path.slice(depth), value), indentAt(text, node.offset), layout) }];
  const keys = (node.children ?? []).map(property => String(property.children?.[0]?.value));
  return insertion(text, node, typeof step === 'string' ? insertionIndex(step, keys) : keys.length, typeof step === 'string' ? step : undefined, nested(path.slice(depth + 1), value), layout);
}

/** Removes the property or element at `path`, with its comma and the comments of its own. */
export function removeValue(text: string, path: ConfigPath): TextEdit[] {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  if (!tree || !findNodeAtLocation(tree, [...path])) return [];
  const whole = elementOf(tree, path);
  const container = whole?.parent;
  const siblings = container?.children;
  if (!whole || !siblings) return [];
  return [removal(text, container, siblings.indexOf(whole))];
}

/** Puts `value` into the list at `path`, before `index` (at the end if there are fewer). Makes the list when it is missing. */
export function insertElement(text: string, path: ConfigPath, index: number, value: unknown, layout: Layout = layoutOf(text)): TextEdit[] {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const list = tree && findNodeAtLocation(tree, [...path]);
  if (list?.type !== 'array') return setValue(text, path, [value], layout);
  return insertion(text, list, Math.min(index, list.children?.length ?? 0), undefined, value, layout);
}

/** Moves an element of the list at `path`. The text of each element goes along as it is. */
export function moveElement(text: string, path: ConfigPath, from: number, to: number): TextEdit[] {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const elements = (tree && findNodeAtLocation(tree, [...path]))?.children ?? [];
  if (from === to || !elements[from] || !elements[to]) return [];
  const order = elements.map((_, i) => i);
  order.splice(to, 0, ...order.splice(from, 1));
  return order.flatMap((source, target) => {
    const [a, b] = [elements[source], elements[target]];
    if (source === target || !a || !b) return [];
    return [{ offset: b.offset, length: b.length, content: text.slice(a.offset, a.offset + a.length) }];
  });
}

/** Gives the property at `path` another key. */
export function renameKey(text: string, path: ConfigPath, key: string): TextEdit[] {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const node = tree && elementOf(tree, path)?.children?.[0];
  return node ? [{ offset: node.offset, length: node.length, content: JSON.stringify(key) }] : [];
}

/** The path of a value of a machine, from the root of the document; where the machine has inherited it, where it would be written to be the machine's own. */
export function documentPath(machine: ParsedMachine, path: ConfigPath): ConfigPath {
  return [...machine.path, ...path];
}

/** The text with the edits made. */
export function withEdits(text: string, edits: readonly TextEdit[]): string {
  return applyEdits(text, edits as Edit[]);
}

/** Tabs or blanks, how many, and the line ends: of the first indented line. */
export function layoutOf(text: string): Layout {
  const indent = /^[{[].*\r?\n([ \t]+)/m.exec(text)?.[1] ?? /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return indent.startsWith('\t') ? { insertSpaces: false, tabSize: 4, eol } : { insertSpaces: true, tabSize: indent.length, eol };
}

/** The order that people expect keys in; a new key goes behind the last key that stands before it here. */
const keyOrder = ['$schema', 'name', 'provider', 'description', 'tags', 'connection', 'defaults', 'machines', 'type',
  'box', 'box_version', 'box_url', 'box_architecture', 'image', 'iso', 'clone_from', 'base_distro', 'source_distro', 'tarball', 'checksum',
  'hostname', 'cpus', 'memory', 'disk_size', 'disk_size_gb', 'generation', 'disks', 'install_location', 'default_user',
  'networks', 'synced_folders', 'provisioners', 'triggers', 'cloud_init', 'provider_config', 'custom_config', 'start', 'config', 'notes'];

function insertionIndex(key: string, keys: readonly string[]): number {
  const rank = keyOrder.indexOf(key);
  if (rank < 0) return keys.length;
  let best = -1, bestRank = -1;
  keys.forEach((other, i) => { const r = keyOrder.indexOf(other); if (r >= 0 && r < rank && r > bestRank) { best = i; bestRank = r; } });
  if (best >= 0) return best + 1;
  const after = keys.findIndex(other => keyOrder.indexOf(other) > rank);
  return after >= 0 ? after : keys.length;
}

/** Puts `key: value` (or `value`) before child `index` of a container, laid out as its neighbours are. */
function insertion(text: string, container: Node, index: number, key: string | undefined, value: unknown, layout: Layout): TextEdit[] {
  const children = container.children ?? [];
  const first = children[0];
  const inside = text.slice(container.offset + 1, first?.offset ?? container.offset + container.length - 1);
  const inline = first ? !/[\r\n]/.test(inside) : !/[\r\n]/.test(text);
  const outer = indentAt(text, container.offset);
  const indent = first && !inline ? indentAt(text, first.offset) : outer + unit(layout);
  const content = (key === undefined ? '' : `${JSON.stringify(key)}: `) + (inline ? printInline(value) : print(value, indent, layout));
  const separator = inline ? ' ' : layout.eol + indent;
  if (!first) {
    const close = inline ? ' ' : layout.eol + outer;
    const empty = /^\s*$/.test(inside);
    return [{ offset: container.offset + 1, length: empty ? inside.length : 0, content: separator + content + (empty ? close : '') }];
  }
  if (index === 0) return [{ offset: container.offset + 1, length: 0, content: `${separator}${content},` }];
  const previous = children[index - 1] as Node;
  const end = previous.offset + previous.length;
  const behindComma = afterComma(text, end);
  if (behindComma !== end) return [{ offset: endOfLineComment(text, behindComma), length: 0, content: `${separator}${content},` }];
  const behindComment = endOfLineComment(text, end);
  if (behindComment === end) return [{ offset: end, length: 0, content: `,${separator}${content}` }];
  return [{ offset: end, length: 0, content: ',' }, { offset: behindComment, length: 0, content: `${layout.eol}${indent}${content}` }];
}

/** `value` inside the objects and lists that `path` stands for. */
function nested(path: ConfigPath, value: unknown): unknown {
  return path.reduceRight((inner: unknown, step) => (typeof step === 'number' ? [inner] : { [step]: inner }), value);
}

/** JSON as people write it: lists of plain values on one line while they are short. */
function print(value: unknown, indent: string, layout: Layout): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const flat = Array.isArray(value) && value.every(item => typeof item !== 'object' || item === null);
  if (flat && printInline(value).length <= 72) return printInline(value);
  const inner = indent + unit(layout);
  const parts = Array.isArray(value) ? value.map(item => print(item, inner, layout))
    : Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => `${JSON.stringify(key)}: ${print(item, inner, layout)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  return open + parts.map(part => layout.eol + inner + part).join(',') + layout.eol + indent + close;
}

function printInline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printInline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const parts = Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => `${JSON.stringify(key)}: ${printInline(item)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

function unit(layout: Layout): string {
  return layout.insertSpaces ? ' '.repeat(layout.tabSize) : '\t';
}

/** The white space that the line of `offset` begins with. */
function indentAt(text: string, offset: number): string {
  const line = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(line, offset))?.[0] ?? '';
}

/** The property node, or the element, at `path`. */
function elementOf(tree: Node, path: ConfigPath): Node | undefined {
  const node = findNodeAtLocation(tree, [...path]);
  return node?.parent?.type === 'property' ? node.parent : node;
}

/** What goes when element `index` of `container` goes: the element, one comma, its line's white space, and comments on its own line or directly above it. */
function removal(text: string, container: Node, index: number): TextEdit {
  const siblings = container.children ?? [];
  const node = siblings[index] as Node;
  const previous = siblings[index - 1];
  let start = previous ? previous.offset + previous.length : container.offset + 1;
  let end = node.offset + node.length;
  const next = siblings[index + 1];
  if (next) {
    // Keep what belongs to the one before (its comma and a comment on its line); remove up to the end of our own line.
    start = previous ? afterComma(text, start) : start;
    start = endOfLineComment(text, start);
    end = endOfLineComment(text, afterComma(text, end));
    return { offset: start, length: end - start, content: '' };
  }
  // The last one: the comma before it goes, unless the list has a trailing comma anyway.
  const trailing = afterComma(text, end) !== end;
  const comma = previous ? afterComma(text, start) : start;
  end = endOfLineComment(text, trailing ? afterComma(text, end) : end);
  if (previous && !trailing) {
    const kept = text.slice(comma, endOfLineComment(text, comma));
    return { offset: start, length: end - start, content: kept };
  }
  start = previous ? endOfLineComment(text, comma) : start;
  // An emptied container closes up.
  if (!previous && !next) { const close = container.offset + container.length - 1; return { offset: start, length: close - start, content: '' }; }
  return { offset: start, length: end - start, content: '' };
}

/** Behind the comma that follows `offset`, if one does. */
function afterComma(text: string, offset: number): number {
  const rest = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*,/.exec(text.slice(offset));
  return rest ? offset + rest[0].length : offset;
}

/** Behind the comments that end the line of `offset`. */
function endOfLineComment(text: string, offset: number): number {
  const rest = /^(?:[ \t]*(?:\/\*[^\n]*?\*\/|\/\/[^\r\n]*))*/.exec(text.slice(offset));
  return offset + (rest?.[0].length ?? 0);
}
