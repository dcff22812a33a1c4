// What VBoxManage really printed (test/truth/virtualbox), and what it means. Expectations were written by reading the recordings.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAppliance } from '../../../src/providers/virtualbox/parse/appliance.ts';
import { parseBlocks, parseByteCount } from '../../../src/providers/virtualbox/parse/blocks.ts';
import { adaptersOf, controllersOf, disksOf, folderFlags, foldersOf, forwardsOf, parseSlot, slotOf } from '../../../src/providers/virtualbox/parse/devices.ts';
import { readFailure, readWarnings } from '../../../src/providers/virtualbox/parse/failure.ts';
import { addressesByMac, guestOf, parseGuestProperties } from '../../../src/providers/virtualbox/parse/guest.ts';
import { parseVmInfo } from '../../../src/providers/virtualbox/parse/info.ts';
import { lastLoggedState } from '../../../src/providers/virtualbox/parse/logState.ts';
import { parseLongList } from '../../../src/providers/virtualbox/parse/longList.ts';
import { parseMachineFile } from '../../../src/providers/virtualbox/parse/machineFile.ts';
import { ancestry, ownership, parseMedia } from '../../../src/providers/virtualbox/parse/media.ts';
import { firstAddress, inSameNetwork, parseInterfaces, parseInternalNetworks, parseNatNetworks, parseOsTypes } from '../../../src/providers/virtualbox/parse/networks.ts';
import { ProgressReader } from '../../../src/providers/virtualbox/parse/progress.ts';
import { parseRegistryFile } from '../../../src/providers/virtualbox/parse/registryFile.ts';
import { snapshotsOf } from '../../../src/providers/virtualbox/parse/snapshots.ts';
import { decode, hasDriverWarning, withoutBanner } from '../../../src/providers/virtualbox/parse/text.ts';
import { parseCounters, parseMetrics } from '../../../src/providers/virtualbox/parse/usage.ts';
import { atLeast, parseVersion } from '../../../src/providers/virtualbox/parse/version.ts';
import { parseVmList } from '../../../src/providers/virtualbox/parse/vms.ts';
import { vmState, vmStates } from '../../../src/providers/virtualbox/states.ts';
import { recorded, recordedFile, recordedNames } from './recorded.ts';

const web1 = '76493567-f4a5-4509-a261-facbcfea79cb';
const web2 = '40358717-09c0-4707-83f5-c94621f129a8';
const web3 = '00698709-d6e8-4259-ba62-c80376547ce7';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('version', () => {
  it('is read with and without the banner of Debian\'s wrapper', () => {
    for (const name of ['version', 'debian-wrapper-warning-version']) expect(parseVersion(recorded(name).stdout)).toEqual({ major: 7, minor: 2, build: 22, short: '7.2.22', full: '7.2.22_Debianr175245' });
    expect(parseVersion('6.1.50r161033\n')?.short).toBe('6.1.50');
    expect(parseVersion('command not found\n')).toBeUndefined();
  });
  it('compares by number', () => {
    expect(atLeast({ major: 6, minor: 1 }, 6, 1)).toBe(true);
    expect(atLeast({ major: 7, minor: 0 }, 6, 1)).toBe(true);
    expect(atLeast({ major: 6, minor: 0 }, 6, 1)).toBe(false);
    expect(atLeast({ major: 7, minor: 10 }, 7, 2)).toBe(true);
  });
});

