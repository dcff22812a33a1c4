// What a file says and a machine is not, as VirtualBox can tell.
import { describe, expect, it } from 'vitest';
import { machineId } from '../../../src/machines/machine.ts';
import type { MachineDetails, NetworkAdapter } from '../../../src/machines/machine.ts';
import type { MachineSpec, NetworkSpec } from '../../../src/machines/spec.ts';
import { planning } from '../../../src/providers/virtualbox/planning.ts';

const gib = 2 ** 30;
const aSpec = (more: Partial<MachineSpec> = {}): MachineSpec => ({ name: 'web', provider: 'virtualbox', source: { kind: 'box', name: 'a/b' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {}, ...more });
const details = (more: Partial<MachineDetails> = {}): MachineDetails => ({
  machine: { id: machineId('virtualbox', 'local', '1'), name: 'web', kind: 'vm', state: 'stopped', providerState: 'poweroff' },
  disks: [{ slot: 'SATA 0:0', kind: 'disk', capacityBytes: 10 * gib }], adapters: [{ index: 1, mode: 'nat' }], portForwards: [], sharedFolders: [], snapshots: [], settings: {}, ...more,
});
const second = (adapter: Omit<NetworkAdapter, 'index'>): Partial<MachineDetails> => ({ adapters: [{ index: 1, mode: 'nat' }, { index: 2, ...adapter }] });
const keys = (spec: MachineSpec, is: MachineDetails): readonly string[] => planning.compare(spec, is).map(difference => difference.key);

describe('networks', () => {
  it.each<[string, NetworkSpec, Omit<NetworkAdapter, 'index'>]>([
    ['a host-only network by its address', { type: 'private_network', ip: '192.168.56.10' }, { mode: 'hostonly', network: 'vboxnet0' }],
    ['a host-only network by its name', { type: 'private_network', name: 'vboxnet1' }, { mode: 'hostonly', network: 'vboxnet1' }],
    ['an internal network', { type: 'private_network', name: 'backend' }, { mode: 'intnet', network: 'backend' }],
    ['a network of macOS', { type: 'private_network', ip: '192.168.56.10' }, { mode: 'hostonlynetwork', network: 'gaia-192.168.56.1' }],
    ['a bridge by a part of its name', { type: 'public_network', bridge: 'en0' }, { mode: 'bridged', network: 'en0: Wi-Fi (AirPort)' }],
    ['any bridge', { type: 'public_network' }, { mode: 'bridged', network: 'eth0' }],
  ])('%s is what a create made of it: no difference', (_name, network, adapter) => {
    expect(keys(aSpec({ networks: [network] }), details(second(adapter)))).toEqual([]);
  });

  it('a missing one is attached to what the file says, which is looked up when it is done', () => {
    const network: NetworkSpec = { type: 'private_network', ip: '192.168.56.10' };
    expect(planning.compare(aSpec({ networks: [network] }), details())).toMatchObject([{ key: 'network 2', after: 'hostonly 192.168.56.10', effect: 'live', change: { edit: { kind: 'setAdapter', adapter: { index: 2, mode: 'hostonly', extra: { wanted: network } } } } }]);
    expect(keys(aSpec({ networks: [{ type: 'private_network', name: 'backend' }] }), details(second({ mode: 'intnet', network: 'other' })))).toEqual(['network 2']);
    expect(keys(aSpec(), details(second({ mode: 'bridged', network: 'eth0' })))).toEqual(['network 2']);
  });
});

describe('disks', () => {
  it('behind the first are added, and grow; those the file does not know stay', () => {
    const spec = aSpec({ disks: [{ sizeBytes: 0 }, { sizeBytes: 2 * gib }, { sizeBytes: gib }] });
    expect(planning.compare(spec, details({ disks: [{ slot: 'SATA 0:0', kind: 'disk', capacityBytes: 10 * gib }, { slot: 'SATA 1:0', kind: 'cdrom' }, { slot: 'SATA 2:0', kind: 'disk', capacityBytes: gib }] }))).toMatchObject([
      { key: 'disk SATA 2:0', before: '1024 MiB', after: '2048 MiB', change: { resize: { disk: { slot: 'SATA 2:0', sizeBytes: 2 * gib } } } },
      { key: 'disk 3', after: '1024 MiB', change: { edit: { kind: 'addDisk', sizeBytes: gib } } },
    ]);
    expect(keys(aSpec(), details({ disks: [{ slot: 'SATA 0:0', kind: 'disk', capacityBytes: gib }, { slot: 'SATA 2:0', kind: 'disk', capacityBytes: gib }] }))).toEqual([]);
  });
});

it('a clone keeps the rules and folders of its source where the file has none', () => {
  const is = details({ portForwards: [{ name: 'web', adapter: 1, protocol: 'tcp', hostPort: 8080, guestPort: 80 }], sharedFolders: [{ name: 'src', hostPath: '/src' }] });
  expect(keys(aSpec({ source: { kind: 'clone', of: 'base' } }), is)).toEqual([]);
  expect(keys(aSpec(), is)).toEqual(['forward web', 'folder src']);
});

describe('3D', () => {
  const is = (more: Readonly<Record<string, string>>, osType = 'Debian (64-bit)'): MachineDetails => details({ settings: { accelerate3d: 'off', vram: '16', ...more }, osType });
  const wanted = (options: MachineSpec['options'], there: MachineDetails): unknown => planning.compare(aSpec({ options }), there).map(({ key, before, after }) => [key, before, after]);

  it('comes with a graphics controller that has it, before it, where the machine has none such', () => {
    expect(wanted({ accelerate3d: 'on', vram: 64 }, is({ graphicscontroller: 'vboxvga' }))).toEqual([['setting graphicscontroller', 'vboxvga', 'vmsvga'], ['setting vram', '16', '64'], ['setting accelerate3d', 'off', 'on']]);
    expect(wanted({ accelerate_3d: true }, is({ graphicscontroller: 'none' }, 'Windows 10 (64-bit)'))).toEqual([['setting graphicscontroller', 'none', 'vboxsvga'], ['setting accelerate_3d', 'off', 'on']]);
  });

  it('leaves a controller that has it, and one where nothing of 3D changes', () => {
    expect(wanted({ accelerate3d: 'on' }, is({ graphicscontroller: 'vboxsvga' }))).toEqual([['setting accelerate3d', 'off', 'on']]);
    expect(wanted({ accelerate3d: 'off' }, is({ graphicscontroller: 'vboxvga' }))).toEqual([]);
    expect(wanted({ accelerate3d: 'on' }, is({ graphicscontroller: 'vboxvga', accelerate3d: 'on' }))).toEqual([]);
  });

  it('is changed after the controller that the file names', () => {
    expect(wanted({ accelerate3d: 'on', graphicscontroller: 'vmsvga' }, is({ graphicscontroller: 'vboxvga' }))).toEqual([['setting graphicscontroller', 'vboxvga', 'vmsvga'], ['setting accelerate3d', 'off', 'on']]);
  });
});
