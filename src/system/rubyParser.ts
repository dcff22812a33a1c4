// Ruby's own parser (Prism, as WebAssembly), loaded at its first use: 50–90 ms, once. It reads Ruby; nothing is ever run.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { WASI } from 'node:wasi';
import { parsePrism } from '@ruby/prism/src/parsePrism.js';

export type RubyParser = (source: string, options?: Parameters<typeof parsePrism>[2]) => ReturnType<typeof parsePrism>;

/** The lib of the DOM, which has these types, is not for Node. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { compile(bytes: Uint8Array): Promise<object>; instantiate(module: object, imports: object): Promise<{ readonly exports: Parameters<typeof parsePrism>[0] }> };
};

let loaded: Promise<RubyParser> | undefined;

/** The parser; the same one at every call. Rejects when prism.wasm is not beside the bundle; then the next call tries again. */
export function rubyParser(): Promise<RubyParser> {
  loaded ??= load();
  loaded.catch(() => { loaded = undefined; });
  return loaded;
}

async function load(): Promise<RubyParser> {
  const module = await WebAssembly.compile(await wasm());
  const wasi = new WASI({ version: 'preview1' });
  const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
  wasi.initialize(instance);
  return (source, options = {}) => parsePrism(instance.exports, source, options);
}

/** dist/chunks/prism.wasm, beside the chunk this is in; in tests the library's own. */
async function wasm(): Promise<Uint8Array> {
  for (const place of ['./prism.wasm', './chunks/prism.wasm']) {
    try {
      return await readFile(new URL(place, import.meta.url));
    } catch { /* the next place */ }
  }
  return await readFile(createRequire(import.meta.url).resolve('@ruby/prism/src/prism.wasm'));
}
