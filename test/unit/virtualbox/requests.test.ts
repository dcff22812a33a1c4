// What is sent: encoders that let nothing else through, provider_config as modifyvm options, and the plan of a create.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { adapterOptions, checkedForward, forwardOf, liveAdapterCommands, macOf, modeOf, plannedAdapters } from '../../../src/providers/virtualbox/adapters.ts';
import type { Built, CreateFacts } from '../../../src/providers/virtualbox/create.ts';
import { fileName, finishSteps, makeCall, sharedFolderOf } from '../../../src/providers/virtualbox/create.ts';
import { checkName, groupsOf } from '../../../src/providers/virtualbox/creation.ts';
import { changeCalls } from '../../../src/providers/virtualbox/editing.ts';
import { groupText } from '../../../src/providers/virtualbox/extras.ts';
import { guestType } from '../../../src/providers/virtualbox/guestTypes.ts';
import { createHostOnlyCalls } from '../../../src/providers/virtualbox/networks.ts';
import { forwardsOf } from '../../../src/providers/virtualbox/parse/devices.ts';
import { parseVmInfo } from '../../../src/providers/virtualbox/parse/info.ts';
import * as requests from '../../../src/providers/virtualbox/requests.ts';
import { customCommands, liveCommand, modifyOptions, optionName } from '../../../src/providers/virtualbox/settings.ts';
import { has } from '../../../src/providers/virtualbox/versions.ts';
import { recorded } from './recorded.ts';

const host = { hostOnlyKind: 'interface' as const, hostOnly: [{ name: 'vboxnet0', ip: '192.168.56.1', netmask: '255.255.255.0', up: true, wireless: false }], hostOnlyNetworks: [], bridged: [{ name: 'docker0', ip: '172.17.0.1', up: true, wireless: false }, { name: 'enp3s0', ip: '192.168.1.20', up: true, wireless: false }], ranges: undefined };
const off = parseVmInfo(recorded('showvminfo-machinereadable').stdout);
const running = parseVmInfo(recorded('showvminfo-machinereadable-running').stdout);
const saved = parseVmInfo(recorded('showvminfo-machinereadable-saved').stdout);

describe('provider_config', () => {
  it('goes to modifyvm as it is written; the seed\'s example gets its graphics controller first', () => {
    expect(modifyOptions({ gui: false, vram: 128, accelerate3d: 'on', clipboard: 'bidirectional', draganddrop: 'bidirectional', natdnsproxy1: true }, { windows: false })).toEqual([
      '--graphicscontroller', 'vmsvga', '--vram', '128', '--accelerate3d', 'on', '--clipboard', 'bidirectional', '--draganddrop', 'bidirectional', '--natdnsproxy1', 'on',
    ]);
    expect(modifyOptions({ accelerate3d: true }, { windows: true }).slice(0, 2)).toEqual(['--graphicscontroller', 'vboxsvga']);
    expect(modifyOptions({ accelerate3d: 'on', graphicscontroller: 'vboxvga' }, { windows: false })).toEqual(['--graphicscontroller', 'vboxvga', '--accelerate3d', 'on']);
    expect(modifyOptions({ nested_hw_virt: false, boot1: null, nicproperty3: ['a=1', 'b=2'] }, { windows: false })).toEqual(['--nested-hw-virt', 'off', '--nicproperty3', 'a=1', '--nicproperty3', 'b=2']);
  });
  it('never becomes anything but one option and its value', () => {
    fc.assert(fc.property(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()), (key, value) => {
      let args: readonly string[];
      try {
        args = modifyOptions({ [key]: value }, { windows: false });
      } catch {
        return;
      }
      expect(args.every((word, index) => index % 2 === 1 || /^--[a-z][a-z0-9-]*$/.test(word))).toBe(true);
    }));
    expect(() => optionName('vram --delete')).toThrow();
    expect(() => modifyOptions({ vram: {} }, { windows: false })).toThrow('must be');
  });
  it('has Vagrant\'s customize, with its id and its event names', () => {
    expect(customCommands([['modifyvm', ':id', '--vram', 64], ['pre-boot', ['setextradata', ':id', 'k', 'v']]], 'u')).toEqual([['modifyvm', 'u', '--vram', '64'], ['setextradata', 'u', 'k', 'v']]);
    expect(customCommands(['modifyvm', ':id'], 'u')).toEqual([['modifyvm', 'u']]);
    expect(customCommands(undefined, 'u')).toEqual([]);
    expect(() => customCommands([[{}]], 'u')).toThrow();
  });
  it('knows what can change while the machine runs', () => {
    expect(liveCommand('clipboard-mode', 'disabled')).toEqual(['clipboard', 'mode', 'disabled']);
    expect(liveCommand('drag_and_drop', 'disabled')).toEqual(['draganddrop', 'disabled']);
    expect(liveCommand('memory', 5)).toBeUndefined();
  });
});

