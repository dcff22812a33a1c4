// Streams that undo gzip, bzip2, xz and zstd; which one it is says the data, never the name.
import { createReadStream } from 'node:fs';
import { PassThrough, Readable, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { GaiaError } from '../machines/errors.ts';
import { fileProblem, readRange } from './files.ts';

export type Compression = 'gzip' | 'bzip2' | 'xz' | 'zstd';

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/** The compression that begins with these bytes; undefined = none of those Gaia undoes. */
export function compressionOf(head: Uint8Array): Compression | undefined {
  const found = magics.find(([, magic]) => magic.every((byte, at) => head[at] === byte))?.[0];
  // "BZh" is text, too: the block's own magic (or the end mark of an empty file) must follow.
  if (found === 'bzip2' && !(head[4] === 0x31 && head[5] === 0x41) && !(head[4] === 0x17 && head[5] === 0x72)) return undefined;
  return found;
}

export interface OpenedStream {
  readonly compression: Compression | undefined;
  /** The content, decompressed. Damaged data throws GaiaError `invalidInput`. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes of the file read so far, for progress. */
  readonly bytesRead: () => number;
}

/** Opens `file` and undoes its compression, if it has one. */
export async function openDecompressed(file: string, signal: AbortSignal): Promise<OpenedStream> {
  const compression = compressionOf(await readRange(file, 0, 16));
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  return { compression, chunks: decompressed(source, compression, file, signal), bytesRead: () => source.bytesRead };
}

async function* decompressed(source: Readable & { bytesRead: number }, compression: Compression | undefined, file: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stream = compression === undefined ? source : await decoders[compression](source);
  const onAbort = (): void => { source.destroy(signal.reason as Error); stream.destroy(signal.reason as Error); };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    signal.throwIfAborted();
    if (source.errored) throw fileProblem(source.errored, file);
    if (compression === undefined) throw fileProblem(error, file);
    throw new GaiaError('invalidInput', { message: '{0} is damaged: its {1} data cannot be read.', values: [file, compression], hint: 'Remove it and download it again.', raw: error instanceof Error ? error.message : String(error), cause: error });
  } finally {
    signal.removeEventListener('abort', onAbort);
    source.destroy();
    stream.destroy();
  }
}

interface XzLibrary {
  readonly XzReadableStream: new (packed: ReturnType<typeof Readable.toWeb>) => unknown;
}

const decoders: Readonly<Record<Compression, (source: Readable) => Readable | Promise<Readable>>> = {
  gzip: source => through(source, zlib.createGunzip()),
  bzip2: async source => {
    const { default: unbzip2 } = await import('unbzip2-stream');
    // It is a stream of the oldest kind: it takes what it gets and knows no limits, so it is fed by hand.
    const decoder = unbzip2();
    const out = new PassThrough({ highWaterMark: 4 << 20 });
    decoder.on('error', (error: Error) => out.destroy(error));
    decoder.pipe(out);
    void feed(source, chunk => { decoder.write(chunk); }, out).then(whole => { if (whole) decoder.end(); });
    return out;
  },
  xz: async source => {
    const library = await import('xz-decompress') as unknown as XzLibrary & { readonly default?: XzLibrary };
    // A CommonJS module: Node finds its names, a bundle has them on the default alone.
    const Decoder = (library.default ?? library).XzReadableStream;
    const web = new Decoder(Readable.toWeb(source));
    return Readable.fromWeb(web as Parameters<typeof Readable.fromWeb>[0]);
  },
  zstd: async source => {
    // From Node 22.15 on in the platform.
    const native = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
    if (native) return through(source, native());
    const { Decompress } = await import('fzstd');
    const decoder = new Transform({
      transform(chunk: Uint8Array, _encoding, done) { attempt(() => { frames.push(chunk); }, done); },
      flush(done) { attempt(() => { frames.push(new Uint8Array(), true); }, done); },
    });
    const frames = new Decompress((chunk: Uint8Array) => { if (chunk.length > 0) decoder.push(chunk); });
    return through(source, decoder);
  },
};

function through(source: Readable, decoder: Transform): Transform {
  source.on('error', error => decoder.destroy(error));
  return source.pipe(decoder);
}

/** Gives each chunk to `take`, but waits while `out` is full. False when it ended early. */
async function feed(source: Readable, take: (chunk: Uint8Array) => void, out: PassThrough): Promise<boolean> {
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      if (out.destroyed) return false;
      take(chunk);
      while (out.writableNeedDrain && !out.destroyed) await new Promise(resolve => { out.once('drain', resolve); out.once('close', resolve); });
    }
    return true;
  } catch (error) {
    out.destroy(error as Error);
    return false;
  }
}

function attempt(work: () => void, done: (error?: Error) => void): void {
  try {
    work();
    done();
  } catch (error) {
    done(error as Error);
  }
}
