// Network cards, further disks and the processor of a machine, from its file to what stands on the server and back into the plan. On the stand-in of each version.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf as exportOf } from '../../../src/config/export.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { machineSpec } from '../../../src/config/spec.ts';
import type { MachineId } from '../../../src/machines/machine.ts';
import type { Change, Difference } from '../../../src/machines/provider.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import type { ProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';
import { connect, context, failure, signal } from './standIn.ts';

const gib = 2 ** 30;

/** As a person writes it. */
function ofFile(config: Readonly<Record<string, unknown>>, name = 'box-1'): MachineSpec {
  return machineSpec(parseConfig(JSON.stringify({ name, provider: 'proxmox', config: { cpus: 2, memory: 1024, ...config } })).machines[0]!);
}

describe.each<PveVersion>(['7.4', '8.4', '9.1'])('the hardware of a machine on Proxmox VE %s', version => {
  let server: ProxmoxServer;
  let provider: ProxmoxProvider;
  const major = Number(version[0]);

  beforeAll(async () => {
    server = await startProxmox({
      version, nodes: ['pve'], speed: 200,
      storages: [
        { storage: 'local', type: 'dir', path: '/var/lib/vz', content: ['iso', 'images', 'vztmpl', 'backup'] },
        { storage: 'local-lvm', type: 'lvmthin', content: ['images', 'rootdir'] },
        { storage: 'fast', type: 'lvmthin', content: ['images'] },
      ],
      guests: [
        { vmid: 900, name: 'debian-base', template: true, config: { scsi1: 'local-lvm:base-900-disk-1,size=2G' } },
        { vmid: 901, name: 'router-base', template: true, config: { net1: 'virtio=BC:24:11:00:09:01,bridge=vmbr1', net2: 'virtio=BC:24:11:00:09:02,bridge=vmbr1' } },
      ],
    });
    ({ provider } = connect(server));
  });
  afterAll(async () => {
    expect(server.violations).toEqual([]);
    await server.dispose();
  });

  const configOf = (id: MachineId): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(server.state.guests.get(Number(id.split('/').at(-1)))!.config).map(([key, value]) => [key, String(value)]));
  const differences = async (spec: MachineSpec, id: MachineId): Promise<readonly Difference[]> => provider.planning!.compare(spec, await provider.describe(id, signal()));
  const apply = async (id: MachineId, found: readonly Difference[]): Promise<void> => {
    for (const { change } of found) {
      if (!change) throw new Error('nothing to do it with');
      if ('edit' in change) await provider.editing!.apply(id, [change.edit], context());
      else if ('resize' in change) await provider.lifecycle!.resize!(id, change.resize, context());
    }
  };
  const made = async (spec: MachineSpec, work: (id: MachineId) => Promise<void>): Promise<void> => {
    const id = await provider.lifecycle!.create(spec, context());
    try {
      await work(id);
    } finally {
      await provider.power.powerOff(id, context());
      await provider.lifecycle!.delete(id, { disks: 'delete' }, context());
    }
    expect(server.state.volumes.filter(volume => volume.vmid === Number(id.split('/').at(-1)))).toEqual([]);
  };

  const cards = [
    { type: 'public_network', bridge: 'vmbr1', vlan: 30, model: 'e1000', mac: 'bc:24:11:0a:0b:0c', firewall: true, rate: 12.5 },
    { type: 'public_network', bridge: 'vmbr0' },
    { type: 'private_network', name: 'vmbr1' },
  ];

  it('makes the cards of the file, and says so when it is looked at', async () => {
    const spec = ofFile({ networks: cards, provider_config: { node: 'pve', storage: 'local-lvm' } });
    await made(spec, async id => {
      const { net0, net1, net2, net3 } = configOf(id);
      expect(net0?.split(',').sort()).toEqual(['bridge=vmbr1', 'e1000=BC:24:11:0A:0B:0C', 'firewall=1', 'rate=12.5', 'tag=30']);
      expect(net1).toMatch(/^virtio=(?:[0-9A-F]{2}:){5}[0-9A-F]{2},bridge=vmbr0$/);
      expect(net2).toMatch(/^virtio=.*,bridge=vmbr1$/);
      expect(net3).toBeUndefined();
      expect((await provider.describe(id, signal())).adapters[0]).toMatchObject({ index: 0, network: 'vmbr1', vlan: 30, model: 'e1000', macAddress: 'BC:24:11:0A:0B:0C', extra: { firewall: true, rate: 12.5 } });
      expect(await differences(spec, id)).toEqual([]);
    });
  });

  it('takes the words of provider_config for the first card', async () => {
    const spec = ofFile({ provider_config: { node: 'pve', storage: 'local-lvm', bridge: 'vmbr1', vlan: 7, model: 'vmxnet3', mac: 'BC:24:11:00:00:77', firewall: true, rate: 3 } });
    await made(spec, async id => {
      expect(configOf(id)['net0']?.split(',').sort()).toEqual(['bridge=vmbr1', 'firewall=1', 'rate=3', 'tag=7', 'vmxnet3=BC:24:11:00:00:77']);
      expect(await differences(spec, id)).toEqual([]);
    });
  });

  it('plans what of a card is another one, and changes that alone; and back', async () => {
    const spec = ofFile({ networks: cards, provider_config: { node: 'pve', storage: 'local-lvm' } });
    await made(spec, async id => {
      for (const [change, before, after, written] of [
        [{ vlan: 31 }, 'VLAN 30', 'VLAN 31', 'tag=31'],
        [{ model: 'virtio' }, 'e1000', 'virtio', 'virtio=BC:24:11:0A:0B:0C'],
        [{ mac: 'BC:24:11:0A:0B:0D' }, 'BC:24:11:0A:0B:0C', 'BC:24:11:0A:0B:0D', 'e1000=BC:24:11:0A:0B:0D'],
        [{ firewall: false }, 'firewall', 'no firewall', undefined],
        [{ rate: 4 }, '12.5 MB/s', '4 MB/s', 'rate=4'],
        [{ rate: 0 }, '12.5 MB/s', 'no limit', undefined],
        [{ bridge: 'vmbr0' }, 'vmbr1', 'vmbr0', 'bridge=vmbr0'],
      ] as const) {
        const wish = ofFile({ networks: [{ ...cards[0], ...change }, ...cards.slice(1)], provider_config: { node: 'pve', storage: 'local-lvm' } });
        const old = configOf(id);
        const found = await differences(wish, id);
        expect(found).toMatchObject([{ key: 'adapter 0', before, after, effect: 'live' }]);
        await apply(id, found);
        const now = configOf(id);
        const parts = (text: string | undefined): string[] => (text ?? '').split(',').sort();
        const gone = parts(old['net0']).filter(part => !parts(now['net0']).includes(part));
        const come = parts(now['net0']).filter(part => !parts(old['net0']).includes(part));
        expect([gone.length, come], JSON.stringify(change)).toEqual([1, written === undefined ? [] : [written]]);
        expect({ ...now, net0: '' }).toEqual({ ...old, net0: '' });
        expect(await differences(wish, id)).toEqual([]);
        await apply(id, await differences(spec, id));
        expect(parts(configOf(id)['net0'])).toEqual(parts(old['net0']));
      }
    });
  });

  it('adds a card that lacks, also while the machine runs', async () => {
    const spec = ofFile({ networks: cards.slice(0, 1), provider_config: { node: 'pve', storage: 'local-lvm' } });
    await made(spec, async id => {
      await provider.power.start(id, {}, context());
      const wish = ofFile({ networks: [cards[0], { type: 'public_network', bridge: 'vmbr1', vlan: 5, rate: 1 }], provider_config: { node: 'pve', storage: 'local-lvm' } });
      const found = await differences(wish, id);
      expect(found).toMatchObject([{ key: 'adapter 1', after: 'vmbr1, VLAN 5, 1 MB/s', effect: 'live' }]);
      expect(found[0]).not.toHaveProperty('before');
      await apply(id, found);
      expect(configOf(id)['net1']).toMatch(/^virtio=.*bridge=vmbr1,tag=5,rate=1$/);
      expect(await differences(wish, id)).toEqual([]);
    });
  });

  it('takes away the cards that the file does not have, and shows which', async () => {
    const options = { node: 'pve', storage: 'local-lvm' };
    await made(ofFile({ networks: cards, provider_config: options }), async id => {
      await provider.power.start(id, {}, context());
      const [, , third] = (await provider.describe(id, signal())).adapters;
      const one = ofFile({ networks: cards.slice(0, 2), provider_config: options });
      const found = await differences(one, id);
      expect(found).toMatchObject([{ key: 'adapter 2', before: `vmbr1, ${third!.macAddress!}`, effect: 'live' }]);
      expect(found[0]).not.toHaveProperty('after');
      const before = configOf(id);
      await apply(id, found);
      const { net2: _gone, ...others } = before;
      expect(configOf(id)).toEqual(others);
      expect(await differences(one, id)).toEqual([]);

      // A file that says nothing of networks makes one card, and keeps what it says in the words of the server.
      const none = ofFile({ provider_config: options });
      expect(await differences(none, id)).toMatchObject([{ key: 'adapter 1', before: expect.stringMatching(/^vmbr0, /) as string }]);
      expect(await differences(ofFile({ provider_config: { ...options, net1: 'virtio,bridge=vmbr0' } }), id)).toEqual([]);

      // Where cards cannot be unplugged it must be stopped; else the change would wait, and be planned again.
      server.state.guests.get(Number(id.split('/').at(-1)))!.config['hotplug'] = 'disk,usb';
      const waiting = await differences(ofFile({ networks: [{ ...cards[0], vlan: 31 }], provider_config: options }), id);
      expect(waiting).toMatchObject([{ key: 'adapter 0', effect: 'stop' }, { key: 'adapter 1', effect: 'stop' }]);
      expect(await provider.editing!.needsStop(id, [{ kind: 'removeAdapter', index: 1 }], signal())).toHaveLength(1);
      await provider.power.powerOff(id, context());
      expect(await provider.editing!.needsStop(id, [{ kind: 'removeAdapter', index: 1 }], signal())).toEqual([]);
      await apply(id, waiting);
      expect(configOf(id)).not.toHaveProperty('net1');
      expect(configOf(id)['net0']).toContain('tag=31');
    });
  });

  it('knows the cards of a machine with a gap among them', async () => {
    const options = { node: 'pve', storage: 'local-lvm' };
    const numbers = (id: MachineId): string[] => Object.keys(configOf(id)).filter(key => /^net\d/.test(key)).sort();
    await made(ofFile({ networks: cards, cloud_init: { user: 'dev' }, provider_config: options }), async id => {
      await provider.editing!.apply(id, [{ kind: 'removeAdapter', index: 1 }], context());
      expect(numbers(id)).toEqual(['net0', 'net2']);

      const exported = machineSpec(parseConfig(exportOf(await provider.describe(id, signal()), 'proxmox')).machines[0]!);
      expect(exported.networks).toHaveLength(2);
      expect(await differences(exported, id)).toEqual([]);

      // The address of the second is that of the card it stands for.
      const addressed = ofFile({ networks: [cards[0]!, { ...cards[2]!, ip: '10.9.0.5' }], cloud_init: { user: 'dev' }, provider_config: options });
      const found = await differences(addressed, id);
      expect(found).toMatchObject([{ key: 'address 2', after: '10.9.0.5/24' }]);
      await apply(id, found);
      expect(configOf(id)['ipconfig2']).toBe('ip=10.9.0.5/24');
      expect(await differences(addressed, id)).toEqual([]);

      // One more takes the gap, one less takes the last away; one known by its MAC address stays what it is.
      expect((await differences(ofFile({ networks: [...cards.slice(1), { type: 'public_network', bridge: 'vmbr0' }], provider_config: options }), id)).map(one => one.key)).toContain('adapter 1');
      expect(await differences(ofFile({ networks: [cards[0]!], provider_config: options }), id)).toMatchObject([{ key: 'adapter 2' }]);
      expect(await differences(ofFile({ networks: [cards[2]!, cards[0]!], provider_config: options }), id)).toEqual([]);
    });
  });

  it('a clone keeps the cards of its template where the file says nothing of networks', async () => {
    const options = { node: 'pve', storage: 'local-lvm', full_clone: true };
    const silent = ofFile({ clone_from: 'debian-base', provider_config: options });
    await made(silent, async id => {
      await provider.editing!.apply(id, [{ kind: 'setAdapter', adapter: { index: 1, mode: 'bridge', network: 'vmbr1', vlan: 9 } }], context());
      expect(await differences(silent, id)).toEqual([]);
      expect(await differences(ofFile({ clone_from: 'debian-base', networks: cards.slice(1, 2), provider_config: options }), id)).toMatchObject([{ key: 'adapter 1', before: expect.stringMatching(/^vmbr1, VLAN 9, /) as string }]);
    });
  });

  it('a clone has the cards that its file names, and none of the template’s beyond them', async () => {
    const two = ofFile({ clone_from: 'router-base', networks: cards.slice(1), provider_config: { node: 'pve', storage: 'local-lvm', full_clone: true } });
    await made(two, async id => {
      expect(Object.keys(configOf(id)).filter(key => key.startsWith('net'))).toEqual(['net0', 'net1']);
      expect(await differences(two, id)).toEqual([]);
    });
    const { networks: _networks, ...rest } = two;
    await made({ ...rest, networks: [] }, async id => {
      expect(Object.keys(configOf(id)).filter(key => key.startsWith('net'))).toEqual(['net0', 'net1', 'net2']);
    });
    expect(server.state.guests.get(901)?.config['net2']).toBeDefined();
  });

  it('makes further disks, each with its size and on its storage', async () => {
    const spec = ofFile({ disk_size: '10G', disks: [{ size: '4G', storage: 'fast' }, { size: '1536M' }, { size: '1G', storage: 'local', format: 'raw' }, { size: '1G', storage: 'local' }], provider_config: { node: 'pve', storage: 'local-lvm' } });
    await made(spec, async id => {
      const config = configOf(id);
      expect(config['scsi0']).toMatch(/^local-lvm:vm-\d+-disk-\d+,.*size=10G/);
      expect(config['scsi1']).toMatch(/^fast:vm-\d+-disk-\d+,.*size=4G/);
      expect(config['scsi2']).toMatch(/^local-lvm:vm-\d+-disk-\d+,.*size=1536M/);
      expect(config['scsi3']).toMatch(/^local:\d+\/vm-\d+-disk-\d+\.raw,.*size=1G/);
      // With snapshots, where nothing else was said.
      expect(config['scsi4']).toMatch(/^local:\d+\/vm-\d+-disk-\d+\.qcow2,.*size=1G/);
      expect(config['boot']).toMatch(/^order=scsi0;/);
      expect(await differences(spec, id)).toEqual([]);
      // A larger one than asked for, and one that the file does not know, have data and stay.
      await provider.lifecycle!.resize!(id, { disk: { slot: 'scsi2', sizeBytes: 2 * gib } }, context());
      await provider.editing!.apply(id, [{ kind: 'addDisk', sizeBytes: gib, storage: 'fast' }], context());
      expect(await differences(spec, id)).toEqual([]);
    });
  });

  it('plans further disks: one more, a larger one, another storage', async () => {
    const options = { node: 'pve', storage: 'local-lvm' };
    await made(ofFile({ disk_size: '10G', disks: [{ size: '4G', storage: 'fast' }], provider_config: options }), async id => {
      const wish = ofFile({ disk_size: '10G', disks: [{ size: '6G', storage: 'local-lvm' }, { size: '3G', storage: 'fast' }], provider_config: { ...options, storage: 'fast' } });
      const found = await differences(wish, id);
      expect(found.map(({ key, before, after, effect }) => [key, before, after, effect])).toEqual([
        ['disk storage', 'local-lvm', 'fast', 'live'],
        ['disk 2 storage', 'fast', 'local-lvm', 'live'],
        ['disk 2', '4 GiB', '6 GiB', 'live'],
        ['disk 3', undefined, '3 GiB, fast', 'live'],
      ]);
      await apply(id, found);
      const { disks } = await provider.describe(id, signal());
      expect(disks).toMatchObject([{ slot: 'scsi0', storage: 'fast', capacityBytes: 10 * gib }, { slot: 'scsi1', storage: 'local-lvm', capacityBytes: 6 * gib }, { slot: 'scsi2', storage: 'fast', capacityBytes: 3 * gib }]);
      expect(await differences(wish, id)).toEqual([]);
    });
  });

  it('a disk that a plan adds has the format of the file, and one of another format is copied into it', async () => {
    const options = { node: 'pve', storage: 'local' };
    await made(ofFile({ disk_size: '4G', provider_config: options }), async id => {
      const wish = ofFile({ disk_size: '4G', disks: [{ size: '1G', storage: 'local', format: 'raw' }, { size: '1G', storage: 'local' }, { size: '1G', format: 'vmdk' }], provider_config: options });
      const found = await differences(wish, id);
      expect(found.map(({ key, before, after, effect }) => [key, before, after, effect])).toEqual([['disk 2', undefined, '1 GiB, local, raw', 'live'], ['disk 3', undefined, '1 GiB, local', 'live'], ['disk 4', undefined, '1 GiB, vmdk', 'live']]);
      await apply(id, found);
      expect((await provider.describe(id, signal())).disks.map(({ slot, format }) => [slot, format])).toEqual([['scsi0', 'qcow2'], ['scsi1', 'raw'], ['scsi2', 'qcow2'], ['scsi3', 'vmdk']]);
      expect(await differences(wish, id)).toEqual([]);

      // Also while it runs; on one storage, with what it grows by.
      await provider.power.start(id, {}, context());
      const other = ofFile({ disk_size: '4G', disks: [{ size: '2G', storage: 'local', format: 'qcow2' }, { size: '1G', storage: 'fast' }, { size: '1G', format: 'vmdk' }], provider_config: options });
      const changes = await differences(other, id);
      expect(changes.map(({ key, before, after, effect }) => [key, before, after, effect])).toEqual([['disk 2 format', 'raw', 'qcow2', 'live'], ['disk 2', '1 GiB', '2 GiB', 'live'], ['disk 3 storage', 'local', 'fast', 'live']]);
      await apply(id, changes);
      expect((await provider.describe(id, signal())).disks).toMatchObject([{ slot: 'scsi0', format: 'qcow2' }, { slot: 'scsi1', storage: 'local', format: 'qcow2', capacityBytes: 2 * gib }, { slot: 'scsi2', storage: 'fast' }, { slot: 'scsi3', format: 'vmdk' }]);
      expect(server.state.volumes.filter(volume => volume.vmid === Number(id.split('/').at(-1))).length).toBe(4);
      // A block storage has no format to tell.
      const back = ofFile({ disk_size: '4G', disks: [{ size: '2G', storage: 'local', format: 'qcow2' }, { size: '1G', storage: 'local', format: 'raw' }, { size: '1G', format: 'vmdk' }], provider_config: options });
      expect(await differences(back, id)).toMatchObject([{ key: 'disk 3 storage', before: 'fast', after: 'local, raw' }]);
      await apply(id, await differences(back, id));
      expect((await provider.describe(id, signal())).disks[2]).toMatchObject({ storage: 'local', format: 'raw' });
      expect(await differences(back, id)).toEqual([]);
    });
  });

  it('disk_format is that of every disk which says nothing itself, also of one that is added', async () => {
    const wish = (...disks: object[]) => ofFile({ disk_size: '4G', disks, provider_config: { node: 'pve', storage: 'local', disk_format: 'raw' } });
    await made(wish(), async id => {
      const both = wish({ size: '1G', storage: 'local' }, { size: '1G', storage: 'local', format: 'qcow2' });
      expect(await differences(both, id)).toMatchObject([{ after: '1 GiB, local, raw' }, { after: '1 GiB, local, qcow2' }]);
      await apply(id, await differences(both, id));
      expect((await provider.describe(id, signal())).disks.map(disk => disk.format)).toEqual(['raw', 'raw', 'qcow2']);
      expect(await differences(both, id)).toEqual([]);
    });
    // A clone is what its template is, but for what is made for it.
    const clone = ofFile({ clone_from: 'debian-base', disk_size: '12G', disks: [{ size: '5G', storage: 'local', format: 'vmdk' }, { size: '3G', storage: 'local' }], provider_config: { node: 'pve', full_clone: true, disk_format: 'raw' } });
    await made(clone, async id => {
      expect((await provider.describe(id, signal())).disks.map(({ storage, format }) => [storage, format])).toEqual([['local-lvm', undefined], ['local', 'vmdk'], ['local', 'raw']]);
      expect(await differences(clone, id)).toEqual([]);
    });
  });

  it('a clone’s further disks are the template’s own first, which grow, and then new ones', async () => {
    const spec = ofFile({ clone_from: 'debian-base', disk_size: '12G', disks: [{ size: '5G' }, { size: '3G', storage: 'fast' }], networks: cards.slice(0, 1), provider_config: { node: 'pve', storage: 'local-lvm', full_clone: true, nested: true } });
    await made(spec, async id => {
      const { disks, adapters, settings } = await provider.describe(id, signal());
      expect(disks).toMatchObject([{ slot: 'scsi0', storage: 'local-lvm', capacityBytes: 12 * gib }, { slot: 'scsi1', storage: 'local-lvm', capacityBytes: 5 * gib }, { slot: 'scsi2', storage: 'fast', capacityBytes: 3 * gib }]);
      expect(adapters[0]).toMatchObject({ network: 'vmbr1', vlan: 30, model: 'e1000', macAddress: 'BC:24:11:0A:0B:0C', extra: { firewall: true, rate: 12.5 } });
      expect(settings['cpu']).toBe('host');
      expect(await differences(spec, id)).toEqual([]);
    });
  });

  it('a disk that came larger than the file says stays as it is; one that was made larger would have to be made anew', async () => {
    const options = { node: 'pve', storage: 'local-lvm', full_clone: true };
    const cloned = ofFile({ clone_from: 'debian-base', disk_size: '4G', provider_config: options });
    await made(cloned, async id => {
      expect((await provider.describe(id, signal())).disks[0]?.capacityBytes).toBe(8 * gib);
      expect(await differences(cloned, id)).toEqual([]);
    });
    await made(ofFile({ disk_size: '4G', provider_config: options }), async id => {
      expect(await differences(ofFile({ disk_size: '3G', provider_config: options }), id)).toMatchObject([{ key: 'disk', before: '4 GiB', after: '3 GiB', effect: 'replace' }]);
    });
  });

  it('a further disk that cannot be made takes the clone back, and nothing of the template', async () => {
    const before = { guests: [...server.state.guests.keys()], volumes: server.state.volumes.map(volume => volume.volid) };
    const error = await failure(provider.lifecycle!.create(ofFile({ clone_from: 'debian-base', disks: [{ size: '2G' }, { size: '3G', storage: 'nowhere' }], provider_config: { node: 'pve', storage: 'local-lvm', full_clone: true } }), context()));
    expect(error).toMatchObject({ code: 'notFound', message: 'There is no storage nowhere.' });
    expect([...server.state.guests.keys()]).toEqual(before.guests);
    expect(server.state.volumes.map(volume => volume.volid)).toEqual(before.volumes);
  });

  it('gives the processor of the file, plans another, and knows the nested one', async () => {
    const options = { node: 'pve', storage: 'local-lvm' };
    const typed = ofFile({ provider_config: { ...options, cpu: 'x86-64-v2-AES', sockets: 2 } });
    const older = ofFile({ provider_config: { ...options, cpu: 'Broadwell', sockets: 2 } });
    // 8 is the first to know the models by level.
    const spec = major >= 8 ? typed : older;
    await made(spec, async id => {
      expect(configOf(id)).toMatchObject({ cpu: major >= 8 ? 'x86-64-v2-AES' : 'Broadwell', sockets: '2', cores: '1' });
      expect(await differences(spec, id)).toEqual([]);
      const nested = ofFile({ provider_config: { ...options, nested: true, sockets: 2 } });
      const found = await differences(nested, id);
      expect(found).toMatchObject([{ key: 'setting cpu', before: major >= 8 ? 'x86-64-v2-AES' : 'Broadwell', after: 'host' }]);
      await apply(id, found);
      expect(configOf(id)['cpu']).toBe('host');
      expect(await differences(nested, id)).toEqual([]);
      // The file says nothing of it: nothing is done to it.
      expect(await differences(ofFile({ provider_config: { ...options, sockets: 2 } }), id)).toEqual([]);
    });
  });

  it('gives cloud-init the keys that a file holds, not its name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gaia-keys-'));
    try {
      await writeFile(join(folder, 'id.pub'), '# mine\nssh-ed25519 AAAAC3Nza+/= ann@pc\n');
      await writeFile(join(folder, 'id'), '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n');
      const wish = (...ssh_keys: string[]) => ofFile({ cloud_init: { user: 'dev', ssh_keys }, provider_config: { node: 'pve', storage: 'local-lvm' } });
      await made(wish(join(folder, 'id.pub'), 'ssh-rsa AAAAB3 bob@pc'), async id => {
        expect(decodeURIComponent(configOf(id)['sshkeys'] ?? '')).toBe('ssh-ed25519 AAAAC3Nza+/= ann@pc\nssh-rsa AAAAB3 bob@pc');
      });
      const sent = server.requests.length;
      expect((await failure(provider.lifecycle!.create(wish(join(folder, 'none.pub')), context()))).code).toBe('notFound');
      expect((await failure(provider.lifecycle!.create(wish(join(folder, 'id')), context()))).code).toBe('invalidInput');
      expect(JSON.stringify(server.requests.slice(sent))).not.toContain('c2VjcmV0');
      expect(server.requests.slice(sent).some(request => request.method !== 'GET')).toBe(false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('plans what cloud-init gives a machine, old and new; a running one has it from its next start; no password is told', async () => {
    const options = { node: 'pve', storage: 'local-lvm' };
    const env: Record<string, string> = { PW: 'hunter2-secret' };
    const { provider: own, records } = connect(server, { environment: name => env[name] });
    const wish = (ip: string, cloud: object) => ofFile({ networks: [{ type: 'public_network', ip, gateway: '10.0.0.1' }], cloud_init: cloud, provider_config: options });
    const key = (name: string): string => `ssh-ed25519 AAAAC3Nza+/${name} ${name}@pc`;
    const first = wish('10.0.0.5', { user: 'dev', ssh_keys: [key('ann')], nameserver: '1.1.1.1' });
    await made(first, async id => {
      expect(await differences(first, id)).toEqual([]);
      await provider.power.start(id, {}, context());
      const second = wish('10.0.0.6', { user: 'ops', ssh_keys: [key('ann'), key('bob')], nameserver: '1.1.1.1', search_domain: 'lan', password_env: 'PW' });
      const found = await differences(second, id);
      expect(found.map(({ key: name, before, after, effect }) => [name, before, after, effect])).toEqual([
        ['DNS domain', undefined, 'lan (from its next start)', 'live'],
        ['cloud-init user', 'dev', 'ops (from its next start)', 'live'],
        ['cloud-init password', 'none', 'set (from its next start)', 'live'],
        ['cloud-init keys', 'ann@pc', 'ann@pc, bob@pc (from its next start)', 'live'],
        ['address 0', '10.0.0.5/24 via 10.0.0.1', '10.0.0.6/24 via 10.0.0.1 (from its next start)', 'live'],
      ]);
      expect(JSON.stringify(found)).not.toContain('hunter2');
      const edits = found.map(({ change }) => (change as { edit: Change }).edit);
      expect(await own.editing!.needsStop!(id, edits, signal())).toEqual([]);
      const told = context();
      await own.editing!.apply(id, edits, told);
      expect(told.lines.join(' ')).toContain('at the next start');
      expect(JSON.stringify([records, told.lines, told.steps, await own.commands!({ verb: 'edit', id, changes: edits }, signal())])).not.toContain('hunter2');
      expect(configOf(id)).toMatchObject({ ciuser: 'ops', cipassword: 'hunter2-secret', searchdomain: 'lan', nameserver: '1.1.1.1', ipconfig0: 'ip=10.0.0.6/24,gw=10.0.0.1' });
      expect(decodeURIComponent(configOf(id)['sshkeys'] ?? '')).toBe(`${key('ann')}\n${key('bob')}`);
      expect(await differences(second, id)).toEqual([]);
      // A variable that is not set is told before anything is sent.
      delete env['PW'];
      const sent = server.requests.length;
      expect(await failure(own.editing!.apply(id, edits, context()))).toMatchObject({ code: 'invalidInput', detail: { values: ['PW'] } });
      expect(server.requests.slice(sent).every(request => request.method === 'GET')).toBe(true);
    });
  });

  it('gives a machine without a cloud-init drive one, also while it runs; a clone’s drive gets the addresses of its file', async () => {
    const options = { node: 'pve', storage: 'local-lvm' };
    await made(ofFile({ disk_size: '1G', provider_config: options }), async id => {
      await provider.power.start(id, {}, context());
      // An address alone asks for nothing that Proxmox VE could do without the drive.
      expect(await differences(ofFile({ networks: [{ type: 'public_network', ip: '10.0.0.5' }], provider_config: options }), id)).toEqual([]);
      const wish = ofFile({ networks: [{ type: 'public_network', ip: '10.0.0.5' }], cloud_init: { user: 'dev' }, provider_config: options });
      const found = await differences(wish, id);
      expect(found.map(({ key, before, after, effect }) => [key, before, after, effect])).toEqual([
        ['cloud-init drive', 'none', 'ide2, local-lvm (from its next start)', 'live'], ['cloud-init user', undefined, 'dev (from its next start)', 'live'], ['address 0', 'no address', '10.0.0.5/24 (from its next start)', 'live'],
      ]);
      await provider.editing!.apply(id, found.map(({ change }) => (change as { edit: Change }).edit), context());
      expect(await differences(wish, id)).toEqual([]);
      await provider.power.powerOff(id, context());
      await provider.power.start(id, {}, context());
      expect((await provider.describe(id, signal())).disks.find(disk => disk.slot === 'ide2')).toMatchObject({ kind: 'cloudinit' });
      expect(await differences(wish, id)).toEqual([]);
      await provider.power.powerOff(id, context());
      // With the drive, an address needs no cloud_init in the file; a clone of it neither.
      const clone = ofFile({ clone_from: 'box-1', networks: [{ type: 'public_network', ip: '10.0.0.6' }], provider_config: { node: 'pve', full_clone: true } }, 'box-2');
      await made(clone, async copy => {
        expect(configOf(copy)).toMatchObject({ ipconfig0: 'ip=10.0.0.6/24', ciuser: 'dev' });
        expect(await differences(clone, copy)).toEqual([]);
      });
    });
  });

  it('says which value of a card cannot be, before anything is made', async () => {
    const before = server.state.guests.size;
    for (const [key, value] of [['rate', -1], ['rate', 'fast'], ['vlan', 'x']] as const) {
      const error = await failure(provider.lifecycle!.create(ofFile({ provider_config: { node: 'pve', storage: 'local-lvm', [key]: value } }), context()));
      expect(error).toMatchObject({ code: 'invalidInput', detail: { values: [key] } });
    }
    expect(server.state.guests.size).toBe(before);
  });
});