describe('port forwards', () => {
  it('come back as they went', () => {
    const text = fc.string({ minLength: 1, maxLength: 20 }).filter(value => !/[,\r\n]/.test(value));
    const port = fc.integer({ min: 1, max: 65535 });
    fc.assert(fc.property(text, port, port, fc.constantFrom('tcp' as const, 'udp' as const), (name, hostPort, guestPort, protocol) => {
      const forward = { name, adapter: 1, protocol, hostPort, guestPort };
      expect(forwardsOf(`nic1="nat"\nForwarding(0)="${requests.natRule(checkedForward(forward))}"`)).toEqual([forward]);
    }));
  });
  it('cannot smuggle another rule in', () => {
    for (const bad of [{ name: 'a,tcp,,1,,2' }, { name: '' }, { hostIp: '1.2.3.4,5' }, { hostPort: 0 }, { guestPort: 70000 }]) {
      expect(() => checkedForward({ name: 'a', adapter: 1, protocol: 'tcp', hostPort: 1, guestPort: 2, ...bad })).toThrow();
    }
    expect(forwardOf({ guestPort: 80, hostPort: 8080, protocol: 'tcp' }).name).toBe('tcp8080');
  });
});

describe('adapters', () => {
  it('are attached in the words of modifyvm', () => {
    expect(adapterOptions({ index: 2, mode: 'hostonly', network: 'vboxnet0', model: 'virtio', macAddress: '08:00:27:aa:bb:cc', connected: true })).toEqual(['--nic2', 'hostonly', '--hostonlyadapter2', 'vboxnet0', '--nictype2', 'virtio', '--macaddress2', '080027AABBCC', '--cableconnected2', 'on']);
    expect(adapterOptions({ index: 3, mode: 'Generic', network: 'UDPTunnel' })).toEqual(['--nic3', 'generic', '--nicgenericdrv3', 'UDPTunnel']);
    expect(modeOf('hostonlynetwork')).toBe('hostonlynet');
    expect(() => modeOf('wifi')).toThrow();
    expect(() => macOf('08:00')).toThrow();
  });
  it('change live where VirtualBox can', () => {
    const now = { index: 1, mode: 'nat', macAddress: '08:00:27:31:61:2C', model: '82540EM', connected: true };
    expect(liveAdapterCommands(now, { index: 1, mode: 'bridged', network: 'enp3s0', connected: false })).toEqual([['nic1', 'bridged', 'enp3s0'], ['setlinkstate1', 'off']]);
    expect(liveAdapterCommands(now, { ...now })).toEqual([]);
    expect(liveAdapterCommands(now, { index: 1, mode: 'nat', model: 'virtio' })).toBeUndefined();
    expect(liveAdapterCommands(undefined, { index: 2, mode: 'nat' })).toBeUndefined();
  });
  it('of a spec find their networks, or ask for one to be made', () => {
    expect(plannedAdapters([{ type: 'private_network', ip: '192.168.56.10' }, { type: 'public_network' }, { type: 'private_network', name: 'lab' }], host, {})).toEqual([
      { adapter: { index: 2, mode: 'hostonly', network: 'vboxnet0' } },
      { adapter: { index: 3, mode: 'bridged', network: 'enp3s0' } },
      { adapter: { index: 4, mode: 'intnet', network: 'lab' } },
    ]);
    const [first, second] = plannedAdapters([{ type: 'private_network', ip: '192.168.60.5' }, { type: 'private_network', ip: '192.168.60.6' }], host, {});
    expect(first?.create).toEqual({ kind: 'interface', ip: '192.168.60.1', netmask: '255.255.255.0' });
    expect(second?.create).toBe(first?.create);
    const [mac] = plannedAdapters([{ type: 'private_network', ip: '192.168.60.5' }], { ...host, hostOnlyKind: 'network' }, {});
    expect(mac?.adapter.mode).toBe('hostonlynet');
    expect(createHostOnlyCalls(mac!.create!).map(call => call.args.join(' '))).toEqual(['hostonlynet add --name gaia-192.168.60.1 --netmask 255.255.255.0 --lower-ip 192.168.60.1 --upper-ip 192.168.60.254 --enable']);
    expect(() => plannedAdapters([{ type: 'public_network', bridge: 'wlan9' }], host, {})).toThrow('no network interface');
  });
});