describe('list of machines', () => {
  it('is empty only when it is empty', () => {
    expect(parseVmList(recorded('list-vms-empty').stdout)).toEqual([]);
    expect(parseVmList(recorded('list-runningvms-empty').stdout)).toEqual([]);
  });
  it('holds each machine once, also with the same name, also after the wrapper\'s banner', () => {
    expect(parseVmList(recorded('list-vms').stdout)).toEqual([{ name: 'web1', uuid: web1 }, { name: 'web2', uuid: web2 }, { name: 'web3', uuid: web3 }]);
    expect(parseVmList(recorded('list-vms-duplicate-names').stdout).map(vm => vm.name)).toEqual(['web1', 'web2', 'web3', 'web1']);
    expect(parseVmList(recorded('debian-wrapper-warning-list-vms').stdout)).toEqual([{ name: 'web3', uuid: web3 }]);
    expect(hasDriverWarning(recorded('debian-wrapper-warning-list-vms').stdout)).toBe(true);
    expect(withoutBanner(recorded('list-vms').stdout)).toBe(recorded('list-vms').stdout);
  });
  it('names machines that VirtualBox cannot read as such', () => {
    expect(parseVmList(`<inaccessible> {${web1}}\n"a" {${web2}}\n`)).toEqual([{ name: undefined, uuid: web1 }, { name: 'a', uuid: web2 }]);
  });
  it('is an error, not a shorter list, when it was cut: VBoxManage does that in the C locale, with exit 0', () => {
    const cut = recorded('list-vms-c-locale');
    expect(cut.exitCode).toBe(0);
    expect(() => parseVmList(cut.stdout)).toThrow('could not be read');
    expect(() => parseVmList('Segmentation fault\n')).toThrow();
  });
  it('survives any name', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 40 }).map(text => text.replaceAll('\r', '')).filter(text => !/" \{[0-9a-f-]{36}\}\s*$/im.test(text));
    fc.assert(fc.property(fc.array(fc.record({ name, uuid: fc.uuid() }), { maxLength: 8 }), vms => {
      expect(parseVmList(vms.map(vm => `"${vm.name}" {${vm.uuid}}\n`).join(''))).toEqual(vms);
    }));
  });
});

describe('the long list', () => {
  it('gives state, group, size of each machine', () => {
    const entries = parseLongList(recorded('list-vms-long').stdout, new Set([web1, web2, web3]));
    expect(entries).toEqual([web1, web2, web3].map(uuid => ({ uuid, state: 'powered off', groups: ['/'], cpus: 2, memoryMiB: 256, osType: 'Debian (64-bit)' })));
    expect(parseLongList(recorded('list-vms-long-l').stdout, new Set([web1, web2, web3]))).toEqual(entries);
  });
  it('is not fooled by a description', () => {
    const text = `${recorded('showvminfo').stdout}\nDescription:\nName: x\nUUID:   ${web2}\nState: running\n`;
    expect(parseLongList(text, new Set([web1])).map(entry => [entry.uuid, entry.state])).toEqual([[web1, 'powered off']]);
  });
});

describe('machine-readable information', () => {
  const info = parseVmInfo(recorded('showvminfo-machinereadable').stdout);
  it('reads values that are escaped, that are not, that span lines, and lines that are no pair', () => {
    expect(info.get('name')).toBe('web1');
    expect(info.get('VMState')).toBe('poweroff');
    expect(info.get('cpus')).toBe('2');
    expect(info.get('description')).toBe('line one\nline "two"');
    expect(info.get('SnapshotDescription')).toBe('multi\nline');
    expect(info.get('SnapshotName-1')).toBe('branch "q"');
    expect(info.get('CurrentSnapshotName')).toBe('branch "q"');
    expect(info.get('SATA-0-0')).toMatch(/^\/home\/dev\/vms\/web1\/Snapshots\/.*\.vdi$/);
    expect([...info.keys()]).not.toContain(' rec_screen0');
    expect(info.get('rec_screen_enabled')).toBe('on');
  });
  it('knows a running and a saved machine', () => {
    const running = parseVmInfo(recorded('showvminfo-machinereadable-running').stdout);
    expect(running.get('VMState')).toBe('running');
    expect(running.get('SessionName')).toBe('headless');
    expect(running.get('VideoMode')).toBe('"640,480,32"@0,0 1');
    expect(running.get('GuestAdditionsRunLevel')).toBe('0');
    expect(running.get('VRDEClients')).toBe('0');
    expect(parseVmInfo(recorded('showvminfo-machinereadable-saved').stdout).get('VMState')).toBe('saved');
  });
  it('unescapes what 7.x escapes, and leaves the paths of 6.1 on Windows alone', () => {
    const read = (line: string): string | undefined => parseVmInfo(`${line}\nUUID="x"\n`).get('k');
    expect(read('k="we\\"b"')).toBe('we"b');
    expect(read('k="C:\\\\VMs\\\\a"')).toBe('C:\\VMs\\a');
    expect(read('k="C:\\VMs\\a"')).toBe('C:\\VMs\\a');
    expect(read('k="a "b" c"')).toBe('a "b" c');
    expect(read('k="one\ntwo="x\nthree"')).toBe('one\ntwo="x\nthree');
  });
  it('never throws, and never loses the last key', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => {
      expect(parseVmInfo(`${text}\n\nVMState="running"\n`).size).toBeGreaterThan(0);
    }));
  });
});

