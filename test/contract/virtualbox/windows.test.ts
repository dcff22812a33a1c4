// Starts that show the machine in VirtualBox's own window, on a real display without a screen (Xvfb): with the window, and with one that can be closed.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MachineId } from '../../../src/machines/machine.ts';
import { virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { useVirtualBox } from './bench.ts';

const missing = virtualBoxMissing({ windows: true });

describe.skipIf(missing)(`a machine in a window of a real VirtualBox${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let display: ChildProcess;
  // Before VirtualBox's service starts: it hands its environment to the windows.
  beforeAll(async () => {
    display = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [number] = await once(display.stdout as NodeJS.ReadableStream, 'data') as [Buffer];
    Object.assign(process.env, { DISPLAY: `:${number.toString().trim()}`, QT_QPA_PLATFORM: 'xcb', LIBGL_ALWAYS_SOFTWARE: '1' });
  });
  const t = useVirtualBox({ windows: true });
  let id: MachineId;
  beforeAll(async () => {
    id = await t.provider.lifecycle!.create(t.spec('shown', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
  });
  afterEach(async () => {
    await t.provider.power.powerOff(id, t.context);
    // A detachable window closes a moment after its machine.
    await expect.poll(programs, { timeout: 20_000 }).toEqual([]);
  });
  // Registered last, so run first: the display stays until VirtualBox has closed its windows.
  afterAll(() => new Promise<void>(resolve => {
    setTimeout(() => { display.kill(); resolve(); }, 0);
  }));

  const info = async (): Promise<string> => t.box.run(['showvminfo', t.native(id), '--machinereadable']);
  const programs = (): string[] => t.box.processes().map(({ program }) => program).filter(program => program === 'VirtualBoxVM' || program === 'VBoxHeadless').sort();
  const window = (): number | undefined => t.box.processes().find(({ program }) => program === 'VirtualBoxVM')?.pid;

  it('starts with the window, which belongs to the machine', async () => {
    await t.provider.power.start(id, { mode: 'gui' }, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    expect(await info()).toContain('SessionName="GUI/Qt"');
    expect(programs()).toEqual(['VirtualBoxVM']);
    expect((await t.machine(id)).state).toBe('running');
    // It shows itself: the console has nothing to open, and fails on no lock.
    expect(await t.provider.console!.open(id, t.context)).toEqual({ kind: 'external' });
    await t.provider.power.pause!(id, t.context);
    expect((await t.machine(id)).state).toBe('paused');
    await t.provider.power.powerOff(id, t.context);
    // The lock is free at once.
    await t.box.run(['modifyvm', t.native(id), '--memory', '64']);
    expect(programs()).toEqual([]);
  });

  it('starts detachable: the machine outlives its window', async () => {
    await t.provider.power.start(id, { mode: 'detachable' }, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    await expect.poll(programs, { timeout: 10_000 }).toEqual(['VBoxHeadless', 'VirtualBoxVM']);
    process.kill(window() as number, 'SIGKILL');
    await expect.poll(programs, { timeout: 10_000 }).toEqual(['VBoxHeadless']);
    expect(await t.box.state(t.native(id))).toBe('running');
  });

  it('shows a machine that was started without a window', async () => {
    await t.provider.power.start(id, { mode: 'headless' }, t.context);
    expect(programs()).toEqual(['VBoxHeadless']);
    await t.provider.console!.open(id, t.context);
    await expect.poll(programs, { timeout: 10_000 }).toEqual(['VBoxHeadless', 'VirtualBoxVM']);
  });

  it('comes back in its window when a snapshot is restored', async () => {
    const snapshot = await t.provider.snapshots!.take(id, { name: 'clean' }, t.context);
    await t.provider.power.start(id, { mode: 'gui' }, t.context);
    await t.provider.snapshots!.restore(id, snapshot, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    expect(await info()).toContain('SessionName="GUI/Qt"');
    await t.provider.power.suspend!(id, t.context);
    expect((await t.machine(id)).state).toBe('suspended');
    await t.provider.extras!.find(extra => extra.id === 'discardSavedState')!.run(id, undefined, t.context);
  });
});
