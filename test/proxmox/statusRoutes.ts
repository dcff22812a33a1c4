// Guests as lists and as their present state.
import type { Call, Routes } from './call.ts';
import { flag } from './call.ts';
import type { Cluster } from './cluster.ts';
import { isDriveKey, isNicKey } from './drives.ts';
import type { GuestState } from './model.ts';
import { agentEnabled } from './power.ts';

/** Keys that come straight from the configuration, never late. */
function facts(guest: GuestState): Record<string, unknown> {
  const { config } = guest;
  return { ...(config['tags'] === undefined ? {} : { tags: String(config['tags']) }), ...(config['lock'] === undefined ? {} : { lock: config['lock'] }) };
}

/** A row of /cluster/resources: what pvestatd said last, and lock, tags, pool and HA state as they are. */
export function resourceRow(cluster: Cluster, guest: GuestState): Record<string, unknown> {
  const seen = guest.broadcast;
  const pool = cluster.poolOf(guest.vmid);
  const ha = cluster.ha.resourceOf(guest);
  return {
    id: `${guest.kind}/${String(guest.vmid)}`,
    type: guest.kind,
    vmid: guest.vmid,
    node: guest.node,
    ...(seen === undefined
      ? { status: 'unknown' }
      : { status: seen.status, name: seen.name, template: seen.template, maxcpu: seen.maxcpu, maxmem: seen.maxmem, maxdisk: seen.maxdisk, cpu: seen.cpu, mem: seen.mem, ...(cluster.atLeast(9) ? { memhost: seen.mem } : {}), disk: 0, diskread: 0, diskwrite: 0, netin: seen.netin, netout: seen.netout, uptime: seen.uptime }),
    ...facts(guest),
    ...(pool === undefined ? {} : { pool }),
    ...(ha === undefined ? {} : { hastate: ha.crm ?? 'queued' }),
  };
}

function measured(cluster: Cluster, guest: GuestState): Record<string, unknown> {
  const { maxcpu, template, ...now } = cluster.measure(guest);
  return {
    vmid: guest.vmid,
    status: guest.status,
    ...now,
    cpus: maxcpu,
    ...(cluster.atLeast(9) ? { memhost: now.mem } : {}),
    disk: 0,
    diskread: 0,
    diskwrite: 0,
    ...(template === 1 ? { template: 1 } : {}),
    ...(guest.pid === undefined ? {} : { pid: guest.pid }),
    ...facts(guest),
  };
}

function nics(guest: GuestState): Record<string, unknown> {
  const keys = Object.keys(guest.config).filter(isNicKey);
  return Object.fromEntries(keys.map(key => [`tap${String(guest.vmid)}i${key.slice(3)}`, { netin: 90, netout: 0 }]));
}

const serial = (call: Call, guest: GuestState): Record<string, unknown> => (call.cluster.atLeast(8) && Object.keys(guest.config).some(key => /^serial\d+$/.test(key)) ? { serial: 1 } : {});

/** What only a running VM has. `proxmox-support` holds real booleans, unlike the rest of the API. */
function machinery(call: Call, guest: GuestState): Record<string, unknown> {
  const { maxmem, mem } = call.cluster.measure(guest);
  const [machine, qemu] = { '7.4': ['pc-i440fx-7.2+pve0', '7.2.0'], '8.4': ['pc-i440fx-9.2+pve1', '9.2.0'], '9.1': ['pc-i440fx-10.1+pve0', '10.1.2'] }[call.cluster.state.version] as [string, string];
  const drives = Object.entries(guest.config).filter(([key, value]) => isDriveKey(key) && !key.startsWith('unused') && String(value) !== 'none');
  return {
    nics: nics(guest),
    balloon: maxmem,
    ballooninfo: { actual: maxmem, max_mem: maxmem, total_mem: maxmem, free_mem: maxmem - mem, mem_swapped_in: 0, mem_swapped_out: 0, major_page_faults: 0, minor_page_faults: 0, last_update: call.cluster.clock.seconds() },
    freemem: maxmem - mem,
    blockstat: Object.fromEntries(drives.map(([key]) => [key, { rd_bytes: 4096, wr_bytes: 0, rd_operations: 1, wr_operations: 0, failed_rd_operations: 0, failed_wr_operations: 0, idle_time_ns: 1000, timed_stats: [] }])),
    'running-machine': machine,
    'running-qemu': qemu,
    'proxmox-support': { 'pbs-dirty-bitmap': true, 'pbs-dirty-bitmap-savevm': true, 'pbs-dirty-bitmap-migration': true, 'query-bitmap-info': true, 'pbs-masterkey': true, 'pbs-library-version': '1.5.1 (UNKNOWN)', 'backup-max-workers': true },
  };
}

function current(call: Call): Record<string, unknown> {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const ha = cluster.ha.resourceOf(guest);
  const runs = guest.status === 'running';
  return {
    ...measured(cluster, guest),
    ha: ha === undefined ? { managed: 0 } : { managed: 1, state: ha.crm ?? null, ...(ha.group === undefined ? {} : { group: ha.group }) },
    ...(guest.kind === 'lxc' ? { type: 'lxc', swap: 0, maxswap: Number(guest.config['swap'] ?? 512) * 1048576 } : {}),
    ...(guest.kind === 'qemu' ? { qmpstatus: guest.qmpstatus, ...(agentEnabled(guest) ? { agent: 1 } : {}), ...serial(call, guest), ...(runs ? machinery(call, guest) : {}) } : {}),
    ...(runs && cluster.atLeast(9) ? { pressurecpusome: 0, pressurecpufull: 0, pressureiosome: 0, pressureiofull: 0, pressurememorysome: 0, pressurememoryfull: 0 } : {}),
  };
}

function listOf(call: Call, kind: 'qemu' | 'lxc'): Record<string, unknown>[] {
  const { cluster } = call;
  return [...cluster.state.guests.values()]
    .filter(g => g.kind === kind && g.node === call.node.name && cluster.rights.has(call.who, `/vms/${String(g.vmid)}`, 'VM.Audit'))
    .map(g => ({ ...measured(cluster, g), ...(kind === 'lxc' ? { type: 'lxc', swap: 0, maxswap: Number(g.config['swap'] ?? 512) * 1048576 } : {}), ...(kind === 'qemu' && flag(call, 'full') ? { qmpstatus: g.qmpstatus } : {}) }));
}

const index = (names: readonly string[]) => (call: Call): unknown => {
  call.cluster.guest(call);
  return names.map(subdir => ({ subdir }));
};

export const statusRoutes: Routes = {
  'GET /nodes/{node}/qemu': call => listOf(call, 'qemu'),
  'GET /nodes/{node}/lxc': call => listOf(call, 'lxc'),
  'GET /nodes/{node}/qemu/{vmid}': index(['config', 'pending', 'status', 'snapshot', 'agent', 'migrate', 'firewall']),
  'GET /nodes/{node}/lxc/{vmid}': index(['config', 'status', 'snapshot', 'migrate', 'firewall']),
  'GET /nodes/{node}/qemu/{vmid}/status': index(['current', 'start', 'stop', 'reset', 'shutdown', 'suspend', 'reboot']),
  'GET /nodes/{node}/lxc/{vmid}/status': index(['current', 'start', 'stop', 'shutdown', 'reboot']),
  'GET /nodes/{node}/qemu/{vmid}/status/current': current,
  'GET /nodes/{node}/lxc/{vmid}/status/current': current,
};
