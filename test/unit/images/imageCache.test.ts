import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheRow, ImageCache } from '../../../src/images/imageCache.ts';
import { choosePruned, createImageCache } from '../../../src/images/imageCache.ts';
import { systemClock } from '../../../src/machines/clock.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import { isLocked, withFileLock } from '../../../src/system/fileLock.ts';
import { context, hastyClock, temporaryFolder } from './folders.ts';

const identity = (label: string) => ({ kind: 'image' as const, key: [label], label });
async function keep(cache: ImageCache, label: string, text = label): Promise<string> {
  const entry = await cache.take(identity(label), async folders => {
    await mkdir(folders.content);
    await writeFile(join(folders.content, 'f'), text);
    return { kind: 'image', label, source: `from ${label}`, main: 'f' };
  }, context());
  return entry.path;
}
const never = new AbortController().signal;

describe('the cache', () => {
  it('keeps nothing of a try that failed, but what a download left', async () => {
    const folder = await temporaryFolder();
    const cache = createImageCache(folder, hastyClock);
    await expect(cache.take(identity('a'), async folders => {
      await writeFile(join(folders.work, 'file.part'), 'half');
      await mkdir(folders.content);
      await writeFile(join(folders.content, 'f'), 'half');
      throw new GaiaError('didNotAnswer', { message: 'x' });
    }, context())).rejects.toMatchObject({ code: 'didNotAnswer' });
    const [row] = await cache.list();
    expect(row).toMatchObject({ state: 'unfinished', label: 'a' });
    expect((await readdir(row?.path ?? '')).sort()).toEqual(['label', 'work']);
    await cache.take(identity('a'), async folders => {
      expect(await readFile(join(folders.work, 'file.part'), 'utf8')).toBe('half');
      await mkdir(folders.content);
      await writeFile(join(folders.content, 'f'), 'x');
      return { kind: 'image', label: 'a', source: 's', main: 'f' };
    }, context());
    expect((await cache.list()).map(one => one.state)).toEqual(['whole']);
  });

  it('does not believe an entry whose content is gone or whose note is broken', async () => {
    const folder = await temporaryFolder();
    const cache = createImageCache(folder, hastyClock);
    const path = await keep(cache, 'a', 'one');
    await writeFile(join(path, '../../entry.json'), '{"version":1,"ki');
    expect((await cache.list())[0]?.state).toBe('unfinished');
    expect(await readFile(await keep(cache, 'a', 'two'), 'utf8')).toBe('two');
  });

  it('prunes by choice, by age and by size, and keeps what machines use', async () => {
    const cache = createImageCache(await temporaryFolder(), hastyClock);
    const paths = [await keep(cache, 'old', 'x'.repeat(10_000)), await keep(cache, 'middle', 'x'.repeat(10_000)), await keep(cache, 'new', 'x'.repeat(10_000))];
    for (const [at, path] of paths.entries()) await utimes(join(path, '../../used'), new Date(), new Date(Date.now() - (3 - at) * 3_600_000));
    expect((await cache.list()).map(row => row.label)).toEqual(['new', 'middle', 'old']);
    const inUse = await cache.prune({ unusedForMs: 2.5 * 3_600_000, inUse: [paths[0]!] }, never);
    expect([inUse.removed.length, inUse.kept.map(row => row.label)]).toEqual([0, ['old']]);
    const aged = await cache.prune({ unusedForMs: 2.5 * 3_600_000 }, never);
    expect(aged.removed.map(row => row.label)).toEqual(['old']);
    expect(aged.freedBytes).toBeGreaterThanOrEqual(10_000);
    expect(existsSync(paths[0]!)).toBe(false);
    expect((await cache.prune({ maxBytes: 12_000 }, never)).removed.map(row => row.label)).toEqual(['middle']);
    expect((await cache.prune({ ids: ['image-00000000000000000000000000000000'] }, never)).removed).toEqual([]);
    expect(existsSync(paths[2]!)).toBe(true);
    expect((await cache.prune({}, never)).removed.map(row => row.label)).toEqual(['new']);
    expect(await cache.list()).toEqual([]);
  });

  it('does not prune what is being made', async () => {
    const cache = createImageCache(await temporaryFolder(), hastyClock);
    let release = (): void => undefined;
    let begun = (): void => undefined;
    const isBegun = new Promise<void>(resolve => { begun = resolve; });
    const making = cache.take(identity('a'), async folders => {
      begun();
      await new Promise<void>(resolve => { release = resolve; });
      await mkdir(folders.content);
      await writeFile(join(folders.content, 'f'), 'x');
      return { kind: 'image', label: 'a', source: 's', main: 'f' };
    }, context());
    await isBegun;
    const pruned = await cache.prune({}, never);
    expect([pruned.removed.length, pruned.kept.length]).toEqual([0, 1]);
    release();
    expect(existsSync((await making).path)).toBe(true);
  });

  it('pruning by size never takes more than it must, and takes the oldest', () => {
    const rowArbitrary = fc.record({ sizeBytes: fc.nat(1000), lastUsedAt: fc.nat(1000) });
    fc.assert(fc.property(fc.array(rowArbitrary, { maxLength: 12 }), fc.nat(5000), (facts, maxBytes) => {
      const rows = facts.map((fact, at): CacheRow => ({ ...fact, state: 'unfinished', busy: false, id: String(at), label: '', path: '' }));
      const chosen = choosePruned(rows, { maxBytes }, 1000);
      const left = rows.filter(row => !chosen.includes(row));
      const sum = (some: readonly CacheRow[]): number => some.reduce((total, row) => total + row.sizeBytes, 0);
      expect(sum(left)).toBeLessThanOrEqual(maxBytes);
      const last = chosen.at(-1);
      if (last) expect(sum(left) + last.sizeBytes).toBeGreaterThan(maxBytes);
      for (const row of left) expect(chosen.every(one => one.lastUsedAt <= row.lastUsedAt)).toBe(true);
    }));
  });
});

