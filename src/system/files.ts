// Files on this computer: the door for parts that work with them by path (hypervisors' own files, boxes, disk images).
// Workspace documents never come this way: they go through vscode.workspace.fs.
import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import * as path from 'node:path';
import { GaiaError } from '../machines/errors.ts';

/** A file that is open: read by `readFrom`, closed by who opened it. */
export type OpenFile = FileHandle;

export interface FileInfo {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: FileInfo['kind'];
}

/** What is at `file` (links followed), or undefined when there is nothing. Any other trouble throws GaiaError. */
export async function fileInfo(file: string): Promise<FileInfo | undefined> {
  const stats = await orAbsent(() => fs.stat(file), file);
  return stats && { kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other', sizeBytes: stats.size, modifiedMs: stats.mtimeMs };
}

/** The folder's entries in no order (links followed), or undefined when there is no such folder. */
export async function listFolder(folder: string): Promise<readonly FolderEntry[] | undefined> {
  const entries = await orAbsent(() => fs.readdir(folder, { withFileTypes: true }), folder);
  if (!entries) return undefined;
  return Promise.all(entries.map(async entry => {
    const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? (await fileInfo(path.join(folder, entry.name)))?.kind ?? 'other' : 'other';
    return { name: entry.name, kind };
  }));
}

/** The file's text as UTF-8 (a byte order mark removed), or undefined when there is no such file. */
export async function readText(file: string): Promise<string | undefined> {
  const text = await orAbsent(() => fs.readFile(file, 'utf8'), file);
  return text?.replace(/^\uFEFF/, '');
}

/** Up to `length` bytes from `offset`; fewer at the file's end. */
export async function readRange(file: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await opened(file);
  try {
    return await readFrom(handle, offset, length);
  } catch (error) {
    throw fileProblem(error, file);
  } finally {
    await handle.close();
  }
}

/** As `readRange`, on a file that is open. */
export async function readFrom(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Opens an existing file (`r`), or makes one (`w`, `wx`, `r+` as in node:fs). The caller closes it. */
export async function opened(file: string, flags: 'r' | 'r+' | 'w' | 'wx' = 'r', mode = 0o600): Promise<FileHandle> {
  return await reported(() => fs.open(file, flags, mode), file);
}

/** Writes the whole file or nothing: a reader sees the old content or the new. `mode` counts on POSIX alone. */
export async function writeWhole(file: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  await makeFolder(path.dirname(file));
  const beside = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await fs.open(beside, 'wx', mode);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await moveOver(beside, file);
  } catch (error) {
    await fs.rm(beside, { force: true }).catch(() => undefined);
    throw fileProblem(error, file);
  }
}

/** As `writeWhole`, for a file of the person's own: its rights stay as they are, and what a link points to is written, not the link. */
export async function replaceKeepingMode(file: string, data: string): Promise<void> {
  const real = await orAbsent(() => fs.realpath(file), file) ?? file;
  const stats = await orAbsent(() => fs.stat(real), real);
  await writeWhole(real, data, stats === undefined ? 0o600 : stats.mode & 0o777);
}

export async function makeFolder(folder: string): Promise<void> {
  await reported(() => fs.mkdir(folder, { recursive: true, mode: 0o700 }), folder);
}

/** Removes a file or a folder with all in it; absent = done. Links are removed, never followed. */
export async function removeAll(target: string): Promise<void> {
  await reported(() => fs.rm(target, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }), target);
}

/** Renames within one volume, over an existing file if there is one. Waits out the virus scanners that hold new files on Windows. */
export async function moveOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await fs.rename(from, to);
      return;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (process.platform !== 'win32' || attempt === 10 || (code !== 'EPERM' && code !== 'EACCES' && code !== 'EBUSY')) throw fileProblem(error, to);
      await new Promise(resolve => setTimeout(resolve, 50 * attempt));
    }
  }
}

/** Bytes this account may still write to the volume that holds `folder` (or the nearest folder above it that exists). */
/** Copies a file to where none is. */
export async function copyFile(from: string, to: string): Promise<void> {
  await reported(() => fs.copyFile(from, to, constants.COPYFILE_EXCL), to);
}

export async function freeBytes(folder: string): Promise<number> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const stats = await orAbsent(() => fs.statfs(at), at);
    if (stats) return stats.bavail * stats.bsize;
    if (at === path.dirname(at)) throw new GaiaError('notFound', { message: '{0} does not exist.', values: [folder] });
  }
}

/** Room that a folder's files take (holes take none), links not followed; absent = 0. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await orAbsent(() => fs.readdir(folder, { withFileTypes: true }), folder);
  let total = 0;
  for (const entry of entries ?? []) {
    const at = path.join(folder, entry.name);
    if (entry.isDirectory()) total += await folderBytes(at);
    else {
      const stats = await orAbsent(() => fs.lstat(at), at);
      total += stats ? Math.min(stats.size, stats.blocks * 512) : 0;
    }
  }
  return total;
}

/** Hex digest of a file. `progress` gets the bytes read so far. */
export async function hashFile(file: string, algorithm: string, signal: AbortSignal, progress?: (bytes: number) => void): Promise<string> {
  const hash = createHash(algorithm);
  let read = 0;
  return await reported(async () => {
    for await (const chunk of createReadStream(file, { signal, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      progress?.(read += chunk.length);
    }
    return hash.digest('hex');
  }, file);
}

/** A failed file operation as an error that a person can understand. A GaiaError and an abort stay what they are. */
export function fileProblem(error: unknown, file: string): unknown {
  if (error instanceof GaiaError || !(error instanceof Error)) return error;
  const values = [file];
  const detail = { values, raw: error.message, cause: error };
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new GaiaError('notFound', { message: '{0} does not exist.', ...detail });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new GaiaError('noPermission', { message: 'This account may not use {0}.', ...detail });
    case 'ENOSPC':
    case 'EDQUOT':
      return new GaiaError('noSpace', { message: 'There is no room left for {0}.', hint: 'Make room on this disk, or choose another folder, and try again.', ...detail });
    case 'EEXIST':
      return new GaiaError('alreadyExists', { message: '{0} exists already.', ...detail });
    default:
      return error;
  }
}

async function reported<T>(work: () => Promise<T>, file: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileProblem(error, file);
  }
}

async function orAbsent<T>(work: () => Promise<T>, file: string): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileProblem(error, file);
  }
}
