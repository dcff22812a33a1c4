// What goes wrong on the real tool: a call that never answers, a lock, a full disk, a create that fails at each step.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { MachineId } from '../../../src/machines/machine.ts';
import type { OperationContext } from '../../../src/machines/provider.ts';
import { runProcess } from '../../../src/system/process.ts';
import { virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { useVirtualBox } from './bench.ts';

const missing = virtualBoxMissing();

/** Every file under a folder with its bytes, but for logs. */
function bytesOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) found[path.relative(folder, file)] = readFileSync(file).toString('base64');
  }
  return found;
}

describe.skipIf(missing)(`faults of a real VirtualBox${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const t = useVirtualBox();
  const running: number[] = [];
  afterEach(() => {
    for (const pid of running.splice(0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    }
  });
  /** What a test that failed has left must not be the next one's trouble, nor its own at a second try. */
  afterEach(async context => {
    if (context.task.result?.state !== 'fail') return;
    for (const machine of await t.provider.list(t.signal)) {
      await t.box.call(['controlvm', t.native(machine.id), 'poweroff']);
      await expect.poll(async () => (await t.box.call(['unregistervm', t.native(machine.id), '--delete'])).stderr, { timeout: 20_000 }).not.toContain('locked');
    }
  });

  /** A VBoxManage that does what `script` says; `$real` is the real one. */
  const wrapper = (name: string, script: string): string => {
    const file = path.join(t.box.folder, name);
    writeFileSync(file, `#!/bin/bash\nreal='${t.box.vboxmanage}'\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const processes = (words: string): string[] => spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout.split('\n').filter(line => line.includes(words));

  it('ends a VBoxManage that hangs, with its children, says so, and recovers by itself', async () => {
    const flag = path.join(t.box.folder, 'hang');
    const marker = `98765.${String(process.pid)}`;
    const hanging = wrapper('VBoxManage-hangs', `if [ -e '${flag}' ] && [ "$1" = list ]; then sleep ${marker} & wait; fi\nexec "$real" "$@"`);
    const provider = t.other({ settings: () => ({ executable: hanging, queryTimeoutMs: 6000 }) });
    const id = await t.provider.lifecycle!.create(t.spec('a'), t.context);
    expect((await provider.list(t.signal)).length).toBe(1);
    writeFileSync(flag, '');
    await expect(provider.list(t.signal)).rejects.toMatchObject({ code: 'didNotAnswer' });
    expect(processes(`sleep ${marker}`)).toEqual([]);
    const diagnosis = await provider.diagnose(t.signal);
    expect(diagnosis).toMatchObject({ usable: false, problems: [{ code: 'virtualbox.didNotAnswer' }] });
    spawnSync('rm', [flag]);
    expect((await provider.list(t.signal)).map(machine => machine.id)).toEqual([id]);
    await t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context);
  });

  it('tells not installed, too old, and not allowed apart', async () => {
    const none = t.other({ settings: () => ({ executable: '/nowhere/VBoxManage' }) });
    await expect(none.list(t.signal)).rejects.toMatchObject({ code: 'notInstalled' });
    expect(await none.diagnose(t.signal)).toMatchObject({ usable: false, problems: [{ code: 'virtualbox.notInstalled' }] });
    const old = t.other({ settings: () => ({ executable: wrapper('VBoxManage-old', 'echo 6.0.24r139119') }) });
    expect(await old.diagnose(t.signal)).toMatchObject({ usable: false, version: '6.0.24', problems: [{ code: 'virtualbox.tooOld' }] });
    const denied = wrapper('VBoxManage-denied', 'exit 0');
    chmodSync(denied, 0o644);
    expect(await t.other({ settings: () => ({ executable: denied }) }).diagnose(t.signal)).toMatchObject({ usable: false, problems: [{ code: 'virtualbox.noPermission' }] });
  });

  it('says that a machine is locked by another session, changes nothing, and works once it is free', async () => {
    const id = await t.provider.lifecycle!.create(t.spec('locked', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
    await t.provider.power.start(id, {}, t.context);
    await expect(t.provider.lifecycle!.rename!(id, 'other', t.context)).rejects.toMatchObject({ code: 'locked' });
    await expect(t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context)).rejects.toMatchObject({ code: 'wrongState' });
    await t.provider.power.powerOff(id, t.context);
    // A command that waits while it holds the lock stands for a settings window left open.
    const release = await holdLock(t.native(id));
    await expect(t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context)).rejects.toMatchObject({ code: 'locked' });
    expect((await t.machine(id)).name).toBe('locked');
    t.records.length = 0;
    const renaming = t.provider.lifecycle!.rename!(id, 'renamed', t.context);
    await expect.poll(() => t.records.filter(record => record.text.includes('--name renamed')).length, { timeout: 10_000 }).toBeGreaterThan(1);
    await release();
    await renaming;
    expect((await t.machine(id)).name).toBe('renamed');
    await t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context);
  });

  /** A real VBoxManage that has locked the machine and then waits for a pipe, in which it looks for an icon. Resolves with what ends it. */
  async function holdLock(uuid: string): Promise<() => Promise<void>> {
    const pipe = path.join(t.box.folder, 'icon');
    spawnSync('mkfifo', [pipe]);
    const isLocked = async (): Promise<boolean> => (await t.box.call(['modifyvm', uuid, '--cpus', '1'])).stderr.includes('already locked');
    let holder: { gone: boolean; readonly ended: Promise<void>; end(): void } = { gone: true, ended: Promise.resolve(), end: () => undefined };
    // The session of a machine that was just powered off, or looked at here, closes a moment later: a holder that came too early ends by itself.
    await expect.poll(async () => {
      if (holder.gone && await isLocked()) return false;
      if (holder.gone) {
        const child = spawn(t.box.vboxmanage, ['modifyvm', uuid, '--icon-file', pipe], { env: t.box.env, stdio: 'ignore' });
        running.push(child.pid as number);
        const ended = new Promise<void>(resolve => { child.once('exit', () => { resolve(); }); });
        const own = { ended, end: () => { child.kill('SIGKILL'); }, gone: false };
        void ended.then(() => { own.gone = true; });
        holder = own;
        await setTimeout(500);
      }
      return await isLocked() && !holder.gone;
    }, { timeout: 30_000 }).toBe(true);
    return async () => {
      holder.end();
      await holder.ended;
    };
  }

  it('takes everything back when the disk is full', async ({ skip }) => {
    const small = path.join(t.box.folder, 'small');
    mkdirSync(small);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]).status !== 0) skip('a small file system needs the right to mount one');
    try {
      const free = (): number => Number(spawnSync('df', ['--output=avail', '-k', small], { encoding: 'utf8' }).stdout.split('\n')[1]);
      const before = free();
      // A raw image of 8 MiB that must be copied to a volume of 3.
      const raw = path.join(t.box.folder, 'eight.img');
      writeFileSync(raw, Buffer.alloc(8 * 2 ** 20, 7));
      const spec = t.spec('full', { source: { kind: 'image', url: raw, path: raw }, disks: [{ sizeBytes: 8 * 2 ** 20, storage: small }] });
      const error = await t.provider.lifecycle!.create(spec, t.context).then(() => undefined, (thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'noSpace' });
      expect(readdirSync(small)).toEqual([]);
      expect(free()).toBe(before);
      expect(await t.provider.list(t.signal)).toEqual([]);
      expect(existsSync(path.join(t.box.machineFolder, 'full'))).toBe(false);
    } finally {
      spawnSync('umount', ['-l', small]);
    }
  });

  describe('a create that fails at each step in turn, beside a machine of the same name', () => {
    let other: MachineId;
    let before: Record<string, string>;
    const strays = ['stray.txt', 'twin.vdi'];
    const spec = () => t.spec('twin', {
      disks: [{ sizeBytes: 2 ** 20 }, { sizeBytes: 2 ** 20 }], tags: ['x'], portForwards: [{ guestPort: 22, hostPort: 2299, protocol: 'tcp' }],
      sharedFolders: [{ hostPath: t.box.folder, guestPath: '/host' }], options: { groups: '/new', customize: [['modifyvm', ':id', '--cpuexecutioncap', '90']] },
    });
    const changes = (texts: readonly string[]): number => texts.filter(text => !/ (?:list|showvminfo|--version|locale)\b| -a$/.test(text)).length;

    it('refuses the name in the same group before anything is run', async () => {
      other = await t.provider.lifecycle!.create(t.spec('twin', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
      before = bytesOf(path.join(t.box.machineFolder, 'twin'));
      t.records.length = 0;
      await expect(t.provider.lifecycle!.create(t.spec('twin'), t.context)).rejects.toMatchObject({ code: 'alreadyExists' });
      expect(changes(t.records.map(record => record.text))).toBe(0);
      expect(bytesOf(path.join(t.box.machineFolder, 'twin'))).toEqual(before);
    });

    it('takes back what it made, whichever step fails, and touches nothing else', async () => {
      const registry = path.join(t.box.home, 'VirtualBox.xml');
      const steps = (await t.provider.commands({ verb: 'create', spec: spec() }, t.signal)).length;
      expect(steps).toBeGreaterThanOrEqual(10);
      const listed = (): string[] => [...readFileSync(registry, 'utf8').matchAll(/<MachineEntry[^>]*>/g)].map(match => match[0]);
      const machines = listed();
      for (let failing = 1; failing <= steps; failing++) {
        // Really done by the tool, or not done at all, and reported as failed either way: both halves of "failed midway".
        const after = failing % 2 === 0;
        let change = 0;
        let failed = false;
        const provider = t.other({ run: async (request, signal, hooks) => {
          if (changes([`VBoxManage ${request.args.join(' ')}`]) === 0 || failed) return await runProcess(request, signal, hooks);
          if (++change !== failing) return await runProcess(request, signal, hooks);
          failed = true;
          if (after) await runProcess(request, signal, hooks);
          return { exitCode: 1, stdout: new Uint8Array(), stderr: new TextEncoder().encode('VBoxManage: error: Injected\nVBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005)\n'), durationMs: 1 };
        } });
        await expect(provider.lifecycle!.create(spec(), t.context), `step ${String(failing)}`).rejects.toMatchObject({ code: 'unexpected' });
        expect(listed(), `step ${String(failing)}`).toEqual(machines);
        expect(bytesOf(path.join(t.box.machineFolder, 'twin')), `step ${String(failing)}`).toEqual(before);
        expect(existsSync(path.join(t.box.machineFolder, 'new/twin')), `step ${String(failing)}`).toBe(false);
      }
      expect(await t.box.run(['list', 'hdds'])).not.toContain('/new/');
      expect((await t.provider.list(t.signal)).map(machine => machine.id)).toEqual([other]);
    });

    it('takes back what it made when it is cancelled', async () => {
      const abort = new AbortController();
      const context: OperationContext = { ...t.context, signal: abort.signal, progress: step => { if (step.message === 'Setting up the machine') abort.abort(); } };
      await expect(t.provider.lifecycle!.create(spec(), context)).rejects.toMatchObject({ code: 'cancelled' });
      expect(existsSync(path.join(t.box.machineFolder, 'new/twin'))).toBe(false);
      expect((await t.provider.list(t.signal)).map(machine => machine.id)).toEqual([other]);
    });

    it('leaves files that were in the folder before, also one with the name of the new disk', async () => {
      const folder = path.join(t.box.machineFolder, 'new/twin');
      mkdirSync(folder, { recursive: true });
      for (const stray of strays) writeFileSync(path.join(folder, stray), stray);
      await expect(t.provider.lifecycle!.create(spec(), t.context)).rejects.toMatchObject({ code: 'alreadyExists' });
      expect(readdirSync(folder).sort()).toEqual(strays);
      for (const stray of strays) expect(readFileSync(path.join(folder, stray), 'utf8')).toBe(stray);
      expect(statSync(folder).isDirectory()).toBe(true);
      expect((await t.provider.list(t.signal)).map(machine => machine.id)).toEqual([other]);
    });

    it('and without a failure makes it, beside the first', async () => {
      spawnSync('rm', ['-rf', path.join(t.box.machineFolder, 'new')]);
      const made = await t.provider.lifecycle!.create(spec(), t.context);
      expect((await t.provider.list(t.signal)).map(machine => [machine.name, machine.path ?? []])).toEqual([['twin', []], ['twin', ['new']]]);
      await t.provider.lifecycle!.delete(made, { disks: 'delete' }, t.context);
      expect(bytesOf(path.join(t.box.machineFolder, 'twin'))).toEqual(before);
    });
  });
});
