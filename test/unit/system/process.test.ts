import { describe, expect, it } from 'vitest';
import type { GaiaError } from '../../../src/machines/errors.ts';
import type { RequestRecord } from '../../../src/machines/provider.ts';
import { describeProcess, mask, ProcessCrash, runProcess } from '../../../src/system/process.ts';

const node = (script: string, ...args: string[]): { file: string; args: string[]; timeoutMs: number } => ({ file: process.execPath, args: ['-e', script, ...args], timeoutMs: 10_000 });
const never = new AbortController().signal;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const gone = async (pid: number): Promise<void> => {
  const end = Date.now() + 5000;
  while (isAlive(pid) && Date.now() < end) await new Promise(resolve => setTimeout(resolve, 20));
  expect(isAlive(pid)).toBe(false);
};
/** A parent that starts a child which never ends, says its pid, and waits. */
const family = `const { spawn } = require('child_process'); const c = spawn(process.execPath, ['-e', 'setInterval(()=>{},1000)'], { stdio: 'inherit' }); console.log(c.pid); setInterval(()=>{},1000)`;

describe('running a program', () => {
  it('gives exit code and bytes, and takes a non-zero exit as an answer', async () => {
    const result = await runProcess(node(`process.stdout.write(Buffer.from([0xff,0,0x41])); process.stderr.write('e'); process.exitCode = 3`), never);
    expect(result.exitCode).toBe(3);
    expect([...result.stdout]).toEqual([0xff, 0, 0x41]);
    expect(text(result.stderr)).toBe('e');
  });

  it('passes hostile arguments as they are, through no shell', async () => {
    const hostile = ['a b', '"q"', "it's", '$(echo x)', '`x`', '*', 'a\nb', '', 'ü😀', '%PATH%', '&& echo x', '\\'];
    const result = await runProcess(node('console.log(JSON.stringify(process.argv.slice(1)))', '--', ...hostile), never);
    expect(JSON.parse(text(result.stdout)) as unknown).toEqual(hostile);
  });

  it('feeds stdin, and closes it when there is none', async () => {
    const echo = `process.stdin.pipe(process.stdout)`;
    expect(text((await runProcess({ ...node(echo), stdin: 'hello' }, never)).stdout)).toBe('hello');
    expect(text((await runProcess(node(echo), never)).stdout)).toBe('');
  });

  it('ends the program and its children at the time-out', async () => {
    let child = 0;
    const running = runProcess({ ...node(family), timeoutMs: 700 }, never, { stdout: chunk => { child = Number(text(chunk)); } });
    await expect(running).rejects.toMatchObject({ code: 'didNotAnswer' });
    expect(child).toBeGreaterThan(0);
    await gone(child);
  });

  it('ends the program and its children on cancel', async () => {
    const abort = new AbortController();
    let child = 0;
    const running = runProcess(node(family), abort.signal, { stdout: chunk => { child = Number(text(chunk)); abort.abort(); } });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await gone(child);
  });

  it('forces what does not listen to being asked', async () => {
    const stubborn = `process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(()=>{},1000)`;
    let pid = 0;
    await expect(runProcess({ ...node(stubborn), timeoutMs: 500 }, never, { stdout: chunk => { pid = Number(text(chunk)); } })).rejects.toMatchObject({ code: 'didNotAnswer' });
    await gone(pid);
  });

  it.skipIf(process.platform === 'win32')('tells a program that broke down from one that somebody ended', async () => {
    const crash = await runProcess(node(`process.kill(process.pid, 'SIGSEGV')`), never).catch((error: unknown) => error);
    expect(crash).toMatchObject({ code: 'unexpected', message: expect.stringContaining('crashed (SIGSEGV)') as string });
    expect((crash as GaiaError).detail.cause).toBeInstanceOf(ProcessCrash);
    const ended = await runProcess(node(`process.kill(process.pid, 'SIGKILL')`), never).catch((error: unknown) => error);
    expect(ended).toMatchObject({ message: expect.stringContaining('was ended from outside (SIGKILL)') as string });
    expect((ended as GaiaError).detail.cause).toBeUndefined();
  });

  it('does not start anything when it is cancelled already', async () => {
    await expect(runProcess(node(''), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('tells a missing program from one that may not be run', async () => {
    await expect(runProcess({ file: '/no/such/program', args: [], timeoutMs: 1000 }, never)).rejects.toMatchObject({ code: 'notInstalled' });
    await expect(runProcess({ file: '/etc/passwd', args: [], timeoutMs: 1000 }, never)).rejects.toMatchObject({ code: 'noPermission' });
  });

  it('records each request with time, status and outcome, secrets masked everywhere', async () => {
    const records: RequestRecord[] = [];
    const secret = 's3cr#t';
    const request = { ...node(`console.error(process.argv[1]); process.exitCode = 1`, secret), secrets: [secret] };
    await runProcess(request, never, { record: r => { records.push(r); } });
    const failing = await runProcess({ file: `/no/${secret}`, args: [], timeoutMs: 1000, secrets: [secret] }, never, { record: r => { records.push(r); } }).catch((e: unknown) => e);
    expect(records.map(r => [r.outcome, r.status])).toEqual([['failed', 1], ['failed', undefined]]);
    expect(records[0]?.durationMs).toBeGreaterThan(0);
    expect(JSON.stringify(records)).not.toContain(secret);
    expect((failing as GaiaError).detail.raw).not.toContain(secret);
  });
});

describe('a request as text', () => {
  it('could be pasted into a shell', () => {
    expect(describeProcess({ file: '/usr/bin/VBoxManage', args: ['startvm', `we"b 'ü' <1>`] }).text).toBe(`VBoxManage startvm 'we"b '\\''ü'\\'' <1>'`);
  });

  it('masks secrets, the empty one included', () => {
    expect(mask('a secret b secret', ['secret', ''])).toBe('a *** b ***');
  });
});