describe('devices', () => {
  const { stdout } = recorded('showvminfo-machinereadable');
  const info = parseVmInfo(stdout);
  it('lists drives, with and without a medium', () => {
    expect(controllersOf(info)).toEqual([{ name: 'SATA', chip: 'IntelAhci', ports: 2, maxPorts: 30 }]);
    expect(disksOf(info)).toEqual([
      { slot: 'SATA 0:0', kind: 'disk', location: '/home/dev/vms/web1/Snapshots/{42eae290-db88-40ec-a520-5702cd25ae40}.vdi', extra: { uuid: '42eae290-db88-40ec-a520-5702cd25ae40' } },
      { slot: 'SATA 1:0', kind: 'cdrom' },
    ]);
  });
  it('lists adapters and the rules of each', () => {
    expect(adaptersOf(info)).toEqual([{ index: 1, mode: 'nat', macAddress: '08:00:27:31:61:2C', model: '82540EM', connected: true }]);
    expect(forwardsOf(stdout)).toEqual([
      { name: 'http', adapter: 1, protocol: 'tcp', hostPort: 8080, guestPort: 80 },
      { name: 'ssh', adapter: 1, protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 2201, guestPort: 22 },
    ]);
    expect(forwardsOf('nic1="nat"\nForwarding(0)="a,tcp,,1,,2"\nnic2="nat"\nForwarding(0)="a,b,udp,,3,10.0.2.15,4"\n')).toEqual([
      { name: 'a', adapter: 1, protocol: 'tcp', hostPort: 1, guestPort: 2 },
      { name: 'a,b', adapter: 2, protocol: 'udp', hostPort: 3, guestIp: '10.0.2.15', guestPort: 4 },
    ]);
    const other = parseVmInfo(recorded('showvminfo-machinereadable-intnet-groups').stdout);
    expect(adaptersOf(other).map(({ index, mode, network }) => ({ index, mode, network }))).toEqual([{ index: 1, mode: 'nat', network: undefined }, { index: 2, mode: 'intnet', network: 'lab' }]);
    expect(other.get('groups')).toBe('/lab/a,/lab/b');
  });
  it('takes the flags of shared folders from the answer for people', () => {
    expect(foldersOf(info)).toEqual([{ name: 'src', hostPath: '/home/dev/src' }]);
    expect([...folderFlags(recorded('showvminfo').stdout)]).toEqual([['src', { readOnly: true, autoMount: true, mountPoint: '/mnt/src' }]]);
    expect(folderFlags(recorded('showvminfo-transient-folder').stdout).get('tr')).toEqual({ readOnly: false, autoMount: false });
  });
  it('has one way to write a place, and reads it back', () => {
    fc.assert(fc.property(fc.string({ minLength: 1 }), fc.nat(255), fc.nat(15), (controller, port, device) => {
      expect(parseSlot(slotOf(controller, port, device))).toEqual({ controller, port, device });
    }));
    expect(parseSlot('SATA')).toBeUndefined();
  });
});

