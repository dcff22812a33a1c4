import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { hasEnded } from '../../../src/system/hasEnded.ts';

describe('whether a process has ended', () => {
  it('is told of one that lives and of one that is gone', async () => {
    expect(await hasEnded(process.pid)).toBe(false);
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    expect(await hasEnded(child.pid as number)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await hasEnded(child.pid as number)).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')('is told of one whose parent has not looked yet', async () => {
    // The shell starts a child, says its number, and becomes a program that never asks for it.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [said] = await once(parent.stdout, 'data') as [Buffer];
    try {
      await expect.poll(() => hasEnded(Number(said.toString())), { timeout: 5000 }).toBe(true);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
