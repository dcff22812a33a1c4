// What came back, from JSON to the domain: lists, states, configurations, snapshots. Types wander between versions ("100", 100, true, 1),
// so every value passes one of the four readers at the top.
import { machineId } from '../../machines/machine.ts';
import type { Disk, Machine, MachineId, MachineState, NetworkAdapter, Snapshot, Usage } from '../../machines/machine.ts';
import { parseDiskSize, parsePropertyString, parseTags } from './encode.ts';
import type { Guest, GuestKind } from './requests.ts';

export type Row = Readonly<Record<string, unknown>>;

export function rows(data: unknown): readonly Row[] {
  return Array.isArray(data) ? data.filter((row): row is Row => typeof row === 'object' && row !== null) : [];
}
export function record(data: unknown): Row {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Row) : {};
}
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
export function number(value: unknown): number | undefined {
  const parsed = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return Number.isFinite(parsed) ? parsed : undefined;
}
/** 0/1, "0"/"1", true/false, "on"/"off". */
export function flag(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 'on' || value === 'yes' || value === 'true';
}
/** Leaves out what is undefined: exactOptionalPropertyTypes tells absent from undefined. */
export function present<T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

export interface NodeInfo {
  readonly name: string;
  readonly online: boolean;
  /** `online`, `offline`, `unknown`. */
  readonly status: string;
  /** 0–1 of all CPUs. Absent without the right to see it. */
  readonly cpuFraction?: number;
  readonly cpus?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryTotalBytes?: number;
  readonly diskUsedBytes?: number;
  readonly diskTotalBytes?: number;
  readonly uptimeSeconds?: number;
}

export interface StorageRow {
  readonly id: string;
  readonly node: string;
  readonly type: string;
  readonly status: string;
  readonly content: readonly string[];
  readonly shared: boolean;
  readonly usedBytes?: number;
  readonly totalBytes?: number;
}

/** One answer of /cluster/resources. */
export interface ClusterView {
  readonly nodes: readonly NodeInfo[];
  readonly machines: readonly Machine[];
  readonly storages: readonly StorageRow[];
  /** SDN zones and vnets. */
  readonly networks: readonly { readonly id: string; readonly node?: string; readonly name: string; readonly kind: string; readonly status: string }[];
  readonly pools: readonly string[];
  /** Load by native id (`qemu/100`): volatile, so not in the rows; worked out when asked for. */
  readonly loads: { get(native: string): Usage | undefined };
}

/** `qemu/100` and where it is. */
export function guestOf(machine: Machine): Guest {
  return machine.extra?.['guest'] as Guest;
}

export function parseResources(data: unknown, connection: string, at: number): ClusterView {
  const nodes: NodeInfo[] = [];
  const machines: Machine[] = [];
  const storages: StorageRow[] = [];
  const networks: ClusterView['networks'][number][] = [];
  const pools = new Set<string>();
  const loads = new Map<string, Row>();
  const idPrefix = machineId('proxmox', connection, '');
  const all = rows(data);
  const offline = new Set(all.filter(row => row['type'] === 'node' && row['status'] !== undefined && row['status'] !== 'online').map(row => text(row['node'])));
  for (const row of all) {
    const type = text(row['type']);
    if (type === 'qemu' || type === 'lxc') {
      const machine = parseGuestRow(row, type, idPrefix, offline.size > 0 && offline.has(text(row['node'])));
      if (!machine) continue;
      machines.push(machine);
      loads.set(`${type}/${guestOf(machine).vmid}`, row);
      if (machine.pool !== undefined) pools.add(machine.pool);
    } else if (type === 'node') nodes.push(parseNode(row));
    else if (type === 'storage') storages.push(parseStorageRow(row));
    else if (type === 'pool') pools.add(text(row['pool']) ?? '');
    else if (type === 'sdn' || type === 'network') {
      networks.push(present({ id: text(row['id']) ?? '', node: text(row['node']), name: text(row['network']) ?? text(row['sdn']) ?? '', kind: text(row['network-type']) ?? 'zone', status: text(row['status']) ?? 'unknown' }));
    }
  }
  pools.delete('');
  const byName = (a: { name: string }, b: { name: string }): number => collator.compare(a.name, b.name);
  const loadOf = (native: string): Usage | undefined => {
    const row = loads.get(native);
    return row === undefined ? undefined : parseLoad(row, at);
  };
  return { nodes: nodes.sort(byName), machines: machines.sort(byName), storages, networks, pools: [...pools].sort(), loads: { get: loadOf } };
}

