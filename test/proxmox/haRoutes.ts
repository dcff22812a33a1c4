// High availability: resources, groups (to 8), rules (from 9), status, and the requests to move.
import { createHash } from 'node:crypto';
import { badParameters, die } from './apiError.ts';
import { list, needed, text, type Call, type Handler, type Routes } from './call.ts';
import { unset } from './drives.ts';
import type { HaGroup, HaResource, HaRule } from './model.ts';

/** `100` → `vm:100` or `ct:100`. */
function sidOf(call: Call, given: string): string {
  if (!/^\d+$/.test(given)) return given;
  return `${call.cluster.state.guests.get(Number(given))?.kind === 'lxc' ? 'ct' : 'vm'}:${given}`;
}

const digestOf = (value: unknown): string => createHash('sha1').update(JSON.stringify(value)).digest('hex');
const resourceOf = (call: Call): HaResource => {
  const sid = sidOf(call, needed(call, 'sid'));
  return call.cluster.state.haResources.get(sid) ?? die(`no such resource '${sid}'`);
};

const shown = (call: Call, r: HaResource): Record<string, unknown> => {
  const { crm: _crm, target: _target, ...rest } = r;
  return { ...rest, type: r.sid.split(':')[0], digest: digestOf([...call.cluster.state.haResources.values()].map(({ crm: _c, target: _t, ...x }) => x)) };
};

const noGroups = (call: Call, what: string): void => {
  if (call.cluster.atLeast(9)) die(`cannot ${what}: ha groups have been migrated to rules`);
};

const checkGroup = (call: Call): void => {
  const group = text(call, 'group');
  if (group === undefined) return;
  if (call.cluster.atLeast(9)) badParameters({ group: "invalid parameter 'group': ha groups have been migrated to rules" });
  if (!call.cluster.state.haGroups.has(group)) die(`group '${group}' does not exist`);
};

const add: Handler = call => {
  const { state } = call.cluster;
  const sid = sidOf(call, needed(call, 'sid'));
  checkGroup(call);
  const [kind = '', id = ''] = sid.split(':');
  const guest = state.guests.get(Number(id));
  if (guest?.kind !== (kind === 'ct' ? 'lxc' : 'qemu')) die(`unable to add resource '${sid}': no such guest`);
  if (state.haResources.has(sid)) die(`resource ID '${sid}' already defined`);
  const { type: _type, sid: _sid, ...rest } = call.p;
  state.haResources.set(sid, { state: 'started', ...(rest as Partial<HaResource>), sid });
  return null;
};

const change: Handler = call => {
  const resource = resourceOf(call);
  checkGroup(call);
  const { sid: _sid, delete: gone, digest: _digest, ...rest } = call.p;
  Object.assign(resource, rest);
  unset(resource as unknown as Record<string, unknown>, ...list(gone));
  if (resource.crm === 'error') resource.crm = 'stopped';
  return null;
};

const move: Handler = call => {
  const resource = resourceOf(call);
  const node = needed(call, 'node');
  if (!call.cluster.state.nodes.has(node)) die(`no such cluster node '${node}'`);
  if (call.cluster.ha.acts) resource.target = node;
  return call.cluster.atLeast(9) ? { sid: resource.sid, 'requested-node': node } : null;
};

const status: Handler = call => {
  const { cluster } = call;
  const { state } = cluster;
  const nodes = [...state.nodes.values()];
  const first = nodes.find(n => n.online)?.name ?? '';
  const stamp = cluster.clock.seconds();
  const active = state.haResources.size > 0 && cluster.ha.acts;
  return [
    { id: 'quorum', type: 'quorum', node: first, status: 'OK', quorate: 1 },
    ...(cluster.atLeast(9) ? [{ id: 'fencing', type: 'fencing', node: first, status: active ? 'armed (CRM watchdog active)' : 'standby (CRM watchdog standby)', 'armed-state': active ? 'armed' : 'standby' }] : []),
    ...(active ? [{ id: 'master', type: 'master', node: first, status: `${first} (active, ${new Date(stamp * 1000).toUTCString()})`, timestamp: stamp }] : []),
    ...(active ? nodes.map(n => ({ id: `lrm:${n.name}`, type: 'lrm', node: n.name, status: n.online ? `${n.name} (${[...state.haResources.values()].some(r => state.guests.get(Number(r.sid.split(':')[1]))?.node === n.name) ? 'active' : 'idle'}, ${new Date(stamp * 1000).toUTCString()})` : `${n.name} (old timestamp - dead?)`, timestamp: stamp })) : []),
    ...[...state.haResources.values()].map(r => {
      const node = state.guests.get(Number(r.sid.split(':')[1]))?.node ?? '';
      const crm = r.crm ?? 'queued';
      return { id: `service:${r.sid}`, type: 'service', sid: r.sid, node, state: crm, crm_state: crm, request_state: r.state, status: `${r.sid} (${node}, ${crm})`, max_restart: r.max_restart ?? 1, max_relocate: r.max_relocate ?? 1, ...(cluster.atLeast(9) ? { failback: r.failback ?? 1 } : {}), ...(r.group === undefined ? {} : { group: r.group }) };
    }),
  ];
};

const groupOf = (call: Call): HaGroup => call.cluster.state.haGroups.get(needed(call, 'group')) ?? die(`no such ha group '${needed(call, 'group')}'`);
const ruleOf = (call: Call): HaRule => call.cluster.state.haRules.get(needed(call, 'rule')) ?? die(`no such ha rule '${needed(call, 'rule')}'`);

