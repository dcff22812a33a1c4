// Containers on the stand-in of each version: what is right for a machine need not be for them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineId } from '../../../src/machines/machine.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import type { ProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';
import { connect, context, failure, named, signal, spec, stateOf } from './standIn.ts';

const template = 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst';

describe.each<PveVersion>(['7.4', '8.4', '9.1'])('containers of Proxmox VE %s', version => {
  let server: ProxmoxServer;
  let provider: ProxmoxProvider;

  beforeAll(async () => {
    server = await startProxmox({
      version, nodes: ['pve', 'pve2'], speed: 200,
      // As the installer makes them: `local` takes no guests.
      storages: [
        { storage: 'local', type: 'dir', path: '/var/lib/vz', content: ['iso', 'vztmpl', 'backup'] },
        { storage: 'local-lvm', type: 'lvmthin', content: ['images', 'rootdir'] },
        { storage: 'big', type: 'lvmthin', content: ['images', 'rootdir'], totalBytes: 4000 * 2 ** 30 },
        { storage: 'files', type: 'dir', path: '/srv', content: ['rootdir'] },
        { storage: 'shared', type: 'nfs', path: '/mnt/pve/shared', shared: true, content: ['rootdir', 'backup'] },
      ],
      guests: [
        { vmid: 200, name: 'proxy', kind: 'lxc', status: 'running' },
        { vmid: 201, name: 'cache', kind: 'lxc' },
        { vmid: 202, name: 'base', kind: 'lxc', template: true },
        { vmid: 203, name: 'plain', kind: 'lxc', storage: 'files' },
        { vmid: 204, name: 'afar', kind: 'lxc', storage: 'shared' },
      ],
    });
    ({ provider } = connect(server));
  });
  afterAll(async () => {
    expect(server.violations).toEqual([]);
    await server.dispose();
  });

  const guest = (vmid: number) => server.state.guests.get(vmid)!;
  const numberOf = (id: MachineId): number => Number(id.split('/').at(-1));
  const removed = (id: MachineId): Promise<void> => provider.lifecycle!.delete(id, { disks: 'delete' }, context());

  it('takes snapshots of a running one without its memory, restores one, deletes them', async () => {
    const { id } = await named(provider, 'proxy');
    // The memory that is asked for is one that a container does not have.
    await provider.snapshots!.take(id, { name: 'before', description: 'clean', memory: true }, context());
    expect(await stateOf(provider, id)).toBe('running');
    await provider.lifecycle!.resize!(id, { memoryMiB: 1024 }, context());
    await provider.snapshots!.take(id, { name: 'after' }, context());
    const tree = await provider.snapshots!.list(id, signal());
    expect(tree).toMatchObject([{ name: 'before', description: 'clean', children: [{ name: 'after', current: true }] }]);
    expect(JSON.stringify(tree)).not.toContain('"memory":true');
    await provider.snapshots!.restore(id, 'before', context());
    // Without a memory to come back to it is stopped then, and that is told.
    expect(await stateOf(provider, id)).toBe('stopped');
    expect(guest(200).config['memory']).toBe(512);
    expect(await provider.snapshots!.list(id, signal())).toMatchObject([{ name: 'before', current: true, children: [{ name: 'after' }] }]);
    await provider.snapshots!.delete(id, 'before', context());
    expect(await provider.snapshots!.list(id, signal())).toMatchObject([{ name: 'after', children: [] }]);
    await provider.snapshots!.delete(id, 'after', context());
    expect(guest(200).snapshots).toEqual([]);
    expect((await failure(provider.snapshots!.restore(id, 'after', context()))).code).toBe('notFound');
    await provider.power.start(id, {}, context());
  });

  it('does not try a snapshot where its storage has none', async () => {
    const { id } = await named(provider, 'plain');
    const sent = server.requests.length;
    expect(await failure(provider.snapshots!.take(id, { name: 'first' }, context()))).toMatchObject({ code: 'notSupported', detail: { machine: 'plain' } });
    expect(server.requests.slice(sent).filter(request => request.method !== 'GET')).toEqual([]);
  });

  it('clones: full to another storage, linked from a template, from a snapshot of a running one', async () => {
    const full = await provider.cloning!.clone((await named(provider, 'cache')).id, { name: 'cache-2', storage: 'big' }, context());
    const details = await provider.describe(full, signal());
    expect(details.machine).toMatchObject({ name: 'cache-2', kind: 'container', state: 'stopped' });
    expect(details.disks).toMatchObject([{ slot: 'rootfs', storage: 'big', capacityBytes: 8 * 2 ** 30 }]);
    expect(details.adapters[0]?.macAddress).not.toBe((await provider.describe((await named(provider, 'cache')).id, signal())).adapters[0]?.macAddress);

    const base = await named(provider, 'base');
    expect(await provider.cloning!.refusal?.(base.id, { linked: true }, signal())).toBeUndefined();
    const linked = await provider.cloning!.clone(base.id, { name: 'linked-1', linked: true }, context());
    expect(server.state.volumes.find(volume => volume.vmid === numberOf(linked))?.parent).toContain('base-202-disk-0');
    expect((await provider.lifecycle!.deletionPreview(base.id, signal())).refused).toBeDefined();

    const proxy = await named(provider, 'proxy');
    const before = server.state.guests.size;
    expect(await failure(provider.cloning!.clone(proxy.id, { name: 'proxy-2' }, context()))).toMatchObject({ code: 'wrongState', message: 'A container can be copied while it runs only from one of its snapshots.' });
    expect(server.state.guests.size).toBe(before);
    await provider.snapshots!.take(proxy.id, { name: 'now' }, context());
    const copy = await provider.cloning!.clone(proxy.id, { name: 'proxy-2', snapshot: 'now' }, context());
    expect(await stateOf(provider, copy)).toBe('stopped');
    expect(guest(numberOf(copy)).snapshots).toEqual([]);
    await provider.snapshots!.delete(proxy.id, 'now', context());
    for (const id of [full, linked, copy]) await removed(id);
  });

  it('a full clone of what lies on this node’s own storage goes to another node in two steps', async () => {
    const copy = await provider.cloning!.clone((await named(provider, 'cache')).id, { name: 'cache-3', target: 'pve2' }, context());
    expect(guest(numberOf(copy)).node).toBe('pve2');
    expect((await named(provider, 'cache-3')).path).toEqual(['pve2']);
    await removed(copy);
  });

  it('backs up, and restores beside it to where it lies, not to a storage that takes none', async () => {
    const { id } = await named(provider, 'proxy');
    await provider.backups.run(id, { storage: 'local', notes: 'of proxy' }, context());
    const [backup] = await provider.backups.list(id, signal());
    expect(backup).toMatchObject({ kind: 'backup', vmid: 200, storage: 'local', notes: 'of proxy' });
    expect(await stateOf(provider, id)).toBe('running');
    const beside = await provider.backups.restore(backup!, { name: 'proxy-again' }, context());
    const details = await provider.describe(beside, signal());
    expect(details.machine).toMatchObject({ name: 'proxy-again', kind: 'container', state: 'stopped' });
    expect(details.disks).toMatchObject([{ slot: 'rootfs', storage: 'local-lvm' }]);
    // One of its own, so that both may run.
    expect(details.adapters[0]?.macAddress).not.toBe((await provider.describe(id, signal())).adapters[0]?.macAddress);
    const elsewhere = await provider.backups.restore(backup!, { name: 'proxy-big', storage: 'big' }, context());
    expect((await provider.describe(elsewhere, signal())).disks).toMatchObject([{ storage: 'big' }]);
    for (const made of [beside, elsewhere]) await removed(made);
    await provider.backups.remove(backup!, context());
    expect(await provider.backups.list(id, signal())).toEqual([]);
  });

  it('restores over a stopped one only when told so, and finds a place for one that is gone', async () => {
    const cache = await named(provider, 'cache');
    await provider.backups.run(cache.id, { storage: 'local' }, context());
    const [backup] = await provider.backups.list(cache.id, signal());
    await provider.lifecycle!.resize!(cache.id, { memoryMiB: 2048 }, context());
    expect((await failure(provider.backups.restore(backup!, { vmid: 201 }, context()))).code).toBe('alreadyExists');
    expect(guest(201).config['memory']).toBe(2048);
    await provider.power.start(cache.id, {}, context());
    expect((await failure(provider.backups.restore(backup!, { vmid: 201, overwrite: true }, context()))).code).toBe('wrongState');
    await provider.power.powerOff(cache.id, context());
    await provider.backups.restore(backup!, { vmid: 201, overwrite: true }, context());
    expect(guest(201).config['memory']).toBe(512);
    expect((await provider.describe(cache.id, signal())).disks).toMatchObject([{ storage: 'local-lvm' }]);
    expect(server.state.volumes.filter(volume => volume.vmid === 201 && volume.content === 'rootdir').length).toBe(1);
    await removed(cache.id);
    // The storage with most room.
    const back = await provider.backups.restore(backup!, { vmid: 201 }, context());
    expect(numberOf(back)).toBe(201);
    expect((await provider.describe(back, signal())).disks).toMatchObject([{ storage: 'big' }]);
    await provider.backups.remove(backup!, context());
  });

  it('a restore that fails takes nothing away', async () => {
    const { id } = await named(provider, 'cache');
    await provider.backups.run(id, { storage: 'local' }, context());
    const [backup] = await provider.backups.list(id, signal());
    const rootfs = guest(201).config['rootfs'];
    server.faults.taskFails('vzrestore', 'unable to restore CT 201 - command failed');
    await failure(provider.backups.restore(backup!, { vmid: 201, overwrite: true }, context()));
    expect(guest(201).config['rootfs']).toBe(rootfs);
    expect(server.state.volumes.some(volume => String(rootfs).startsWith(volume.volid))).toBe(true);
    const before = server.state.guests.size;
    server.faults.taskFails('vzrestore', 'unable to restore CT 205 - command failed');
    await failure(provider.backups.restore(backup!, { name: 'nothing' }, context()));
    expect(server.state.guests.size).toBe(before);
    await provider.backups.remove(backup!, context());
  });

  it('makes one with its cards, limits and further volumes, and plans nothing for it', async () => {
    const wish = spec({
      name: 'ct-full', source: { kind: 'tarball', url: template }, cpus: 2, memoryMiB: 768,
      disks: [{ sizeBytes: 6 * 2 ** 30 }, { sizeBytes: 3 * 2 ** 30, storage: 'big' }],
      networks: [{ type: 'public_network', bridge: 'vmbr1', vlan: 30, mac: 'bc:24:11:00:00:0a', firewall: true, rate: 5 }, { type: 'private_network', name: 'vmbr0', ip: '10.0.0.5' }],
      options: { node: 'pve', storage: 'local-lvm' },
    });
    const made = await provider.lifecycle!.create(wish, context());
    const details = await provider.describe(made, signal());
    expect(details.disks).toMatchObject([{ slot: 'rootfs', storage: 'local-lvm', capacityBytes: 6 * 2 ** 30 }, { slot: 'mp0', storage: 'big', capacityBytes: 3 * 2 ** 30 }]);
    expect(details.adapters).toMatchObject([{ network: 'vmbr1', vlan: 30, macAddress: 'BC:24:11:00:00:0A', extra: { firewall: true, rate: 5 } }, { network: 'vmbr0' }]);
    expect(String(guest(numberOf(made)).config['net1'])).toContain('ip=10.0.0.5/24');
    expect(provider.planning!.compare(wish, details)).toEqual([]);
    const changed = { ...wish, disks: [...wish.disks.slice(0, 1), { sizeBytes: 4 * 2 ** 30, storage: 'local-lvm' }], networks: [{ ...wish.networks[0]!, rate: 2.5 } as (typeof wish.networks)[0], wish.networks[1]!] };
    const differences = provider.planning!.compare(changed, details);
    expect(differences.map(({ key, before, after }) => [key, before, after])).toEqual([['disk 2 storage', 'big', 'local-lvm'], ['disk 2', '3 GiB', '4 GiB'], ['adapter 0', '5 MB/s', '2.5 MB/s']]);
    for (const { change } of differences) {
      if (change && 'edit' in change) await provider.editing!.apply(made, [change.edit], context());
      else if (change && 'resize' in change) await provider.lifecycle!.resize!(made, change.resize, context());
    }
    const after = await provider.describe(made, signal());
    expect(provider.planning!.compare(changed, after)).toEqual([]);
    expect(String(guest(numberOf(made)).config['net0'])).toContain('hwaddr=BC:24:11:00:00:0A');
    // What the move left behind would be a volume that nobody knows of.
    expect(server.state.volumes.filter(volume => volume.vmid === numberOf(made)).length).toBe(2);
    await removed(made);
    expect(server.state.volumes.filter(volume => volume.vmid === numberOf(made))).toEqual([]);
  });

  it('plans another address of a card, shows old and new, and gives it to one that runs', async () => {
    const wish = (network: object, cloudInit?: MachineSpec['cloudInit']): MachineSpec => spec({ name: 'ct-net', source: { kind: 'tarball', url: template }, networks: [{ type: 'public_network', bridge: 'vmbr1', vlan: 30, ...network }, { type: 'public_network', bridge: 'vmbr0' }], options: { node: 'pve', storage: 'local-lvm' }, ...(cloudInit ? { cloudInit } : {}) });
    const first = wish({}, { ipConfig: 'ip=10.0.0.5/24,gw=10.0.0.1' });
    const made = await provider.lifecycle!.create(first, context());
    const card = (index = 0): string[] => String(guest(numberOf(made)).config[`net${String(index)}`]).split(',').filter(part => /^(?:ip|gw)6?=/.test(part));
    const rest = (): string[] => String(guest(numberOf(made)).config['net0']).split(',').filter(part => !/^(?:ip|gw)6?=/.test(part)).sort();
    expect(card()).toEqual(['ip=10.0.0.5/24', 'gw=10.0.0.1']);
    expect(card(1)).toEqual(['ip=dhcp']);
    await provider.power.start(made, {}, context());
    const others = rest();
    for (const [file, before, after, written] of [
      [wish({ ip: '10.0.0.6' }), '10.0.0.5/24 via 10.0.0.1', '10.0.0.6/24 via 10.0.0.1', ['ip=10.0.0.6/24', 'gw=10.0.0.1']],
      // A gateway that the new address cannot reach is none: the row says so.
      [wish({ ip: '192.168.7.6', netmask: '255.255.0.0' }), '10.0.0.6/24 via 10.0.0.1', '192.168.7.6/16', ['ip=192.168.7.6/16']],
      [wish({}, { ipConfig: 'ip=192.168.7.6/16,gw=192.168.0.1' }), '192.168.7.6/16', '192.168.7.6/16 via 192.168.0.1', ['ip=192.168.7.6/16', 'gw=192.168.0.1']],
      [wish({ dhcp: true }), '192.168.7.6/16 via 192.168.0.1', 'DHCP', ['ip=dhcp']],
      [wish({ ip: 'fd00::5' }), 'DHCP', 'DHCP, fd00::5/64', ['ip=dhcp', 'ip6=fd00::5/64']],
      [wish({}, { ipConfig: 'ip=manual,ip6=auto' }), 'DHCP, fd00::5/64', 'IPv6 auto', ['ip=manual', 'ip6=auto']],
      [wish({ ip: '10.0.0.9', vlan: 31 }), 'VLAN 30, IPv6 auto', 'VLAN 31, 10.0.0.9/24, IPv6 auto', ['ip=10.0.0.9/24', 'ip6=auto']],
    ] as const) {
      const differences = provider.planning!.compare(file, await provider.describe(made, signal()));
      expect(differences).toMatchObject([{ key: 'adapter 0', before, after, effect: 'live' }]);
      for (const { change } of differences) if (change && 'edit' in change) await provider.editing!.apply(made, [change.edit], context());
      expect(card()).toEqual(written);
      expect(card(1)).toEqual(['ip=dhcp']);
      expect((await provider.describe(made, signal())).pending).toBeUndefined();
      expect(provider.planning!.compare(file, await provider.describe(made, signal()))).toEqual([]);
    }
    expect(rest()).toEqual(others.map(part => part.replace('tag=30', 'tag=31')));
    // What a file says nothing of stays, whoever set it; and another change of the card keeps it.
    const silent = wish({ vlan: 32 });
    const found = provider.planning!.compare(silent, await provider.describe(made, signal()));
    expect(found).toMatchObject([{ key: 'adapter 0', before: 'VLAN 31', after: 'VLAN 32' }]);
    for (const { change } of found) if (change && 'edit' in change) await provider.editing!.apply(made, [change.edit], context());
    expect(card()).toEqual(['ip=10.0.0.9/24', 'ip6=auto']);
    await provider.power.powerOff(made, context());
    await removed(made);
  });

  it('a clone gets the address of its file', async () => {
    const wish = spec({ name: 'base-1', source: { kind: 'clone', of: 'base' }, networks: [{ type: 'public_network', bridge: 'vmbr0', ip: '10.0.0.7' }], options: { node: 'pve' } });
    const made = await provider.lifecycle!.create(wish, context());
    expect(String(guest(numberOf(made)).config['net0']).split(',')).toContain('ip=10.0.0.7/24');
    expect(provider.planning!.compare(wish, await provider.describe(made, signal()))).toEqual([]);
    // The cluster hears of its name later; that is no other machine.
    const { broadcast } = guest(numberOf(made));
    guest(numberOf(made)).broadcast = { ...broadcast!, name: `CT${String(numberOf(made))}` };
    await provider.list(signal());
    await removed(made);
  });
});
