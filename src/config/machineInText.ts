// One machine of a file: its values with the defaults merged in, and where each stands in the text.
import { partComments, partDuplicates, type Defaults, type Document, type Part } from './document.ts';
import { isObject, mergeDefaults, type Merged } from './merge.ts';
import type { ConfigComment, ConfigPath, MachineConfig, ParsedMachine, ParseProblem, TextRange } from './model.ts';
import { duplicateProblem, syntaxProblem } from './textProblems.ts';
import { keyNodeAt, nodeAt, type Node } from './tree.ts';

export class MachineInText implements ParsedMachine {
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
      .concat(partDuplicates(this.part).map(node => duplicateProblem(node, shift(node))));
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
