// One window at a time with the machines of a file.
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLocked } from '../../../src/system/fileLock.ts';
import { fileNameOf, Turns } from '../../../src/ui/plan/turns.ts';

const never = new AbortController().signal;
const file = 'file:///lab/my%20web.gaia.json';
const other = 'file:///lab/db.gaia.json';

describe('the turns of two windows with a file', () => {
  let folder: string;
  let program: string;
  const windows: ChildProcessWithoutNullStreams[] = [];
  const openWindow = async (of = file): Promise<ChildProcessWithoutNullStreams> => {
    const child = spawn(process.execPath, [program, path.join(folder, 'locks'), of]);
    windows.push(child);
    const [said] = await once(child.stdout, 'data') as [Buffer];
    expect(said.toString().trim()).toBe('in');
    return child;
  };
  const end = async (child: ChildProcessWithoutNullStreams, how: 'answer' | 'kill'): Promise<void> => {
    const gone = once(child, 'exit');
    if (how === 'kill') child.kill('SIGKILL');
    else child.stdin.write('go on\n');
    await gone;
  };

  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-turns-'));
    program = path.join(folder, 'window.mjs');
    buildSync({ entryPoints: [path.join(import.meta.dirname, 'turnChild.ts')], outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  });
  afterAll(() => {
    for (const child of windows) if (child.exitCode === null) child.kill('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('are refused at once, with a word for it, while another window works; nothing is begun', async () => {
    const window = await openWindow();
    const turns = new Turns(path.join(folder, 'locks'));
    let begun = false;
    const started = Date.now();
    await expect(turns.take(file, never, async () => { begun = true; })).rejects.toMatchObject({ code: 'locked', message: '“my web.gaia.json” is being applied in another window.', detail: { hint: expect.stringContaining('try again') as string } });
    expect(Date.now() - started).toBeLessThan(2000);
    expect([begun, turns.has(file)]).toEqual([false, false]);
    expect(await isLocked(turns.lockOf(file)), 'the other one keeps it').toBe(true);
    expect(await turns.take(other, never, async () => 'another file'), 'other files have their own').toBe('another file');
    await end(window, 'answer');
    expect(await turns.take(file, never, async () => 'my turn')).toBe('my turn');
    expect(fs.readdirSync(path.join(folder, 'locks'))).toEqual([]);
  });

  it('are not kept by a window that has crashed', async () => {
    const window = await openWindow();
    await end(window, 'kill');
    const turns = new Turns(path.join(folder, 'locks'));
    expect(fs.existsSync(turns.lockOf(file)), 'it left its lock').toBe(true);
    expect(await turns.take(file, never, async () => 'my turn')).toBe('my turn');
  });

  it('end with the work, also when that fails', async () => {
    const turns = new Turns(path.join(folder, 'locks'));
    await expect(turns.take(file, never, async () => { throw new Error('no'); })).rejects.toThrow('no');
    expect(turns.has(file)).toBe(false);
    await turns.take(file, never, async () => {
      expect(turns.has(file)).toBe(true);
      await expect(turns.take(file, never, async () => undefined), 'nor twice in one window').rejects.toMatchObject({ code: 'locked' });
    });
    expect(fs.readdirSync(path.join(folder, 'locks'))).toEqual([]);
  });

  it('are not waited for by who has cancelled', async () => {
    const window = await openWindow();
    const turns = new Turns(path.join(folder, 'locks'));
    await expect(turns.take(file, AbortSignal.abort(), async () => undefined)).rejects.toMatchObject({ name: 'AbortError' });
    await end(window, 'answer');
  });
});

describe('the name of a file for a person', () => {
  it('is the last word of its address, whatever that is', () => {
    expect(['file:///a/b%20c.gaia.json', 'gaia-api:/default', 'x%', ''].map(fileNameOf)).toEqual(['b c.gaia.json', 'default', 'x%', '']);
  });
});