/** Made once: comparing with a locale by name costs a hundred times more. */
const collator = new Intl.Collator('en', { numeric: true });

function parseGuestRow(row: Row, kind: GuestKind, idPrefix: string, nodeDown: boolean): Machine | undefined {
  const vmid = number(row['vmid']) ?? number(text(row['id'])?.split('/')[1]);
  const node = text(row['node']);
  if (vmid === undefined || node === undefined) return undefined;
  const template = flag(row['template']);
  const lock = text(row['lock']);
  const status = text(row['status']) ?? 'unknown';
  const ha = text(row['hastate']);
  const guest: Guest = { kind, vmid, node };
  // Thousands of these are made at each refresh: written plainly, one object each.
  const machine: { -readonly [K in keyof Machine]: Machine[K] } = {
    id: `${idPrefix}${kind}/${vmid}` as MachineId,
    name: text(row['name']) ?? `${kind === 'qemu' ? 'VM' : 'CT'} ${vmid}`,
    kind: kind === 'qemu' ? 'vm' : 'container',
    state: nodeDown ? 'unknown' : stateOf(status, undefined, lock),
    providerState: status,
    path: [node],
    badges: ha === undefined || ha === '' ? [String(vmid)] : [String(vmid), `HA ${ha}`],
    extra: template ? { guest, vmid, node, withoutVerbs: templateLacks } : kind === 'lxc' ? { guest, vmid, node, withoutVerbs: containerLacks } : { guest, vmid, node },
  };
  if (template) machine.template = true;
  const cpus = number(row['maxcpu']);
  if (cpus !== undefined) machine.cpus = cpus;
  const memory = number(row['maxmem']);
  if (memory !== undefined) machine.memoryMiB = Math.round(memory / 2 ** 20);
  const disk = number(row['maxdisk']);
  if (disk !== undefined) machine.diskBytes = disk;
  const tags = text(row['tags']);
  if (tags !== undefined && tags !== '') machine.tags = parseTags(tags);
  const pool = text(row['pool']);
  if (pool !== undefined) machine.pool = pool;
  if (lock !== undefined) machine.lock = lock;
  if (ha !== undefined && ha !== '') machine.availability = { requested: ha, reported: ha };
  return machine;
}

/** Verbs that make no sense for a guest of this kind; the UI may hide them. */
export const containerLacks = ['reset', 'pause', 'resume', 'suspend'] as const;
export const templateLacks = ['start', 'shutDown', 'powerOff', 'reset', 'reboot', 'pause', 'resume', 'suspend', 'snapshot', 'restoreSnapshot'] as const;

/** From a lock that says what goes on, the run state of QEMU, or the coarse status. */
export function stateOf(status: string, qmpStatus: string | undefined, lock: string | undefined): MachineState {
  const byLock = lock === undefined ? undefined : lockStates[lock];
  if (byLock !== undefined) return byLock;
  const word = status === 'stopped' ? status : (qmpStatus ?? status);
  return statusStates[word] ?? 'unknown';
}

const lockStates: Readonly<Record<string, MachineState>> = { suspended: 'suspended', suspending: 'suspending', migrate: 'migrating', create: 'creating', clone: 'creating', destroyed: 'deleting' };

/** QEMU's run states; a guest that sleeps or was never let go can be resumed, so it is paused. */
const statusStates: Readonly<Record<string, MachineState>> = {
  running: 'running',
  stopped: 'stopped',
  paused: 'paused',
  suspended: 'paused',
  prelaunch: 'paused',
  shutdown: 'paused',
  postmigrate: 'paused',
  'finish-migrate': 'migrating',
  inmigrate: 'migrating',
  'save-vm': 'suspending',
  'restore-vm': 'starting',
  debug: 'paused',
  watchdog: 'error',
  'io-error': 'error',
  'internal-error': 'error',
  'guest-panicked': 'error',
};

function parseLoad(row: Row, at: number): Usage {
  return present<Usage>({
    at,
    cpuFraction: number(row['cpu']),
    memoryUsedBytes: number(row['mem']),
    memoryTotalBytes: number(row['maxmem']),
    diskReadBytesPerSecond: undefined,
    diskWriteBytesPerSecond: undefined,
    networkInBytesPerSecond: undefined,
    networkOutBytesPerSecond: undefined,
  });
}

