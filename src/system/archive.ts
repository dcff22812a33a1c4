// Unpacks a tar (plain or compressed) that may have been made to harm: nothing is written outside the folder, through a link, or without limit.
// No link exists while files are written; links come last, and each must lead to something inside.
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { Readable } from 'node:stream';
import { Readable as ReadableStream } from 'node:stream';
import { GaiaError } from '../machines/errors.ts';
import type { OperationContext } from '../machines/provider.ts';
import { openDecompressed } from './decompress.ts';
import { noRoom, reserveBytes } from './download.ts';
import { fileInfo, fileProblem, freeBytes, makeFolder, opened } from './files.ts';

export interface UnpackLimits {
  /** Sum of all files. Default 2 TiB; the room on the volume is asked for as well. */
  readonly maxBytes?: number;
  /** Default 100,000. */
  readonly maxEntries?: number;
  /** Bytes free where the folder is; a door for tests. */
  readonly freeBytes?: (folder: string) => Promise<number>;
}

export interface Unpacked {
  /** Paths of the files, relative, with `/`. */
  readonly files: readonly string[];
  readonly sizeBytes: number;
}

interface LinkEntry {
  readonly kind: 'link' | 'symlink';
  readonly name: string;
  readonly target: string;
}

/** A path that is longer than this names no file of a box. */
const maxNameLength = 1024;

/**
 * Unpacks `archive` into `folder`, which must not hold anything yet: on failure the caller removes it whole. Owners and permissions of the archive are not
 * taken over. Throws GaiaError `invalidInput` (damaged, or refused for safety: `raw` names the entry), `noSpace`, `notSupported`, or the signal's reason.
 */
export async function unpackTar(archive: string, folder: string, limits: UnpackLimits, context: Pick<OperationContext, 'signal' | 'progress'>): Promise<Unpacked> {
  const { default: tar } = await import('tar-stream');
  const archiveBytes = (await fileInfo(archive))?.sizeBytes ?? 0;
  const source = await openDecompressed(archive, context.signal);
  await makeFolder(folder);
  const files: string[] = [];
  const links: LinkEntry[] = [];
  const progress = (): void => { context.progress({ message: 'Unpacking {0}', values: [path.basename(archive)], ...(archiveBytes > 0 ? { fraction: source.bytesRead() / archiveBytes } : {}) }); };
  let sizeBytes = 0;
  let entries = 0;

  const extract = tar.extract();
  let sourceFailed: unknown;
  const input = ReadableStream.from(source.chunks);
  input.on('error', error => { sourceFailed = error; extract.destroy(error); });
  input.pipe(extract as unknown as NodeJS.WritableStream);
  try {
    for await (const stream of extract) {
      context.signal.throwIfAborted();
      const header = stream.header as TarHeader;
      const type = header.type;
      if (++entries > (limits.maxEntries ?? 100_000)) throw refused(archive, header.name, '{0} was not unpacked: there are too many files in it.');
      const name = safeName(header.name, archive);
      if (name === undefined) {
        stream.resume();
        continue;
      }
      if (Object.keys(header.pax ?? {}).some(key => key.startsWith('GNU.sparse'))) throw notSupported(archive, header.name);
      switch (type) {
        case 'directory':
          await makeFolder(path.join(folder, name));
          stream.resume();
          break;
        case 'file':
        case 'contiguous-file': {
          sizeBytes += header.size;
          if (sizeBytes > (limits.maxBytes ?? 2 ** 41)) throw refused(archive, header.name, '{0} was not unpacked: it is larger than is allowed.');
          // Small files are asked for by the write itself.
          if (header.size > 1 << 20) await checkRoom(name, header.size, folder, limits);
          await writeEntry(stream as unknown as Readable, path.join(folder, name), header.size, context.signal, progress);
          files.push(name);
          break;
        }
        case 'link':
        case 'symlink':
          links.push({ kind: type, name, target: header.linkname ?? '' });
          stream.resume();
          break;
        case 'character-device':
        case 'block-device':
        case 'fifo':
          throw refused(archive, header.name, '{0} was not unpacked: it holds a device.');
        default:
          throw notSupported(archive, header.name);
      }
    }
  } catch (error) {
    input.destroy();
    extract.destroy();
    context.signal.throwIfAborted();
    const cause = sourceFailed ?? error;
    if (cause instanceof GaiaError) throw cause;
    const file = fileProblem(cause, folder);
    if (file instanceof GaiaError) throw file;
    throw new GaiaError('invalidInput', { message: '{0} is not a whole tar archive.', values: [archive], hint: 'Remove it and download it again.', raw: cause instanceof Error ? cause.message : String(cause), cause });
  }
  for (const link of links) await makeLink(link, folder, archive);
  await checkLinks(links, folder, archive);
  return { files: [...files, ...links.map(link => link.name)], sizeBytes };
}

interface TarHeader {
  readonly name: string;
  readonly type?: string | null;
  readonly size: number;
  readonly linkname?: string | null;
  readonly pax?: Readonly<Record<string, string>> | null;
}

