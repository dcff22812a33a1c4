// Ruby's own parser (Prism, as WebAssembly): Ruby text in, a plain tree out. Nothing is ever run. Loaded when first asked for.

/** A node of the tree: `type` is Prism's class name, the rest its fields. */
export interface RubyNode {
  readonly type: string;
  readonly location: Location;
  readonly [field: string]: unknown;
}

/** In bytes of the UTF-8 source. */
export interface Location {
  readonly startOffset: number;
  readonly length: number;
}

export interface RubySource {
  readonly tree: RubyNode;
  readonly errors: readonly { readonly message: string; readonly line: number; readonly offset: number; readonly length: number }[];
  readonly comments: readonly { readonly text: string; readonly line: number; readonly alone: boolean }[];
  /** The text of a stretch of bytes. */
  text(location: Location): string;
  /** The line of a byte, from 1. */
  line(offset: number): number;
  /** Where a byte is in the JavaScript string. */
  index(offset: number): number;
}

type Parse = (source: string) => {
  readonly value: unknown;
  readonly errors: readonly { readonly message: string; readonly location: Location }[];
  readonly comments: readonly { readonly location: Location }[];
};

let parser: Promise<Parse> | undefined;

/** Takes a parser that is there already (system/rubyParser.ts), so that the WebAssembly is loaded once; else the library loads its own. */
export function useRubyParser(load: () => Promise<Parse>): void {
  parser = load();
  parser.catch(() => { parser = undefined; });
}

/** Parses Ruby. A text with errors gives a tree too, as far as Prism understands it. */
export async function parseRuby(source: string): Promise<RubySource> {
  parser ??= import('@ruby/prism').then(module => module.loadPrism() as Promise<Parse>).catch((error: unknown) => {
    parser = undefined;
    throw error;
  });
  const parse = await parser;
  const result = parse(source);
  const bytes = new TextEncoder().encode(source);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const starts = [0];
  bytes.forEach((byte, at) => { if (byte === 10) starts.push(at + 1); });
  const text = ({ startOffset, length }: Location): string => decoder.decode(bytes.subarray(startOffset, startOffset + length));
  const line = (offset: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
  const index = (offset: number): number => decoder.decode(bytes.subarray(0, offset)).length;
  // The classes' names do not survive a bundler; their own JSON form carries them.
  const tree = JSON.parse(JSON.stringify(result.value, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))) as RubyNode;
  return {
    tree, text, line, index,
    errors: result.errors.map(one => ({ message: one.message, line: line(one.location.startOffset), offset: index(one.location.startOffset), length: one.location.length })),
    comments: result.comments.map(({ location }) => {
      const at = line(location.startOffset);
      return { text: text(location), line: at, alone: text({ startOffset: starts[at - 1] ?? 0, length: location.startOffset - (starts[at - 1] ?? 0) }).trim() === '' };
    }),
  };
}

/** What is wrong with a piece of Ruby, e.g. a `custom_config`; [] when it is valid. Offsets are of the JavaScript string. */
export async function rubyProblems(source: string): Promise<RubySource['errors']> {
  return (await parseRuby(source)).errors;
}
