// What came back of one guest, from JSON to the domain: state, configuration, pending changes, usage; and the realms of a server.
import type { Disk, MachineState, NetworkAdapter, Usage } from '../../machines/machine.ts';
import type { Realm } from './connection.ts';
import { parseDiskSize, parsePropertyString, parseTags } from './encode.ts';
import { flag, number, present, record, rows, text } from './fields.ts';
import type { Row } from './fields.ts';

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

export function parseLoad(row: Row, at: number): Usage {
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
        extra: { options, firewall: flag(options['firewall']), ...(options['rate'] === undefined ? {} : { rate: number(options['rate']) }) },
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

/** Rows of access/domains. */
export function parseRealms(data: unknown): Realm[] {
  return rows(data).flatMap(row => {
    const name = text(row['realm']);
    return name === undefined ? [] : [present<Realm>({ name, type: text(row['type']) ?? '', comment: text(row['comment']), standard: flag(row['default']) })];
  });
}
