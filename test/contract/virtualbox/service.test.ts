// VBoxSVC, the service behind every VBoxManage, killed in the middle of its work. A VirtualBox of its own: nothing else depends on what is left.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OperationContext } from '../../../src/machines/provider.ts';
import { virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { useVirtualBox } from './bench.ts';

const missing = virtualBoxMissing();

describe.skipIf(missing)(`the service of a real VirtualBox, killed${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const t = useVirtualBox();

  it('survives its service killed in the middle of an operation: an error, then the truth again', async () => {
    const id = await t.provider.lifecycle!.create(t.spec('killed', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
    let killed = false;
    // The clone's first progress is the moment: VBoxSVC is at work.
    const context: OperationContext = { ...t.context, progress: step => {
      if (step.fraction === undefined || killed) return;
      killed = true;
      for (const { pid, program } of t.box.processes()) if (program.includes('VBoxSVC')) process.kill(pid, 'SIGKILL');
    } };
    await expect(t.provider.cloning!.clone(id, { name: 'half' }, context)).rejects.toMatchObject({ name: 'GaiaError' });
    expect(killed).toBe(true);
    await expect.poll(async () => (await t.provider.list(t.signal)).map(machine => machine.name), { timeout: 20_000 }).toEqual(['killed']).catch((error: unknown) => {
      throw new Error(`VBoxSVC did not come back: ${JSON.stringify(t.box.processes())}\n${readFileSync(path.join(t.box.home, 'VirtualBox.xml'), 'utf8')}`, { cause: error });
    });
    await t.provider.power.start(id, {}, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    await t.provider.power.powerOff(id, t.context);
    await t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context);
  });
});
