// The one answer that lists a whole cluster: nodes, machines, storages, networks, pools, loads.
import { machineId } from '../../machines/machine.ts';
import type { Machine, MachineId, Usage } from '../../machines/machine.ts';
import { parseTags } from './encode.ts';
import { flag, number, present, rows, text } from './fields.ts';
import type { Row } from './fields.ts';
import { parseLoad, stateOf } from './parse.ts';
import type { Guest, GuestKind } from './requests.ts';

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
