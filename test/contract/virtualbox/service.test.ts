// VBoxSVC, the service behind every VBoxManage, killed in the middle of its work. A VirtualBox of its own: nothing else depends on what is left.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../src/machines/provider.ts';
import { virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { useVirtualBox } from './bench.ts';

const missing = virtualBoxMissing();

describe.skipIf(missing)(`the service of a real VirtualBox, ended as it is asked${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const t = useVirtualBox();

  it('asks once more when the service ends just as it is asked, as it does by itself some seconds after its last client', async () => {
    const id = await t.provider.lifecycle!.create(t.spec('asked', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
    const met: string[] = [];
    // The moment at which a call meets the end is some hundredths of a second long, and not the same on every computer: each is tried.
    for (let afterMs = 0; afterMs < 120 && met.length < 3; afterMs += 6) {
      await t.box.run(['list', 'vms']);
      const service = t.box.processes().find(({ program }) => program.includes('VBoxSVC'));
      t.records.length = 0;
      const asked = afterMs % 12 === 0 ? t.other({}).list(t.signal) : t.provider.describe(id, t.signal);
      await new Promise(resolve => setTimeout(resolve, afterMs));
      if (service) process.kill(service.pid, 'SIGTERM');
      const answer = await asked;
      expect('machine' in answer ? answer.machine.name : answer.map(machine => machine.name).join()).toBe('asked');
      met.push(...t.records.filter(record => record.outcome === 'failed').map(record => record.text));
    }
    expect(met).not.toEqual([]);
    await t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context);
  });
});

describe.skipIf(missing)(`the service of a real VirtualBox, killed${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const t = useVirtualBox();

  it('survives its service killed in the middle of an operation: an error, then the truth again', async () => {
    // Enough to copy that the middle of the copying is a moment one can hit. (Killed while it writes settings, VirtualBox can lose them.)
    const raw = path.join(t.box.folder, 'disk.img');
    writeFileSync(raw, randomBytes(256 * 2 ** 20));
    const id = await t.provider.lifecycle!.create(t.spec('killed', { source: { kind: 'image', url: raw, path: raw } }), t.context);
    let killed = false;
    const context: OperationContext = { ...t.context, progress: step => {
      if (killed || step.fraction === undefined || step.fraction < 0.2 || step.fraction > 0.9) return;
      killed = true;
      for (const { pid, program } of t.box.processes()) if (program.includes('VBoxSVC')) process.kill(pid, 'SIGKILL');
    } };
    // On a busy machine the copy may be done by the time the kill lands: then it is done once more.
    let failure: unknown;
    for (let attempt = 1; failure === undefined && attempt <= 8; attempt++) {
      killed = false;
      const made = await t.provider.cloning!.clone(id, { name: 'half' }, context).catch((error: unknown) => { failure = error; return undefined; });
      if (made !== undefined) await t.provider.lifecycle!.delete(made, { disks: 'delete' }, t.context);
    }
    expect(failure).toMatchObject({ name: 'GaiaError' });
    expect(killed).toBe(true);
    await expect.poll(async () => (await t.provider.list(t.signal)).map(machine => [machine.name, machine.state]), { timeout: 60_000 }).toEqual([['killed', 'stopped']]);
    await t.provider.power.start(id, {}, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    await t.provider.power.powerOff(id, t.context);
    await t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context);
  });
});
