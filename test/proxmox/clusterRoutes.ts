// /cluster: resources, status, the next free id, options, the log.
import { badParameters } from './apiError.ts';
import type { Call, Handler, Routes } from './call.ts';
import { number, text } from './call.ts';
import type { NodeState, StorageState } from './model.ts';
import { resourceRow } from './statusRoutes.ts';
import { isOn, usedBytes } from './volumes.ts';

/** The measured keys are left out for who may not audit the node. */
function nodeRow(call: Call, node: NodeState): Record<string, unknown> {
  const { cluster } = call;
  const base = { id: `node/${node.name}`, type: 'node', node: node.name, status: node.online ? 'online' : 'offline' };
  if (!node.online) return base;
  if (!cluster.rights.has(call.who, `/nodes/${node.name}`, 'Sys.Audit')) return { ...base, level: '' };
  const running = [...cluster.state.guests.values()].filter(g => g.node === node.name && g.status === 'running');
  const mem = 2e9 + running.reduce((sum, g) => sum + cluster.measure(g).mem, 0);
  return { ...base, level: '', cpu: Math.min(1, node.load + running.length * 0.01), maxcpu: node.cpus, mem: Math.min(mem, node.memoryBytes), maxmem: node.memoryBytes, disk: Math.floor(node.rootBytes * 0.2), maxdisk: node.rootBytes, uptime: Math.floor((cluster.clock.now() - node.startedAt) / 1000), ...(cluster.atLeast(7) ? { 'cgroup-mode': 2 } : {}) };
}

const mayStorage = (call: Call, id: string): boolean => call.cluster.rights.hasAny(call.who, `/storage/${id}`, ['Datastore.Audit', 'Datastore.AllocateSpace']);

function storageRow(call: Call, storage: StorageState, node: NodeState): Record<string, unknown> {
  const online = node.online && storage.active;
  return {
    id: `storage/${node.name}/${storage.storage}`,
    type: 'storage',
    storage: storage.storage,
    node: node.name,
    plugintype: storage.type,
    content: storage.content.join(','),
    shared: storage.shared ? 1 : 0,
    status: online ? 'available' : 'unknown',
    ...(online ? { disk: usedBytes(call.cluster, storage, node.name), maxdisk: storage.totalBytes } : {}),
  };
}

const resources: Handler = call => {
  const { cluster } = call;
  const { state } = cluster;
  const type = text(call, 'type');
  const wants = (name: string): boolean => type === undefined || type === name;
  const rows: Record<string, unknown>[] = [];
  if (type === undefined) {
    for (const pool of state.pools.values()) if (cluster.rights.has(call.who, `/pool/${pool.poolid}`, 'Pool.Audit')) rows.push({ id: `/pool/${pool.poolid}`, type: 'pool', pool: pool.poolid });
  }
  if (wants('vm')) for (const guest of state.guests.values()) if (cluster.rights.has(call.who, `/vms/${String(guest.vmid)}`, 'VM.Audit')) rows.push(resourceRow(cluster, guest));
  if (wants('node')) for (const node of state.nodes.values()) rows.push(nodeRow(call, node));
  if (wants('storage')) {
    for (const storage of state.storages.values()) {
      if (!mayStorage(call, storage.storage)) continue;
      for (const node of state.nodes.values()) if (isOn(storage, node.name)) rows.push(storageRow(call, storage, node));
    }
  }
  if (wants('sdn')) {
    for (const zone of state.zones.values()) {
      if (!cluster.rights.hasAny(call.who, `/sdn/zones/${zone.zone}`, ['SDN.Audit', 'SDN.Allocate', ...(cluster.atLeast(8) ? ['SDN.Use'] : [])])) continue;
      for (const node of state.nodes.values()) {
        if (!node.online) continue;
        rows.push(cluster.atLeast(9) && type === undefined ? { id: `network/${node.name}/zone/${zone.zone}`, type: 'network', 'network-type': 'zone', network: zone.zone, node: node.name, status: 'ok' } : { id: `sdn/${node.name}/${zone.zone}`, type: 'sdn', sdn: zone.zone, node: node.name, status: 'ok' });
      }
    }
  }
  return rows;
};

const status: Handler = call => {
  const { state } = call.cluster;
  const online = [...state.nodes.values()].filter(n => n.online).length;
  const nodes = [...state.nodes.values()].map((node, index) => ({ id: `node/${node.name}`, type: 'node', name: node.name, ip: node.ip, nodeid: state.name === undefined ? 0 : index + 1, online: node.online ? 1 : 0, local: node === call.entry ? 1 : 0, level: '' }));
  if (state.name === undefined) return nodes;
  return [{ id: 'cluster', type: 'cluster', name: state.name, nodes: state.nodes.size, quorate: online * 2 > state.nodes.size ? 1 : 0, version: 4 }, ...nodes];
};

const nextId: Handler = call => {
  const wanted = number(call, 'vmid');
  if (wanted === undefined) return String(call.cluster.nextId());
  if (call.cluster.state.guests.has(wanted)) badParameters({ vmid: `VM ${String(wanted)} already exists` });
  return String(wanted);
};

export const clusterRoutes: Routes = {
  'GET /cluster/resources': resources,
  'GET /cluster/status': status,
  'GET /cluster/nextid': nextId,
  'GET /cluster/options': call => ({ ...call.cluster.state.options }),
  'PUT /cluster/options': call => {
    Object.assign(call.cluster.state.options, call.p);
    return null;
  },
  'GET /cluster/log': call => call.cluster.tasks.all.slice(-50).reverse().map((t, uid) => ({ uid, time: t.starttime, node: t.node, pid: t.pid, pri: 6, tag: 'pvedaemon', user: t.user, msg: `starting task ${t.upid}` })),
  'GET /cluster/replication': () => [],
  'GET /nodes': call => [...call.cluster.state.nodes.values()].map(node => ({ ...nodeRow(call, node), ssl_fingerprint: node.certificate.fingerprint })),
};
