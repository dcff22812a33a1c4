// A lock that two windows (two extension hosts) respect: a file made with O_EXCL, kept fresh while it is held, taken over when its holder died.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Clock } from '../machines/clock.ts';
import { fileProblem } from './files.ts';
import { hasEntry } from './hasEnded.ts';

const beatMs = 2000;
/** A holder that did not touch its file for this long is gone (or was asleep, and will find out). */
const staleMs = 30_000;
const pollMs = 250;
/** By then what a dead process of this computer has left is stale; a file that still is not has a holder that beats. */
const giveUpMs = 4 * beatMs;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

/**
 * Runs `work` while holding `file`. `waiting` is called once if another process holds it. `work` gets a signal that also fires when the lock
 * was lost (this computer slept longer than the others would wait). Rejects with the signal's reason when aborted while waiting.
 */
export async function withFileLock<T>(file: string, signal: AbortSignal, clock: Clock, work: (signal: AbortSignal) => Promise<T>, waiting?: () => void): Promise<T> {
  const holder: Holder = { pid: process.pid, host: os.hostname(), token: randomBytes(8).toString('hex') };
  await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  let said = false;
  while (!(await take(file, holder))) {
    signal.throwIfAborted();
    if (await isStale(file)) {
      await breakLock(file);
      continue;
    }
    if (!said) waiting?.();
    said = true;
    await clock.sleep(pollMs, signal);
  }
  const lost = new AbortController();
  const beat = setInterval(() => {
    void keep(file, holder).then(kept => { if (!kept) lost.abort(new Error('The lock was taken over by another window.')); });
  }, beatMs);
  beat.unref();
  try {
    signal.throwIfAborted();
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    clearInterval(beat);
    if ((await readHolder(file))?.token === holder.token) await fs.rm(file, { force: true }).catch(() => undefined);
  }
}

/**
 * As `withFileLock`, but does not wait for a holder that lives: rejects with what `busy` makes. What a dead process has left is taken over, at
 * the latest after some missed beats.
 */
export async function withFreeFileLock<T>(file: string, signal: AbortSignal, clock: Clock, work: (signal: AbortSignal) => Promise<T>, busy: () => Error): Promise<T> {
  const refused = new AbortController();
  let waiting = false;
  const watch = async (): Promise<void> => {
    const until = clock.now() + giveUpMs;
    while (waiting && !(await isHeldHere(file)) && clock.now() < until) await clock.sleep(pollMs);
    if (waiting) refused.abort(busy());
  };
  try {
    return await withFileLock(file, AbortSignal.any([signal, refused.signal]), clock, held => {
      waiting = false;
      return work(held);
    }, () => {
      waiting = true;
      void watch();
    });
  } finally {
    waiting = false;
  }
}

/** Is `file` held by a process that lives? */
export async function isLocked(file: string): Promise<boolean> {
  return (await fs.stat(file).then(() => true, () => false)) && !(await isStale(file));
}

async function take(file: string, holder: Holder): Promise<boolean> {
  try {
    await fs.writeFile(file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    // EPERM: on Windows a file that is being removed.
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST' || (code === 'EPERM' && process.platform === 'win32')) return false;
    throw fileProblem(error, file);
  }
}

async function keep(file: string, holder: Holder): Promise<boolean> {
  if ((await readHolder(file))?.token !== holder.token) return false;
  const now = new Date();
  return await fs.utimes(file, now, now).then(() => true, () => false);
}

/** By a process that this computer knows. False is no answer: it has just ended, or is in another container. */
async function isHeldHere(file: string): Promise<boolean> {
  const holder = await readHolder(file);
  return holder?.host === os.hostname() && hasEntry(holder.pid);
}

async function isStale(file: string): Promise<boolean> {
  const stats = await fs.stat(file).catch(() => undefined);
  if (!stats) return false;
  const holder = await readHolder(file);
  const age = Date.now() - stats.mtimeMs;
  // A pid is asked for only after some missed beats: in another container with this host's name it is not ours to see.
  return age > (holder?.host === os.hostname() && !hasEntry(holder.pid) ? 3 * beatMs : staleMs);
}

/** Moves the stale file away by a name of its own first, so that of two processes that see it only one frees it, and neither frees a new one. */
async function breakLock(file: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}.stale`;
  try {
    await fs.rename(file, aside);
  } catch {
    return;
  }
  // Between the look and the rename another process may have broken and taken it: then this is a fresh file, and it goes back.
  if (!(await isStale(aside)) && (await fs.link(aside, file).then(() => true, () => false))) {
    await fs.rm(aside, { force: true });
    return;
  }
  await fs.rm(aside, { force: true });
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const value = JSON.parse(await fs.readFile(file, 'utf8')) as Partial<Holder>;
    return typeof value.pid === 'number' && typeof value.host === 'string' && typeof value.token === 'string' ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}
