// The whole life of a machine, every verb, on a real VirtualBox whose machines really run.
import { randomUUID } from 'node:crypto';
import { mkdirSync, existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { MachineId } from '../../../src/machines/machine.ts';
import type { Difference } from '../../../src/machines/provider.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { virtualBoxMissing } from '../../rig/virtualbox.mjs';
import { useVirtualBox } from './bench.ts';

const missing = virtualBoxMissing();
describe.skipIf(missing)(`a machine's whole life on a real VirtualBox${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const t = useVirtualBox();
  let id: MachineId;
  const info = async (): Promise<string> => t.box.run(['showvminfo', t.native(id), '--machinereadable']);

  beforeEach(() => {
    t.records.length = 0;
    t.steps.length = 0;
  });

  it('says that VirtualBox is usable, its version, and that the driver is missing', async () => {
    const diagnosis = await t.provider.diagnose(t.signal);
    expect(diagnosis.usable).toBe(true);
    expect(diagnosis.version).toMatch(/^7\.2\.\d+$/);
    if (!existsSync('/dev/vboxdrv')) expect(diagnosis.problems.map(problem => problem.code)).toContain('virtualbox.driverMissing');
  });

  it('lists no machine when there is none', async () => {
    expect(await t.provider.list(t.signal)).toEqual([]);
  });

  it('creates a machine with all it was asked for', async () => {
    const share = path.join(t.box.folder, 'share');
    mkdirSync(share);
    id = await t.provider.lifecycle!.create(t.spec('we"b \'ü\' <1>', {
      cpus: 2, memoryMiB: 96, description: 'line one\n"two" <&>', tags: ['web', 'lab'],
      disks: [{ sizeBytes: 64 * 2 ** 20 }, { sizeBytes: 16 * 2 ** 20, name: 'data' }],
      networks: [{ type: 'private_network', name: 'lab' }],
      portForwards: [{ guestPort: 22, hostPort: 2222, protocol: 'tcp', id: 'ssh', hostIp: '127.0.0.1' }, { guestPort: 53, hostPort: 5353, protocol: 'udp' }],
      sharedFolders: [{ hostPath: share, guestPath: '/srv/share', readOnly: true }, { hostPath: share, guestPath: '/nfs', type: 'nfs' }],
      options: { gui: false, vram: 128, accelerate3d: 'on', clipboard: 'bidirectional', draganddrop: 'bidirectional', natdnsproxy1: true, 'nested-hw-virt': true, chipset: 'ich9', firmware: 'efi', groups: '/lab/a', customize: [['modifyvm', ':id', '--cpuexecutioncap', '50']] },
    }), t.context);
    const said = await info();
    for (const line of ['cpus=2', 'memory=96', 'vram=128', 'accelerate3d="on"', 'graphicscontroller="vmsvga"', 'clipboard="bidirectional"', 'draganddrop="bidirectional"', 'nested-hw-virt="on"', 'chipset="ich9"', 'firmware="EFI"', 'cpuexecutioncap=50', 'nic2="intnet"', 'intnet2="lab"', 'Forwarding(0)="ssh,tcp,127.0.0.1,2222,,22"', 'Forwarding(1)="udp5353,udp,,5353,,53"', 'groups="/lab/a"', 'SharedFolderNameMachineMapping1="srv_share"']) expect(said).toContain(line);
    expect(said).not.toContain('nfs');
    expect(await t.machine(id)).toMatchObject({ name: 'we"b \'ü\' <1>', state: 'stopped', cpus: 2, memoryMiB: 96, path: ['lab', 'a'], tags: ['web', 'lab'], description: 'line one\n"two" <&>', snapshotCount: 0 });
    expect(t.steps.at(-1)?.fraction).toBe(1);
  });

  it('describes it whole', async () => {
    const details = await t.provider.describe(id, t.signal);
    expect(details).toMatchObject({ firmware: 'EFI', machine: { name: 'we"b \'ü\' <1>', state: 'stopped', tags: ['web', 'lab'] } });
    expect(details.disks.map(({ slot, kind, capacityBytes }) => ({ slot, kind, capacityBytes }))).toEqual([
      { slot: 'SATA 0:0', kind: 'disk', capacityBytes: 64 * 2 ** 20 },
      { slot: 'SATA 1:0', kind: 'disk', capacityBytes: 16 * 2 ** 20 },
      { slot: 'SATA 2:0', kind: 'cdrom', capacityBytes: undefined },
    ]);
    expect(details.adapters).toMatchObject([{ index: 1, mode: 'nat' }, { index: 2, mode: 'intnet', network: 'lab' }]);
    expect(details.portForwards).toEqual([
      { name: 'ssh', adapter: 1, protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 2222, guestPort: 22 },
      { name: 'udp5353', adapter: 1, protocol: 'udp', hostPort: 5353, guestPort: 53 },
    ]);
    expect(details.sharedFolders).toEqual([{ name: 'srv_share', hostPath: path.join(t.box.folder, 'share'), readOnly: true, autoMount: true, mountPoint: '/srv/share' }]);
  });

  it('compares tags, groups and window with a file, and makes them what it says: tags also while it runs', async () => {
    // Each try has a machine of its own, and leaves none.
    const name = `plan ${randomUUID().slice(0, 4)}`;
    const wanted = (more: Partial<MachineSpec>): MachineSpec => t.spec(name, { cpus: 1, memoryMiB: 64, ...more });
    onTestFinished(async () => {
      for (const left of (await t.provider.list(t.signal)).filter(machine => machine.name.startsWith(name)).reverse()) {
        if (left.state !== 'stopped' && left.state !== 'suspended') await t.provider.power.powerOff(left.id, t.context);
        await t.provider.lifecycle!.delete(left.id, { disks: 'delete' }, t.context);
      }
    });
    const made = await t.provider.lifecycle!.create(wanted({ tags: ['a'], source: { kind: 'empty' }, options: { groups: '/b/c,/a', gui: false } }), t.context);
    const differences = async (spec: MachineSpec): Promise<readonly Difference[]> => t.provider.planning!.compare(spec, await t.provider.describe(made, t.signal));
    const apply = async (spec: MachineSpec): Promise<void> => t.provider.editing!.apply(made, (await differences(spec)).flatMap(({ change }) => (change && 'edit' in change ? [change.edit] : [])), t.context);
    // As it was made, it is what the file says.
    expect(await differences(wanted({ tags: ['a'], options: { groups: '/b/c,/a', gui: false } }))).toEqual([]);
    const next = wanted({ tags: ['we"b', 'ü'], options: { groups: '/lab/x', gui: true, ostype: 'Debian_64' } });
    expect((await differences(next)).map(({ key, before, after, effect }) => [key, before, after, effect])).toEqual([
      ['tags', 'a', 'we"b, ü', 'live'], ['groups', '/b/c,/a', '/lab/x', 'live'], ['setting ostype', 'Other_64', 'Debian_64', 'live'], ['gui', 'headless', 'gui', 'live'],
    ]);
    await apply(next);
    expect(await differences(next)).toEqual([]);
    expect(await t.box.run(['getextradata', t.native(made), 'gaia/tags'])).toBe('Value: we"b,ü\n');
    expect(await t.box.run(['showvminfo', t.native(made), '--machinereadable'])).toMatch(/^groups="\/lab\/x"$[^]*^defaultfrontend="gui"$/m);
    expect(existsSync(path.join(t.box.machineFolder, 'lab/x', name, `${name}.vbox`))).toBe(true);
    expect((await t.machine(made)).tags).toEqual(['we"b', 'ü']);
    await t.provider.power.start(made, { mode: 'headless' }, t.context);
    const later = wanted({ tags: ['run'], options: { groups: '/', gui: false } });
    expect((await differences(later)).map(({ key, effect }) => [key, effect])).toEqual([['tags', 'live'], ['groups', 'stop'], ['gui', 'stop']]);
    await t.provider.editing!.apply(made, [{ kind: 'setting', key: 'tags', value: 'run' }], t.context);
    expect((await t.machine(made)).tags).toEqual(['run']);
    await t.provider.power.suspend!(made, t.context);
    await t.provider.editing!.apply(made, [{ kind: 'setting', key: 'tags', value: '' }], t.context);
    expect((await t.machine(made)).tags).toBeUndefined();
    await t.provider.extras!.find(extra => extra.id === 'discardSavedState')!.run(made, undefined, t.context);
    await apply(later);
    expect(await differences(later)).toEqual([]);
    // What it was made of is noted with it; a copy's note is the other's, and says nothing.
    expect(await differences({ ...later, source: { kind: 'box', name: 'a/b' } })).toMatchObject([{ key: 'source', before: 'empty', after: 'box a/b', effect: 'replace' }]);
    const copy = await t.provider.cloning!.clone(made, { name: `${name} copy` }, t.context);
    expect(t.provider.planning!.compare({ ...later, source: { kind: 'box', name: 'a/b' } }, await t.provider.describe(copy, t.signal)).map(({ key }) => key)).not.toContain('source');
  });

  it('changes adapters, forwards and settings while it is off', async () => {
    await t.provider.editing!.apply(id, [
      { kind: 'removeAdapter', index: 2 },
      { kind: 'removePortForward', forward: { name: 'udp5353', adapter: 1, protocol: 'udp', hostPort: 5353, guestPort: 53 } },
      { kind: 'setting', key: 'accelerate3d', value: false },
      { kind: 'setting', key: 'firmware', value: 'bios' },
      { kind: 'setting', key: 'nested-hw-virt', value: false },
      { kind: 'addDisk', sizeBytes: 8 * 2 ** 20 },
      { kind: 'addDisk', sizeBytes: 8 * 2 ** 20 },
    ], t.context);
    const { adapters, portForwards, disks, settings } = await t.provider.describe(id, t.signal);
    expect(adapters.map(adapter => adapter.index)).toEqual([1]);
    expect(portForwards.map(forward => forward.name)).toEqual(['ssh']);
    expect(settings['accelerate3d']).toBe('off');
    expect(disks.map(disk => disk.slot)).toEqual(['SATA 0:0', 'SATA 1:0', 'SATA 2:0', 'SATA 3:0', 'SATA 4:0']);
    await t.provider.editing!.apply(id, [{ kind: 'removeDisk', slot: 'SATA 4:0', deleteFile: true }], t.context);
    const gone = disks.at(-1)?.location as string;
    expect(existsSync(gone)).toBe(false);
  });

  it('sets an adapter to every mode there is', async () => {
    const networks = { bridged: 'lo', intnet: 'lan', hostonly: 'vboxnet7', natnetwork: 'nn', generic: 'UDPTunnel', nat: undefined, null: undefined };
    const adapters = Object.entries(networks).map(([mode, network], at) => ({ index: at + 2, mode, ...(network ? { network } : {}), model: 'virtio', macAddress: `08:00:27:AA:BB:0${String(at)}`, connected: false }));
    await t.provider.editing!.apply(id, adapters.map(adapter => ({ kind: 'setAdapter', adapter })), t.context);
    expect((await t.provider.describe(id, t.signal)).adapters.slice(1)).toEqual(adapters);
    await t.provider.editing!.apply(id, adapters.map(({ index }) => index === 2 ? { kind: 'setAdapter', adapter: { index, mode: 'none' } } : { kind: 'removeAdapter', index }), t.context);
    expect((await t.provider.describe(id, t.signal)).adapters.map(adapter => adapter.index)).toEqual([1]);
  });

  it('resizes CPUs, memory and a disk', async () => {
    expect(await t.provider.lifecycle!.resizeNeedsStop!(id, { cpus: 1, memoryMiB: 64 }, t.signal)).toEqual([]);
    await t.provider.lifecycle!.resize!(id, { cpus: 1, memoryMiB: 64, disk: { slot: 'SATA 0:0', sizeBytes: 128 * 2 ** 20 } }, t.context);
    const details = await t.provider.describe(id, t.signal);
    expect(details.machine).toMatchObject({ cpus: 1, memoryMiB: 64 });
    expect(details.disks[0]?.capacityBytes).toBe(128 * 2 ** 20);
    await expect(t.provider.lifecycle!.resize!(id, { disk: { slot: 'SATA 0:0', sizeBytes: 2 ** 20 } }, t.context)).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('renames it, settings file and all', async () => {
    await t.provider.lifecycle!.rename!(id, 'web 1', t.context);
    expect((await t.machine(id)).name).toBe('web 1');
    expect(await info()).toContain(`CfgFile="${path.join(t.box.machineFolder, 'lab/a/we_b _ü_ _1_/web 1.vbox')}"`);
  });

  it('starts, pauses, resumes, resets and suspends it, each seen by VirtualBox itself', async () => {
    await t.provider.power.start(id, {}, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    expect((await t.machine(id)).state).toBe('running');
    expect(await info()).toContain('SessionName="headless"');
    await t.provider.power.pause!(id, t.context);
    expect(await t.box.state(t.native(id))).toBe('paused');
    expect((await t.machine(id)).state).toBe('paused');
    await t.provider.power.pause!(id, t.context);
    await t.provider.power.resume!(id, t.context);
    expect(await t.box.state(t.native(id))).toBe('running');
    await t.provider.power.reset!(id, t.context);
    expect((await t.machine(id)).state).toBe('running');
    await t.provider.power.suspend!(id, t.context);
    expect(await t.box.state(t.native(id))).toBe('saved');
    expect((await t.machine(id)).state).toBe('suspended');
    expect(t.steps.some(step => step.fraction === 1)).toBe(true);
  });

  it('is done at once when it already is as wanted, without trying again', async () => {
    await t.provider.power.start(id, {}, t.context);
    t.records.length = 0;
    await t.provider.power.start(id, {}, t.context);
    expect(t.records.filter(record => record.text.includes('startvm')).length).toBe(1);
  });

  it('changes what can be changed while it runs, and says what cannot', async () => {
    const live = path.join(t.box.folder, 'live');
    mkdirSync(live, { recursive: true });
    const changes = [
      { kind: 'addPortForward', forward: { name: 'http', adapter: 1, protocol: 'tcp', hostPort: 18080, guestPort: 80 } },
      { kind: 'addSharedFolder', folder: { name: 'live', hostPath: live, transient: true, autoMount: true } },
      { kind: 'setting', key: 'clipboard-mode', value: 'disabled' },
      { kind: 'setAdapter', adapter: { index: 1, mode: 'nat', connected: false } },
      { kind: 'insertMedium', slot: 'SATA 2:0' },
    ] as const;
    const needStop = [{ kind: 'setting', key: 'memory', value: 128 }, { kind: 'addDisk', sizeBytes: 2 ** 20 }] as const;
    expect(await t.provider.editing!.needsStop(id, [...changes, ...needStop], t.signal)).toEqual(needStop);
    await t.provider.editing!.apply(id, changes, t.context);
    const details = await t.provider.describe(id, t.signal);
    expect(details.portForwards.map(forward => forward.name)).toEqual(['http', 'ssh']);
    expect(details.sharedFolders).toContainEqual({ name: 'live', hostPath: live, transient: true, readOnly: false, autoMount: true });
    expect(details.adapters[0]?.connected).toBe(false);
    expect(details.settings['clipboard']).toBe('disabled');
    expect(details.startedAt).toMatch(/^20\d\d-/);
    await t.provider.editing!.apply(id, [{ kind: 'removePortForward', forward: changes[0].forward }, { kind: 'removeSharedFolder', folder: changes[1].folder }], t.context);
    await expect(t.provider.editing!.apply(id, needStop, t.context)).rejects.toMatchObject({ code: 'wrongState' });
    await expect(t.provider.lifecycle!.resize!(id, { cpus: 2 }, t.context)).rejects.toMatchObject({ code: 'wrongState' });
    expect(await t.provider.lifecycle!.resizeNeedsStop!(id, { cpus: 2, memoryMiB: 9 }, t.signal)).toEqual(['cpus', 'memoryMiB']);
  });

  it('takes a picture of the screen', async () => {
    const png = await t.provider.screenshot!.take(id, t.signal);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  });

  it('measures CPU, memory, disk and network', async () => {
    await t.provider.usage!.read(id, 0, t.signal);
    await new Promise(resolve => setTimeout(resolve, 1500));
    const readings = await t.provider.usage!.read(id, 0, t.signal);
    const last = readings.at(-1)!;
    expect(last.cpuFraction).toBeGreaterThanOrEqual(0);
    expect(last.cpuFraction).toBeLessThanOrEqual(1);
    expect(last.memoryUsedBytes).toBeGreaterThan(2 ** 20);
    expect(last.memoryTotalBytes).toBe(64 * 2 ** 20);
    expect(last.diskReadBytesPerSecond).toBeGreaterThanOrEqual(0);
    expect(last.networkInBytesPerSecond).toBeGreaterThanOrEqual(0);
  });

  it('knows of no Guest Additions where there are none, and says so when asked to insert them', async () => {
    expect(await t.provider.guest!.info(id, t.signal)).toEqual({ addresses: [], agentRunning: false });
    await expect(t.provider.guest!.insertAdditions!(id, t.context)).rejects.toMatchObject({ code: 'notFound' });
  });

  it('waits for a guest that does not shut down, and leaves it running', async () => {
    await expect(t.provider.power.shutDown(id, { timeoutMs: 800 }, t.context)).rejects.toMatchObject({ code: 'didNotAnswer' });
    expect((await t.machine(id)).state).toBe('running');
  });

  it('will not delete it, clone it whole or export it while it runs', async () => {
    await expect(t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context)).rejects.toMatchObject({ code: 'wrongState' });
    expect((await t.provider.lifecycle!.deletionPreview(id, t.signal)).refused).toBeDefined();
    await expect(t.provider.cloning!.clone(id, { name: 'no' }, t.context)).rejects.toMatchObject({ code: 'wrongState' });
    await expect(t.provider.appliances!.export([id], path.join(t.box.folder, 'no.ova'), t.context)).rejects.toMatchObject({ code: 'wrongState' });
  });

  it('powers it off, and again', async () => {
    await t.provider.power.powerOff(id, t.context);
    expect(await t.box.state(t.native(id))).toBe('poweroff');
    await t.provider.power.powerOff(id, t.context);
    await t.provider.power.shutDown(id, { timeoutMs: 1000 }, t.context);
    // The lock is free at once.
    await t.box.run(['modifyvm', t.native(id), '--memory', '64']);
  });

  it('discards a saved state', async () => {
    await t.provider.power.start(id, {}, t.context);
    await t.provider.power.suspend!(id, t.context);
    const extra = t.provider.extras!.find(candidate => candidate.id === 'discardSavedState')!;
    expect(extra.available(await t.machine(id))).toBe(true);
    await extra.run(id, undefined, t.context);
    expect(await t.box.state(t.native(id))).toBe('poweroff');
  });

  it('says plainly that the window is missing where this VirtualBox has none', async () => {
    if (existsSync(path.join(path.dirname(t.box.bin), 'root/usr/lib/virtualbox/VirtualBoxVM'))) return;
    await expect(t.provider.power.start(id, { mode: 'gui' }, t.context)).rejects.toMatchObject({ code: 'notInstalled' });
    expect(await t.box.state(t.native(id))).toBe('poweroff');
  });

  it('shows what each verb would run, and runs nothing', async () => {
    const native = t.native(id);
    const text = async (action: Parameters<typeof t.provider.commands>[0]): Promise<string[]> => (await t.provider.commands(action, t.signal)).map(command => command.text);
    expect(await text({ verb: 'start', id })).toEqual([`VBoxManage startvm ${native} --type headless`]);
    expect(await text({ verb: 'delete', id, disks: 'delete' })).toEqual([`VBoxManage unregistervm ${native} --delete`]);
    expect(await text({ verb: 'resize', id, size: { cpus: 2, disk: { slot: 'SATA 0:0', sizeBytes: 2 ** 30 } } })).toEqual([`VBoxManage modifyvm ${native} --cpus 2`, expect.stringMatching(/^VBoxManage modifymedium disk [0-9a-f-]{36} --resizebyte 1073741824$/)]);
    const create = await text({ verb: 'create', spec: t.spec('new one', { disks: [{ sizeBytes: 2 ** 30 }] }) });
    expect(create[0]).toBe("VBoxManage createvm --name 'new one' --uuid <id> --ostype Other_64 --platform-architecture x86 --register");
    expect(create).toContain("VBoxManage createmedium disk --filename '<machine folder>/new one.vdi' --size 1024 --format VDI");
    expect((await t.provider.list(t.signal)).length).toBe(1);
  });

  it('keeps its disks on request', async () => {
    const disks = (await t.provider.describe(id, t.signal)).disks.flatMap(disk => disk.location ?? []);
    const settings = /^CfgFile="(.*)"$/m.exec(await info())![1]!;
    const before = readFileSync(settings);
    await t.provider.lifecycle!.delete(id, { disks: 'keep' }, t.context);
    expect(await t.provider.list(t.signal)).toEqual([]);
    expect(disks.length).toBeGreaterThan(0);
    for (const disk of disks) expect(existsSync(disk)).toBe(true);
    expect(readFileSync(settings)).toEqual(before);
    await t.box.run(['registervm', settings]);
    await t.provider.lifecycle!.delete(id, { disks: 'delete' }, t.context);
    for (const disk of disks) expect(existsSync(disk)).toBe(false);
    await expect(t.provider.describe(id, t.signal)).rejects.toMatchObject({ code: 'notFound' });
  });
});
