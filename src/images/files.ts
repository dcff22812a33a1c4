// Disk images, installers and root file systems: from an address or a path to a file here that is what it should be.
import * as path from 'node:path';
import { GaiaError } from '../machines/errors.ts';
import type { OperationContext } from '../machines/provider.ts';
import type { MachineSource } from '../machines/spec.ts';
import { isZero, unpackTar } from '../system/archive.ts';
import { openDecompressed } from '../system/decompress.ts';
import type { Checksum } from '../system/download.ts';
import { badChecksum, download, noRoom, reserveBytes } from '../system/download.ts';
import { fileInfo, fileProblem, freeBytes, hashFile, makeFolder, moveOver, opened, readRange, readText } from '../system/files.ts';
import { displayUrl, readBody, sendWebRequest, statusProblem } from '../system/webFetch.ts';
import { checksumFromList, isChecksumFile, parseChecksum } from './checksum.ts';
import { convertDisk, writableFormat } from './diskConversion.ts';
import type { DiskFormat, FileFormat, Recognized } from './diskFormat.ts';
import { headBytes, recognize, recognizeVhdx, refusals, tailBytes } from './diskFormat.ts';
import type { CachedEntry, CachedKind } from './imageCache.ts';
import type { ImageTools } from './imageTools.ts';
import type { Location } from './location.ts';
import { locate, nameOf, safeFileName } from './location.ts';
import type { ImageRequest, ResolvedAppliance, ResolvedDisk, ResolvedIso, ResolvedTarball } from './resolved.ts';

type FileSource = MachineSource & { readonly kind: 'image' | 'iso' | 'tarball' };

const diskFormats: readonly FileFormat[] = ['raw', 'qcow2', 'qcow', 'vdi', 'vmdk', 'vhd', 'vhdx'];
/** Room asked for again after so many bytes of a stream whose length nobody knows. */
const roomStepBytes = 256 * 1024 * 1024;

