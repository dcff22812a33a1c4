// What a stand-in cluster starts with: nodes, storages, users, and the guests that a test asks for.
import { randomBytes } from 'node:crypto';
import { createAuthority, createNodeCertificate } from './certificates.ts';
import { formatSize, isDriveKey, parseDrive, parseSize } from './drives.ts';
import type { ClusterState, Config, GuestState, NetworkInterface, NodeState, SnapshotState, StorageState, UserState } from './model.ts';
import { builtInRoles } from './rights.ts';
import type { PveVersion } from './schema.ts';
import { isFileBased } from './volumes.ts';

export interface GuestSeed {
  readonly kind?: 'qemu' | 'lxc';
  /** Default: the next free one from 100. */
  readonly vmid?: number;
  readonly name?: string;
  /** Default: the first node. */
  readonly node?: string;
  readonly status?: 'running' | 'stopped' | 'paused' | 'suspended';
  readonly cores?: number;
  readonly memoryMiB?: number;
  /** GiB of the one disk; 0 = none. Default 8. */
  readonly diskGiB?: number;
  /** Default `local-lvm`. */
  readonly storage?: string;
  readonly template?: boolean;
  readonly tags?: string;
  readonly pool?: string;
  readonly lock?: string;
  readonly protection?: boolean;
  /** `started`, `stopped` …: managed by HA. */
  readonly ha?: string;
  /** The guest agent is on and runs. */
  readonly agent?: boolean;
  readonly addresses?: readonly string[];
  /** false: a shutdown times out. */
  readonly answersShutdown?: boolean;
  /** More options, over the others. Drives given here get their volumes. */
  readonly config?: Config;
  readonly snapshots?: readonly { readonly name: string; readonly description?: string; readonly vmstate?: boolean; readonly parent?: string }[];
}

export interface UserSeed {
  readonly userid: string;
  readonly password?: string;
  readonly totp?: string;
  readonly recovery?: readonly string[];
  readonly enable?: boolean;
}

export interface TokenSeed {
  /** `user@realm!id`. */
  readonly id: string;
  readonly secret?: string;
  /** Default true, as on a real server. */
  readonly privsep?: boolean;
  readonly expire?: number;
}

export interface AclSeed {
  readonly path: string;
  /** User, `@group` or token id. */
  readonly who: string;
  readonly role: string;
  readonly propagate?: boolean;
}

export interface StorageSeed extends Partial<Omit<StorageState, 'storage' | 'type' | 'content'>> {
  readonly storage: string;
  readonly type: string;
  readonly content: readonly string[];
}

export interface ProxmoxOptions {
  readonly version?: PveVersion;
  /** Names; default one node, `pve`. */
  readonly nodes?: readonly string[];
  readonly guests?: readonly GuestSeed[];
  readonly users?: readonly UserSeed[];
  readonly tokens?: readonly TokenSeed[];
  readonly acl?: readonly AclSeed[];
  readonly storages?: readonly StorageSeed[];
  readonly pools?: readonly { readonly poolid: string; readonly comment?: string; readonly storages?: readonly string[] }[];
  /** Work takes this many times less than on a real cluster. Default 1. */
  readonly speed?: number;
  /** How long a refused login takes. Default 3000 / speed. */
  readonly authDelayMs?: number;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** One a node; default free ones. */
  readonly ports?: readonly number[];
  /** How many entries `requests` holds at most; when full, its older half goes. Default 20,000. */
  readonly keepRequests?: number;
  /** More names and addresses for the certificates. */
  readonly certificateHosts?: readonly string[];
}

/** root@pam's password and the unrestricted token, always there. */
export const rootPassword = 'root-password-of-the-stand-in';
export const rootToken = { id: 'root@pam!gaia', secret: '3e2d9f0a-5b1c-4d7e-8f60-9a1b2c3d4e5f' } as const;

const releases: Readonly<Record<PveVersion, readonly [string, string]>> = { '7.4': ['7.4', '7.4-3'], '8.4': ['8.4', '8.4.1'], '9.1': ['9.1', '9.1.9'] };
const gib = 1024 ** 3;

