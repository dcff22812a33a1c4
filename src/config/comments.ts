// Comments of a config and the values they belong to, so that the Vagrantfile can carry them and edits can keep them.
import { visit } from 'jsonc-parser';
import type { ConfigComment, ConfigPath } from './model.ts';
import type { Node } from './tree.ts';

interface Place {
  readonly offset: number;
  readonly end: number;
  readonly path: ConfigPath;
  readonly inside: Node | undefined;
}

/** All comments of `text`, in order, ranges in that text. `root` is its tree. */
export function commentsOf(text: string, root: Node | undefined): readonly ConfigComment[] {
  if (!text.includes('//') && !text.includes('/*')) return [];
  const found: { offset: number; length: number }[] = [];
  visit(text, { onComment: (offset, length) => { found.push({ offset, length }); } }, { allowTrailingComma: true });
  if (found.length === 0) return [];
  const places = placesOf(root);
  const comments: { text: string; range: { offset: number; length: number }; path: ConfigPath; placement: 'before' | 'after' }[] = [];
  for (const range of found) {
    const words = plainText(text.slice(range.offset, range.offset + range.length));
    const last = comments.at(-1);
    const owner = ownerOf(text, range.offset, range.length, places, root);
    // Lines of // one below the other are one comment.
    if (last && owner.placement === 'before' && last.placement === 'before' && samePath(last.path, owner.path) && onlySpace(text, last.range.offset + last.range.length, range.offset)) {
      last.text += `\n${words}`;
      last.range = { offset: last.range.offset, length: range.offset + range.length - last.range.offset };
    } else comments.push({ text: words, range, ...owner });
  }
  return comments.filter(comment => comment.text !== '');
}

/** Every property and element with its path, in the order they begin. */
function placesOf(root: Node | undefined): readonly Place[] {
  const places: Place[] = [];
  if (!root) return places;
  places.push({ offset: root.offset, end: root.offset + root.length, path: [], inside: undefined });
  const walk = (node: Node, path: ConfigPath): void => {
    (node.children ?? []).forEach((child, index) => {
      const value = node.type === 'object' ? child.children?.[1] : child;
      const step = node.type === 'object' ? (child.children?.[0]?.value as string) : index;
      const own = [...path, step];
      places.push({ offset: child.offset, end: child.offset + child.length, path: own, inside: node });
      if (value) walk(value, own);
    });
  };
  walk(root, []);
  return places;
}

function ownerOf(text: string, offset: number, length: number, places: readonly Place[], root: Node | undefined): { path: ConfigPath; placement: 'before' | 'after' } {
  // The value that ends on this line, if only blanks and a comma stand between. Of nested values with one end the outermost.
  let before: Place | undefined;
  for (const place of places) if (place.end <= offset && (!before || place.end > before.end)) before = place;
  if (before && /^[ \t,]*$/.test(text.slice(before.end, offset))) return { path: before.path, placement: 'after' };
  const container = containerAt(root, offset);
  const next = places.find(place => place.offset >= offset + length && (place.inside === container.node));
  if (next) return { path: next.path, placement: 'before' };
  return { path: container.path, placement: 'after' };
}

/** The innermost object or array around `offset`. */
function containerAt(root: Node | undefined, offset: number): { node: Node | undefined; path: ConfigPath } {
  let found: { node: Node | undefined; path: ConfigPath } = { node: undefined, path: [] };
  const walk = (node: Node, path: ConfigPath): void => {
    if ((node.type !== 'object' && node.type !== 'array') || offset <= node.offset || offset >= node.offset + node.length) return;
    found = { node, path };
    (node.children ?? []).forEach((child, index) => {
      if (node.type === 'object') { if (child.children?.[1]) walk(child.children[1], [...path, child.children[0]?.value as string]); }
      else walk(child, [...path, index]);
    });
  };
  if (root) walk(root, []);
  return found;
}

function plainText(comment: string): string {
  const inner = comment.startsWith('//') ? comment.slice(2) : comment.slice(2).replace(/\*\/$/, '');
  return inner.split(/\r\n|\r|\n/).map(line => line.replace(/^\s*\*? ?/, '').trimEnd()).join('\n').trim();
}

function samePath(a: ConfigPath, b: ConfigPath): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}

/** Blanks with at most one line end: a blank line separates comments. */
function onlySpace(text: string, from: number, to: number): boolean {
  return /^[ \t]*(\r\n|\n|\r)?[ \t]*$/.test(text.slice(from, to));
}