export function parseNode(row: Row): NodeInfo {
  const status = text(row['status']) ?? 'unknown';
  return present<NodeInfo>({
    name: text(row['node']) ?? (text(row['id']) ?? '').replace(/^node\//, ''),
    online: status === 'online',
    status,
    cpuFraction: number(row['cpu']),
    cpus: number(row['maxcpu']),
    memoryUsedBytes: number(row['mem']),
    memoryTotalBytes: number(row['maxmem']),
    diskUsedBytes: number(row['disk']),
    diskTotalBytes: number(row['maxdisk']),
    uptimeSeconds: number(row['uptime']),
  });
}

function parseStorageRow(row: Row): StorageRow {
  return present<StorageRow>({
    id: text(row['storage']) ?? '',
    node: text(row['node']) ?? '',
    type: text(row['plugintype']) ?? 'unknown',
    status: text(row['status']) ?? 'unknown',
    content: (text(row['content']) ?? '').split(',').filter(Boolean).sort(),
    shared: flag(row['shared']),
    usedBytes: number(row['disk']),
    totalBytes: number(row['maxdisk']),
  });
}

export interface GuestStatus {
  readonly name?: string;
  readonly state: MachineState;
  /** `qmpstatus` where there is one: `running`, `paused`, `io-error`. */
  readonly providerState: string;
  readonly running: boolean;
  readonly lock?: string;
  readonly template: boolean;
  readonly uptimeSeconds: number;
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly diskBytes?: number;
  readonly tags: readonly string[];
  readonly agent: boolean;
  readonly ha: { readonly managed: boolean; readonly state?: string; readonly group?: string };
  readonly load: Usage;
}

export function parseStatus(data: unknown, at: number): GuestStatus {
  const row = record(data);
  const status = text(row['status']) ?? 'unknown';
  const qmp = text(row['qmpstatus']);
  const lock = text(row['lock']);
  const ha = record(row['ha']);
  const haState = text(ha['state']);
  return present<GuestStatus>({
    name: text(row['name']),
    state: stateOf(status, qmp, lock),
    providerState: qmp ?? status,
    running: status === 'running',
    lock,
    template: flag(row['template']),
    uptimeSeconds: number(row['uptime']) ?? 0,
    cpus: number(row['cpus']),
    memoryBytes: number(row['maxmem']),
    diskBytes: number(row['maxdisk']),
    tags: parseTags(text(row['tags'])),
    agent: flag(row['agent']),
    ha: present({ managed: flag(ha['managed']), state: haState, group: text(ha['group']) }),
    load: parseLoad(row, at),
  });
}

const diskKeys = /^(?:(?:ide|sata|scsi|virtio)\d+|efidisk\d+|tpmstate\d+|unused\d+|rootfs|mp\d+)$/;
const adapterModels = new Set(['virtio', 'e1000', 'e1000-82540em', 'e1000-82544gc', 'e1000-82545em', 'e1000e', 'i82551', 'i82557b', 'i82559er', 'ne2k_isa', 'ne2k_pci', 'pcnet', 'rtl8139', 'vmxnet3']);

/** A configuration as strings, as it stands in the file: the form for "all settings" and for drift. */
export function parseSettings(data: unknown): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const [key, value] of Object.entries(record(data))) settings[key] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return settings;
}

export function parseDisks(settings: Readonly<Record<string, string>>): Disk[] {
  return Object.entries(settings)
    .filter(([key]) => diskKeys.test(key))
    .map(([key, value]) => parseDisk(key, value))
    .sort((a, b) => a.slot.localeCompare(b.slot, 'en', { numeric: true }));
}

function parseDisk(slot: string, value: string): Disk {
  const { first, options } = parsePropertyString(value);
  const volume = first ?? options['file'] ?? options['volume'];
  const location = volume === undefined || volume === 'none' ? undefined : volume;
  const format = options['format'] ?? /\.(qcow2|raw|vmdk|iso)$/.exec(location ?? '')?.[1];
  return present<Disk>({
    slot,
    kind: diskKind(slot, location, options),
    location,
    capacityBytes: options['size'] === undefined ? undefined : parseDiskSize(options['size']),
    usedBytes: undefined,
    format,
    storage: location !== undefined && !location.startsWith('/') && location.includes(':') ? location.slice(0, location.indexOf(':')) : undefined,
    shared: flag(options['shared']) ? true : undefined,
    extra: { options, ...(slot.startsWith('unused') ? { unused: true } : {}), ...(location !== undefined && /(?:^|[:/])base-\d+-[^/]*\/vm-/.test(location) ? { linked: true } : {}) },
  });
}