/** The entry's path in the form of this system, relative; undefined for the folder itself. A name that leads elsewhere throws. */
export function safeName(name: string, archive: string): string | undefined {
  // Boxes made on Windows have `\` between their parts; Vagrant reads them so, too.
  const parts = name.replaceAll('\\', '/').split('/').filter((part, at) => part !== '.' && (part !== '' || at === 0));
  if (name.includes('\0') || name.length > maxNameLength) throw refused(archive, name, '{0} was not unpacked: a name in it is not allowed.');
  if (parts[0] === '' && parts.length > 1) throw refused(archive, name, '{0} was not unpacked: a name in it leads out of it.');
  if (parts.some(part => part === '..') || /^[a-z]:/i.test(parts[0] ?? '')) throw refused(archive, name, '{0} was not unpacked: a name in it leads out of it.');
  if (process.platform === 'win32' && parts.some(part => /[<>:"|?*]|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i.test(part))) throw refused(archive, name, '{0} was not unpacked: a name in it is not allowed on Windows.');
  const kept = parts.filter(part => part !== '');
  return kept.length === 0 ? undefined : kept.join(path.sep);
}

const zeros = Buffer.alloc(64 * 1024);

async function writeEntry(stream: Readable, file: string, size: number, signal: AbortSignal, progress: () => void): Promise<void> {
  await makeFolder(path.dirname(file));
  // `wx`: an entry that comes twice must not write through what the first one became. The later one counts, as with tar.
  await fs.rm(file, { force: true });
  const handle = await opened(file, 'wx', 0o600);
  let at = 0;
  let saidAt = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted();
      // Blocks of zeros become holes: disk images are full of them.
      if (!isZero(chunk)) for (let written = 0; written < chunk.length;) written += (await handle.write(chunk, written, chunk.length - written, at + written)).bytesWritten;
      at += chunk.length;
      const now = performance.now();
      if (now - saidAt > 200) {
        saidAt = now;
        progress();
      }
    }
    if (at !== size) throw new Error(`${at} of ${size} bytes`);
    await handle.truncate(at);
    // Disks are on the disk before an entry of the cache speaks of them.
    if (size > 1 << 20) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Nothing but zeros, and long enough for a hole to be worth it? */
export function isZero(chunk: Uint8Array): boolean {
  if (chunk.length < 4096 || chunk[0] !== 0) return false;
  for (let at = 0; at < chunk.length; at += zeros.length) {
    const length = Math.min(zeros.length, chunk.length - at);
    if (zeros.compare(chunk, at, at + length, 0, length) !== 0) return false;
  }
  return true;
}

async function checkRoom(name: string, size: number, folder: string, limits: UnpackLimits): Promise<void> {
  const free = await (limits.freeBytes ?? freeBytes)(folder);
  if (size + reserveBytes > free) throw noRoom(name, size, free);
}

async function makeLink(link: LinkEntry, folder: string, archive: string): Promise<void> {
  const at = path.join(folder, link.name);
  // A parent that is a link (made a moment ago) would take this one elsewhere.
  for (let parent = path.dirname(at); parent.length > folder.length; parent = path.dirname(parent)) {
    if ((await fs.lstat(parent).catch(() => undefined))?.isSymbolicLink()) throw refused(archive, link.name, '{0} was not unpacked: a link in it leads through another link.');
  }
  await makeFolder(path.dirname(at));
  if ((await fs.lstat(at).catch(() => undefined))?.isDirectory()) throw refused(archive, link.name, '{0} was not unpacked: a link in it stands where a folder is.');
  await fs.rm(at, { force: true });
  if (link.kind === 'link') {
    const target = safeName(link.target, archive);
    const from = target === undefined ? undefined : path.join(folder, target);
    if (from === undefined || !(await fs.lstat(from).catch(() => undefined))?.isFile() || !(await isInside(from, folder))) throw refused(archive, link.name, '{0} was not unpacked: a hard link in it leads to no file in it.');
    await fs.link(from, at).catch(() => fs.copyFile(from, at));
    return;
  }
  const target = link.target.replaceAll('\\', '/');
  const lexical = path.relative(folder, path.resolve(path.dirname(at), target));
  if (target === '' || target.startsWith('/') || /^[a-z]:/i.test(target) || lexical === '..' || lexical.startsWith(`..${path.sep}`) || path.isAbsolute(lexical)) throw refused(archive, link.name, '{0} was not unpacked: a link in it leads out of it.');
  await fs.symlink(target, at);
}

/** What a link says and where it ends are two things once links lead to links: ask the system. */
async function checkLinks(links: readonly LinkEntry[], folder: string, archive: string): Promise<void> {
  for (const link of links) {
    if (!(await isInside(path.join(folder, link.name), folder))) throw refused(archive, link.name, '{0} was not unpacked: a link in it leads out of it or to nothing.');
  }
}

async function isInside(file: string, folder: string): Promise<boolean> {
  const [real, root] = await Promise.all([fs.realpath(file).catch(() => undefined), fs.realpath(folder)]);
  if (real === undefined) return false;
  const relative = path.relative(root, real);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function refused(archive: string, entry: string, message: string): GaiaError {
  return new GaiaError('invalidInput', {
    message,
    values: [path.basename(archive)],
    hint: 'An archive like this one is made by mistake or to do harm. Use it only if you know where it comes from, and unpack it by hand.',
    raw: entry,
  });
}

function notSupported(archive: string, entry: string): GaiaError {
  return new GaiaError('notSupported', { message: '{0} holds an entry of a kind that Gaia does not unpack.', values: [path.basename(archive)], raw: entry });
}