/** A disk image or an appliance. Compressed ones are unpacked, and formats the provider does not take are converted, both into the cache. */
export async function resolveImage(source: FileSource, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedDisk | ResolvedAppliance> {
  const file = await localFile(source, 'image', request, tools, context);
  const found = await look(file.path);
  if (found.kind === 'ova' || found.kind === 'ovf') return { kind: 'appliance', path: file.path, format: found.kind };
  if (!isDisk(found.kind)) throw wrongKind(file.path, found, 'image');
  // A person's own files may belong together; what came from the web stands alone.
  if (found.refused && (file.fetched || found.refused === 'encrypted')) throw new GaiaError('invalidInput', { message: refusals[found.refused], values: [path.basename(file.path)] });
  const unreadable = (found.features ?? []).some(feature => request.cannotRead?.includes(feature) === true);
  if (request.accepts === undefined || (request.accepts.includes(found.kind) && !unreadable)) return diskOf(file.path, found.kind, found);
  return await converted(file.path, found, request, tools, context);
}

export async function resolveIso(source: FileSource, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedIso> {
  const file = await localFile(source, 'iso', request, tools, context);
  const found = await look(file.path);
  if (found.kind !== 'iso') throw wrongKind(file.path, found, 'iso');
  return { kind: 'iso', path: file.path };
}

export async function resolveTarball(source: FileSource, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedTarball> {
  const file = await localFile(source, 'tarball', request, tools, context);
  const found = await look(file.path);
  if (found.kind === 'vhdx') return { kind: 'tarball', path: file.path, contents: 'vhdx' };
  const inside = found.kind === 'compressed' ? await lookInside(file.path, context.signal) : found;
  if (inside.kind !== 'tar') throw wrongKind(file.path, inside, 'tarball');
  return { kind: 'tarball', path: file.path, contents: 'tar', ...(found.compression ? { compression: found.compression } : {}) };
}

interface LocalFile {
  readonly path: string;
  /** From the web, or unpacked from something: in the cache. */
  readonly fetched: boolean;
}

async function localFile(source: FileSource, kind: CachedKind & FileSource['kind'], request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<LocalFile> {
  const location = source.path === undefined ? locate(source.url, { baseFolder: request.baseFolder, home: tools.home }) : ({ kind: 'file', path: source.path } as const);
  const checksumText = 'checksum' in source ? source.checksum?.trim() : undefined;
  if (location.kind === 'web') {
    const refresh = request.refresh === undefined ? {} : { refresh: request.refresh };
    const entry = await tools.cache.take({ kind, key: [kind, location.url, checksumText ?? ''], label: safeFileName(nameOf(location)), ...refresh }, async (folders, inner) => {
      const checksum = await expectedChecksum(checksumText, location, tools, inner.signal);
      const done = await download({ url: location.url, destination: path.join(folders.work, 'file'), ...(checksum ? { checksum } : {}) }, tools, inner);
      // A name without an ending says less than what the server calls the file.
      const name = path.extname(nameOf(location)) === '' ? (done.fileName ?? nameOf(location)) : nameOf(location);
      const main = await lay(done.path, name, kind, folders.content, tools, inner, true);
      return { kind, label: main, source: displayUrl(location.url), main };
    }, context);
    return { path: entry.path, fetched: true };
  }
  const info = await fileInfo(location.path);
  if (info?.kind !== 'file') throw new GaiaError('notFound', { message: 'There is no file {0}.', values: [location.path], hint: 'Check the path. A relative one starts at the folder of the config file.' });
  await verify(location.path, await expectedChecksum(checksumText, location, tools, context.signal), context);
  if (kind === 'tarball' || (await look(location.path)).kind !== 'compressed') return { path: location.path, fetched: false };
  const entry = await tools.cache.take({ kind, key: [kind, location.path, String(info.sizeBytes), String(info.modifiedMs)], label: path.basename(location.path) }, async (folders, inner) => {
    const main = await lay(location.path, path.basename(location.path), kind, folders.content, tools, inner, false);
    return { kind, label: main, source: location.path, main };
  }, context);
  return { path: entry.path, fetched: true };
}

/** Puts the usable file into `content`, unpacked if it must be, with the ending of what it is. Returns its name. */
async function lay(file: string, name: string, kind: FileSource['kind'], content: string, tools: ImageTools, context: OperationContext, mayMove: boolean): Promise<string> {
  const found = await look(file, name);
  await makeFolder(content);
  if (found.kind !== 'compressed' || kind === 'tarball') {
    const inside = kind === 'tarball' && found.kind === 'compressed' ? await lookInside(file, context.signal) : found;
    check(inside, name, kind);
    const main = kind === 'tarball' ? safeFileName(name) : named(name, found.kind);
    if (mayMove) await moveOver(file, path.join(content, main));
    return main;
  }
  const bare = name.replace(/\.(gz|gzip|bz2|xz|zst|zstd)$/i, '');
  const inside = await lookInside(file, context.signal, bare);
  if (inside.kind === 'tar' && kind === 'image') return await layFromTar(file, name, content, tools, context);
  check(inside, name, kind);
  const main = named(bare, inside.kind);
  await decompress(file, path.join(content, main), tools, context);
  // Only now its end can be seen, where some formats are known by.
  const whole = await look(path.join(content, main), bare);
  check(whole, name, kind);
  const final = named(bare, whole.kind);
  if (final !== main) await moveOver(path.join(content, main), path.join(content, final));
  return final;
}

/** `disk.vhd.tar.gz`, as clouds hand out their images: the one disk in it. */
async function layFromTar(file: string, name: string, content: string, tools: ImageTools, context: OperationContext): Promise<string> {
  const { files } = await unpackTar(file, content, tools.freeBytes ? { freeBytes: tools.freeBytes } : {}, context);
  const disks: { file: string; found: Recognized }[] = [];
  for (const one of files) {
    const found = await look(path.join(content, one));
    if (isDisk(found.kind) || found.kind === 'ovf') disks.push({ file: one, found });
  }
  const ovf = disks.find(disk => disk.found.kind === 'ovf');
  const only = ovf ?? (disks.length === 1 ? disks[0] : undefined);
  if (!only) throw new GaiaError('invalidInput', { message: '{0} does not hold exactly one disk image.', values: [name], hint: 'Unpack it and name the image that is meant.', raw: files.join('\n') });
  return only.file;
}

function check(found: Recognized, name: string, kind: FileSource['kind']): void {
  const fits = kind === 'iso' ? found.kind === 'iso' : kind === 'tarball' ? found.kind === 'tar' || found.kind === 'vhdx' : isDisk(found.kind) || found.kind === 'ova';
  if (!fits) throw wrongKind(name, found, kind);
  if (found.refused) throw new GaiaError('invalidInput', { message: refusals[found.refused], values: [name] });
}

async function decompress(file: string, target: string, tools: ImageTools, context: OperationContext): Promise<void> {
  const packedBytes = (await fileInfo(file))?.sizeBytes ?? 0;
  const stream = await openDecompressed(file, context.signal);
  const handle = await opened(target, 'wx');
  let at = 0;
  let askedAt = 0;
  let saidAt = 0;
  try {
    for await (const chunk of stream.chunks) {
      if (at >= askedAt) {
        const free = await (tools.freeBytes ?? freeBytes)(path.dirname(target));
        if (free < reserveBytes + roomStepBytes) throw noRoom(path.basename(target), reserveBytes + roomStepBytes, free);
        askedAt = at + roomStepBytes;
      }
      if (!isZero(chunk)) for (let written = 0; written < chunk.length;) written += (await handle.write(chunk, written, chunk.length - written, at + written)).bytesWritten;
      at += chunk.length;
      const now = performance.now();
      if (now - saidAt > 200) {
        saidAt = now;
        context.progress({ message: 'Unpacking {0}', values: [path.basename(file)], ...(packedBytes > 0 ? { fraction: Math.min(stream.bytesRead() / packedBytes, 1) } : {}) });
      }
    }
    await handle.truncate(at);
    await handle.sync();
  } catch (error) {
    throw fileProblem(error, target);
  } finally {
    await handle.close();
  }
}

async function converted(file: string, found: Recognized, request: ImageRequest, tools: ImageTools, context: OperationContext): Promise<ResolvedDisk> {
  const target = writableFormat(found, request.accepts ?? []);
  if (!target) {
    throw new GaiaError('notSupported', { message: '{0} is a {1} image, which {2} cannot use and Gaia cannot convert.', values: [path.basename(file), found.kind, request.provider], hint: 'Convert it with qemu-img, or use an image in another format.' });
  }
  const info = await fileInfo(file);
  const name = named(path.basename(file), target);
  const entry: CachedEntry = await tools.cache.take({ kind: 'image', key: ['converted', file, String(info?.sizeBytes), String(info?.modifiedMs), target], label: name }, async (folders, inner) => {
    await makeFolder(folders.content);
    await convertDisk({ file, found, target, output: path.join(folders.content, name), ...(tools.freeBytes ? { freeBytes: tools.freeBytes } : {}) }, inner);
    return { kind: 'image', label: name, source: file, main: name };
  }, context);
  return diskOf(entry.path, target, { ...(await look(entry.path)), features: [] });
}

/** Recognizes a file on the disk. */
export async function look(file: string, name = path.basename(file)): Promise<Recognized> {
  const info = await fileInfo(file);
  if (!info) throw new GaiaError('notFound', { message: 'There is no file {0}.', values: [file] });
  const [head, tail] = await Promise.all([readRange(file, 0, headBytes), readRange(file, Math.max(0, info.sizeBytes - tailBytes), tailBytes)]);
  const found = recognize(head, tail, info.sizeBytes, name);
  return found.kind === 'vhdx' ? await recognizeVhdx((offset, length) => readRange(file, offset, length)) : found;
}

/** Recognizes what is in a compressed file by its first bytes; its end is not known yet. */
async function lookInside(file: string, signal: AbortSignal, name = path.basename(file).replace(/\.\w+$/, '')): Promise<Recognized> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (await openDecompressed(file, signal)).chunks) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= headBytes) break;
  }
  const head = Buffer.concat(chunks).subarray(0, headBytes);
  const found = recognize(head, length < headBytes ? head.subarray(-tailBytes) : new Uint8Array(), length, name);
  // A fixed VHD is known by its end alone.
  return found.kind === 'unknown' && /\.vhd$/i.test(name) ? { kind: 'raw' } : found;
}