function diskKind(slot: string, location: string | undefined, options: Readonly<Record<string, string>>): Disk['kind'] {
  if (slot.startsWith('efidisk')) return 'efi';
  if (slot.startsWith('tpmstate')) return 'tpm';
  if (location !== undefined && /[-:/]cloudinit(?:\.\w+)?$/.test(location)) return 'cloudinit';
  return options['media'] === 'cdrom' ? 'cdrom' : 'disk';
}

export function parseAdapters(settings: Readonly<Record<string, string>>): NetworkAdapter[] {
  const adapters: NetworkAdapter[] = [];
  for (const [key, value] of Object.entries(settings)) {
    const index = /^net(\d+)$/.exec(key)?.[1];
    if (index === undefined) continue;
    const { first, options } = parsePropertyString(value);
    const model = Object.keys(options).find(name => adapterModels.has(name)) ?? options['model'] ?? first ?? options['type'];
    const vlan = number(options['tag']);
    adapters.push(
      present<NetworkAdapter>({
        index: Number(index),
        mode: options['bridge'] === undefined ? 'nat' : 'bridge',
        network: options['bridge'],
        macAddress: (model === undefined ? undefined : options[model]) ?? options['macaddr'] ?? options['hwaddr'],
        model,
        connected: !flag(options['link_down']),
        vlan,
        addresses: undefined,
        extra: { options, firewall: flag(options['firewall']) },
      }),
    );
  }
  return adapters.sort((a, b) => a.index - b.index);
}

/** Rows of `pending` → what takes effect at the next start; a pending delete is an empty text. */
export function parsePending(data: unknown): Readonly<Record<string, string>> {
  const pending: Record<string, string> = {};
  for (const row of rows(data)) {
    const key = text(row['key']);
    if (key === undefined) continue;
    if (row['delete'] !== undefined && row['delete'] !== 0) pending[key] = '';
    else if (row['pending'] !== undefined) pending[key] = text(row['pending']) ?? JSON.stringify(row['pending']);
  }
  return pending;
}

/** The flat list with its pseudo entry `current` → a tree. A parent that is not in the list leaves its child at the root. */
export function parseSnapshots(data: unknown): Snapshot[] {
  const all = rows(data).filter(row => text(row['name']) !== undefined);
  const names = new Set(all.map(row => text(row['name'])));
  const parentOf = (row: Row): string | undefined => {
    const parent = text(row['parent']);
    return parent !== undefined && parent !== 'current' && names.has(parent) ? parent : undefined;
  };
  const current = all.find(row => row['name'] === 'current');
  const currentParent = current ? parentOf(current) : undefined;
  const real = all.filter(row => row['name'] !== 'current');
  const placed = new Set<string>();
  const build = (row: Row): Snapshot => {
    const name = text(row['name']) as string;
    placed.add(name);
    const time = number(row['snaptime']);
    const description = text(row['description']);
    return present<Snapshot>({
      id: name,
      name,
      description: description === '' ? undefined : description,
      createdAt: time === undefined || time === 0 ? undefined : new Date(time * 1000).toISOString(),
      withMemory: flag(row['vmstate']) ? true : undefined,
      current: name === currentParent ? true : undefined,
      children: real.filter(child => parentOf(child) === name && !placed.has(text(child['name']) as string)).map(build),
    });
  };
  const roots = real.filter(row => parentOf(row) === undefined).map(build);
  // Parents in a circle cannot be; if they are, nothing is hidden.
  return [...roots, ...real.filter(row => !placed.has(text(row['name']) as string)).map(build)];
}

/** A snapshot whose making failed halfway: `snapstate: prepare`. */
export function brokenSnapshots(data: unknown): readonly string[] {
  return rows(data).filter(row => row['snapstate'] !== undefined).map(row => text(row['name']) ?? '');
}

/** Rows of rrddata; a row with `time` alone was not measured. */
export function parseUsage(data: unknown): Usage[] {
  return rows(data).flatMap(row => {
    const time = number(row['time']);
    if (time === undefined) return [];
    return [
      present<Usage>({
        at: time * 1000,
        cpuFraction: number(row['cpu']),
        memoryUsedBytes: number(row['mem']) ?? number(row['memused']),
        memoryTotalBytes: number(row['maxmem']) ?? number(row['memtotal']),
        diskReadBytesPerSecond: number(row['diskread']),
        diskWriteBytesPerSecond: number(row['diskwrite']),
        networkInBytesPerSecond: number(row['netin']),
        networkOutBytesPerSecond: number(row['netout']),
      }),
    ];
  });
}
