// Pools, and the software-defined networks.
import { badParameters, die, forbidden } from './apiError.ts';
import { flag, list, needed, text, type Call, type Handler, type Routes } from './call.ts';
import { unset } from './drives.ts';
import type { PoolState, SdnVnet } from './model.ts';
import { resourceRow } from './statusRoutes.ts';

const poolOf = (call: Call): PoolState => call.cluster.state.pools.get(needed(call, 'poolid')) ?? die(`no such pool '${needed(call, 'poolid')}'`);

function members(call: Call, pool: PoolState): Record<string, unknown>[] {
  const { cluster } = call;
  const type = text(call, 'type');
  const guests = pool.vms.flatMap(id => cluster.state.guests.get(id) ?? []).map(guest => resourceRow(cluster, guest));
  const storages = pool.storages.flatMap(storage => [...cluster.state.nodes.keys()].map(node => ({ id: `storage/${node}/${storage}`, type: 'storage', storage, node, status: 'available' })));
  return [...guests, ...storages].filter(m => type === undefined || m['type'] === type);
}

const change: Handler = call => {
  const { cluster } = call;
  const pool = poolOf(call);
  const comment = text(call, 'comment');
  if (comment !== undefined) pool.comment = comment;
  const remove = flag(call, 'delete');
  for (const id of list(call.p['vms']).map(Number)) {
    cluster.rights.need(call.who, `/vms/${String(id)}`, 'Permissions.Modify');
    if (!cluster.state.guests.has(id)) die(`VM ${String(id)} does not exist`);
    const other = cluster.poolOf(id);
    if (remove) {
      if (!pool.vms.includes(id)) die(`VM ${String(id)} is not a pool member`);
      pool.vms = pool.vms.filter(one => one !== id);
      continue;
    }
    if (other === pool.poolid) die(`VM ${String(id)} is already a pool member`);
    if (other !== undefined) {
      if (!flag(call, 'allow-move')) die(`VM ${String(id)} belongs already to pool '${other}' and 'allow-move' is not set`);
      const from = cluster.state.pools.get(other);
      if (from) from.vms = from.vms.filter(one => one !== id);
    }
    pool.vms.push(id);
  }
  for (const id of list(call.p['storage'])) pool.storages = remove ? pool.storages.filter(one => one !== id) : [...new Set([...pool.storages, id])];
  return null;
};

const remove: Handler = call => {
  const pool = poolOf(call);
  if (pool.vms.length > 0) die(`pool '${pool.poolid}' is not empty (contains VM ${String(pool.vms[0])})`);
  if (pool.storages.length > 0) die(`pool '${pool.poolid}' is not empty (contains storage '${pool.storages[0] ?? ''}')`);
  call.cluster.state.pools.delete(pool.poolid);
  return null;
};

const vnetOf = (call: Call): SdnVnet => call.cluster.state.vnets.get(needed(call, 'vnet')) ?? die(`sdn vnet object ID '${needed(call, 'vnet')}' does not exist`);
const maySee = (call: Call, path: string): boolean => call.cluster.rights.hasAny(call.who, path, ['SDN.Audit', 'SDN.Allocate', 'SDN.Use']);

export const poolRoutes: Routes = {
  'GET /pools': call => {
    const wanted = text(call, 'poolid');
    const pools = [...call.cluster.state.pools.values()].filter(p => call.cluster.rights.has(call.who, `/pool/${p.poolid}`, 'Pool.Audit'));
    if (wanted === undefined) return pools.map(p => ({ poolid: p.poolid, ...(p.comment === undefined ? {} : { comment: p.comment }) }));
    const pool = call.cluster.state.pools.get(wanted) ?? die(`no such pool '${wanted}'`);
    if (!pools.includes(pool)) forbidden(`/pool/${wanted}, Pool.Audit`);
    return [{ poolid: pool.poolid, ...(pool.comment === undefined ? {} : { comment: pool.comment }), members: members(call, pool) }];
  },
  'POST /pools': call => {
    const poolid = needed(call, 'poolid');
    if (call.cluster.state.pools.has(poolid)) die(`create pool failed: pool '${poolid}' already exists`);
    const comment = text(call, 'comment');
    call.cluster.state.pools.set(poolid, { poolid, ...(comment === undefined ? {} : { comment }), vms: [], storages: [] });
    return null;
  },
  'PUT /pools': change,
  'DELETE /pools': remove,
  'GET /pools/{poolid}': call => {
    const pool = poolOf(call);
    return { ...(pool.comment === undefined ? {} : { comment: pool.comment }), members: members(call, pool) };
  },
  'PUT /pools/{poolid}': change,
  'DELETE /pools/{poolid}': remove,
  'GET /cluster/sdn': () => [{ id: 'vnets' }, { id: 'zones' }],
  'PUT /cluster/sdn': call =>
    call.cluster.task(call, 'reloadnetworkall', '', async worker => {
      await worker.wait(1000);
      for (const vnet of call.cluster.state.vnets.values()) unset(vnet, 'state');
    }),
  'GET /cluster/sdn/zones': call => [...call.cluster.state.zones.values()].filter(z => z.zone !== 'localnetwork' && maySee(call, `/sdn/zones/${z.zone}`)),
  'POST /cluster/sdn/zones': call => {
    const zone = needed(call, 'zone');
    if (call.cluster.state.zones.has(zone)) die(`sdn zone object ID '${zone}' already defined`);
    call.cluster.state.zones.set(zone, { ...call.p, zone, type: needed(call, 'type') });
    return null;
  },
  'GET /cluster/sdn/vnets': call => [...call.cluster.state.vnets.values()].filter(v => maySee(call, `/sdn/zones/${v.zone}/${v.vnet}`)).map(v => ({ ...v, type: 'vnet' })),
  'POST /cluster/sdn/vnets': call => {
    const vnet = needed(call, 'vnet');
    const zone = needed(call, 'zone');
    if (call.cluster.state.vnets.has(vnet)) die(`sdn vnet object ID '${vnet}' already defined`);
    if (!call.cluster.state.zones.has(zone)) badParameters({ zone: `zone '${zone}' does not exist` });
    call.cluster.state.vnets.set(vnet, { ...call.p, vnet, zone, state: 'new' });
    return null;
  },
  'GET /cluster/sdn/vnets/{vnet}': call => vnetOf(call),
  'PUT /cluster/sdn/vnets/{vnet}': call => {
    const { delete: gone, digest: _digest, ...rest } = call.p;
    const vnet = vnetOf(call);
    Object.assign(vnet, rest, { state: 'changed' });
    unset(vnet, ...list(gone));
    return null;
  },
  'DELETE /cluster/sdn/vnets/{vnet}': call => {
    call.cluster.state.vnets.delete(vnetOf(call).vnet);
    return null;
  },
  'GET /nodes/{node}/sdn': () => [{ name: 'zones' }],
  'GET /nodes/{node}/sdn/zones': call => [...call.cluster.state.zones.values()].filter(z => maySee(call, `/sdn/zones/${z.zone}`)).map(z => ({ zone: z.zone, status: 'available' })),
};
