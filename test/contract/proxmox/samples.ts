// Arguments for every request builder: the type makes a builder without samples an error, the test one without a sample of its own.
import type { Guest, requests } from '../../../src/providers/proxmox/requests.ts';

type Table = typeof requests;
type Samples = { readonly [K in keyof Table]: readonly Parameters<Table[K]>[] };

const vm: Guest = { kind: 'qemu', vmid: 100, node: 'pve1' };
const ct: Guest = { kind: 'lxc', vmid: 105, node: 'pve1' };
const both = [vm, ct] as const;
const upid = 'UPID:pve1:00005695:0008502E:6B049F53:qmcreate:100:root@pam!ext:';

export const samples: Samples = {
  version: [[]],
  permissions: [[], ['/vms/100']],
  realms: [[]],
  login: [[{ username: 'anna@pve', password: 'x y&=%;é' }], [{ username: 'anna', realm: 'pve', password: 'totp:123456', tfaChallenge: 'PVE:!tfa!x' }]],
  createToken: [['anna@pve', 'gaia', { privsep: true, comment: 'Gaia' }]],
  resources: [[], ['vm'], ['node'], ['storage']],
  clusterStatus: [[]],
  nodes: [[]],
  nextId: [[], [120]],
  nodeStatus: [['pve1']],
  nodeUsage: [['pve1', 'hour'], ['pve1', 'year']],
  pools: [[]],
  addToPool: [['lab', [100, 101]]],
  removeFromPool: [['lab', [100]]],
  createPool: [['lab'], ['lab', 'for trying']],
  deletePool: [['lab']],
  cpuModels: [['pve1']],
  machineTypes: [['pve1']],
  clusterTasks: [[]],
  nodeTasks: [['pve1'], ['pve1', { vmid: 100, limit: 50, source: 'all', since: 1_795_465_043, errors: true, typefilter: 'qmstart' }]],
  taskStatus: [['pve1', upid]],
  taskLog: [['pve1', upid, 0, 500]],
  stopTask: [['pve1', upid]],

  status: both.map(guest => [guest]),
  start: both.map(guest => [guest]),
  stop: both.flatMap(guest => [[guest], [guest, { overruleShutdown: true }]] as [Guest, { overruleShutdown?: boolean }?][]),
  shutdown: both.map(guest => [guest, { timeoutSeconds: 60 }]),
  reboot: both.flatMap(guest => [[guest], [guest, { timeoutSeconds: 30 }]] as [Guest, { timeoutSeconds?: number }?][]),
  reset: [[vm]],
  pause: both.map(guest => [guest]),
  hibernate: [[vm], [vm, { storage: 'local-lvm' }]],
  resume: both.map(guest => [guest]),

  config: both.flatMap(guest => [[guest], [guest, { current: true }], [guest, { snapshot: 'before' }]] as [Guest, { current?: boolean; snapshot?: string }?][]),
  pending: both.map(guest => [guest]),
  setConfig: [
    [vm, { cores: 4, memory: 8192, onboot: true, tags: 'a;b', description: 'two\nlines', net0: 'virtio=BC:24:11:1A:7C:6C,bridge=vmbr0,tag=20,firewall=1', agent: 'enabled=1' }, { digest: '5f1ee3fd7ee879c47e9ed4dd932b566f04565e50' }],
    [vm, {}, { delete: ['net1', 'tags'] }],
    [vm, { revert: 'memory,cores' }],
    [vm, { ciupgrade: false, scsi1: 'local-lvm:0.1', ide2: 'none,media=cdrom' }],
    [ct, { cores: 2, memory: 1024, hostname: 'proxy', net0: 'name=eth0,bridge=vmbr0,ip=dhcp,type=veth' }, { delete: ['mp0'] }],
  ],
  setConfigAsTask: [[vm, { scsi1: 'local:0.1,format=qcow2' }, { digest: '5f1ee3fd7ee879c47e9ed4dd932b566f04565e50' }], [vm, { 'import-working-storage': 'local', scsi2: 'local-lvm:0,import-from=local:import/a.qcow2' }]],
  resizeDisk: [[vm, 'scsi0', '64G'], [vm, 'virtio1', '+1G'], [ct, 'rootfs', '16G']],
  moveDisk: [[vm, 'scsi0', 'second', { deleteSource: true }], [vm, 'scsi0', 'second', { deleteSource: false, format: 'qcow2' }], [ct, 'rootfs', 'second', { deleteSource: true }]],
  unlinkDisk: [[vm, ['scsi1', 'unused0'], { destroy: true }], [vm, ['scsi1'], { destroy: false }]],
  regenerateCloudInit: [[vm]],

  createVm: [
    ['pve1', 120, { name: 'web', memory: 8192, cores: 4, sockets: 1, cpu: 'x86-64-v2-AES', ostype: 'l26', scsihw: 'virtio-scsi-single', scsi0: 'local-lvm:64,iothread=1', net0: 'virtio,bridge=vmbr0', boot: 'order=scsi0;net0', tags: 'a;b', pool: 'lab' }],
    ['pve1', 121, { name: 'w11', ostype: 'win11', bios: 'ovmf', machine: 'q35', efidisk0: 'local-lvm:1,efitype=4m,pre-enrolled-keys=1', tpmstate0: 'local-lvm:1,version=v2.0', sata0: 'local-lvm:64', net0: 'e1000=BC:24:11:1A:7C:6C,bridge=vmbr0', ide2: 'local:iso/w11.iso,media=cdrom' }],
    ['pve1', 122, { name: 'cloud', scsi0: 'local-lvm:0,import-from=local:import/noble.qcow2', ide2: 'local-lvm:cloudinit', ciuser: 'dev', cipassword: 'secret', sshkeys: encodeURIComponent('ssh-ed25519 AAAA dev@pc'), ipconfig0: 'ip=dhcp', nameserver: '1.1.1.1', searchdomain: 'lan', serial0: 'socket' }],
    ['pve1', 123, { archive: 'local:backup/vzdump-qemu-100-2026_11_24-12_00_00.vma.zst', unique: true, storage: 'local-lvm', name: 'restored' }],
    ['pve1', 100, { archive: 'local:backup/vzdump-qemu-100-2026_11_24-12_00_00.vma.zst', force: true }],
  ],
  createContainer: [
    ['pve1', 130, { hostname: 'proxy', ostemplate: 'local:vztmpl/debian-12-standard_12.0-1_amd64.tar.zst', rootfs: 'local-lvm:8', mp0: 'local-lvm:4,mp=/mnt/disk1', unprivileged: true, features: 'nesting=1', memory: 512, cores: 1, net0: 'name=eth0,bridge=vmbr0,ip=192.168.1.5/24,type=veth', password: 'secret', 'ssh-public-keys': 'ssh-ed25519 AAAA dev@pc', nameserver: '1.1.1.1', searchdomain: 'lan', tags: 'a', description: 'x' }],
    ['pve1', 131, { ostemplate: 'local:backup/vzdump-lxc-105-2026_11_24-12_00_00.tar.zst', restore: true, unique: true, hostname: 'again' }],
  ],
  clone: both.flatMap(guest => [[guest, 140, { name: 'copy', full: true, storage: 'local-lvm', target: 'pve2', pool: 'lab', description: 'x' }], [guest, 141, { name: 'linked', full: false }], [guest, 142, { full: true, snapname: 'before' }]] as [Guest, number, object][]),
  makeTemplate: both.map(guest => [guest]),
  destroy: both.flatMap(guest => [[guest, {}], [guest, { purge: true, destroyUnreferenced: true }]] as [Guest, object][]),

  snapshots: both.map(guest => [guest]),
  takeSnapshot: both.flatMap(guest => [[guest, 'before', {}], [guest, 'with-ram', { description: 'with memory', memory: true }]] as [Guest, string, object][]),
  rollback: both.map(guest => [guest, 'before']),
  deleteSnapshot: both.map(guest => [guest, 'before']),
  describeSnapshot: both.map(guest => [guest, 'before', 'another text']),
  feature: both.flatMap(guest => [[guest, 'snapshot'], [guest, 'clone'], [guest, 'copy', 'before']] as [Guest, 'snapshot' | 'clone' | 'copy', string?][]),

  migrationCheck: both.flatMap(guest => [[guest], [guest, 'pve2']] as [Guest, string?][]),
  migrate: [[vm, 'pve2', {}], [vm, 'pve2', { online: true, withLocalDisks: true, storage: 'local-lvm' }], [ct, 'pve2', { restart: true, storage: 'local-lvm' }], [ct, 'pve2', {}]],

  haResources: [[]],
  haResource: [['vm:100']],
  haStatus: [[]],
  haAdd: [['vm:100', { state: 'started', comment: 'x', failback: false, maxRestart: 2, maxRelocate: 2 }], ['vm:100'], ['vm:100', { group: 'fast' }]],
  haSet: [['vm:100', { state: 'stopped' }], ['vm:100', { group: 'fast' }], ['vm:100', { removeGroup: true }]],
  haRemove: [['vm:100'], ['vm:100', { purge: true }]],
  haGroups: [[]],
  haAddGroup: [['fast', ['pve1:2', 'pve2:1'], { restricted: true, nofailback: true, comment: 'x' }]],
  haSetGroup: [['fast', { nodes: ['pve1:2', 'pve2'], restricted: false, nofailback: true, comment: 'y' }], ['fast', { comment: 'z' }]],
  haRemoveGroup: [['fast']],
  haRules: [[]],
  haAddRule: [['fast', { type: 'node-affinity', resources: ['vm:100'], nodes: ['pve1:2', 'pve2'], strict: true, comment: 'x' }], ['apart', { type: 'resource-affinity', resources: ['vm:100', 'vm:101'], affinity: 'negative' }]],
  haSetRule: [['fast', { type: 'node-affinity', resources: ['vm:100', 'ct:105'], nodes: ['pve1'] }], ['fast', { type: 'node-affinity', disable: true }], ['fast', { type: 'node-affinity', nodes: ['pve1'], strict: true, comment: 'x', disable: true }], ['apart', { type: 'resource-affinity', affinity: 'positive', enable: true }]],
  haRemoveRule: [['fast']],

  storages: [[]],
  nodeStorages: [['pve1'], ['pve1', { content: 'images', enabled: true, target: 'pve2' }]],
  storageContent: [['pve1', 'local'], ['pve1', 'local', { content: 'backup', vmid: 100 }]],
  deleteVolume: [['pve1', 'local', 'local:iso/debian 12.iso']],
  setVolume: [['pve1', 'local', 'local:backup/vzdump-qemu-100-2026_11_24-12_00_00.vma.zst', { notes: 'keep', protected: true }]],
  upload: [['pve1', 'local', { content: 'iso', file: '/tmp/x.iso', fileName: 'x.iso' }], ['pve1', 'local', { content: 'iso', file: '/tmp/x.iso', fileName: 'x.iso', checksum: { algorithm: 'sha256', value: 'ab12' } }], ['pve1', 'local', { content: 'import', file: '/tmp/x.qcow2', fileName: 'x.qcow2' }]],
  downloadUrl: [['pve1', 'local', { content: 'iso', url: 'https://example.org/x.iso', fileName: 'x.iso', checksum: { algorithm: 'sha256', value: 'a'.repeat(64) } }], ['pve1', 'local', { content: 'iso', url: 'https://example.org/x.iso.gz', fileName: 'x.iso', compression: 'gz' }], ['pve1', 'local', { content: 'import', url: 'https://example.org/x.qcow2', fileName: 'x.qcow2' }]],
  urlMetadata: [['pve1', 'https://example.org/x.iso']],
  templates: [['pve1']],
  downloadTemplate: [['pve1', 'local', 'debian-12-standard_12.0-1_amd64.tar.zst']],

  backup: [['pve1', 100, { storage: 'local', mode: 'snapshot', compress: 'zstd', notes: '{{guestname}} by Gaia', protected: true }], ['pve1', 100, {}]],
  backupJobs: [[]],

  networks: [['pve1'], ['pve1', 'any_bridge']],
  createNetwork: [['pve1', 'vmbr9', { type: 'bridge', bridgePorts: 'eno2', vlanAware: true, cidr: '10.9.0.1/24', comments: 'x', autostart: true }], ['pve1', 'vlan20', { type: 'vlan', vlanId: 20, vlanRawDevice: 'eno1' }]],
  deleteNetwork: [['pve1', 'vmbr9']],
  applyNetworks: [['pve1']],
  revertNetworks: [['pve1']],
  vnets: [[]],
  zones: [[]],
  createVnet: [['lab', 'zone1', { tag: 20, alias: 'the lab', vlanaware: true }], ['lab', 'zone1']],
  deleteVnet: [['lab']],
  applySdn: [[]],

  vncProxy: both.map(guest => [guest]),
  termProxy: [[vm, { serial: 'serial0' }], [vm], [ct]],
  nodeTermProxy: [['pve1']],
  vncWebSocket: both.map(guest => [guest, { port: 5900, ticket: "GFL2']CF:PVEVNC:6B04A169::I89s9h4YerRG/sS6=" }]),
  nodeVncWebSocket: [['pve1', { port: 5900, ticket: 'PVEVNC:6B04A169::x' }]],

  agentInterfaces: [[vm]],
  agentOs: [[vm]],
  agentHostname: [[vm]],
  agentInfo: [[vm]],
  containerInterfaces: [[ct]],
  usage: both.flatMap(guest => [[guest, 'hour'], [guest, 'week']] as [Guest, 'hour' | 'week'][]),
};
