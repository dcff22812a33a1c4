// A whole text, read in slices: each machine of "machines" by itself, so that one that did not change is not read again.
import { commentsOf } from './comments.ts';
import type { Merged } from './merge.ts';
import type { ConfigComment, MachineConfig, ParseProblem, TextRange } from './model.ts';
import type { Slice } from './scan.ts';
import { duplicateKeys, duplicateProblem, syntaxProblem } from './textProblems.ts';
import { propertyOf, treeOf, valueOf, type Node, type ParseError } from './tree.ts';

/** One machine's text, read: offsets within it. */
export interface Part {
  readonly text: string;
  readonly root: Node | undefined;
  readonly errors: readonly ParseError[];
  /** Value of the whole object. */
  readonly value: { readonly [key: string]: unknown };
  comments?: readonly ConfigComment[];
  duplicates?: readonly Node[];
  /** The config merged with the defaults seen last: the same object as long as nothing changed, so that others can remember by it. */
  merged?: { readonly defaults: Defaults | undefined; readonly own: MachineConfig; readonly result: Merged };
}
export interface Defaults {
  readonly node: Node;
  readonly value: { readonly [key: string]: unknown };
}

/** What a whole text is parsed into, with machines sliced out or not. */
export interface Document {
  readonly root: Node | undefined;
  readonly comments: readonly ConfigComment[];
  problems(): readonly ParseProblem[];
  defaults(): Defaults | undefined;
  machine(index: number): { readonly part: Part; readonly offset: number } | undefined;
  rangeOf(node: Node | undefined): TextRange | undefined;
}

// Parts by their text, in two generations: what was not asked for during one generation is forgotten with the next.
let young = new Map<string, Part>();
let old = new Map<string, Part>();
let youngCharacters = 0;
/** Characters of text in one generation (its trees take about 15 times as much), and the longest text worth remembering. */
const memory = { generation: 4_200_000, part: 100_000 };

function rememberedPart(slice: string): Part {
  const inYoung = young.get(slice);
  if (inYoung) return inYoung;
  let part = old.get(slice);
  if (!part) {
    // A substring keeps the whole text it came from alive: a copy does not.
    const text = Buffer.from(slice, 'utf16le').toString('utf16le');
    const { root, errors } = treeOf(text);
    part = newPart(text, root, errors);
  }
  if (part.text.length > memory.part) return part;
  if (youngCharacters > memory.generation) { old = young; young = new Map(); youngCharacters = 0; }
  young.set(part.text, part);
  youngCharacters += part.text.length;
  return part;
}

function newPart(text: string, root: Node | undefined, errors: readonly ParseError[]): Part {
  return { text, root, errors, value: root?.type === 'object' ? (valueOf(root) as { [key: string]: unknown }) : {} };
}

/** A machine inside a tree that was not sliced: offsets are those of the document, and its errors are the document's. */
export function partOf(node: Node, document: Document): Part | undefined {
  return node === document.root && document instanceof SlicedDocument ? document.whole : newPart('', node, []);
}

/** Values of `defaults` by their text, newest last: the same text gives the same object, so that machines merged with it stay merged. */
const defaultValues = new Map<string, { readonly [key: string]: unknown }>();

function defaultsValue(text: string, node: Node): { readonly [key: string]: unknown } {
  const value = defaultValues.get(text) ?? (valueOf(node) as { [key: string]: unknown });
  defaultValues.delete(text);
  defaultValues.set(Buffer.from(text, 'utf16le').toString('utf16le'), value);
  if (defaultValues.size > 32) for (const oldest of defaultValues.keys()) { defaultValues.delete(oldest); break; }
  return value;
}

/** The text with each machine replaced by `0`, parsed; and the machines, each parsed or remembered. */
export class SlicedDocument implements Document {
  readonly root: Node | undefined;
  readonly comments: readonly ConfigComment[];
  readonly whole: Part;
  private readonly slices: readonly Slice[];
  private readonly parts: readonly Part[];
  /** Per slice: where its `0` stands, and how much shorter the text is from there on. */
  private readonly cuts: readonly { readonly at: number; readonly removed: number }[];
  private readonly outline: string;
  private readonly elements: readonly Node[] | undefined;

  constructor(source: string, slices: readonly Slice[]) {
    this.slices = slices;
    this.parts = slices.map(({ start, end }) => rememberedPart(source.slice(start, end)));
    const cuts: { at: number; removed: number }[] = [];
    const pieces: string[] = [];
    let from = 0, removed = 0;
    for (const { start, end } of slices) {
      pieces.push(source.slice(from, start), '0');
      cuts.push({ at: start - removed, removed: removed + end - start - 1 });
      removed += end - start - 1;
      from = end;
    }
    this.cuts = cuts;
    if (slices.length === 0) {
      this.whole = rememberedPart(source);
      this.outline = this.whole.text;
      this.root = this.whole.root;
    } else {
      this.outline = pieces.join('') + source.slice(from);
      const { root, errors } = treeOf(this.outline);
      this.whole = newPart(this.outline, root, errors);
      this.root = root;
    }
    this.elements = propertyOf(this.root, 'machines')?.children?.[1]?.children;
    this.comments = slices.length === 0 ? partComments(this.whole) : commentsOf(this.outline, this.root).map(c => ({ ...c, range: this.absolute(c.range) }));
  }

  problems(): readonly ParseProblem[] {
    return this.whole.errors.map(error => syntaxProblem(error, this.absolute({ offset: error.offset, length: error.length })))
      .concat(partDuplicates(this.whole).map(node => duplicateProblem(node, this.absolute(node))));
  }

  defaults(): Defaults | undefined {
    const node = propertyOf(this.root, 'defaults')?.children?.[1];
    if (node?.type !== 'object') return undefined;
    return { node, value: defaultsValue(this.outline.slice(node.offset, node.offset + node.length), node) };
  }

  machine(index: number): { readonly part: Part; readonly offset: number } | undefined {
    // Usually element and slice of one index agree; not so in a broken list, where an element may be no object.
    const element = this.elements?.[index];
    const at = this.cuts[index]?.at === element?.offset ? index : this.cuts.findIndex(cut => cut.at === element?.offset);
    const [part, slice] = [this.parts[at], this.slices[at]];
    return element && part && slice ? { part, offset: slice.start } : undefined;
  }

  rangeOf(node: Node | undefined): TextRange | undefined {
    return node && this.absolute(node);
  }

  private absolute({ offset, length }: TextRange): TextRange {
    const start = this.shift(offset);
    return { offset: start, length: this.shift(offset + length) - start };
  }

  private shift(offset: number): number {
    let [low, high] = [0, this.cuts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.cuts[middle]?.at ?? 0) < offset) low = middle + 1; else high = middle;
    }
    return offset + (this.cuts[low - 1]?.removed ?? 0);
  }
}

export function emptyDocument(text: string): Document {
  return { root: undefined, comments: [], problems: () => [], defaults: () => undefined, machine: () => undefined, rangeOf: () => text ? { offset: 0, length: 1 } : undefined };
}

/** The keys of a part that stand in an object a second time. */
export function partDuplicates(part: Part): readonly Node[] {
  return (part.duplicates ??= duplicateKeys(part.root));
}

export function partComments(part: Part): readonly ConfigComment[] {
  return (part.comments ??= commentsOf(part.text, part.root));
}
