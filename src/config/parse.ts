// Reads a .gaia.json: JSON with comments and trailing commas, one machine or several with defaults. Never throws; keeps
// what can be kept of a broken text. Machines whose text did not change since an earlier call are not parsed again.
import { createScanner, type SyntaxKind } from 'jsonc-parser';
import { commentsOf } from './comments.ts';
import { isObject, mergeDefaults, type Merged } from './merge.ts';
import type { ConfigComment, ConfigPath, MachineConfig, ParsedConfig, ParsedMachine, ParseProblem, Severity, TextRange } from './model.ts';
import { scan, type Slice } from './scan.ts';
import { keyNodeAt, nodeAt, propertyOf, syntaxMessage, treeOf, valueOf, type Node, type ParseError } from './tree.ts';

/** Beyond these a text is refused with a clear word: nobody writes such a file by hand, and help per keystroke would be slow. */
export const limits = { characters: 4 * 1024 * 1024, depth: 100 } as const;

/** Reads `text`. Values are as written (check.ts and validate.ts say what is wrong with them); only the shape is judged here. */
export function parseConfig(text: string): ParsedConfig {
  const refused = refusal(text);
  if (refused) return new Parsed(text, [], undefined, [refused], emptyDocument(text));
  // A byte order mark is no part of JSON; a blank of the same length keeps the offsets.
  const source = text.charCodeAt(0) === 0xfeff ? ` ${text.slice(1)}` : text;
  const scanned = scan(source, limits.depth);
  if (scanned.tooDeepAt >= 0) {
    const problem = textProblem('too-deep', 'error', 'This nests deeper than {0} levels: Gaia does not read it.', { offset: scanned.tooDeepAt, length: 1 }, [limits.depth]);
    return new Parsed(text, [], undefined, [problem], emptyDocument(text));
  }
  const slices = scanned.balanced ? scanned.machines : [];
  const document = new SlicedDocument(source, slices);
  return assemble(text, document);
}