export function interfacesOf(index: number): NetworkInterface[] {
  return [
    { iface: 'eno1', type: 'eth', active: 1, exists: 1, method: 'manual', method6: 'manual', families: ['inet'], priority: 3 },
    { iface: 'vmbr0', type: 'bridge', active: 1, autostart: 1, address: `192.0.2.${String(11 + index)}`, netmask: '24', cidr: `192.0.2.${String(11 + index)}/24`, gateway: '192.0.2.1', bridge_ports: 'eno1', bridge_stp: 'off', bridge_fd: '0', method: 'static', method6: 'manual', families: ['inet'], priority: 4 },
    { iface: 'vmbr1', type: 'bridge', active: 1, autostart: 1, bridge_ports: '', bridge_vlan_aware: 1, bridge_vids: '2-4094', bridge_stp: 'off', bridge_fd: '0', method: 'manual', method6: 'manual', families: ['inet'], priority: 5, comments: 'lab\n' },
    { iface: 'eno1.40', type: 'vlan', active: 1, 'vlan-id': 40, 'vlan-raw-device': 'eno1', method: 'manual', method6: 'manual', families: ['inet'], priority: 6 },
  ];
}

function defaultStorages(version: PveVersion, several: boolean): StorageState[] {
  const base = { shared: false, active: true, totalBytes: 500 * gib, otherBytes: 20 * gib };
  const imports = version === '7.4' ? [] : ['import'];
  return [
    { ...base, storage: 'local', type: 'dir', path: '/var/lib/vz', content: ['iso', 'vztmpl', 'backup', 'snippets', 'images', 'rootdir', ...imports] },
    { ...base, storage: 'local-lvm', type: 'lvmthin', content: ['images', 'rootdir'], totalBytes: 800 * gib },
    ...(several ? [{ ...base, storage: 'shared', type: 'nfs', path: '/mnt/pve/shared', content: ['images', 'rootdir', 'iso', 'backup', ...imports], shared: true, totalBytes: 4000 * gib }] : []),
  ];
}

export function createState(options: ProxmoxOptions): ClusterState {
  const version = options.version ?? '9.1';
  const names = options.nodes ?? ['pve'];
  const authority = createAuthority();
  const host = options.host ?? '127.0.0.1';
  const [release, versionText] = releases[version];
  const nodes = new Map<string, NodeState>(
    names.map((name, index) => [
      name,
      {
        name,
        online: true,
        ip: `192.0.2.${String(11 + index)}`,
        cpus: 16,
        memoryBytes: 64 * gib,
        rootBytes: 100 * gib,
        load: 0.05 + 0.03 * index,
        startedAt: Date.now() - 86_400_000,
        interfaces: interfacesOf(index),
        certificate: createNodeCertificate(authority, name, [host, ...(options.certificateHosts ?? [])].filter(h => h !== '0.0.0.0' && h !== '::')),
        port: 0,
      },
    ]),
  );
  const storages = options.storages?.map(s => ({ shared: false, active: true, totalBytes: 500 * gib, otherBytes: 20 * gib, ...s, content: [...s.content] })) ?? defaultStorages(version, names.length > 1);
  const user = (seed: UserSeed): UserState => ({ userid: seed.userid, password: seed.password ?? randomBytes(9).toString('hex'), enable: seed.enable ?? true, expire: 0, groups: [], ...(seed.totp === undefined ? {} : { totp: seed.totp }), ...(seed.recovery === undefined ? {} : { recovery: [...seed.recovery] }) });
  const users = new Map([{ userid: 'root@pam', password: rootPassword }, ...(options.users ?? [])].map(seed => [seed.userid, user(seed)]));
  const tokens = [{ ...rootToken, privsep: false }, ...(options.tokens ?? [])];
  for (const token of tokens) {
    const owner = token.id.split('!')[0] as string;
    if (!users.has(owner)) users.set(owner, user({ userid: owner }));
  }
  const state: ClusterState = {
    version,
    release,
    versionText,
    name: names.length > 1 ? 'lab' : undefined,
    authority,
    nodes,
    guests: new Map(),
    storages: new Map(storages.map(s => [s.storage, s])),
    volumes: [],
    users,
    groups: new Map(),
    tokens: new Map(tokens.map(t => [t.id, { id: t.id, secret: t.secret ?? newSecret(), privsep: t.privsep ?? true, expire: ('expire' in t ? t.expire : undefined) ?? 0 }])),
    roles: builtInRoles(version),
    acl: (options.acl ?? []).map(a => ({ propagate: true, ...a })),
    pools: new Map((options.pools ?? []).map(p => [p.poolid, { poolid: p.poolid, ...(p.comment === undefined ? {} : { comment: p.comment }), vms: [], storages: [...(p.storages ?? [])] }])),
    haResources: new Map(),
    haGroups: new Map(),
    haRules: new Map(),
    zones: new Map([['localnetwork', { zone: 'localnetwork', type: 'simple' }]]),
    vnets: new Map(),
    web: new Map(),
    uploads: new Set(),
    options: { keyboard: 'en-us' },
    backupJobs: new Map(),
  };
  for (const storage of storages) if (storage.content.includes('iso')) seedMedia(state, storage, names);
  for (const seed of options.guests ?? []) addGuest(state, seed);
  return state;
}