describe('snapshots', () => {
  it('are a tree, with quotes in names and line ends in descriptions', () => {
    const tree = snapshotsOf(parseVmInfo(recorded('snapshot-list-machinereadable-quotes').stdout));
    expect(tree).toEqual([{
      id: '0cceb5e0-7354-4247-8a0f-b071e1509762', name: 'base', description: 'multi\nline',
      children: [
        { id: 'c4c58ad6-170b-4408-84be-88f05333e19b', name: 'second snap', children: [] },
        { id: '020bac50-00fb-4e67-b021-d9c7be83e142', name: 'branch "q"', description: 'new', current: true, children: [] },
      ],
    }]);
    expect(snapshotsOf(parseVmInfo(recorded('snapshot-list-machinereadable').stdout))[0]?.children[0]?.current).toBe(true);
    expect(snapshotsOf(parseVmInfo(recorded('err-snapshot-list-none').stdout))).toEqual([]);
  });
});

describe('settings files', () => {
  it('tell a machine with its snapshots (layout of 7.1 and 7.2)', () => {
    const file = parseMachineFile(recordedFile('snapshots-1.20.vbox'))!;
    expect(file).toMatchObject({ uuid: '3c2e0854-1b28-4161-848b-2e05b17a61db', name: 'vm1', osType: 'Debian_64', groups: ['/lab/a'], description: 'line <one>\n"two" & ü', cpus: 2, memoryMiB: 64, firmware: 'BIOS', encrypted: false, snapshotCount: 3 });
    expect(file.snapshots).toMatchObject([{ name: 'ba"se', description: 'multi\nline', createdAt: '2026-11-24T23:00:29Z', withMemory: false, children: [{ name: 'live1', withMemory: true, children: [{ name: 'live2', withMemory: true }] }] }]);
    expect(file.sharedFolders).toContainEqual({ name: 'src', hostPath: '/home/dev', readOnly: true, autoMount: true, mountPoint: '/mnt/src' });
    expect(file.media.find(medium => medium.location === 'd.vdi')).toMatchObject({ uuid: '658b8aca-71d5-4e0c-a1d9-303f96dea681', format: 'VDI' });
  });
  it('tell one in the layout up to 7.0', () => {
    expect(parseMachineFile(recordedFile('plain-1.19.vbox'))).toMatchObject({ name: 'vm1', snapshots: [], saved: false, aborted: false, groups: ['/lab/a'] });
    const old = '<?xml version="1.0"?><VirtualBox version="1.16-windows"><Machine uuid="{AA493567-f4a5-4509-a261-facbcfea79cb}" name="a&amp;b" aborted="true" stateFile="x.sav"><Hardware><CPU count="4"/><Memory RAMSize="2048"/><Firmware type="EFI"/></Hardware></Machine></VirtualBox>';
    expect(parseMachineFile(old)).toMatchObject({ uuid: 'aa493567-f4a5-4509-a261-facbcfea79cb', name: 'a&b', cpus: 4, memoryMiB: 2048, firmware: 'EFI', saved: true, aborted: true, groups: ['/'] });
  });
  it('of an encrypted machine say so', () => {
    expect(parseMachineFile('<VirtualBox><MachineEncrypted uuid="{76493567-f4a5-4509-a261-facbcfea79cb}" name="s"/></VirtualBox>')).toMatchObject({ name: 's', encrypted: true });
  });
  it('that are cut off anywhere are none at all', () => {
    const whole = recordedFile('snapshots-1.20.vbox');
    const end = whole.lastIndexOf('</VirtualBox>');
    fc.assert(fc.property(fc.integer({ min: 0, max: end }), length => { expect(parseMachineFile(whole.slice(0, length))).toBeUndefined(); }), { numRuns: 50 });
    expect(parseMachineFile('')).toBeUndefined();
  });
  it('of the registry name each machine and its file', () => {
    const registry = parseRegistryFile(recordedFile('VirtualBox.xml'))!;
    expect(registry.defaultMachineFolder).toBe('/home/dev/vms');
    expect(registry.machines).toContainEqual({ uuid: '3c2e0854-1b28-4161-848b-2e05b17a61db', settingsFile: '/home/dev/vms/lab/a/vm1/vm1.vbox' });
    expect(parseRegistryFile('<VirtualBox/>')).toBeUndefined();
    expect(parseRegistryFile(recordedFile('VirtualBox.xml').slice(0, 900))).toBeUndefined();
  });
});