describe('names', () => {
  it('are checked before anything is made', () => {
    const machine = { id: 'virtualbox:local:x', name: 'web', kind: 'vm', state: 'stopped', providerState: 'poweroff' } as never;
    expect(() => checkName('web', [], [machine])).toThrow('already');
    expect(() => checkName('web', ['/lab'], [machine])).not.toThrow();
    for (const bad of ['', ' ', 'a\nb', 'x'.repeat(201)]) expect(() => checkName(bad, [], [])).toThrow();
  });
  it('become file names that any system takes', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), name => {
      const file = fileName(name);
      expect(file).not.toMatch(/[\u0000-\u001f<>:"/\\|?*]|^\.|^$|[ .]$/);
    }));
  });
  it('of groups and shares are made plain', () => {
    expect(groupText(' lab / web ')).toBe('/lab/web');
    expect(groupText(undefined)).toBe('/');
    expect(() => groupText('a,b')).toThrow();
    expect(groupsOf({ options: { groups: 'lab,/x' } } as unknown as MachineSpec)).toEqual(['/lab', '/x']);
    expect(sharedFolderOf({ hostPath: '/h', guestPath: '/srv/www/' })).toEqual({ name: 'srv_www', hostPath: '/h', autoMount: true, mountPoint: '/srv/www/' });
  });
});

describe('guest types', () => {
  it.each([['bento/ubuntu-22.04', 'Ubuntu_64'], ['debian-13.iso', 'Debian_64'], ['Win11_24H2.iso', 'Windows11_64'], ['thing', 'Other_64'], ['alpine-virt.iso', 'Linux_64']])('%s → %s', (words, type) => { expect(guestType(words, undefined, 'x86')).toBe(type); });
  it('obey the config, and ARM hosts', () => {
    expect(guestType('ubuntu', 'FreeBSD_64', 'x86')).toBe('FreeBSD_64');
    expect(guestType('ubuntu', undefined, 'arm')).toBe('Ubuntu_arm64');
    expect(guestType('rocky', undefined, 'arm')).toBe('Linux_arm64');
  });
  it('every guess is a type that VirtualBox has', () => {
    const known = recorded('list-ostypes').stdout;
    for (const words of ['ubuntu', 'debian', 'fedora', 'centos', 'opensuse', 'arch linux', 'gentoo', 'freebsd', 'openbsd', 'alpine', 'win10', 'win11', 'windows server 2022', 'x', 'oracle linux']) {
      for (const architecture of ['x86', 'arm'] as const) expect(known).toContain(`ID / Description: ${guestType(words, undefined, architecture)} --`);
    }
  });
});

