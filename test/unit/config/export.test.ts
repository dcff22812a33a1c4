// What an export says of a machine is what it is: adopted into that file at once, nothing is planned; nor when the file knows only further disks.
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../src/config/export.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { machineSpec } from '../../../src/config/spec.ts';
import type { MachineDetails } from '../../../src/machines/machine.ts';
import type { Planning } from '../../../src/machines/provider.ts';
import { bootFirst } from '../../../src/providers/proxmox/disks.ts';
import { parseAdapters, parseDisks } from '../../../src/providers/proxmox/parse.ts';
import { planning as proxmox } from '../../../src/providers/proxmox/planning.ts';
import { planning as virtualbox } from '../../../src/providers/virtualbox/planning.ts';

const gib = 2 ** 30;
const machine = (more: object = {}): MachineDetails['machine'] => ({ id: 'x:y:1' as MachineDetails['machine']['id'], name: 'web', kind: 'vm', state: 'stopped', providerState: 'off', cpus: 2, memoryMiB: 2048, ...more });
const rest = { portForwards: [], sharedFolders: [], snapshots: [] };

const inVirtualBox = (sizes: readonly number[]): MachineDetails => ({
  ...rest, machine: machine(), settings: {}, adapters: [{ index: 1, mode: 'nat' }],
  disks: [...sizes.map((capacityBytes, port) => ({ slot: `SATA ${String(port)}:0`, kind: 'disk' as const, capacityBytes })), { slot: 'SATA 7:0', kind: 'cdrom' as const }],
});
const onProxmox = (settings: Readonly<Record<string, string>>, kind: 'vm' | 'container' = 'vm'): MachineDetails => ({
  ...rest, machine: machine({ kind }), settings, adapters: parseAdapters(settings), disks: bootFirst(parseDisks(settings), settings),
});

const cases: readonly (readonly [string, string, Planning, MachineDetails, readonly string[]])[] = [
  ['VirtualBox, two disks', 'virtualbox', virtualbox, inVirtualBox([20 * gib, 8 * gib]), ['20G', '8G']],
  ['VirtualBox, of no whole MiB', 'virtualbox', virtualbox, inVirtualBox([2 * gib + 700_000, gib + 300_000]), ['2049M', '1024M']],
  ['Proxmox VE, two disks', 'proxmox', proxmox, onProxmox({ boot: 'order=scsi0;net0', scsi0: 'local-lvm:vm-1-disk-0,size=32G', scsi1: 'fast:vm-1-disk-1,size=20G', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=5', efidisk0: 'local-lvm:vm-1-disk-2,size=4M', ide2: 'none,media=cdrom' }), ['32G', '20G']],
  ['Proxmox VE, the second one boots and another is unused', 'proxmox', proxmox, onProxmox({ boot: 'order=virtio0', scsi0: 'local-lvm:vm-1-disk-0,size=500G', unused0: 'local-lvm:vm-1-disk-3', virtio0: 'local:1/vm-1-disk-1.qcow2,size=10G', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0' }), ['10G', '500G']],
  ['Proxmox VE, of no whole MiB', 'proxmox', proxmox, onProxmox({ boot: 'order=scsi0', scsi0: 'local-lvm:vm-1-disk-0,size=2361393152', scsi1: 'local-lvm:vm-1-disk-1,size=104858K' }), ['2252M', '102M']],
  ['Proxmox VE, a container with a mount point', 'proxmox', proxmox, onProxmox({ mp0: 'big:subvol-1-disk-1,mp=/data,size=100G', rootfs: 'local-lvm:vm-1-disk-0,size=8G', net0: 'name=eth0,bridge=vmbr0,ip=10.0.0.5/24,type=veth' }, 'container'), ['8G', '100G']],
];

describe.each(cases)('%s', (_title, provider, planning, details, sizes) => {
  const planned = (text: string): unknown => planning.compare(machineSpec(parseConfig(text).machines[0]!), details);

  it('is exported with all of its disks, and nothing is planned for it', () => {
    const text = configOf(details, provider);
    const { disk_size: first, disks } = parseConfig(text).machines[0]!.config as { disk_size: string; disks: { size: string }[] };
    expect([first, ...disks.map(disk => disk.size)]).toEqual(sizes);
    expect(planned(text)).toEqual([]);
  });

  it('has its further disks where the file says nothing of the first', () => {
    const config = { cpus: 2, memory: 2048, disks: [{ size: sizes[1] }] };
    expect(planned(JSON.stringify({ name: 'web', provider, config }))).toEqual([]);
    expect(planned(JSON.stringify({ name: 'web', provider, config: { ...config, disks: [...config.disks, { size: '3G' }] } }))).toMatchObject([{ key: 'disk 3', change: { edit: { kind: 'addDisk', sizeBytes: 3 * gib } } }]);
  });
});
