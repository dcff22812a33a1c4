// A window (its extension host) that is killed while it fetches, unpacks or converts: what is left is listed, never taken for whole, and the next window goes on.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImages } from '../../../src/images/images.ts';
import { startImageServer } from '../../rig/imageServer.ts';
import type { ImageServer } from '../../rig/imageServer.ts';
import { box } from '../../unit/images/boxes.ts';
import { context, noise } from '../../unit/images/folders.ts';
import { temporaryFolder } from './tools.ts';

let server: ImageServer;
beforeAll(async () => { server = await startImageServer(); });
afterAll(async () => { await server.close(); });

/** A process that resolves `source` and prints each step. */
async function window(folder: string, source: object): Promise<ChildProcess> {
  const program = join(folder, 'window.mjs');
  await build({
    stdin: { contents: `
import { createImages } from './src/images/images.ts';
const [cacheFolder, source] = process.argv.slice(2);
const images = createImages({ cacheFolder, record: () => {} });
await images.resolve(JSON.parse(source), { provider: 'virtualbox' }, { signal: new AbortController().signal, progress: step => console.log(step.message), output: () => {} });
console.log('done');`, resolveDir: join(import.meta.dirname, '../../..'), loader: 'ts' },
    bundle: true, platform: 'node', format: 'esm', outfile: program, logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return spawn(process.execPath, [program, join(folder, 'cache'), JSON.stringify(source)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function killAt(child: ChildProcess, step: string): Promise<void> {
  const ended = new Promise<string>(resolve => child.once('exit', (_code, signal) => { resolve(signal ?? 'ended by itself'); }));
  child.stdout?.on('data', (text: Buffer) => { if (text.toString().includes(step)) child.kill('SIGKILL'); });
  expect(await ended).toBe('SIGKILL');
}

describe('a window that is killed', () => {
  it('while it downloads: the next one goes on from there', async () => {
    const folder = await temporaryFolder();
    const body = await box({ './big.bin': noise(4_000_000) });
    const url = server.serve('/kill/a.box', request => ({ body, ...(request === 0 ? { chunkBytes: 50_000, delayMs: 60 } : {}) }));
    await killAt(await window(folder, { kind: 'box', name: 'x', url }), 'Downloading');
    const images = createImages({ cacheFolder: join(folder, 'cache'), record: () => undefined });
    expect((await images.cached()).map(row => row.state)).toEqual(['unfinished']);
    expect(await images.boxes()).toEqual([]);
    await images.resolve({ kind: 'box', name: 'x', url }, { provider: 'virtualbox' }, context());
    expect(server.seenAt('/kill/a.box')[1]?.headers.range).toMatch(/^bytes=[1-9]/);
    expect((await images.cached()).map(row => row.state)).toEqual(['whole']);
  });

  it('while it unpacks: the download is not made twice, and nothing half unpacked is used', async () => {
    const folder = await temporaryFolder();
    // Much to unpack, little to download.
    const body = await box({ './zeros.bin': Buffer.alloc(600_000_000, 'abcd') });
    const url = server.serve('/kill/b.box', { body });
    await killAt(await window(folder, { kind: 'box', name: 'x', url }), 'Unpacking');
    const images = createImages({ cacheFolder: join(folder, 'cache'), record: () => undefined });
    const [row] = await images.cached();
    expect(row?.state).toBe('unfinished');
    await images.resolve({ kind: 'box', name: 'x', url }, { provider: 'virtualbox' }, context());
    expect(server.seenAt('/kill/b.box').length).toBe(1);
    expect((await images.cached()).map(one => one.state)).toEqual(['whole']);
  });

  it('can be cleaned up after', async () => {
    const folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'disk.img.gz');
    const disk = Buffer.alloc(600_000_000, 'abcd');
    disk.write('\x55\xaa', 510, 'latin1');
    await writeFile(file, gzipSync(disk, { level: 1 }));
    await killAt(await window(folder, { kind: 'image', url: file }), 'Unpacking');
    const images = createImages({ cacheFolder: join(folder, 'cache'), record: () => undefined });
    // Until its lock is old, it counts as being made.
    let pruned = await images.prune({}, new AbortController().signal);
    for (const until = Date.now() + 15_000; pruned.removed.length === 0 && Date.now() < until;) {
      expect(pruned.kept.length).toBe(1);
      await new Promise(resolve => setTimeout(resolve, 300));
      pruned = await images.prune({}, new AbortController().signal);
    }
    expect(pruned.removed.map(row => row.state)).toEqual(['unfinished']);
    expect(await images.cached()).toEqual([]);
  });
});