it('what Gaia noted with a machine is in its settings file', () => {
  const file = parseMachineFile('<VirtualBox><Machine uuid="{11111111-1111-4111-8111-111111111111}" name="a"><ExtraData><ExtraDataItem name="GUI/x" value="1"/><ExtraDataItem name="gaia/tags" value="web,lab"/><ExtraDataItem name="gaia/source" value="{&quot;kind&quot;:&quot;box&quot;}"/></ExtraData></Machine></VirtualBox>');
  expect(file).toMatchObject({ tags: ['web', 'lab'], source: '{"kind":"box"}' });
});

describe('a machine\'s log', () => {
  it('tells its last state', () => {
    expect(lastLoggedState(recordedFile('VBox.log.txt'))).toBe('Running');
    expect(lastLoggedState('00:00:00.1 Log opened\n')).toBeUndefined();
  });
  it('does not believe the guest', () => {
    expect(lastLoggedState("00:00:01.000001 Console: Machine state changed to 'Running'\n00:00:02.000001 VMMDev: Guest Log: Console: Machine state changed to 'Paused'\n")).toBe('Running');
  });
});

describe('states', () => {
  it('are known in all three spellings; unknown words stay visible', () => {
    for (const state of vmStates) for (const word of [state.word, state.human, state.api]) expect(vmState(word)).toBe(state);
    expect(vmState('levitating')).toMatchObject({ word: 'levitating', state: 'unknown' });
    expect(vmState('powered off').state).toBe('stopped');
    expect(vmState('Stuck').state).toBe('error');
  });
});

describe('disks', () => {
  it('form a tree with their users', () => {
    const media = parseMedia(recorded('list-hdds-long').stdout);
    const [vm1, lk] = ['3c2e0854-1b28-4161-848b-2e05b17a61db', '11111111-2222-4333-8444-555555555555'];
    const clone = media.find(medium => medium.users.includes(lk))!;
    expect(clone).toMatchObject({ uuid: '53c37b8d-333d-4899-9be2-34c2859aad9d', parent: '658b8aca-71d5-4e0c-a1d9-303f96dea681', format: 'VDI', capacityBytes: 128 * 2 ** 20, sizeOnDiskBytes: 2 * 2 ** 20 });
    expect(ancestry(media, clone.uuid).map(medium => medium.uuid)).toEqual([clone.uuid, clone.parent]);
    const own = new Set([vm1, '6273769d-596f-4ceb-b721-f4b955d60c05', '737416d3-d1be-40ad-80aa-77948af6252c', '95ea731c-8ae1-40c0-97c0-85225af5d94c']);
    const found = ownership(media, own);
    expect(found.owned.length).toBe(4);
    expect(found.owned.every(item => !item.shared)).toBe(true);
    expect(found.dependents.map(medium => medium.uuid)).toEqual([clone.uuid]);
    expect(ownership(media, new Set([lk])).dependents).toEqual([]);
  });
  it('that two machines use are shared', () => {
    const media = parseMedia(`UUID: ${web1}\nParent UUID: base\nLocation: /a.vdi\nCapacity: 16 MBytes\nIn use by VMs:  a (UUID: ${web2})\n                b (UUID: ${web3})\n`);
    expect(ownership(media, new Set([web2])).owned).toMatchObject([{ shared: true }]);
  });
  it('have sizes in any unit', () => {
    expect(parseByteCount('64 MBytes')).toBe(64 * 2 ** 20);
    expect(parseByteCount('2199022206976 Bytes')).toBe(2199022206976);
    expect(parseByteCount('3 TBytes')).toBe(3 * 2 ** 40);
    expect(parseByteCount('much')).toBeUndefined();
  });
  it('of the plain list are read too', () => {
    expect(parseBlocks(recorded('list-hdds').stdout).map(block => block.get('UUID'))).toHaveLength(5);
    expect(parseMedia(recorded('list-hdds').stdout).filter(medium => medium.parent === undefined)).toHaveLength(2);
  });
});