describe('the plan of a create', () => {
  const spec = (more: Partial<MachineSpec> = {}): MachineSpec => ({ name: 'web', provider: 'virtualbox', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {}, ...more });
  const facts = (more: Partial<CreateFacts> = {}): CreateFacts => ({ uuid: 'U', version: { major: 7, minor: 2 }, architecture: 'x86', osType: 'Debian_64', groups: [], adapters: [], base: { kind: 'new' }, ...more });
  const built = (more: Partial<Built> = {}): Built => ({ uuid: 'U', folder: '/vms/web', info: new Map(), forwards: [], folders: [], interfaces: new Map(), ...more });
  const lines = (s: MachineSpec, f: CreateFacts, b: Built): string[] => finishSteps(s, f, b).map(step => step.call.args.join(' '));

  it('names its UUID first', () => {
    expect(makeCall(spec(), facts({ groups: ['/lab'] })).args.join(' ')).toBe('createvm --name web --uuid U --ostype Debian_64 --platform-architecture x86 --groups /lab --register');
    expect(makeCall(spec(), facts({ version: { major: 6, minor: 1 } })).args.join(' ')).toBe('createvm --name web --uuid U --ostype Debian_64 --register');
    expect(makeCall(spec(), facts({ base: { kind: 'clone', uuid: 'S', linked: true, snapshot: 'N' } })).args.join(' ')).toBe('clonevm S --name web --uuid U --mode machine --options link --snapshot N --register');
  });
  it('makes disks after their controller and before they are attached', () => {
    expect(lines(spec({ cpus: 2, memoryMiB: 1024, disks: [{ sizeBytes: 2 ** 30 }, { sizeBytes: 2 ** 20, name: 'data', format: 'vmdk' }] }), facts(), built())).toEqual([
      'modifyvm U --cpus 2 --memory 1024 --graphicscontroller vmsvga --vram 16 --ioapic on --rtcuseutc on --mouse usbtablet --audio-driver none --boot1 disk --boot2 dvd --boot3 none --boot4 none --nic1 nat',
      'storagectl U --name SATA --add sata --controller IntelAhci --portcount 3 --bootable on',
      'createmedium disk --filename /vms/web/web.vdi --size 1024 --format VDI',
      'storageattach U --storagectl SATA --port 0 --device 0 --type hdd --medium /vms/web/web.vdi',
      'createmedium disk --filename /vms/web/data.vmdk --size 1 --format VMDK',
      'storageattach U --storagectl SATA --port 1 --device 0 --type hdd --medium /vms/web/data.vmdk',
      'storageattach U --storagectl SATA --port 2 --device 0 --type dvddrive --medium emptydrive',
      'setextradata U gaia/source {"uuid":"U","kind":"empty"}',
    ]);
  });
  it('makes a first disk of the usual size where only further ones are said and no source brings it', () => {
    const sizes = (more: Partial<MachineSpec>, base: CreateFacts['base'] = { kind: 'new' }): unknown => lines(spec(more), facts({ base }), built({ capacityBytes: 5 * 2 ** 30 })).filter(line => line.startsWith('createmedium')).map(line => /--size (\d+)/.exec(line)?.[1]);
    const disks = [{ sizeBytes: 0 }, { sizeBytes: 2 ** 30, name: 'data' }];
    expect(sizes({ disks })).toEqual(['20480', '1024']);
    expect(sizes({ disks, source: { kind: 'iso', url: 'a.iso' } })).toEqual(['20480', '1024']);
    expect(sizes({ source: { kind: 'iso', url: 'a.iso' } })).toEqual(['20480']);
    expect(sizes({})).toEqual([]);
    expect(sizes({ disks, source: { kind: 'image', url: 'a.qcow2' } }, { kind: 'disk', file: '/a.vdi', raw: false, known: true } as CreateFacts['base'])).toEqual(['1024']);
  });
  it('speaks to 6.1 in its own words', () => {
    expect(lines(spec(), facts({ version: { major: 6, minor: 1 } }), built())[0]).toContain('--audio none');
    expect(has({ major: 7, minor: 0 }, 'hostOnlyNetworks')).toBe(true);
    expect(has({ major: 6, minor: 1 }, 'hostOnlyNetworks')).toBe(false);
  });
  it('takes the author\'s networks, rules and folders out of an import, and grows its disk in place', () => {
    const info = parseVmInfo(recorded('showvminfo-machinereadable-intnet-groups').stdout);
    const done = lines(spec({ name: 'box', memoryMiB: 512, disks: [{ sizeBytes: 128 * 2 ** 20 }], portForwards: [{ guestPort: 22, hostPort: 2222, protocol: 'tcp', id: 'ssh' }] }), facts({ base: { kind: 'appliance', file: '/b/box.ovf', temporaryName: 'tmp' } }), built({
      info, forwards: [{ name: 'old', adapter: 1, protocol: 'tcp', hostPort: 1, guestPort: 2 }], folders: [{ name: 'src', hostPath: '/x' }], capacityBytes: 64 * 2 ** 20,
    }));
    expect(done[0]).toBe('modifyvm U --name box');
    expect(done[1]).toBe('modifyvm U --memory 512 --rtcuseutc on --natpf1 delete old --nic1 nat --nic2 none --natpf1 ssh,tcp,,2222,,22');
    expect(done[2]).toMatch(/^modifymedium disk [0-9a-f-]{36} --resizebyte 134217728$/);
    expect(done[3]).toBe('sharedfolder remove U --name src');
    expect(done[4]).toMatch(/^setextradata U gaia\/source /);
    expect(done).toHaveLength(5);
  });
  it('refuses what cannot be, before anything is run', () => {
    for (const bad of [{ disks: [{ sizeBytes: Number.NaN }] }, { disks: [{ sizeBytes: 5, format: 'qcow2' }] }, { options: { 'a b': 1 } }, { portForwards: [{ guestPort: 1, hostPort: 1, protocol: 'tcp' as const }, { guestPort: 2, hostPort: 1, protocol: 'tcp' as const }] }]) {
      expect(() => finishSteps(spec(bad as Partial<MachineSpec>), facts(), built())).toThrow();
    }
  });
});