const shownRule = (call: Call, rule: HaRule): Record<string, unknown> => ({ ...rule, ...(rule.type === 'node-affinity' ? { strict: rule.strict ?? 0 } : {}), order: [...call.cluster.state.haRules.keys()].indexOf(rule.rule) + 1, digest: digestOf([...call.cluster.state.haRules.values()]) });

function checkRule(call: Call, rule: Partial<HaRule>): void {
  for (const sid of list(rule.resources)) if (!call.cluster.state.haResources.has(sid)) badParameters({ resources: `cannot use unmanaged resource(s) ${sid}.` });
  if (rule.type === 'node-affinity' && (rule.nodes === undefined || rule.nodes === '')) badParameters({ nodes: 'property is missing and it is not optional' });
  if (rule.type === 'resource-affinity' && rule.affinity === undefined) badParameters({ affinity: 'property is missing and it is not optional' });
  for (const node of list(rule.nodes)) if (!call.cluster.state.nodes.has(node.split(':')[0] ?? '')) badParameters({ nodes: `no such cluster node '${node.split(':')[0] ?? ''}'` });
}

export const haRoutes: Routes = {
  'GET /cluster/ha': () => ['status', 'resources', 'groups', 'rules'].map(id => ({ id })),
  'GET /cluster/ha/resources': call => [...call.cluster.state.haResources.values()].map(r => shown(call, r)).filter(r => call.p['type'] === undefined || r['type'] === call.p['type']),
  'POST /cluster/ha/resources': add,
  'GET /cluster/ha/resources/{sid}': call => shown(call, resourceOf(call)),
  'PUT /cluster/ha/resources/{sid}': change,
  'DELETE /cluster/ha/resources/{sid}': call => {
    const { sid } = resourceOf(call);
    call.cluster.state.haResources.delete(sid);
    for (const [name, rule] of call.cluster.state.haRules) {
      rule.resources = list(rule.resources).filter(r => r !== sid).join(',');
      if (rule.resources === '') call.cluster.state.haRules.delete(name);
    }
    return null;
  },
  'POST /cluster/ha/resources/{sid}/migrate': move,
  'POST /cluster/ha/resources/{sid}/relocate': move,
  'GET /cluster/ha/status': () => [{ name: 'current' }, { name: 'manager_status' }],
  'GET /cluster/ha/status/current': status,
  'GET /cluster/ha/status/manager_status': call => ({ manager_status: { master_node: [...call.cluster.state.nodes.keys()][0], node_status: Object.fromEntries([...call.cluster.state.nodes.values()].map(n => [n.name, n.online ? 'online' : 'unknown'])), service_status: Object.fromEntries([...call.cluster.state.haResources.values()].map(r => [r.sid, { state: r.crm ?? 'queued' }])), timestamp: call.cluster.clock.seconds() }, quorum: { quorate: '1', node: call.entry.name } }),
  'GET /cluster/ha/groups': call => {
    noGroups(call, 'index groups');
    return [...call.cluster.state.haGroups.values()].map(g => ({ ...g, type: 'group', digest: digestOf(g) }));
  },
  'POST /cluster/ha/groups': call => {
    noGroups(call, 'create group');
    const { type: _type, ...rest } = call.p;
    const group = rest as unknown as HaGroup;
    if (call.cluster.state.haGroups.has(group.group)) die(`ha group ID '${group.group}' already defined`);
    call.cluster.state.haGroups.set(group.group, group);
    return null;
  },
  'GET /cluster/ha/groups/{group}': call => {
    noGroups(call, 'read group');
    return { ...groupOf(call), type: 'group', digest: digestOf(groupOf(call)) };
  },
  'PUT /cluster/ha/groups/{group}': call => {
    noGroups(call, 'update group');
    const { delete: gone, digest: _digest, ...rest } = call.p;
    const group = groupOf(call);
    Object.assign(group, rest);
    unset(group as unknown as Record<string, unknown>, ...list(gone));
    return null;
  },
  'DELETE /cluster/ha/groups/{group}': call => {
    noGroups(call, 'delete group');
    const { group } = groupOf(call);
    if ([...call.cluster.state.haResources.values()].some(r => r.group === group)) die(`unable to delete group '${group}' - used by resource(s)`);
    call.cluster.state.haGroups.delete(group);
    return null;
  },
  'GET /cluster/ha/rules': call => [...call.cluster.state.haRules.values()].filter(r => (call.p['type'] === undefined || r.type === call.p['type']) && (call.p['resource'] === undefined || list(r.resources).includes(sidOf(call, String(call.p['resource']))))).map(r => shownRule(call, r)),
  'POST /cluster/ha/rules': call => {
    const rule = { ...call.p } as unknown as HaRule;
    rule.resources = list(rule.resources).map(r => sidOf(call, r)).join(',');
    if (call.cluster.state.haRules.has(rule.rule)) die(`HA rule '${rule.rule}' already exists`);
    checkRule(call, rule);
    call.cluster.state.haRules.set(rule.rule, rule);
    return null;
  },
  'GET /cluster/ha/rules/{rule}': call => shownRule(call, ruleOf(call)),
  'PUT /cluster/ha/rules/{rule}': call => {
    const { delete: gone, digest: _digest, ...rest } = call.p;
    const rule = ruleOf(call);
    const next = { ...rule, ...rest } as HaRule;
    unset(next as unknown as Record<string, unknown>, ...list(gone));
    checkRule(call, next);
    call.cluster.state.haRules.set(rule.rule, next);
    return null;
  },
  'DELETE /cluster/ha/rules/{rule}': call => {
    call.cluster.state.haRules.delete(ruleOf(call).rule);
    return null;
  },
};