describe('networks', () => {
  it('of the host', () => {
    expect(parseInterfaces(recorded('list-bridgedifs').stdout)).toEqual([
      { name: 'enp4s0', up: false, wireless: false },
      { name: 'enp3s0', ip: '192.168.1.20', netmask: '255.255.255.0', up: true, wireless: false },
      { name: 'docker0', ip: '172.17.0.1', netmask: '255.255.0.0', up: true, wireless: false },
    ]);
    expect(parseInterfaces(recorded('list-hostonlyifs').stdout)).toEqual([]);
    expect(parseNatNetworks(recorded('list-natnets').stdout)).toEqual([{ name: 'nn', kind: 'natnetwork', detail: '10.9.0.0/24' }]);
    expect(parseNatNetworks('NetworkName:    old\nNetwork:        10.0.2.0/24\n')).toEqual([{ name: 'old', kind: 'natnetwork', detail: '10.0.2.0/24' }]);
    expect(parseInternalNetworks('Name:        lab\nName:        x\n')).toEqual(['lab', 'x']);
  });
  it('have addresses', () => {
    expect(inSameNetwork('192.168.56.10', '192.168.56.1', '255.255.255.0')).toBe(true);
    expect(inSameNetwork('192.168.57.10', '192.168.56.1', '255.255.255.0')).toBe(false);
    expect(inSameNetwork('192.168.57.10', '192.168.56.1', '255.255.248.0')).toBe(true);
    expect(firstAddress('192.168.56.10', '255.255.255.0')).toBe('192.168.56.1');
  });
  it('guest types are read in the spelling of 7.2 and in the older one', () => {
    const types = parseOsTypes(recorded('list-ostypes').stdout);
    expect(types.length).toBeGreaterThan(100);
    expect(types).toContainEqual({ id: 'Debian_64', description: 'Debian (64-bit)' });
    expect(parseOsTypes('ID:          Debian_64\nDescription: Debian (64-bit)\nFamily ID:   Linux\n')).toEqual([{ id: 'Debian_64', description: 'Debian (64-bit)' }]);
  });
});

describe('the guest', () => {
  it('that never spoke is none', () => {
    const properties = parseGuestProperties(recorded('guestproperty-enumerate').stdout);
    expect(properties.get('/VirtualBox/HostInfo/VBoxVer')).toBe('7.2.22');
    expect(guestOf(parseVmInfo(recorded('showvminfo-machinereadable-running').stdout), properties)).toBeUndefined();
  });
  it('that speaks tells its version, level, name and addresses, in both spellings', () => {
    const pairs = { '/VirtualBox/GuestInfo/Net/Count': '2', '/VirtualBox/GuestInfo/Net/0/V4/IP': '10.0.2.15', '/VirtualBox/GuestInfo/Net/0/MAC': '080027AABBCC', '/VirtualBox/GuestInfo/Net/1/V4/IP': '192.168.56.10', '/VirtualBox/GuestInfo/Net/1/MAC': '080027AABBCD', '/VirtualBox/GuestInfo/OS/Product': 'Linux' };
    const info = parseVmInfo('GuestAdditionsVersion="7.0.20 r163906"\nGuestAdditionsRunLevel=2\n');
    for (const text of [Object.entries(pairs).map(([key, value]) => `${key} = '${value}' @ 2026-11-23T20:22:36.338Z TRANSIENT`).join('\n'), Object.entries(pairs).map(([key, value]) => `Name: ${key}, value: ${value}, timestamp: 1700000000000000000, flags: TRANSIENT`).join('\n')]) {
      const properties = parseGuestProperties(text);
      expect(guestOf(info, properties)).toEqual({ agentVersion: '7.0.20 r163906', agentRunning: true, runLevel: 'userland', osName: 'Linux', addresses: ['10.0.2.15', '192.168.56.10'] });
      expect(addressesByMac(properties).get('080027AABBCD')).toEqual(['192.168.56.10']);
    }
  });
});

