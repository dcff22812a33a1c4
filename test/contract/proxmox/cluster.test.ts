// The provider on the stand-in cluster, for each version: every verb, and afterwards not one call that a real server would refuse as badly formed.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { machineSpec } from '../../../src/config/spec.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import type { ProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { connect, context, failure, named, signal, spec, stateOf } from './standIn.ts';

const seed = (): MachineSpec => {
  const text = readFileSync(new URL('../../../examples/my-proxmox-vm.gaia.json', import.meta.url), 'utf8');
  return machineSpec(parseConfig(text).machines[0]!);
};

describe.each<PveVersion>(['7.4', '8.4', '9.1'])('Proxmox VE %s', version => {
  let server: ProxmoxServer;
  let provider: ProxmoxProvider;
  const major = Number(version[0]);

  beforeAll(async () => {
    server = await startProxmox({
      version,
      nodes: ['pve', 'pve2'],
      speed: 200,
      authDelayMs: 10,
      guests: [
        { vmid: 100, name: 'web', status: 'running', agent: true, addresses: ['192.0.2.50'], tags: 'lab;web' },
        { vmid: 101, name: 'db', status: 'stopped', storage: 'shared' },
        { vmid: 102, name: 'proxy', kind: 'lxc', status: 'running' },
        { vmid: 103, name: 'noble-2404', template: true, storage: 'local-lvm' },
        { vmid: 104, name: 'precious', protection: true },
        { vmid: 105, name: 'busy', lock: 'backup' },
        { vmid: 106, name: 'stubborn', status: 'running', answersShutdown: false },
        { vmid: 107, name: 'guarded', status: 'running', ha: 'started', storage: 'shared' },
      ],
      pools: [{ poolid: 'lab' }],
    });
    ({ provider } = connect(server));
  });
  afterAll(async () => {
    expect(server.violations).toEqual([]);
    await server.dispose();
  });

  it('is usable and says its version', async () => {
    const diagnosis = await provider.diagnose(signal());
    expect(diagnosis).toMatchObject({ usable: true, problems: [] });
    expect(diagnosis.version).toMatch(new RegExp(`^${version.replace('.', '\\.')}`));
  });

  it('lists all of the cluster by one request', async () => {
    const before = server.requests.length;
    const machines = await provider.list(signal());
    expect(server.requests.slice(before).map(request => request.path)).toEqual(['/cluster/resources']);
    expect(machines.map(machine => machine.name).sort()).toEqual(['busy', 'db', 'guarded', 'noble-2404', 'precious', 'proxy', 'stubborn', 'web']);
    const find = (name: string) => machines.find(machine => machine.name === name);
    expect(find('web')).toMatchObject({ kind: 'vm', state: 'running', path: ['pve'], tags: ['lab', 'web'] });
    expect(find('proxy')).toMatchObject({ kind: 'container', state: 'running' });
    expect(find('noble-2404')).toMatchObject({ template: true, state: 'stopped' });
    expect(find('busy')).toMatchObject({ lock: 'backup' });
    expect(find('guarded')?.availability).toBeDefined();
    expect(provider.cluster.latest()?.nodes.map(node => [node.name, node.online])).toEqual([['pve', true], ['pve2', true]]);
  });

  it('describes one machine with disks, adapters, addresses', async () => {
    const details = await provider.describe((await named(provider, 'web')).id, signal());
    expect(details.guest).toMatchObject({ agentRunning: true, addresses: ['192.0.2.50'] });
    expect(details.disks.find(disk => disk.kind === 'disk')).toMatchObject({ storage: 'local-lvm', capacityBytes: 8 * 2 ** 30 });
    expect(details.adapters[0]).toMatchObject({ index: 0, mode: 'bridge', network: 'vmbr0' });
    expect(details.startedAt).toMatch(/^\d{4}-/);
  });

  it('goes through the power verbs, and says what is true after each', async () => {
    const { id } = await named(provider, 'web');
    await provider.power.pause?.(id, context());
    expect(await stateOf(provider, id)).toBe('paused');
    await provider.power.start(id, {}, context());
    expect(await stateOf(provider, id)).toBe('running');
    await provider.power.reset?.(id, context());
    await provider.power.reboot?.(id, context());
    await provider.power.suspend?.(id, context());
    expect(await stateOf(provider, id)).toBe('suspended');
    await provider.power.start(id, {}, context());
    expect(await stateOf(provider, id)).toBe('running');
    await provider.power.shutDown(id, { timeoutMs: 60_000 }, context());
    expect(await stateOf(provider, id)).toBe('stopped');
    await provider.power.powerOff(id, context());
    await provider.power.start(id, {}, context());
  });

  it('offers power off when a guest does not shut down', async () => {
    const { id } = await named(provider, 'stubborn');
    const error = await failure(provider.power.shutDown(id, { timeoutMs: 2000 }, context()));
    expect(error.code).toBe('didNotAnswer');
    expect(await stateOf(provider, id)).toBe('running');
    await provider.power.powerOff(id, context());
    expect(await stateOf(provider, id)).toBe('stopped');
  });

  it('waits for the HA manager: a request is not yet a stop', async () => {
    const { id } = await named(provider, 'guarded');
    await provider.power.powerOff(id, context());
    expect(await stateOf(provider, id)).toBe('stopped');
    await provider.power.start(id, {}, context());
    expect(await stateOf(provider, id)).toBe('running');
  });

  it('explains a lock', async () => {
    const error = await failure(provider.power.start((await named(provider, 'busy')).id, {}, context()));
    expect(error).toMatchObject({ code: 'locked', detail: { values: ['backup'], machine: 'busy' } });
  });

  it('makes the machine of the seed’s example, byte for byte', async () => {
    const made = await provider.lifecycle!.create(seed(), context());
    const details = await provider.describe(made, signal());
    expect(details.machine).toMatchObject({ name: 'my-proxmox-vm', cpus: 4, memoryMiB: 8192, state: 'stopped', path: ['pve'] });
    expect(details.osType).toBe('Linux');
    expect(details.disks.filter(disk => disk.kind === 'disk')).toMatchObject([{ storage: 'local-lvm', capacityBytes: 64 * 2 ** 30 }]);
    expect(details.adapters).toMatchObject([{ network: 'vmbr0', model: 'virtio' }]);
    const again = await failure(provider.lifecycle!.create(seed(), context()));
    expect(again.code).toBe('alreadyExists');
    await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
    expect((await provider.list(signal())).some(machine => machine.id === made)).toBe(false);
    expect(server.state.volumes.some(volume => volume.volid.includes('my-proxmox'))).toBe(false);
  });

  it('shows the commands of a create without making anything', async () => {
    const before = server.state.guests.size;
    const commands = await provider.commands({ verb: 'create', spec: seed() }, signal());
    expect(commands[0]?.text).toMatch(/^POST \/nodes\/pve\/qemu name=my-proxmox-vm .*scsi0=local-lvm:64/);
    expect(server.state.guests.size).toBe(before);
  });

  it('makes a Windows 11 machine with UEFI, EFI disk and TPM', async () => {
    const made = await provider.lifecycle!.create(spec({ name: 'w11', cpus: 2, memoryMiB: 4096, options: { ostype: 'win11', storage: 'local-lvm', node: 'pve2', nested: true } }), context());
    const details = await provider.describe(made, signal());
    expect(details.firmware).toBe('ovmf');
    expect(details.disks.map(disk => disk.kind).sort()).toEqual(['disk', 'efi', 'tpm']);
    expect(details.settings['cpu']).toBe('host');
    expect(details.machine.path).toEqual(['pve2']);
    await provider.lifecycle!.delete(made, { disks: 'delete', purge: true }, context());
  });

  it('makes a machine from a template named like the box, with cloud-init, grown and tagged', async () => {
    const made = await provider.lifecycle!.create(
      spec({ name: 'from-box', source: { kind: 'box', name: 'canonical/noble-2404' }, cpus: 2, memoryMiB: 1024, disks: [{ sizeBytes: 20 * 2 ** 30 }], tags: ['Lab'], cloudInit: { user: 'dev', sshKeys: ['ssh-ed25519 AAAA+/= dev@pc'], ipConfig: 'ip=dhcp' }, options: { node: 'pve', vlan: 20 } }),
      context(),
    );
    const details = await provider.describe(made, signal());
    expect(details.machine).toMatchObject({ cpus: 2, memoryMiB: 1024, tags: ['lab'] });
    expect(details.disks.find(disk => disk.kind === 'disk')?.capacityBytes).toBe(20 * 2 ** 30);
    expect(details.disks.some(disk => disk.kind === 'cloudinit')).toBe(true);
    expect(decodeURIComponent(details.settings['sshkeys'] ?? '')).toBe('ssh-ed25519 AAAA+/= dev@pc');
    expect(details.adapters[0]).toMatchObject({ vlan: 20 });
    await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
  });

  it('makes a container from a template', async () => {
    const made = await provider.lifecycle!.create(spec({ name: 'ct-new', source: { kind: 'tarball', url: 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst' }, memoryMiB: 512, options: { node: 'pve', storage: 'local-lvm' } }), context());
    const details = await provider.describe(made, signal());
    expect(details.machine.kind).toBe('container');
    expect(details.disks).toMatchObject([{ slot: 'rootfs', storage: 'local-lvm' }]);
    await provider.lifecycle!.resize?.(made, { disk: { slot: 'rootfs', sizeBytes: 12 * 2 ** 30 }, memoryMiB: 768 }, context());
    expect((await provider.describe(made, signal())).disks[0]?.capacityBytes).toBe(12 * 2 ** 30);
    await provider.power.start(made, {}, context());
    await provider.power.powerOff(made, context());
    await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
  });

  it('uploads an ISO with progress and boots from it; removes what it brought when the create fails', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gaia-iso-'));
    try {
      const file = join(folder, 'tiny.iso');
      await writeFile(file, new Uint8Array(300_000));
      const progress = context();
      const made = await provider.lifecycle!.create(spec({ name: 'from-iso', source: { kind: 'iso', url: file, path: file }, options: { node: 'pve', storage: 'local-lvm', iso_storage: 'local' } }), progress);
      expect(progress.steps.some(step => step.fraction === 1)).toBe(true);
      expect((await provider.describe(made, signal())).disks.find(disk => disk.kind === 'cdrom')?.location).toBe('local:iso/tiny.iso');
      await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
      const second = join(folder, 'second.iso');
      await writeFile(second, new Uint8Array(1000));
      server.faults.serverError("storage 'local-lvm' is not available on node 'pve'", { method: 'POST', path: '/nodes/pve/qemu' });
      const error = await failure(provider.lifecycle!.create(spec({ name: 'wont-work', source: { kind: 'iso', url: second, path: second }, options: { node: 'pve', storage: 'local-lvm', iso_storage: 'local' } }), context()));
      expect(error.code).toBe('notReady');
      expect(server.state.volumes.some(volume => volume.volid === 'local:iso/second.iso')).toBe(false);
      expect(server.state.volumes.some(volume => volume.volid === 'local:iso/tiny.iso')).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('imports a disk image where the version can, and says so where it cannot', async () => {
    const wish = spec({ name: 'imported', source: { kind: 'image', url: 'local:import/debian-13-generic-amd64.qcow2' }, disks: [{ sizeBytes: 16 * 2 ** 30 }], options: { node: 'pve', storage: 'local-lvm' } });
    if (major === 7) {
      await failure(provider.lifecycle!.create(wish, context()));
      return;
    }
    const made = await provider.lifecycle!.create(wish, context());
    expect((await provider.describe(made, signal())).disks[0]?.capacityBytes).toBe(16 * 2 ** 30);
    await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
  });

  it('takes, describes, restores and deletes snapshots as a tree', async () => {
    const { id } = await named(provider, 'db');
    await provider.snapshots!.take(id, { name: 'first', description: 'before' }, context());
    await provider.snapshots!.take(id, { name: 'second' }, context());
    expect(await provider.snapshots!.list(id, signal())).toMatchObject([{ name: 'first', description: 'before', children: [{ name: 'second', current: true, children: [] }] }]);
    await provider.snapshots!.edit?.(id, 'first', { description: 'after' }, context());
    await provider.snapshots!.restore(id, 'second', context());
    await provider.snapshots!.delete(id, 'second', context());
    expect(await provider.snapshots!.list(id, signal())).toMatchObject([{ name: 'first', description: 'after', children: [] }]);
    expect((await failure(provider.snapshots!.take(id, { name: 'first' }, context()))).code).toBe('alreadyExists');
    expect((await failure(provider.snapshots!.restore(id, 'nope', context()))).code).toBe('notFound');
    expect((await failure(provider.snapshots!.take(id, { name: 'with space' }, context()))).code).toBe('invalidInput');
    await provider.snapshots!.delete(id, 'first', context());
  });

  it('clones: full, linked, and refuses a linked clone of what is no template', async () => {
    const template = await named(provider, 'noble-2404');
    const linked = await provider.cloning!.clone(template.id, { name: 'linked-1', linked: true }, context());
    expect((await provider.lifecycle!.deletionPreview(template.id, signal())).refused).toBeDefined();
    const full = await provider.cloning!.clone(template.id, { name: 'full-1', target: 'pve2' }, context());
    expect((await provider.describe(full, signal())).machine.path).toEqual(['pve2']);
    expect(await provider.cloning!.refusal?.((await named(provider, 'db')).id, { linked: true }, signal())).toBeDefined();
    expect((await failure(provider.cloning!.clone((await named(provider, 'db')).id, { name: 'nope', linked: true }, context()))).code).toBe('notSupported');
    for (const id of [linked, full]) await provider.lifecycle!.delete(id, { disks: 'delete' }, context());
  });

  it('both of two creates at the same time get a number', async () => {
    const other = connect(server).provider;
    const made = await Promise.all([provider, other].map((one, index) => one.lifecycle!.create(spec({ name: `race-${index}`, options: { node: 'pve', storage: 'local-lvm' } }), context())));
    expect(new Set(made).size).toBe(2);
    for (const id of made) await provider.lifecycle!.delete(id, { disks: 'delete' }, context());
  });

  it('says before a delete that a machine runs, and does not try', async () => {
    const { id } = await named(provider, 'stubborn');
    await provider.power.start(id, {}, context());
    expect((await provider.lifecycle!.deletionPreview(id, signal())).refused).toBe('It runs: shut it down first.');
    const sent = server.requests.length;
    expect((await failure(provider.lifecycle!.delete(id, { disks: 'delete' }, context()))).code).toBe('wrongState');
    expect(server.requests.slice(sent).filter(request => request.method !== 'GET')).toEqual([]);
    await provider.power.powerOff(id, context());
  });

  it('refuses to delete what is protected', async () => {
    const { id } = await named(provider, 'precious');
    expect((await provider.lifecycle!.deletionPreview(id, signal())).refused).toBeDefined();
    expect((await failure(provider.lifecycle!.delete(id, { disks: 'delete' }, context()))).code).toBe('protected');
    expect((await named(provider, 'precious')).id).toBe(id);
  });

  it('deletes with purge, and with every volume of its number, each named before', async () => {
    for (const [extra, takesStray] of [['deleteAndPurge', false], ['deleteWithAllVolumes', true]] as const) {
      const id = await provider.lifecycle!.create(spec({ name: `going-${extra.toLowerCase()}`, disks: [{ sizeBytes: 2 ** 30 }], options: { storage: 'local-lvm' } }), context());
      const guest = [...server.state.guests.values()].find(one => one.config['name'] === `going-${extra.toLowerCase()}`)!;
      const stray = `local-lvm:vm-${String(guest.vmid)}-disk-9`;
      server.state.volumes.push({ volid: stray, storage: 'local-lvm', node: guest.node, content: 'images', format: 'raw', size: 2 ** 20, vmid: guest.vmid, ctime: 0 });
      server.state.haResources.set(`vm:${String(guest.vmid)}`, { sid: `vm:${String(guest.vmid)}`, state: 'stopped' } as never);
      const verb = provider.extras!.find(one => one.id === extra)!;
      const named = (await verb.losses!(id, signal())).disks.filter(disk => disk.goes).map(disk => disk.location);
      expect(named.some(location => location.startsWith(`local-lvm:vm-${String(guest.vmid)}-disk-0`))).toBe(true);
      expect(named.includes(stray), extra).toBe(takesStray);
      await verb.run(id, undefined, context());
      expect(server.state.guests.has(guest.vmid)).toBe(false);
      expect(server.state.haResources.has(`vm:${String(guest.vmid)}`)).toBe(false);
      expect(server.state.volumes.some(volume => volume.volid === stray), extra).toBe(!takesStray);
      server.state.volumes = server.state.volumes.filter(volume => volume.volid !== stray);
    }
  });

  it('changes settings, disks and adapters; says what waits for the next start', async () => {
    const web = await named(provider, 'web');
    const seen = context();
    await provider.lifecycle!.resize?.(web.id, { cpus: 4, memoryMiB: 4096 }, seen);
    expect(seen.lines.some(line => line.startsWith('Takes effect at the next start'))).toBe(true);
    expect((await provider.describe(web.id, signal())).pending).toMatchObject({ cores: '4', memory: '4096' });
    await provider.extras?.find(extra => extra.id === 'revertPending')?.run(web.id, undefined, context());
    expect((await provider.describe(web.id, signal())).pending).toBeUndefined();

    const { id } = await named(provider, 'db');
    await provider.editing!.apply(
      id,
      [
        { kind: 'setting', key: 'tags', value: 'New,Tags' },
        { kind: 'setting', key: 'description', value: 'two\nlines; & ümläut' },
        { kind: 'setting', key: 'onboot', value: true },
        { kind: 'addDisk', sizeBytes: 4 * 2 ** 30, storage: 'local' },
        { kind: 'setAdapter', adapter: { index: 1, mode: 'bridge', network: 'vmbr1', vlan: 30, model: 'e1000' } },
      ],
      context(),
    );
    let details = await provider.describe(id, signal());
    expect(details.machine.tags).toEqual(['new', 'tags']);
    expect(details.machine.description).toBe('two\nlines; & ümläut');
    expect(details.settings['onboot']).toBe('1');
    expect(details.adapters[1]).toMatchObject({ network: 'vmbr1', vlan: 30, model: 'e1000' });
    const added = details.disks.find(disk => disk.storage === 'local');
    expect(added).toMatchObject({ format: 'qcow2', capacityBytes: 4 * 2 ** 30 });
    await provider.editing!.apply(id, [{ kind: 'moveDisk', slot: added!.slot, storage: 'local-lvm' }], context());
    await provider.editing!.apply(id, [{ kind: 'removeDisk', slot: added!.slot, deleteFile: true }, { kind: 'removeAdapter', index: 1 }], context());
    details = await provider.describe(id, signal());
    expect(details.disks.some(disk => disk.slot === added!.slot)).toBe(false);
    expect(details.adapters.length).toBe(1);
    await provider.lifecycle!.rename?.(id, 'db-renamed', context());
    expect((await provider.describe(id, signal())).machine.name).toBe('db-renamed');
    await provider.lifecycle!.rename?.(id, 'db', context());
    const disk = details.disks.find(candidate => candidate.kind === 'disk')!;
    expect((await failure(provider.lifecycle!.resize!(id, { disk: { slot: disk.slot, sizeBytes: 2 ** 30 } }, context()))).code).toBe('invalidInput');
  });

  it('moves a running machine with its local disks, and several in a row', async () => {
    const { id } = await named(provider, 'web');
    const targets = await provider.migration!.targets(id, signal());
    expect(targets.map(target => target.name)).toEqual(['pve2']);
    await provider.migration!.migrate(id, { target: 'pve2' }, context());
    expect((await named(provider, 'web')).path).toEqual(['pve2']);
    const { id: container } = await named(provider, 'proxy');
    const results = await provider.migrateAll([id, container], undefined, context());
    expect(results.map(result => result.error?.message)).toEqual([undefined, undefined]);
    expect((await named(provider, 'web')).path).toEqual(['pve']);
    expect((await failure(provider.migration!.migrate(id, { target: 'pve' }, context()))).code).toBe('invalidInput');
  });

  it('moves a machine under HA and waits until it is there', async () => {
    const { id, path } = await named(provider, 'guarded');
    const target = path?.[0] === 'pve' ? 'pve2' : 'pve';
    await provider.migration!.migrate(id, { target }, context());
    expect((await named(provider, 'guarded')).path).toEqual([target]);
  });

  it('puts a machine under HA, by group up to 8 and by rule from 9, and takes it out', async () => {
    const { id } = await named(provider, 'db');
    await provider.availability!.set(id, { managed: true, requested: 'stopped' }, context());
    await provider.cluster.addHaRule({ name: 'prefer', nodes: ['pve'], resources: ['vm:101'] }, signal());
    expect(await provider.availability!.groups?.(signal())).toContain('prefer');
    if (major < 9) await provider.availability!.set(id, { managed: true, group: 'prefer' }, context());
    expect(await provider.availability!.get(id, signal())).toMatchObject({ managed: true, requested: 'stopped', group: 'prefer' });
    await provider.availability!.set(id, { managed: false }, context());
    expect(await provider.availability!.get(id, signal())).toEqual({ managed: false });
    expect((await provider.cluster.haStatus(signal())).length).toBeGreaterThan(0);
  });

  it('backs up, lists, restores beside and in place, deletes', async () => {
    const { id } = await named(provider, 'db');
    const extra = provider.extras?.find(candidate => candidate.id === 'backup');
    await extra?.run(id, 'local', context());
    const [backup] = await provider.backups.list(id, signal());
    expect(backup).toMatchObject({ kind: 'backup', vmid: 101, storage: 'local' });
    const restored = await provider.backups.restore(backup!, { name: 'db-again', storage: 'local-lvm' }, context());
    expect((await provider.describe(restored, signal())).machine.name).toBe('db-again');
    expect((await failure(provider.backups.restore(backup!, { vmid: 101 }, context()))).code).toBe('alreadyExists');
    await provider.backups.restore(backup!, { vmid: 101, overwrite: true }, context());
    await provider.backups.remove(backup!, context());
    expect(await provider.backups.list(id, signal())).toEqual([]);
    await provider.lifecycle!.delete(restored, { disks: 'delete' }, context());
  });

  it('lists storages with their content, and deletes no disk from under a machine', async () => {
    const storages = await provider.storage!.list(signal());
    expect(storages.filter(storage => storage.id === 'shared').length).toBe(1);
    expect(storages.filter(storage => storage.id === 'local').map(storage => storage.node).sort()).toEqual(['pve', 'pve2']);
    const lvm = storages.find(storage => storage.id === 'local-lvm' && storage.node === 'pve')!;
    const items = await provider.storage!.content(lvm, signal());
    const used = items.find(item => item.name.includes('vm-106'))!;
    expect((await failure(provider.storage!.remove!(lvm, used, context()))).code).toBe('protected');
    server.state.web.set('https://example.org/x.iso', { size: 1_000_000 });
    const local = storages.find(storage => storage.id === 'local' && storage.node === 'pve')!;
    await provider.storage!.download!(local, 'iso', 'https://example.org/x.iso', 'x.iso', context());
    const iso = (await provider.storage!.content(local, signal())).find(item => item.name === 'x.iso')!;
    await provider.storage!.remove!(local, iso, context());
    expect((await provider.storage!.content(local, signal())).some(item => item.name === 'x.iso')).toBe(false);
  });

  it('lists networks, makes and removes a bridge', async () => {
    expect((await provider.networks!.list(signal())).filter(network => network.kind === 'bridge' && network.node === 'pve').map(network => network.name)).toEqual(['vmbr0', 'vmbr1']);
    await provider.networks!.create!({ kind: 'bridge', node: 'pve', name: 'vmbr9', cidr: '10.9.0.1/24' }, context());
    const made = (await provider.networks!.list(signal())).find(network => network.name === 'vmbr9')!;
    await provider.networks!.remove!(made, context());
    expect((await provider.networks!.list(signal())).some(network => network.name === 'vmbr9')).toBe(false);
  });

  it('shows the console and a terminal over the pinned connection', async () => {
    const { id } = await named(provider, 'web');
    const target = await provider.console!.open(id, context());
    if (target.kind !== 'vnc') throw new Error('no vnc');
    expect(target.password).toBeTruthy();
    const first = await new Promise<string>((resolve, reject) => {
      const channel = target.connect({ data: bytes => { resolve(new TextDecoder().decode(bytes)); channel.dispose(); }, closed: reason => { reject(new Error(reason ?? 'closed')); } });
    });
    expect(first).toMatch(/^RFB 003\.008/);
    expect((await failure(provider.terminal!.open(id, signal()) as Promise<unknown>)).code).toBe('notSupported');
    const { id: container } = await named(provider, 'proxy');
    const shell = await provider.terminal!.open(container, signal());
    if (shell.kind !== 'stream') throw new Error('no stream');
    const said = await new Promise<string>((resolve, reject) => {
      let all = '';
      const channel = shell.connect({ columns: 80, rows: 24 }, { data: text => { all += text; if (/[#$>] ?$/.test(all) || all.length > 20) { channel.dispose(); resolve(all); } }, closed: reason => { reject(new Error(reason ?? 'closed')); } });
    });
    expect(said.length).toBeGreaterThan(0);
    expect((await failure(provider.console!.open((await named(provider, 'db')).id, context()))).code).toBe('wrongState');
  });

  it('gives usage, node and cluster summaries, tasks with logs', async () => {
    const { id } = await named(provider, 'web');
    const now = Date.now();
    expect((await provider.usage!.read(id, now - 3_000_000, signal())).length).toBeGreaterThan(5);
    const [live] = await provider.usage!.read(id, now - 1000, signal());
    expect(live?.memoryTotalBytes).toBeGreaterThan(0);
    expect(await provider.cluster.node('pve', signal())).toMatchObject({ name: 'pve', online: true });
    expect((await provider.cluster.summary(signal())).nodes.map(node => node.fingerprint)).toEqual([server.fingerprint('pve'), server.fingerprint('pve2')]);
    const tasks = await provider.cluster.tasks(signal());
    expect(tasks.length).toBeGreaterThan(5);
    expect((await provider.cluster.taskLog(tasks.find(task => task.state === 'ok')!.upid, signal())).at(-1)).toBe('TASK OK');
  });

  it('completes from the live cluster', async () => {
    const values = async (path: string): Promise<string[]> => (await provider.suggestions!.values(path, signal())).map(entry => entry.value);
    expect(await values('config.provider_config.node')).toEqual(['pve', 'pve2']);
    expect(await values('config.provider_config.storage')).toEqual(expect.arrayContaining(['local-lvm', 'shared']));
    expect(await values('config.provider_config.bridge')).toEqual(expect.arrayContaining(['vmbr0', 'vmbr1']));
    expect(await values('config.box')).toEqual(['noble-2404']);
    expect(await values('config.iso')).toContain('local:iso/debian-13.1.0-amd64-netinst.iso');
    expect(await values('config.provider_config.pool')).toEqual(['lab']);
    expect(await values('config.nothing')).toEqual([]);
  });

  it('plans nothing for a machine that is what its file says, and a growth for one that is not', async () => {
    const made = await provider.lifecycle!.create(seed(), context());
    const details = await provider.describe(made, signal());
    expect(provider.planning!.compare(seed(), details)).toEqual([]);
    expect(provider.planning!.compare({ ...seed(), memoryMiB: 16384, options: { ...seed().options, disk_size: '80G' }, disks: [] }, details).map(difference => [difference.key, difference.before, difference.after])).toEqual([['memory', '8192 MiB', '16384 MiB'], ['disk', '64 GiB', '80 GiB']]);
    // Another node in the file: the machine is moved there, not made anew.
    const elsewhere = { ...seed(), options: { ...seed().options, node: 'pve2' } };
    const [moved, ...others] = provider.planning!.compare(elsewhere, details);
    expect([moved?.key, moved?.before, moved?.after, moved?.effect, others.length]).toEqual(['node', 'pve', 'pve2', 'live', 0]);
    const edit = moved?.change && 'edit' in moved.change ? moved.change.edit : undefined;
    expect(await provider.editing!.needsStop(made, [edit!], signal())).toEqual([]);
    await provider.editing!.apply(made, [edit!], context());
    expect(provider.planning!.compare(elsewhere, await provider.describe(made, signal()))).toEqual([]);
    await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
  });

  it('stops the task when it is cancelled, and says what state was left', async () => {
    const { id } = await named(provider, 'stubborn');
    await provider.power.start(id, {}, context());
    const stop = new AbortController();
    const ended = failure(provider.power.shutDown(id, { timeoutMs: 600_000 }, context(stop.signal)));
    await new Promise(resolve => setTimeout(resolve, 300));
    stop.abort();
    const error = await ended;
    expect(error.code).toBe('cancelled');
    expect(error.detail.left).toContain('{0} is {1} now');
    expect(await stateOf(provider, id)).toBe('running');
  });
});