async function expectedChecksum(text: string | undefined, location: Location, tools: ImageTools, signal: AbortSignal): Promise<Checksum | undefined> {
  if (text === undefined || text === '') return undefined;
  if (!isChecksumFile(text)) return parseChecksum(text);
  const at = locate(text, { home: tools.home });
  let list: string | undefined;
  if (at.kind === 'file') list = await readText(at.path);
  else {
    const answer = await sendWebRequest({ url: at.url }, tools.fetch, AbortSignal.any([signal, AbortSignal.timeout(60_000)]), tools.record);
    if (answer.status !== 200) throw statusProblem(answer);
    list = await readBody(answer, 4 * 1024 * 1024);
  }
  const checksum = checksumFromList(list ?? '', nameOf(location));
  if (!checksum) throw new GaiaError('invalidInput', { message: 'The list of checksums {0} says nothing of {1}.', values: [at.kind === 'web' ? displayUrl(at.url) : at.path, nameOf(location)], hint: 'Check that it belongs to this image.' });
  return checksum;
}

async function verify(file: string, expected: Checksum | undefined, context: OperationContext): Promise<void> {
  if (!expected) return;
  context.progress({ message: 'Verifying {0}', values: [path.basename(file)] });
  const found = await hashFile(file, expected.algorithm, context.signal);
  if (found !== expected.hex) {
    const { code, detail } = badChecksum(file, expected, found);
    // The file is the person's own: it stays.
    throw new GaiaError(code, { ...detail, message: '{0} is not the file that was expected: its {1} checksum is another one.' });
  }
}