function refusal(text: string): ParseProblem | undefined {
  if (text.length > limits.characters) return textProblem('too-large', 'error', 'This file is larger than {0} MB: Gaia does not read it. Split it into several files.', { offset: 0, length: 1 }, [limits.characters / 1024 / 1024]);
  const nul = text.indexOf('\0');
  if (nul >= 0 && !/^[\s\uFEFF]*[{[/]/.test(text)) return textProblem('not-text', 'error', 'This is not a text file.', { offset: 0, length: 1 });
  return undefined;
}

function assemble(text: string, document: Document): ParsedConfig {
  const { root } = document;
  const problems: ParseProblem[] = root ? [...document.problems()] : [];
  if (!root) {
    if (!isBlank(text)) problems.push(...document.problems());
    else problems.push(textProblem('empty', 'information', 'The file is empty. Complete a snippet here, or make a machine with "Gaia: New machine".', { offset: 0, length: 0 }));
    return new Parsed(text, [], undefined, problems, document);
  }
  const elements = propertyOf(root, 'machines')?.children?.[1];
  const defaultsNode = propertyOf(root, 'defaults')?.children?.[1];
  const defaults = document.defaults();
  const machines: Machine[] = [];
  const add = (part: Part | undefined, offset: number, path: ConfigPath, comments: readonly ConfigComment[]): void => {
    if (!part?.root || part.root.type !== 'object') return;
    machines.push(new Machine(part, offset, path, comments, defaults, document));
  };
  const shape = (path: ConfigPath, message: string): void => {
    problems.push({ code: 'shape', severity: 'error', message, range: document.rangeOf(nodeAt(root, path)) ?? { offset: 0, length: 1 }, path });
  };
  if (root.type === 'array') {
    shape([], 'A Gaia file is an object: put the machines into "machines".');
    root.children?.forEach((node, i) => { add(partOf(node, document), 0, [i], []); });
  } else if (root.type !== 'object') shape([], 'A Gaia file is an object with "name", "provider" and "config", or with "machines".');
  else if (!elements && !defaultsNode) add(partOf(root, document), 0, [], document.comments);
  else {
    if (elements && elements.type !== 'array') shape(['machines'], '"machines" is a list of machines.');
    if (defaultsNode && defaultsNode.type !== 'object') shape(['defaults'], '"defaults" is an object.');
    if (elements && propertyOf(root, 'name')) shape(['name'], 'A file has either one machine, with its name at the top, or "machines".');
    if (elements?.type === 'array') elements.children?.forEach((node, i) => {
      const path = ['machines', i] as const;
      const comments = document.comments.filter(c => c.path.length === 2 && c.path[0] === 'machines' && c.path[1] === i);
      const slice = document.machine(i);
      if (slice) add(slice.part, slice.offset, path, comments);
      else if (node.type === 'object') add(partOf(node, document), 0, path, comments);
      else shape(path, 'A machine is an object with "name", "provider" and "config".');
    });
  }
  for (const machine of machines) problems.push(...machine.problems());
  return new Parsed(text, machines, defaults?.value, problems, document);
}

/** One machine's text, read: offsets within it. */
interface Part {
  readonly text: string;
  readonly root: Node | undefined;
  readonly errors: readonly ParseError[];
  /** Value of the whole object. */
  readonly value: { readonly [key: string]: unknown };
  comments?: readonly ConfigComment[];
  /** The config merged with the defaults seen last: the same object as long as nothing changed, so that others can remember by it. */
  merged?: { readonly defaults: Defaults | undefined; readonly own: MachineConfig; readonly result: Merged };
}
interface Defaults {
  readonly node: Node;
  readonly value: { readonly [key: string]: unknown };
}

/** What a whole text is parsed into, with machines sliced out or not. */
interface Document {
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
const memory = { generation: 2_000_000, part: 100_000 };

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
function partOf(node: Node, document: Document): Part | undefined {
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
class SlicedDocument implements Document {
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
      .concat(duplicateKeys(this.root).map(node => duplicateProblem(node, this.absolute(node))));
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

function emptyDocument(text: string): Document {
  return { root: undefined, comments: [], problems: () => [], defaults: () => undefined, machine: () => undefined, rangeOf: () => text ? { offset: 0, length: 1 } : undefined };
}

function partComments(part: Part): readonly ConfigComment[] {
  return (part.comments ??= commentsOf(part.text, part.root));
}

class Machine implements ParsedMachine {
  readonly name: string;
  readonly provider: string;
  readonly config: MachineConfig;
  readonly own: MachineConfig;
  private readonly origins: Merged['origins'];

  constructor(private readonly part: Part, private readonly offset: number, readonly path: ConfigPath, private readonly outer: readonly ConfigComment[], private readonly defaults: Defaults | undefined, private readonly document: Document) {
    const { name, provider } = part.value;
    const inherited = defaults?.value['provider'];
    this.name = typeof name === 'string' ? name : '';
    this.provider = typeof provider === 'string' ? provider : provider === undefined && typeof inherited === 'string' ? inherited : '';
    if (part.merged?.defaults?.value !== defaults?.value || !part.merged) {
      const own = ownConfig(part.value);
      part.merged = { defaults, own, result: mergeDefaults(own, this.provider, defaults?.value) };
    }
    this.own = part.merged.own;
    this.config = part.merged.result.config;
    this.origins = part.merged.result.origins;
  }

  get range(): TextRange {
    return this.absolute(this.part.root) ?? { offset: this.offset, length: 1 };
  }

  get comments(): readonly ConfigComment[] {
    if (this.path.length === 0) return this.outer;
    const own = this.part.text === '' ? [] : partComments(this.part).map(c => ({ ...c, range: { offset: c.range.offset + this.offset, length: c.range.length } }));
    return [...this.outer.map(c => ({ ...c, path: [] })), ...own].sort((a, b) => a.range.offset - b.range.offset);
  }

  locate(path: ConfigPath): TextRange | undefined {
    return this.find(path, nodeAt);
  }

  locateKey(path: ConfigPath): TextRange | undefined {
    return this.find(path, keyNodeAt);
  }

  source(path: ConfigPath): ConfigPath {
    const [first, key, index, ...rest] = path;
    const own = [...this.path, ...path];
    const base = this.defaults?.node;
    if (first === 'provider' && path.length === 1) return !nodeAt(this.part.root, path) && nodeAt(base, path) ? ['defaults', 'provider'] : own;
    if (first !== 'config' || typeof key !== 'string') return own;
    const origin = typeof index === 'number' ? this.origins.get(key)?.[index] : undefined;
    const inner = origin ? [key, origin.index, ...rest] : path.slice(1);
    const inDefaults = (): ConfigPath => ['defaults', ...(nodeAt(base, [first, key]) ? [first] : []), ...inner];
    if (origin?.from === 'defaults') return inDefaults();
    const beside = (key === 'tags' || key === 'description') && !nodeAt(this.part.root, [first, key]) && nodeAt(this.part.root, [key]);
    if (beside) return [...this.path, ...inner];
    if (origin || nodeAt(this.part.root, path)) return [...this.path, first, ...inner];
    // Inherited as a whole, or an entry of a list that is.
    const inherited = nodeAt(base, ['config', ...inner]) ?? nodeAt(base, inner);
    const listEntry = typeof index === 'number' && !nodeAt(this.part.root, [first, key]) && (nodeAt(base, ['config', key]) ?? nodeAt(base, [key]));
    return (inherited ?? listEntry) ? inDefaults() : own;
  }

  problems(): readonly ParseProblem[] {
    if (this.path.length === 0 || this.part.text === '') return [];
    const shift = ({ offset, length }: TextRange): TextRange => ({ offset: offset + this.offset, length });
    return this.part.errors.map(error => syntaxProblem(error, shift(error)))
      .concat(duplicateKeys(this.part.root).map(node => duplicateProblem(node, shift(node))));
  }

  private find(path: ConfigPath, look: (root: Node | undefined, path: ConfigPath) => Node | undefined): TextRange | undefined {
    const { root } = this.part;
    const [first, key, index, ...rest] = path;
    if (first !== 'config' || key === undefined) return this.absolute(look(root, path)) ?? (first === 'provider' ? this.document.rangeOf(this.defaults && look(this.defaults.node, path)) : undefined);
    const origin = typeof key === 'string' && typeof index === 'number' ? this.origins.get(key)?.[index] : undefined;
    if (origin?.from === 'own') return this.absolute(look(root, [first, key, origin.index, ...rest]) ?? look(root, [key, origin.index, ...rest]));
    const inner = origin ? [key, origin.index, ...rest] : path.slice(1);
    if (!origin) {
      const own = look(root, path) ?? (key === 'tags' || key === 'description' ? look(root, path.slice(1)) : undefined);
      if (own) return this.absolute(own);
    }
    const base = this.defaults?.node;
    return this.document.rangeOf(look(base, [first, ...inner]) ?? look(base, inner));
  }

  private absolute(node: Node | undefined): TextRange | undefined {
    return node && { offset: node.offset + this.offset, length: node.length };
  }
}

/** `config`, with the description and tags that may stand beside it. */
function ownConfig(value: { readonly [key: string]: unknown }): MachineConfig {
  const config = isObject(value['config']) ? value['config'] : {};
  const beside = (['description', 'tags'] as const).filter(key => value[key] !== undefined && config[key] === undefined);
  return beside.length === 0 ? config : { ...config, ...Object.fromEntries(beside.map(key => [key, value[key]])) };
}

class Parsed implements ParsedConfig {
  declare readonly defaults?: { readonly [key: string]: unknown };
  readonly comments: readonly ConfigComment[];

  constructor(readonly text: string, readonly machines: readonly ParsedMachine[], defaults: { readonly [key: string]: unknown } | undefined, readonly problems: readonly ParseProblem[], private readonly document: Document) {
    if (defaults) this.defaults = defaults;
    this.comments = document.comments;
  }

  get value(): unknown {
    const { root } = this.document;
    if (!root) return undefined;
    const value = valueOf(root);
    // The outline has a 0 for each machine that was parsed apart.
    const list = isObject(value) ? value['machines'] : undefined;
    if (Array.isArray(list)) list.forEach((_, i) => { const machine = this.document.machine(i); if (machine?.part.root) (list as unknown[])[i] = valueOf(machine.part.root); });
    return value;
  }

  locate(path: ConfigPath): TextRange | undefined {
    const [first, index, ...rest] = path;
    const machine = first === 'machines' && typeof index === 'number' ? this.document.machine(index) : undefined;
    if (!machine) return this.document.rangeOf(nodeAt(this.document.root, path));
    const node = nodeAt(machine.part.root, rest);
    return node && { offset: node.offset + machine.offset, length: node.length };
  }
}

/** Nothing but white space and comments. */
function isBlank(text: string): boolean {
  const scanner = createScanner(text, true);
  return scanner.scan() === (17 as SyntaxKind.EOF);
}

function duplicateKeys(root: Node | undefined): Node[] {
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

function duplicateProblem(key: Node, range: TextRange): ParseProblem {
  return textProblem('duplicate-key', 'warning', 'The key "{0}" stands here twice: the last one counts.', range, [String(key.value)]);
}

function syntaxProblem(error: ParseError, range: TextRange): ParseProblem {
  return textProblem('syntax', 'error', syntaxMessage(error), { offset: range.offset, length: Math.max(range.length, 1) });
}

function textProblem(code: string, severity: Severity, message: string, range: TextRange, values?: readonly (string | number)[]): ParseProblem {
  return { code, severity, message, range, ...(values && { values }) };
}