const newSecret = (): string => {
  const h = randomBytes(16).toString('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
};

function seedMedia(state: ClusterState, storage: StorageState, nodes: readonly string[]): void {
  const places = storage.shared ? [undefined] : nodes;
  for (const node of places) {
    const add = (content: 'iso' | 'vztmpl' | 'import', file: string, format: string, size: number): void =>
      void state.volumes.push({ volid: `${storage.storage}:${content}/${file}`, storage: storage.storage, ...(node === undefined ? {} : { node }), content, format, size, ctime: 1_760_000_000 });
    add('iso', 'debian-13.1.0-amd64-netinst.iso', 'iso', 820_000_000);
    if (storage.content.includes('vztmpl')) add('vztmpl', 'debian-13-standard_13.1-2_amd64.tar.zst', 'tzst', 130_000_000);
    if (storage.content.includes('import')) add('import', 'debian-13-generic-amd64.qcow2', 'qcow2', 3 * gib);
  }
}

let serial = 1;

/** Adds a guest as if it had always been there, with its volumes. Gives it back. */
export function addGuest(state: ClusterState, seed: GuestSeed): GuestState {
  const kind = seed.kind ?? 'qemu';
  let vmid = seed.vmid ?? 100;
  while (seed.vmid === undefined && state.guests.has(vmid)) vmid += 1;
  if (state.guests.has(vmid)) throw new Error(`guest ${String(vmid)} is there already`);
  const node = seed.node ?? ([...state.nodes.keys()][0] as string);
  const name = seed.name ?? `${kind === 'qemu' ? 'vm' : 'ct'}${String(vmid)}`;
  const storage = state.storages.get(seed.storage ?? 'local-lvm') ?? [...state.storages.values()].find(s => s.content.includes('images'));
  const size = (seed.diskGiB ?? 8) * gib;
  const mac = `BC:24:11:${(((serial += 1) * 7919) % 0xffffff).toString(16).toUpperCase().padStart(6, '0').match(/../g)?.join(':') ?? ''}`;
  const config: Config =
    kind === 'qemu'
      ? { name, boot: 'order=scsi0;net0', cores: seed.cores ?? 2, sockets: 1, memory: String(seed.memoryMiB ?? 2048), ostype: 'l26', scsihw: 'virtio-scsi-single', numa: 0, net0: `virtio=${mac},bridge=vmbr0`, smbios1: `uuid=${newSecret()}`, vmgenid: newSecret(), meta: 'creation-qemu=9.2.0,ctime=1760000000' }
      : { hostname: name, arch: 'amd64', cores: seed.cores ?? 1, memory: seed.memoryMiB ?? 512, swap: 512, ostype: 'debian', unprivileged: 1, net0: `name=eth0,bridge=vmbr0,hwaddr=${mac},ip=dhcp,type=veth` };
  if (storage && size > 0) config[kind === 'qemu' ? 'scsi0' : 'rootfs'] = `${volumeName(storage, vmid, 0, seed.template === true, kind)},size=${formatSize(size)}`;
  if (seed.template) config['template'] = 1;
  if (seed.tags !== undefined) config['tags'] = seed.tags;
  if (seed.lock !== undefined) config['lock'] = seed.lock;
  if (seed.protection) config['protection'] = 1;
  if (seed.agent) config['agent'] = 'enabled=1';
  Object.assign(config, seed.config ?? {});
  if (seed.status === 'suspended' && storage) Object.assign(config, { lock: 'suspended', vmstate: `${volumeName(storage, vmid, 0, false, 'qemu').replace(/disk-0.*/, 'state-suspend-2026-11-20')}`, runningmachine: 'pc-i440fx-9.2+pve1', runningcpu: 'kvm64' });
  const running = seed.status === 'running' || seed.status === 'paused';
  const snapshots: SnapshotState[] = (seed.snapshots ?? []).map((s, index) => ({ name: s.name, snaptime: 1_760_000_000 + index * 3600, description: s.description ?? '', vmstate: s.vmstate ?? false, ...(s.parent === undefined ? {} : { parent: s.parent }), config: { ...config } }));
  const last = snapshots.at(-1);
  if (last && config['parent'] === undefined) config['parent'] = last.name;
  const guest: GuestState = {
    kind,
    vmid,
    node,
    config,
    pending: {},
    status: running ? 'running' : 'stopped',
    qmpstatus: seed.status === 'paused' ? 'paused' : running ? 'running' : 'stopped',
    ...(running ? { startedAt: Date.now() - 3600_000, pid: 2000 + vmid } : {}),
    snapshots,
    answersShutdown: seed.answersShutdown ?? true,
    agentRuns: seed.agent ?? false,
    addresses: [...(seed.addresses ?? [`192.0.2.${String(100 + (vmid % 150))}`])],
  };
  state.guests.set(vmid, guest);
  for (const [key, value] of Object.entries(config)) if (isDriveKey(key) || key === 'vmstate') seedVolume(state, guest, String(value), seed.config?.[key] !== undefined);
  if (seed.pool !== undefined) {
    const pool = state.pools.get(seed.pool) ?? { poolid: seed.pool, vms: [], storages: [] };
    pool.vms.push(vmid);
    state.pools.set(seed.pool, pool);
  }
  if (seed.ha !== undefined) {
    const sid = `${kind === 'qemu' ? 'vm' : 'ct'}:${String(vmid)}`;
    state.haResources.set(sid, { sid, state: seed.ha, crm: seed.ha });
  }
  return guest;
}

function volumeName(storage: StorageState, vmid: number, index: number, base: boolean, kind: 'qemu' | 'lxc'): string {
  const name = `${base ? 'base' : 'vm'}-${String(vmid)}-disk-${String(index)}`;
  return isFileBased(storage) ? `${storage.storage}:${String(vmid)}/${name}.${kind === 'qemu' ? 'qcow2' : 'raw'}` : `${storage.storage}:${name}`;
}

/** A guest's own new volume never is, and looking for it costs at thousands of guests. */
function seedVolume(state: ClusterState, guest: GuestState, value: string, mayExist: boolean): void {
  const drive = parseDrive(value);
  const storage = state.storages.get(drive.file.split(':')[0] ?? '');
  if (!storage || (mayExist && state.volumes.some(v => v.volid === drive.file && (v.node === undefined || v.node === guest.node)))) return;
  const content = drive.file.includes(':iso/') ? 'iso' : guest.kind === 'lxc' ? 'rootdir' : 'images';
  state.volumes.push({ volid: drive.file, storage: storage.storage, ...(storage.shared ? {} : { node: guest.node }), content, format: /\.(\w+)$/.exec(drive.file)?.[1] ?? 'raw', size: parseSize(drive.options.get('size') ?? '0') || 4_194_304, ...(content === 'iso' ? {} : { vmid: guest.vmid }), ctime: 1_760_000_000 });
}