describe('a lock', () => {
  it('lets one in at a time', async () => {
    const file = join(await temporaryFolder(), 'l.lock');
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    await Promise.all(Array.from({ length: 8 }, (_, at) => withFileLock(file, never, hastyClock, async () => {
      most = Math.max(most, ++inside);
      await pause(3);
      order.push(at);
      inside--;
    })));
    expect([most, order.length]).toEqual([1, 8]);
    expect(existsSync(file)).toBe(false);
  });

  it('of a process that was killed is taken over; of one that lives it is not', async () => {
    const file = join(await temporaryFolder(), 'l.lock');
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    const { hostname } = await import('node:os');
    await writeFile(file, JSON.stringify({ pid: child.pid, host: hostname(), token: 'x' }));
    await utimes(file, new Date(), new Date(Date.now() - 10_000));
    expect(await isLocked(file)).toBe(true);
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(await isLocked(file)).toBe(false);
    expect(await withFileLock(file, never, systemClock, () => Promise.resolve('in'))).toBe('in');
  });

  it('is taken over from a computer that no longer beats', async () => {
    const file = join(await temporaryFolder(), 'l.lock');
    await writeFile(file, JSON.stringify({ pid: 1, host: 'another', token: 'x' }));
    expect(await isLocked(file)).toBe(true);
    await utimes(file, new Date(), new Date(Date.now() - 60_000));
    expect(await withFileLock(file, never, systemClock, () => Promise.resolve('in'))).toBe('in');
  });

  it('ends waiting when cancelled', async () => {
    const file = join(await temporaryFolder(), 'l.lock');
    await writeFile(file, JSON.stringify({ pid: process.pid, host: 'another', token: 'x' }));
    const controller = new AbortController();
    const waiting = withFileLock(file, controller.signal, systemClock, () => Promise.resolve());
    setTimeout(() => { controller.abort(); }, 30);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(existsSync(file)).toBe(true);
  });
});
