// Snapshots, clones, appliances, boxes and images on a real VirtualBox: what is made, and what of other machines stays as it was.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { MachineId, Snapshot } from '../../../src/machines/machine.ts';
import type { OperationContext, Provider } from '../../../src/machines/provider.ts';
import { runProcess } from '../../../src/system/process.ts';
import { Journal, leftBy } from '../../../src/ui/plan/journal.ts';
import type { JournalEntry } from '../../../src/ui/plan/journal.ts';
import { virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { useVirtualBox } from './bench.ts';

const missing = virtualBoxMissing();
const shape = (snapshots: readonly Snapshot[]): unknown => snapshots.map(({ name, current, children }) => [name, ...(current ? ['*'] : []), ...(children.length > 0 ? [shape(children)] : [])]);

describe.skipIf(missing)(`snapshots, clones and appliances on a real VirtualBox${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const t = useVirtualBox();
  let id: MachineId;
  let linked: MachineId;
  let first: string;
  let second: string;

  it('takes snapshots of a machine that is off, with any name and description', async () => {
    id = await t.provider.lifecycle!.create(t.spec('base', { disks: [{ sizeBytes: 16 * 2 ** 20 }] }), t.context);
    first = await t.provider.snapshots!.take(id, { name: 'we"b \'ü\' <1>', description: 'line\n"two" & more' }, t.context);
    second = await t.provider.snapshots!.take(id, { name: 'second' }, t.context);
    const list = await t.provider.snapshots!.list(id, t.signal);
    expect(shape(list)).toEqual([['we"b \'ü\' <1>', [['second', '*']]]]);
    expect(list[0]).toMatchObject({ id: first, description: 'line\n"two" & more', withMemory: false, createdAt: expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:]+Z$/) as string });
    expect((await t.machine(id)).snapshotCount).toBe(2);
  });

  it('takes one of a running machine with its memory, and leaves it running', async () => {
    await t.provider.power.start(id, {}, t.context);
    const live = await t.provider.snapshots!.take(id, { name: 'live' }, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    const tree = await t.provider.snapshots!.list(id, t.signal);
    expect(tree[0]?.children[0]?.children[0]).toMatchObject({ id: live, withMemory: true, current: true });
  });

  it('restores one while the machine runs, which runs again afterwards; branches show', async () => {
    await t.provider.snapshots!.restore(id, first, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    await t.provider.power.powerOff(id, t.context);
    await t.provider.snapshots!.take(id, { name: 'branch' }, t.context);
    expect(shape(await t.provider.snapshots!.list(id, t.signal))).toEqual([['we"b \'ü\' <1>', [['second', [['live']]], ['branch', '*']]]]);
  });

  it('renames one, refuses to delete one with two children, deletes others', async () => {
    await t.provider.snapshots!.edit!(id, second, { name: 'renamed "q"', description: 'new' }, t.context);
    await expect(t.provider.snapshots!.delete(id, first, t.context)).rejects.toMatchObject({ code: 'wrongState' });
    await t.provider.snapshots!.delete(id, second, t.context);
    expect(shape(await t.provider.snapshots!.list(id, t.signal))).toEqual([['we"b \'ü\' <1>', [['branch', '*'], ['live']]]]);
    await expect(t.provider.snapshots!.restore(id, second, t.context)).rejects.toMatchObject({ code: 'notFound' });
  });

  it('clones it linked and whole', async () => {
    linked = await t.provider.cloning!.clone(id, { name: 'linked ü', linked: true, snapshot: first }, t.context);
    const whole = await t.provider.cloning!.clone(id, { name: 'whole' }, t.context);
    expect((await t.provider.list(t.signal)).map(machine => machine.name).sort()).toEqual(['base', 'linked ü', 'whole']);
    expect((await t.provider.describe(linked, t.signal)).disks[0]?.extra?.['parent']).toBeDefined();
    expect((await t.provider.describe(whole, t.signal)).disks[0]?.extra?.['parent']).toBeUndefined();
    await expect(t.provider.cloning!.clone(id, { name: 'whole' }, t.context)).rejects.toMatchObject({ code: 'alreadyExists' });
    await t.provider.lifecycle!.delete(whole, { disks: 'delete' }, t.context);
  });

  it('needs a snapshot for a linked clone, and takes one only when it may', async () => {
    const plain = await t.provider.lifecycle!.create(t.spec('plain', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
    expect(await t.provider.cloning!.refusal!(plain, { linked: true }, t.signal)).toMatch(/snapshot/);
    await expect(t.provider.cloning!.clone(plain, { name: 'c', linked: true }, t.context)).rejects.toMatchObject({ code: 'wrongState' });
    expect((await t.machine(plain)).snapshotCount).toBe(0);
    const clone = await t.provider.cloning!.clone(plain, { name: 'c', linked: true, takeSnapshot: true }, t.context);
    expect((await t.machine(plain)).snapshotCount).toBe(1);
    await t.provider.lifecycle!.delete(clone, { disks: 'delete' }, t.context);
    await t.provider.lifecycle!.delete(plain, { disks: 'delete' }, t.context);
  });

  it('takes back the snapshot of a linked clone that is cancelled or fails, and no other', async () => {
    const plain = await t.provider.lifecycle!.create(t.spec('plain', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
    await t.provider.snapshots!.take(plain, { name: 'Base of c', description: 'mine' }, t.context);
    // Else the snapshot that is there would do.
    await t.provider.power.start(plain, {}, t.context);
    await t.provider.power.powerOff(plain, t.context);
    const before = await t.provider.snapshots!.list(plain, t.signal);
    const disks = async (): Promise<string[]> => [...(await t.box.run(['list', 'hdds'])).matchAll(/^UUID: +(\S+)/gm)].map(match => match[1] as string).sort();
    const media = (await disks()).length;
    let taken = 0;
    /** A clone that ends `afterMs` after VBoxManage was started for `step`. */
    const cutOff = async (step: 'take' | 'clonevm', afterMs: number): Promise<unknown> => {
      const abort = new AbortController();
      const provider = t.other({ run: async (request, signal, hooks) => {
        if (request.args.includes(step)) setTimeout(() => { abort.abort(); }, afterMs);
        const result = await runProcess(request, signal, hooks);
        if (request.args[0] === 'snapshot' && request.args[2] === 'take') taken++;
        // It was faster than the one who cancelled.
        if (request.args.includes(step)) await new Promise(resolve => { setTimeout(resolve, afterMs); });
        return result;
      } });
      return provider.cloning!.clone(plain, { name: 'c', linked: true, takeSnapshot: true }, { ...t.context, signal: abort.signal }).then(() => 'done', (error: unknown) => (error instanceof GaiaError && error.code !== 'partial' ? error.code : error));
    };
    for (const [step, afterMs] of [['take', 0], ['take', 60], ['clonevm', 0], ['clonevm', 70]] as const) {
      expect(await cutOff(step, afterMs), `${step} ${String(afterMs)}`).toBe('cancelled');
      expect(await t.provider.snapshots!.list(plain, t.signal), `${step} ${String(afterMs)}`).toEqual(before);
      expect(existsSync(path.join(t.box.machineFolder, 'c'))).toBe(false);
    }
    expect(taken).toBeGreaterThan(0);
    // Ended when it had made the copy, and before it registered it.
    const unregistering = t.other({ run: async (request, signal, hooks) => {
      if (request.args[0] !== 'clonevm') return runProcess(request, signal, hooks);
      await runProcess({ ...request, args: request.args.filter(word => word !== '--register') }, signal, hooks);
      throw new GaiaError('cancelled', { message: 'Cancelled.' });
    } });
    await expect(unregistering.cloning!.clone(plain, { name: 'c', linked: true, takeSnapshot: true }, t.context)).rejects.toMatchObject({ code: 'cancelled' });
    expect(await t.provider.snapshots!.list(plain, t.signal)).toEqual(before);
    expect(existsSync(path.join(t.box.machineFolder, 'c'))).toBe(false);
    // The settings file of another machine is in the way.
    mkdirSync(path.join(t.box.machineFolder, 'c'));
    writeFileSync(path.join(t.box.machineFolder, 'c', 'c.vbox'), 'not ours');
    await expect(t.provider.cloning!.clone(plain, { name: 'c', linked: true, takeSnapshot: true }, t.context)).rejects.not.toMatchObject({ code: 'partial' });
    expect(readFileSync(path.join(t.box.machineFolder, 'c', 'c.vbox'), 'utf8')).toBe('not ours');
    expect(await t.provider.snapshots!.list(plain, t.signal)).toEqual(before);
    expect(await disks()).toHaveLength(media);
    expect((await t.provider.list(t.signal)).map(machine => machine.name)).not.toContain('c');
    rmSync(path.join(t.box.machineFolder, 'c'), { recursive: true });
    // Of a machine that runs, and goes on.
    await t.provider.power.start(plain, {}, t.context);
    const failing = t.other({ run: async (request, signal, hooks) => {
      if (request.args[0] === 'clonevm') throw new GaiaError('cancelled', { message: 'Cancelled.' });
      return runProcess(request, signal, hooks);
    } });
    t.records.length = 0;
    await expect(failing.cloning!.clone(plain, { name: 'c', takeSnapshot: true }, t.context)).rejects.toMatchObject({ code: 'cancelled' });
    expect(t.records.some(record => record.text.includes(' take '))).toBe(true);
    expect(await t.provider.snapshots!.list(plain, t.signal)).toEqual(before);
    expect(await t.box.state(t.native(plain))).toBe('running');
    await t.provider.power.powerOff(plain, t.context);
    await t.provider.lifecycle!.delete(plain, { disks: 'delete' }, t.context);
  });

  it('has written down what a clone or an import makes, so that all of it is found when the process ends at any step', async () => {
    const plain = await t.provider.lifecycle!.create(t.spec('plain', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
    await t.provider.snapshots!.take(plain, { name: 'Base of c', description: 'mine' }, t.context);
    await t.provider.power.start(plain, {}, t.context);
    await t.provider.power.powerOff(plain, t.context);
    const file = path.join(t.box.folder, 'plain.ova');
    await t.provider.appliances!.export([plain], file, t.context);
    const snapshots = await t.provider.snapshots!.list(plain, t.signal);
    const world = async (): Promise<unknown> => ({
      machines: (await t.provider.list(t.signal)).map(machine => machine.name).sort(),
      // What a snapshot that goes is merged into has another name, and holds the same.
      disks: [...(await t.box.run(['list', 'hdds'])).matchAll(/^Location: +(.*)$/gm)].map(match => match[1]?.replace(/\{.*\}/, '{}')).sort(),
      folders: readdirSync(t.box.machineFolder).sort(),
      snapshots: await t.provider.snapshots!.list(plain, t.signal),
    });
    const before = await world();
    const known = (await t.provider.list(t.signal)).map(machine => machine.id);
    /** As if the process had ended after the change of this number: nothing is asked or changed any more. */
    const ended = async (changes: number, work: (provider: Provider, context: OperationContext, reserved: string) => Promise<unknown>): Promise<JournalEntry | undefined> => {
      let left = changes;
      const journal = new Journal(path.join(t.box.folder, 'making'));
      const entry = await journal.begin(undefined, { name: 'c', provider: 'virtualbox' }, known);
      const stopped = await new Promise<boolean>((resolve, reject) => {
        const provider = t.other({ run: async (request, signal, hooks) => {
          if (left === 0) {
            resolve(true);
            return new Promise(() => undefined);
          }
          const isChange = ['snapshot', 'clonevm', 'import', 'modifyvm'].includes(request.args[0] ?? '') && !request.args.includes('--dry-run');
          // Copied, and not registered any more.
          const result = await runProcess(changes === 2 && request.args[0] === 'clonevm' ? { ...request, args: request.args.filter(word => word !== '--register') } : request, signal, hooks);
          if (isChange) left--;
          return result;
        } });
        work(provider, { ...t.context, intend: intents => journal.intend(entry, intents) }, entry.token).then(() => { resolve(false); }, reject);
      });
      const written = (await new Journal(path.join(t.box.folder, 'making')).interrupted())[0];
      if (!stopped) await journal.end(entry);
      return stopped ? written : undefined;
    };
    const cleanUp = async (entry: JournalEntry): Promise<void> => {
      for (const { machine, sure } of leftBy(entry, await t.provider.list(t.signal), () => false)) {
        expect(sure).toBe(true);
        await t.provider.lifecycle!.delete(machine.id, { disks: 'delete' }, t.context);
      }
      await t.provider.lifecycle!.removeRemains!(await t.provider.lifecycle!.remains!(entry.intents, t.signal), t.context);
      expect(await t.provider.lifecycle!.remains!(entry.intents, t.signal)).toEqual([]);
      await new Journal(path.join(t.box.folder, 'making')).end(entry);
    };
    const clone = (provider: Provider, context: OperationContext, reserved: string): Promise<unknown> => provider.cloning!.clone(plain, { name: 'c', linked: true, takeSnapshot: true, reserved }, context);
    const bring = (provider: Provider, context: OperationContext, reserved: string): Promise<unknown> => provider.appliances!.import(file, { name: 'c', reserved }, context);
    for (const [changes, work] of [[1, clone], [2, clone], [1, bring], [2, bring]] as const) {
      const at = `${work === clone ? 'clone' : 'import'}, change ${String(changes)}`;
      const entry = await ended(changes, work);
      // The import has nothing more to ask after its last change: it is whole, and nothing is left to be found.
      if (work === bring && changes === 2) {
        expect(entry, at).toBeUndefined();
        continue;
      }
      expect(await world(), at).not.toEqual(before);
      await cleanUp(entry!);
      expect(await world(), at).toEqual(before);
    }
    expect(await t.provider.snapshots!.list(plain, t.signal)).toEqual(snapshots);
    for (const machine of await t.provider.list(t.signal)) if (machine.name === 'c' || machine.id === plain) await t.provider.lifecycle!.delete(machine.id, { disks: 'delete' }, t.context);
  });

  it('refuses to delete the base of a linked clone, before VirtualBox loses it', async () => {
    expect((await t.provider.lifecycle!.deletionPreview(id, t.signal)).refused).toContain('linked ü');
    await expect(t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context)).rejects.toMatchObject({ code: 'protected' });
    expect((await t.machine(id)).name).toBe('base');
  });

  it('deletes the clone with its disks, and nothing of its base', async () => {
    const before = (await t.provider.describe(id, t.signal)).disks[0]?.location as string;
    const own = (await t.provider.describe(linked, t.signal)).disks[0]?.location as string;
    await t.provider.lifecycle!.delete(linked, { disks: 'delete' }, t.context);
    expect(existsSync(own)).toBe(false);
    expect(existsSync(before)).toBe(true);
  });

  it('leaves a disk that another machine uses, and says so before', async () => {
    const a = await t.provider.lifecycle!.create(t.spec('a', { disks: [{ sizeBytes: 2 ** 20 }] }), t.context);
    const b = await t.provider.lifecycle!.create(t.spec('b'), t.context);
    const disk = (await t.provider.describe(a, t.signal)).disks[0]?.location as string;
    await t.box.run(['storageattach', t.native(b), '--storagectl', 'SATA', '--port', '0', '--device', '0', '--type', 'hdd', '--medium', disk]);
    expect((await t.provider.lifecycle!.deletionPreview(a, t.signal)).disks).toMatchObject([{ location: disk, goes: false }]);
    await t.provider.lifecycle!.delete(a, { disks: 'delete' }, t.context);
    expect(existsSync(disk)).toBe(true);
    await t.provider.lifecycle!.delete(b, { disks: 'delete' }, t.context);
    expect(existsSync(disk)).toBe(false);
  });

  it('exports an OVA with progress, never over a file, and imports it twice', async () => {
    const file = path.join(t.box.folder, 'base.ova');
    t.steps.length = 0;
    await t.provider.appliances!.export([id], file, t.context);
    expect(statSync(file).size).toBeGreaterThan(1000);
    expect(t.steps.filter(step => step.fraction !== undefined).length).toBeGreaterThan(0);
    await expect(t.provider.appliances!.export([id], file, t.context)).rejects.toMatchObject({ code: 'alreadyExists' });
    const [one] = await t.provider.appliances!.import(file, { name: 'imported ü' }, t.context);
    const [two] = await t.provider.appliances!.import(file, {}, t.context);
    expect((await t.machine(one!)).name).toBe('imported ü');
    expect((await t.machine(two!)).name).toBe('base 1');
    await t.provider.lifecycle!.delete(two!, { disks: 'delete' }, t.context);
    expect(readdirSync(t.box.machineFolder).filter(name => name.startsWith('gaia-import'))).toEqual([]);
  });

  it('makes a machine from an unpacked box: its own settings, a larger disk, a further one, none of the author\'s networks and folders', async () => {
    const folder = path.join(t.box.folder, 'box');
    mkdirSync(folder);
    await t.box.run(['sharedfolder', 'add', t.native(id), '--name', 'authors', '--hostpath', folder]);
    await t.box.run(['modifyvm', t.native(id), '--natpf1', 'ssh,tcp,127.0.0.1,2222,,22', '--nic2', 'intnet', '--intnet2', 'x']);
    await t.box.run(['export', t.native(id), '--output', path.join(folder, 'box.ovf')]);
    await t.box.run(['modifyvm', t.native(id), '--nic2', 'none']);
    writeFileSync(path.join(folder, 'metadata.json'), '{"provider":"virtualbox"}');
    const made = await t.provider.lifecycle!.create(t.spec('from box', {
      cpus: 2, memoryMiB: 80, source: { kind: 'box', name: 'test/box', folder },
      disks: [{ sizeBytes: 32 * 2 ** 20 }, { sizeBytes: 8 * 2 ** 20 }],
      portForwards: [{ guestPort: 22, hostPort: 2400, protocol: 'tcp', id: 'ssh' }],
      options: { vram: 20 },
    }), t.context);
    const details = await t.provider.describe(made, t.signal);
    expect(details.machine).toMatchObject({ name: 'from box', cpus: 2, memoryMiB: 80, state: 'stopped' });
    expect(details.disks.filter(disk => disk.kind === 'disk').map(disk => disk.capacityBytes)).toEqual([32 * 2 ** 20, 8 * 2 ** 20]);
    expect(details.portForwards).toEqual([{ name: 'ssh', adapter: 1, protocol: 'tcp', hostPort: 2400, guestPort: 22 }]);
    expect(details.adapters.map(adapter => adapter.mode)).toEqual(['nat']);
    expect(details.sharedFolders).toEqual([]);
    await t.provider.power.start(made, {}, t.context);
    expect(await t.box.state(t.native(made))).toBe('running');
    await t.provider.power.powerOff(made, t.context);
    await t.provider.lifecycle!.delete(made, { disks: 'delete' }, t.context);
    expect(existsSync(path.join(folder, 'box.ovf'))).toBe(true);
  });

  it('makes a machine from a disk image, raw or not, and leaves the image as it was', async () => {
    const raw = path.join(t.box.folder, 'disk.img');
    writeFileSync(raw, Buffer.alloc(4 * 2 ** 20, 7));
    const vdi = path.join(t.box.folder, 'disk.vdi');
    await t.box.run(['convertfromraw', raw, vdi]);
    for (const file of [raw, vdi]) {
      const before = readFileSync(file);
      const made = await t.provider.lifecycle!.create(t.spec(`of ${path.basename(file)}`, { source: { kind: 'image', url: file, path: file }, disks: [{ sizeBytes: 8 * 2 ** 20 }] }), t.context);
      expect((await t.provider.describe(made, t.signal)).disks.map(disk => [disk.kind, disk.capacityBytes])).toEqual([['disk', 8 * 2 ** 20], ['cdrom', undefined]]);
      await t.provider.lifecycle!.delete(made, { disks: 'delete' }, t.context);
      expect(readFileSync(file).equals(before)).toBe(true);
    }
    expect(await t.box.run(['list', 'hdds'])).not.toContain('disk.vdi');
  });

  it('makes a machine from an ISO, with a disk to install on, and one as a linked clone', async () => {
    const iso = path.join(t.box.folder, 'debian-13 ü.iso');
    writeFileSync(iso, Buffer.alloc(2048 * 20));
    const made = await t.provider.lifecycle!.create(t.spec('installer', { source: { kind: 'iso', url: iso, path: iso }, options: { gui: true } }), t.context);
    const details = await t.provider.describe(made, t.signal);
    expect(details.osType).toBe('Debian (64-bit)');
    expect(details.disks).toMatchObject([{ kind: 'disk', capacityBytes: 20 * 2 ** 30 }, { kind: 'cdrom', location: iso }]);
    expect((await t.provider.commands({ verb: 'start', id: made }, t.signal))[0]?.text).toContain('--type gui');
    await t.provider.extras!.find(extra => extra.id === 'ejectMedia')!.run(made, undefined, t.context);
    expect((await t.provider.describe(made, t.signal)).disks[1]?.location).toBeUndefined();
    const clone = await t.provider.lifecycle!.create(t.spec('clone of base', { source: { kind: 'clone', of: 'base', linked: true, snapshot: 'branch' }, memoryMiB: 48 }), t.context);
    expect(await t.machine(clone)).toMatchObject({ name: 'clone of base', memoryMiB: 48 });
    await t.provider.lifecycle!.delete(clone, { disks: 'delete' }, t.context);
    await t.provider.lifecycle!.delete(made, { disks: 'delete' }, t.context);
    expect(existsSync(iso)).toBe(true);
  });

  it('lists networks, makes and removes a NAT network, and gives values for completion', async () => {
    await t.provider.networks!.create!({ kind: 'natnetwork', name: 'nn', network: '10.9.0.0/24' }, t.context);
    expect(await t.provider.networks!.list(t.signal)).toContainEqual({ name: 'nn', kind: 'natnetwork', detail: '10.9.0.0/24' });
    await t.provider.networks!.remove!({ name: 'nn', kind: 'natnetwork' }, t.context);
    expect((await t.provider.networks!.list(t.signal)).filter(network => network.kind === 'natnetwork')).toEqual([]);
    expect((await t.provider.suggestions!.values('config.provider_config.ostype', t.signal)).map(item => item.value)).toContain('Debian_64');
    expect((await t.provider.suggestions!.values('config.clone_from', t.signal)).map(item => item.value)).toContain('base');
    expect((await t.provider.suggestions!.values('config.networks[0].bridge', t.signal))).toBeInstanceOf(Array);
    if (existsSync('/dev/vboxnetctl')) return;
    await expect(t.provider.networks!.create!({ kind: 'hostonly', ip: '192.168.56.1' }, t.context)).rejects.toMatchObject({ code: 'notReady' });
    await expect(t.provider.networks!.create!({ kind: 'hostonly', ip: '10.1.2.1' }, t.context)).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('hints when a machine changes from outside, and shows it in the next list', async () => {
    let hints = 0;
    const watch = t.provider.watch!(() => { hints++; });
    await new Promise(resolve => setTimeout(resolve, 300));
    await t.box.run(['startvm', t.native(id), '--type', 'headless']);
    await expect.poll(() => hints, { timeout: 5000 }).toBeGreaterThan(0);
    expect((await t.machine(id)).state).toBe('running');
    await new Promise(resolve => setTimeout(resolve, 700));
    const before = hints;
    await t.box.run(['controlvm', t.native(id), 'pause']);
    await expect.poll(() => hints, { timeout: 5000 }).toBeGreaterThan(before);
    expect((await t.machine(id)).state).toBe('paused');
    watch.dispose();
    await t.box.run(['controlvm', t.native(id), 'poweroff']);
  });
});
