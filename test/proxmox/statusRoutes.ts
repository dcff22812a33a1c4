// Guests as lists and as their present state.
import type { Call, Routes } from './call.ts';
import { flag } from './call.ts';
import type { Cluster } from './cluster.ts';
import { isNicKey } from './drives.ts';
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

function current(call: Call): Record<string, unknown> {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const ha = cluster.ha.resourceOf(guest);
  const runs = guest.status === 'running';
  return {
    ...measured(cluster, guest),
    ha: ha === undefined ? { managed: 0 } : { managed: 1, state: ha.crm ?? null, ...(ha.group === undefined ? {} : { group: ha.group }) },
    ...(guest.kind === 'lxc' ? { type: 'lxc', swap: 0, maxswap: Number(guest.config['swap'] ?? 512) * 1048576 } : {}),
    ...(guest.kind === 'qemu' ? { qmpstatus: guest.qmpstatus, ...(agentEnabled(guest) ? { agent: 1 } : {}), ...(runs ? { nics: nics(guest), 'running-machine': 'pc-i440fx-9.2+pve1', 'running-qemu': '9.2.0' } : {}) } : {}),
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