const wants: Readonly<Record<FileSource['kind'], string>> = {
  image: '{0} is not a disk image.',
  iso: '{0} is not an ISO image.',
  tarball: '{0} is not a root file system (a tar archive or .wsl file).',
};
const insteadHints: Readonly<Partial<Record<Recognized['kind'], string>>> = {
  iso: 'It is an ISO image: write it as iso.',
  ova: 'It is an appliance: write it as image.',
  archive: 'It is a ZIP, 7z or RAR archive: unpack it and name the file inside.',
  tar: 'It is a tar archive: for WSL write it as tarball.',
  webPage: 'It is a web page, perhaps one that asks to sign in: use the address of the file itself.',
};

function wrongKind(file: string, found: Recognized, wanted: FileSource['kind']): GaiaError {
  const hint = isDisk(found.kind) ? 'It is a disk image: write it as image.' : insteadHints[found.kind];
  return new GaiaError('invalidInput', { message: wants[wanted], values: [path.basename(file)], hint: hint ?? 'Check that the address or path is that of the file itself.' });
}

function isDisk(kind: Recognized['kind']): kind is DiskFormat {
  return (diskFormats as readonly string[]).includes(kind);
}

function diskOf(file: string, format: DiskFormat, found: Recognized): ResolvedDisk {
  return { kind: 'disk', path: file, format, features: found.features ?? [], ...(found.virtualBytes === undefined ? {} : { virtualBytes: found.virtualBytes }) };
}

const endings: Readonly<Partial<Record<Recognized['kind'], string>>> = { raw: '.img', qcow: '.qcow', qcow2: '.qcow2', vdi: '.vdi', vmdk: '.vmdk', vhd: '.vhd', vhdx: '.vhdx', ova: '.ova', ovf: '.ovf', iso: '.iso' };

/** The name with the ending of what the file is: some tools go by it. */
function named(name: string, kind: Recognized['kind']): string {
  const ending = endings[kind] ?? path.extname(name);
  return safeFileName(name.replace(/\.(img|raw|dd|bin|qcow2?|vdi|vmdk|vhdx?|ova|ovf|iso)$/i, '')) + ending;
}
