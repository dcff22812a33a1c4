// What a file says and a machine is not, as VirtualBox can tell.
import { describe, expect, it } from 'vitest';
import { machineId } from '../../../src/machines/machine.ts';
import type { MachineDetails, NetworkAdapter } from '../../../src/machines/machine.ts';
import type { MachineSpec, NetworkSpec } from '../../../src/machines/spec.ts';
import { originText } from '../../../src/providers/virtualbox/origin.ts';
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

describe('what Gaia and VirtualBox know a machine by', () => {
  const rows = (spec: Partial<MachineSpec>, is: Partial<MachineDetails> & { readonly tags?: readonly string[]; readonly extra?: Readonly<Record<string, unknown>> }): unknown => {
    const { tags, extra, ...more } = is;
    const base = details(more);
    return planning.compare(aSpec(spec), { ...base, machine: { ...base.machine, ...more.machine, ...tags ? { tags } : {}, ...extra ? { extra } : {} } }).map(({ key, before, after, effect, change }) => [key, before, after, effect, change && 'edit' in change && change.edit.kind === 'setting' ? `${change.edit.key}=${String(change.edit.value)}` : '']);
  };
  const running = { machine: { ...details().machine, state: 'running' as const } };

  it('its tags, in whatever order, changed at any time; none are taken from it unasked', () => {
    expect(rows({ tags: ['web', 'lab'] }, { ...running, tags: ['lab'] })).toEqual([['tags', 'lab', 'web, lab', 'live', 'tags=web,lab']]);
    expect(rows({ tags: ['web'] }, {})).toEqual([['tags', undefined, 'web', 'live', 'tags=web']]);
    expect(rows({ tags: ['web', 'lab'] }, { tags: ['lab', 'web'] })).toEqual([]);
    expect(rows({}, { tags: ['mine'] })).toEqual([]);
    expect(rows({ tags: [] }, { tags: ['mine'] })).toEqual([['tags', 'mine', undefined, 'live', 'tags=']]);
  });

  it('its groups, for which it is stopped', () => {
    expect(rows({ options: { groups: 'lab/web' } }, { ...running, settings: { groups: '/' } })).toEqual([['groups', '/', '/lab/web', 'stop', 'groups=/lab/web']]);
    expect(rows({ options: { group: '/lab' } }, { settings: { groups: '/lab' } })).toEqual([]);
    expect(rows({ options: { groups: '' } }, { settings: { groups: '/lab' } })).toEqual([['groups', '/lab', '/', 'live', 'groups=/']]);
    expect(rows({}, { settings: { groups: '/lab' } })).toEqual([]);
  });

  it('how it is shown: nothing said is without a window', () => {
    expect(rows({ options: { gui: true } }, { settings: { defaultfrontend: '' } })).toEqual([['gui', 'default', 'gui', 'live', 'defaultfrontend=gui']]);
    expect(rows({ options: { gui: false } }, { settings: { defaultfrontend: 'gui' } })).toEqual([['gui', 'gui', 'headless', 'live', 'defaultfrontend=headless']]);
    for (const present of ['', 'default', 'headless']) expect(rows({ options: { gui: false } }, { settings: { defaultfrontend: present } })).toEqual([]);
    expect(rows({ options: { gui: true, defaultfrontend: 'separate' } }, { settings: { defaultfrontend: 'separate' } })).toEqual([]);
    expect(rows({ options: { defaultfrontend: 'default' } }, { settings: { defaultfrontend: '' } })).toEqual([]);
  });

  it('its guest type, in VirtualBox\'s own words', () => {
    expect(rows({ options: { ostype: 'Ubuntu_64' } }, { extra: { osType: 'Debian_64' }, settings: { ostype: 'Debian (64-bit)' } })).toEqual([['setting ostype', 'Debian_64', 'Ubuntu_64', 'live', 'ostype=Ubuntu_64']]);
    expect(rows({ options: { os_type: 'debian_64' } }, { extra: { osType: 'Debian_64' } })).toEqual([]);
  });
});

describe('what a machine was made of', () => {
  const made = (source: MachineSpec['source'], uuid = '1'): MachineDetails => {
    const base = details();
    return { ...base, machine: { ...base.machine, extra: { source: originText({ source }, uuid) } } };
  };
  const wanted = (source: MachineSpec['source'], is: MachineDetails): unknown => planning.compare(aSpec({ source }), is).map(({ key, before, after, effect, loses, change }) => [key, before, after, effect, loses, change]);

  it('cannot be changed: the machine would be made anew, which the plan says, and what is lost', () => {
    const is = made({ kind: 'box', name: 'debian/bookworm64', version: '12.1.0' });
    expect(wanted({ kind: 'box', name: 'debian/trixie64' }, is)).toEqual([['source', 'box debian/bookworm64 12.1.0', 'box debian/trixie64', 'replace', 'all data on its disks', undefined]]);
    expect(wanted({ kind: 'box', name: 'debian/bookworm64', version: '>= 12.2, < 13' }, is)).toEqual([['source', 'box debian/bookworm64 12.1.0', 'box debian/bookworm64 >= 12.2, < 13', 'replace', 'all data on its disks', undefined]]);
    expect(wanted({ kind: 'image', url: 'https://example.org/a.qcow2' }, is)).toHaveLength(1);
    expect(wanted({ kind: 'iso', url: 'a.iso' }, is)).toHaveLength(1);
    expect(wanted({ kind: 'clone', of: 'db' }, made({ kind: 'clone', of: 'web' }))).toMatchObject([['source', 'clone of web', 'clone of db', 'replace', 'all data on its disks', undefined]]);
  });

  it.each<[string, MachineSpec['source'], MachineDetails]>([
    ['a version that the file allows', { kind: 'box', name: 'a/b', version: '~> 12.0' }, made({ kind: 'box', name: 'a/b', version: '12.1.0' })],
    ['a box of any version', { kind: 'box', name: 'a/b' }, made({ kind: 'box', name: 'a/b', version: '12.1.0' })],
    ['the same image by another way of writing it', { kind: 'image', url: './disk.qcow2' }, made({ kind: 'image', url: 'disk.qcow2', path: '/x/disk.qcow2' })],
    ['another installation medium: what was installed stays', { kind: 'iso', url: 'b.iso' }, made({ kind: 'iso', url: 'a.iso' })],
    ['a medium for a machine that was empty', { kind: 'iso', url: 'b.iso' }, made({ kind: 'empty' })],
    ['a file that names no source', { kind: 'empty' }, made({ kind: 'box', name: 'a/b' })],
    ['a machine of which nobody noted it', { kind: 'box', name: 'a/b' }, details()],
    ['a note that came along with a copy', { kind: 'box', name: 'a/b' }, made({ kind: 'box', name: 'x/y' }, '2')],
    ['a note that cannot be read', { kind: 'box', name: 'a/b' }, { ...details(), machine: { ...details().machine, extra: { source: '{' } } }],
  ])('is not held against %s', (_what, source, is) => {
    expect(wanted(source, is)).toEqual([]);
  });
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
