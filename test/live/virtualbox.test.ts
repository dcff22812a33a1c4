// The VirtualBox of this computer: a machine of ours goes through its life, and the person's own are the same afterwards.
// GAIA_LIVE_OPTIONS='{"vm-execution-engine":"interpreter"}' adds modifyvm options, for a VirtualBox without its kernel driver.
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import type { MachineId } from '../../src/machines/machine.ts';
import { createVirtualBoxProvider } from '../../src/providers/virtualbox/provider.ts';

const allowed = (process.env['GAIA_LIVE'] ?? '').split(',').includes('virtualbox');

describe.skipIf(!allowed)('the real VirtualBox (needs GAIA_LIVE=virtualbox)', () => {
  const signal = AbortSignal.timeout(300_000);
  const provider = createVirtualBoxProvider({ settings: () => ({}), record: () => undefined });
  const context = { signal, progress: () => undefined, output: () => undefined };
  const options = JSON.parse(process.env['GAIA_LIVE_OPTIONS'] ?? '{}') as Record<string, string>;
  const name = `gaia-live-${randomUUID().slice(0, 8)}`;
  let id: MachineId | undefined;

  const state = async (): Promise<string | undefined> => (await provider.list(signal)).find(machine => machine.id === id)?.state;
  const others = async (): Promise<unknown> => (await provider.list(signal)).filter(machine => machine.id !== id).map(({ id: other, name: label }) => ({ other, label }));

  afterAll(async () => {
    if (id === undefined || await state() === undefined) return;
    await provider.power.powerOff(id, context).catch(() => undefined);
    await provider.lifecycle?.delete(id, { disks: 'delete' }, context);
  });

  it('is usable', async () => {
    expect(await provider.diagnose(signal)).toMatchObject({ usable: true });
  });

  it('makes, starts, pauses, resumes, powers off and deletes a machine, and leaves all others alone', async () => {
    const before = await others();
    id = await provider.lifecycle?.create({
      name, provider: 'virtualbox', source: { kind: 'empty' }, disks: [{ sizeBytes: 64 * 2 ** 20 }], networks: [], portForwards: [], sharedFolders: [], cpus: 1, memoryMiB: 64, options,
    }, context);
    if (id === undefined) throw new Error('nothing was created');
    await provider.power.start(id, {}, context);
    expect(await state()).toBe('running');
    await provider.power.pause?.(id, context);
    expect(await state()).toBe('paused');
    await provider.power.resume?.(id, context);
    expect(await state()).toBe('running');
    await provider.power.powerOff(id, context);
    expect(await state()).toBe('stopped');
    expect(await others()).toEqual(before);
    await provider.lifecycle?.delete(id, { disks: 'delete' }, context);
    expect(await state()).toBeUndefined();
    expect(await others()).toEqual(before);
  });
});