describe('progress', () => {
  it('is read as it comes, whatever the chunks', () => {
    const text = '0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%';
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 9 })), sizes => {
      const reader = new ProgressReader();
      let at = 0;
      let last: number | undefined;
      for (const size of [...sizes, text.length]) {
        const next = reader.push(bytes(text.slice(at, at + size)));
        if (next !== undefined) {
          expect(next).toBeGreaterThanOrEqual(last ?? 0);
          last = next;
        }
        at += size;
      }
      expect(last).toBe(1);
    }));
  });
  it('goes on over the two runs of an import', () => {
    const reader = new ProgressReader(2);
    expect(reader.push(bytes('0%...50%...100%'))).toBe(0.5);
    expect(reader.push(bytes('\nInterpreting…\nOK.\n0%...'))).toBe(0.5);
    expect(reader.push(bytes('50%...100%'))).toBe(1);
  });
});

describe('usage', () => {
  it('is the process\'s share of the host, and its memory', () => {
    expect(parseMetrics(recorded('metrics-query').stdout)).toEqual({ cpu: [0, 0.005], memoryBytes: [85340 * 1024, 86492 * 1024] });
    const all = parseMetrics(recorded('metrics-query-all').stdout);
    expect(all.cpu.length).toBeGreaterThan(0);
    expect(all.cpu.length).toBe(all.memoryBytes.length);
    expect(parseMetrics('web1  CPU/Load/User     0,50%, 1,00%\n').cpu).toEqual([0.005, 0.01]);
    expect(parseMetrics('Object Metric Values\nweb1   CPU/Load/User   \n')).toEqual({ cpu: [], memoryBytes: [] });
  });
  it('counts the bytes of disks and adapters', () => {
    expect(parseCounters(recorded('debugvm-statistics').stdout)).toMatchObject({ networkInBytes: 0, networkOutBytes: 0, diskReadBytes: expect.any(Number) as number });
    expect(parseCounters('')).toBeUndefined();
  });
});

describe('an appliance', () => {
  it('names its machines', () => {
    expect(parseAppliance(recorded('import-dry-run').stdout)).toEqual([{ index: 0, suggestedName: 'web2 1' }]);
  });
});

describe('failures', () => {
  it('are seen in every recording of one, whatever the exit code, and in no other', () => {
    for (const name of recordedNames) {
      const { exitCode, stdout, stderr } = recorded(name);
      const failure = readFailure(exitCode, stdout, stderr);
      if (name.startsWith('err-')) expect(failure, name).toBeDefined();
      else expect(failure, name).toBeUndefined();
    }
  });
  it('are found behind progress, beside usage dumps, and with exit 0', () => {
    const of = (name: string) => { const { exitCode, stdout, stderr } = recorded(name); return readFailure(exitCode, stdout, stderr)!; };
    expect(of('err-createmedium-exists')).toMatchObject({ code: 'VBOX_E_FILE_ERROR', result: 0x80bb0004, messages: ['Failed to create medium', "Could not create the medium storage unit '/home/dev/vms/web1/web1.vdi'.", "VDI: cannot create image '/home/dev/vms/web1/web1.vdi' (VERR_ALREADY_EXISTS)"] });
    expect(of('err-unknown-command').messages).toEqual(["Invalid command 'frobnicate'"]);
    expect(of('err-modifyvm-unknown-option').messages).toEqual(['Unknown option: --nosuchkey']);
    expect(of('err-modifyvm-memory-not-a-number').messages).toEqual([]);
    expect(of('err-discardstate-exit-0')).toMatchObject({ exitCode: 0, result: 0x80bb0002 });
    expect(of('err-modifyvm-locked').context).toBe('LockMachine(a->session, LockType_Write)');
    expect(of('err-unknown-command').raw.length).toBeLessThan(200);
  });
  it('warnings are no failures', () => {
    expect(readWarnings(recorded('modifyvm-hostonly-no-such-interface').stderr)).toEqual(['Interface "vboxnet77" doesn\'t seem to exist']);
  });
});

describe('text', () => {
  it('is UTF-8, or Windows\' code page where it is not', () => {
    expect(decode(bytes('ü\r\n'))).toBe('ü\n');
    expect(decode(Uint8Array.of(0xfc))).toBe('ü');
  });
});
