// Gaia's one cache of what it fetched: a folder an entry, made under a lock that all windows respect, finished by one rename, listed and pruned.
//
//   <cache>/entries/<id>/entry.json   what it is; there only when the content is whole
//                        content/     the files
//                        work-…/      being made (a download goes on from here)
//                        used         an empty file; its time is the last use
//   <cache>/locks/<id>.lock
import { createHash, randomBytes } from 'node:crypto';
import * as path from 'node:path';
import type { Clock } from '../machines/clock.ts';
import { GaiaError } from '../machines/errors.ts';
import type { OperationContext } from '../machines/provider.ts';
import { isLocked, withFileLock } from '../system/fileLock.ts';
import { fileInfo, folderBytes, listFolder, makeFolder, moveOver, readText, removeAll, writeWhole } from '../system/files.ts';

export type CachedKind = 'box' | 'image' | 'iso' | 'tarball';

/** What an entry is, as it is kept in entry.json. */
export interface CachedFacts {
  readonly kind: CachedKind;
  /** For a person: `hashicorp/bionic64 1.0.282 (virtualbox)`, `debian-12-genericcloud-amd64.qcow2`. */
  readonly label: string;
  /** Address or path it came from, without secrets. */
  readonly source: string;
  /** The file that is meant, relative to the content's folder; '' = the folder itself. */
  readonly main: string;
  /** What the maker of the entry wants to find again. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface CachedEntry extends CachedFacts {
  readonly id: string;
  /** Full path of `main`. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly fetchedAt: number;
  readonly lastUsedAt: number;
}

/** A row of "what is cached". `unfinished`: what is left of a download that was cut off or cancelled. */
export type CacheRow = (CachedEntry & { readonly state: 'whole'; readonly busy: boolean }) | { readonly state: 'unfinished'; readonly busy: boolean; readonly id: string; readonly label: string; readonly path: string; readonly sizeBytes: number; readonly lastUsedAt: number };

export interface PruneOptions {
  /** Only these entries. */
  readonly ids?: readonly string[];
  /** Only what was not used for so long. */
  readonly unusedForMs?: number;
  /** Oldest use first, until the cache is no larger than this. */
  readonly maxBytes?: number;
  /** Files that machines use now (a mounted ISO, a disk in place): entries that hold one of them stay. */
  readonly inUse?: readonly string[];
}
export interface Pruned {
  readonly removed: readonly CacheRow[];
  /** Kept although they were asked for: being made, or in use. */
  readonly kept: readonly CacheRow[];
  readonly freedBytes: number;
}

export interface ImageCache {
  /**
   * The entry of `identity`, made by `make` when it is not there (or `refresh` is set). `make` gets a folder that keeps what an earlier, unfinished try left in it, and
   * one for the finished content. Two windows that want the same one make it once.
   */
  take(identity: CacheIdentity, make: (folders: { readonly work: string; readonly content: string }, context: OperationContext) => Promise<CachedFacts>, context: OperationContext): Promise<CachedEntry>;
  /** Marks it as used. Undefined when it is not there. */
  find(identity: CacheIdentity): Promise<CachedEntry | undefined>;
  list(): Promise<readonly CacheRow[]>;
  prune(options: PruneOptions, signal: AbortSignal): Promise<Pruned>;
}

export interface CacheIdentity {
  readonly kind: CachedKind;
  /** What makes it this one and no other: the address, the expected checksum, a local file's time and size. */
  readonly key: readonly string[];
  /** Shown while it is not whole. */
  readonly label: string;
  /** Make it anew, even if it is there. The old one stays until the new one is whole. */
  readonly refresh?: boolean;
}

export function createImageCache(folder: string, clock: Clock): ImageCache {
  const entries = path.join(folder, 'entries');
  const lockOf = (id: string): string => path.join(folder, 'locks', `${id}.lock`);

  const read = async (id: string): Promise<CachedEntry | undefined> => {
    const at = path.join(entries, id);
    const facts = parseEntry(await readText(path.join(at, 'entry.json')));
    if (!facts) return undefined;
    const main = path.join(at, 'content', facts.main);
    const [there, used] = await Promise.all([fileInfo(main), fileInfo(path.join(at, 'used'))]);
    if (!there) return undefined;
    return { ...facts, id, path: main, lastUsedAt: used?.modifiedMs ?? facts.fetchedAt };
  };

  const touch = async (id: string): Promise<void> => { await writeWhole(path.join(entries, id, 'used'), ''); };

  const rowOf = async (id: string): Promise<CacheRow> => {
    const [entry, busy] = await Promise.all([read(id), isLocked(lockOf(id))]);
    if (entry) return { ...entry, state: 'whole', busy };
    const at = path.join(entries, id);
    const [label, sizeBytes, info] = await Promise.all([readText(path.join(at, 'label')), folderBytes(at), fileInfo(at)]);
    return { state: 'unfinished', busy, id, label: label ?? id, path: at, sizeBytes, lastUsedAt: info?.modifiedMs ?? 0 };
  };

  const list = async (): Promise<readonly CacheRow[]> => {
    const ids = ((await listFolder(entries)) ?? []).filter(entry => entry.kind === 'folder' && /^[a-z]+-[0-9a-f]{32}$/.test(entry.name));
    const rows = await Promise.all(ids.map(entry => rowOf(entry.name)));
    return rows.sort((a, b) => b.lastUsedAt - a.lastUsedAt);
  };

  return {
    async take(identity, make, context) {
      const id = idOf(identity);
      const there = identity.refresh === true ? undefined : await read(id);
      if (there) {
        await touch(id);
        return there;
      }
      const askedAt = clock.now();
      return await withFileLock(lockOf(id), context.signal, clock, async signal => {
        // The other window may have made it while this one waited.
        const made = await read(id);
        if (made && (identity.refresh !== true || made.fetchedAt >= askedAt)) {
          await touch(id);
          return made;
        }
        const at = path.join(entries, id);
        const whole = made !== undefined;
        const work = path.join(at, 'work');
        const fresh = path.join(at, `fresh-${randomBytes(4).toString('hex')}`);
        await removeLeftovers(at);
        await makeFolder(work);
        await writeWhole(path.join(at, 'label'), identity.label);
        try {
          const facts = await make({ work, content: fresh }, { ...context, signal });
          signal.throwIfAborted();
          // No entry.json, no entry: at no moment does it speak of content that is not whole.
          await removeAll(path.join(at, 'entry.json'));
          await removeAll(path.join(at, 'content'));
          await moveOver(fresh, path.join(at, 'content'));
          const entry = { version: 1, ...facts, sizeBytes: await folderBytes(path.join(at, 'content')), fetchedAt: clock.now() };
          await writeWhole(path.join(at, 'entry.json'), JSON.stringify(entry));
          await touch(id);
          await removeAll(work);
          await removeAll(path.join(at, 'label'));
          const finished = await read(id);
          if (!finished) throw new GaiaError('unexpected', { message: '{0} could not be kept.', values: [identity.label] });
          return finished;
        } catch (error) {
          await removeAll(fresh);
          // A download that was cut off goes on next time; one that turned out to be the wrong thing is fetched again.
          if (GaiaError.is(error, 'invalidInput', 'untrusted', 'notSupported')) await removeAll(whole ? work : at);
          throw error;
        }
      }, () => { context.progress({ message: 'Waiting for another window that fetches {0}', values: [identity.label] }); });
    },

    async find(identity) {
      const id = idOf(identity);
      const entry = await read(id);
      if (entry) await touch(id);
      return entry;
    },

    list,

    async prune(options, signal) {
      const rows = await list();
      const inUse = (options.inUse ?? []).map(file => path.resolve(file));
      const wanted = choosePruned(rows, options, clock.now());
      const removed: CacheRow[] = [];
      const kept: CacheRow[] = [];
      for (const row of wanted) {
        signal.throwIfAborted();
        const at = path.join(entries, row.id);
        if (row.busy || inUse.some(file => file === at || file.startsWith(at + path.sep))) {
          kept.push(row);
          continue;
        }
        await withFileLock(lockOf(row.id), signal, clock, async () => {
          await removeAll(path.join(at, 'entry.json'));
          await removeAll(at);
        });
        removed.push(row);
      }
      return { removed, kept, freedBytes: removed.reduce((sum, row) => sum + row.sizeBytes, 0) };
    },
  };
}

/** Which rows these options mean. Pure. */
export function choosePruned(rows: readonly CacheRow[], options: PruneOptions, now: number): readonly CacheRow[] {
  const oldestFirst = [...rows].sort((a, b) => a.lastUsedAt - b.lastUsedAt).filter(row => options.ids === undefined || options.ids.includes(row.id));
  const unused = oldestFirst.filter(row => options.unusedForMs === undefined || now - row.lastUsedAt >= options.unusedForMs);
  if (options.maxBytes === undefined) return unused;
  let total = rows.reduce((sum, row) => sum + row.sizeBytes, 0);
  const maxBytes = options.maxBytes;
  return unused.filter(row => {
    if (total <= maxBytes) return false;
    total -= row.sizeBytes;
    return true;
  });
}

function idOf(identity: CacheIdentity): string {
  return `${identity.kind}-${createHash('sha256').update(JSON.stringify(identity.key)).digest('hex').slice(0, 32)}`;
}

/** Content that was being laid down when its process ended. */
async function removeLeftovers(at: string): Promise<void> {
  for (const entry of (await listFolder(at)) ?? []) if (entry.name.startsWith('fresh-') || entry.name.endsWith('.tmp')) await removeAll(path.join(at, entry.name));
}

function parseEntry(text: string | undefined): (CachedFacts & { sizeBytes: number; fetchedAt: number }) | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as CachedFacts & { version?: number; sizeBytes: number; fetchedAt: number };
    return value.version === 1 && typeof value.main === 'string' && typeof value.kind === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