describe('changes', () => {
  const change = (info: typeof off, value: Parameters<typeof changeCalls>[1]): string[] | undefined => changeCalls('U', value, info)?.map(call => call.args.join(' '));
  it('are made by modifyvm when it is off, by controlvm when it runs, and not at all over a saved state', () => {
    const forward = { name: 'x', adapter: 1, protocol: 'tcp', hostPort: 1, guestPort: 2 } as const;
    expect(change(off, { kind: 'addPortForward', forward })).toEqual(['modifyvm U --natpf1 x,tcp,,1,,2']);
    expect(change(running, { kind: 'addPortForward', forward })).toEqual(['controlvm U natpf1 x,tcp,,1,,2']);
    expect(change(saved, { kind: 'addPortForward', forward })).toBeUndefined();
    expect(change(running, { kind: 'setting', key: 'memory', value: 512 })).toBeUndefined();
    expect(change(off, { kind: 'setting', key: 'memory', value: 512 })).toEqual(['modifyvm U --memory 512']);
    expect(change(running, { kind: 'removePortForward', forward })).toEqual(['controlvm U natpf1 delete x']);
  });
  it('put disks where there is room and media into drives', () => {
    expect(change(off, { kind: 'addDisk', sizeBytes: 2 ** 20 })).toEqual([
      'storagectl U --name SATA --portcount 3',
      'createmedium disk --filename /home/dev/vms/web1/web1-SATA-2-0.vdi --size 1 --format VDI',
      'storageattach U --storagectl SATA --port 2 --device 0 --type hdd --medium /home/dev/vms/web1/web1-SATA-2-0.vdi',
    ]);
    expect(change(running, { kind: 'insertMedium', slot: 'SATA 1:0', location: '/a.iso' })).toEqual(['storageattach U --storagectl SATA --port 1 --device 0 --type dvddrive --medium /a.iso']);
    expect(() => change(off, { kind: 'insertMedium', slot: 'SATA 0:0' })).toThrow('hard disk');
    expect(change(off, { kind: 'removeDisk', slot: 'SATA 0:0', deleteFile: true })).toEqual(['storageattach U --storagectl SATA --port 0 --device 0 --medium none', 'closemedium disk 42eae290-db88-40ec-a520-5702cd25ae40 --delete']);
    expect(() => change(off, { kind: 'removeDisk', slot: 'IDE 0:0', deleteFile: false })).toThrow('no disk');
  });
});
