// What the stand-in answers is what the official description of its version says is answered: types, and the keys that are not optional.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import { routes } from '../../proxmox/routes.ts';
import { apiSchema, type Property } from '../../proxmox/schema.ts';
import { call, finish } from './client.ts';

const versions = ['7.4', '8.4', '9.1'] as const;
const servers = new Map<string, ProxmoxServer>();
beforeAll(async () => {
  for (const version of versions) {
    const server = await startProxmox({
      version,
      nodes: ['pve1', 'pve2'],
      speed: 300,
      guests: [{ vmid: 100, name: 'web', status: 'running', agent: true, pool: 'lab', tags: 'a;b', ha: 'started', snapshots: [{ name: 'one' }] }, { vmid: 101, name: 'tpl', template: true }, { kind: 'lxc', vmid: 200, name: 'box', status: 'running', snapshots: [{ name: 'one' }] }],
    });
    server.state.vnets.set('vnet1', { vnet: 'vnet1', zone: 'localnetwork' });
    server.state.haGroups.set('here', { group: 'here', nodes: 'pve1' });
    server.state.haRules.set('rule1', { rule: 'rule1', type: 'node-affinity', resources: 'vm:100', nodes: 'pve1' });
    server.state.backupJobs.set('job1', { id: 'job1', schedule: '2:00', vmid: '100', storage: 'local', type: 'vzdump' });
    server.state.web.set('https://example.org/x.iso', { size: 10 });
    const upid = (await call(server, 'POST', '/nodes/pve1/vzdump', { vmid: 100, storage: 'local' })).body?.data;
    await finish(server, upid);
    upids.set(version, String(upid));
    servers.set(version, server);
  }
});
afterAll(async () => {
  for (const server of servers.values()) await server.dispose();
});
const upids = new Map<string, string>();

/** Fits a Perl value the described type? Numbers may be strings and the other way round; booleans are 0, 1, true, false or "". */
function problem(property: Property | undefined, value: unknown, path: string): string | undefined {
  if (property?.type === undefined) return undefined;
  if (value === null) return property.optional || property.type === 'null' || property.type === 'object' ? undefined : `${path} is null, not ${property.type}`;
  switch (property.type) {
    case 'null':
      return `${path} is not null`;
    case 'string':
      return typeof value === 'string' || typeof value === 'number' ? undefined : `${path} is no string`;
    case 'integer':
    case 'number':
      return typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(String(value)) ? undefined : `${path} is no ${property.type}: ${JSON.stringify(value)}`;
    case 'boolean':
      return [0, 1, '0', '1', '', true, false].includes(value as never) ? undefined : `${path} is no boolean: ${JSON.stringify(value)}`;
    case 'array': {
      if (!Array.isArray(value)) return `${path} is no list`;
      for (const [index, item] of value.entries()) {
        const wrong = problem(property.items, item, `${path}[${String(index)}]`);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    }
    case 'object': {
      if (typeof value !== 'object' || Array.isArray(value)) return `${path} is no object`;
      for (const [key, inner] of Object.entries(property.properties ?? {})) {
        const given = (value as Record<string, unknown>)[key];
        if (given === undefined) {
          if (!inner.optional && !key.includes('[n]')) return `${path}.${key} is missing`;
          continue;
        }
        const wrong = problem(inner, given, `${path}.${key}`);
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

const parts = (version: string): Record<string, string> => ({ node: 'pve1', vmid: '100', upid: upids.get(version) ?? '', storage: 'local', volume: 'local:iso/debian-13.1.0-amd64-netinst.iso', snapname: 'one', poolid: 'lab', sid: 'vm:100', group: 'here', rule: 'rule1', id: 'job1', vnet: 'vnet1', iface: 'vmbr0', userid: 'root@pam', tokenid: 'gaia' });
const needs: Readonly<Record<string, string>> = { timeframe: 'hour', feature: 'snapshot', url: 'https://example.org/x.iso', type: 'user', volume: 'local:import/debian-13-generic-amd64.qcow2', pid: '1', file: '/none', target: 'pve2', 'prune-backups': 'keep-last=1' };

/** Endpoints whose answer differs for a reason. */
const aside = new Set([
  'GET /nodes/{node}/qemu/{vmid}/agent/exec-status', // needs a process
  'GET /nodes/{node}/qemu/{vmid}/agent/file-read', // needs a file
  'GET /nodes/{node}/qemu/{vmid}/vncwebsocket', 'GET /nodes/{node}/lxc/{vmid}/vncwebsocket', 'GET /nodes/{node}/vncwebsocket', // a WebSocket
  'GET /cluster/ha/groups', 'GET /cluster/ha/groups/{group}', // refused on 9
  'GET /cluster/backup/{id}',
]);

describe.each(versions)('%s', version => {
  const endpoints = apiSchema(version).endpoints.filter(e => e.method === 'GET' && routes[`GET ${e.path}`] && !(aside.has(`GET ${e.path}`) && (version === '9.1' || !e.path.includes('/ha/'))));
  test.each(endpoints.map(e => [e.path, e] as const))('GET %s', async (path, endpoint) => {
    const server = servers.get(version)!;
    const at = { ...parts(version), ...(path.includes('/lxc/') ? { vmid: '200' } : {}) } as Record<string, string>;
    const query: Record<string, string> = {};
    for (const [name, property] of Object.entries(endpoint.parameters.properties)) if (!property.optional && !path.includes(`{${name}}`)) query[name] = needs[name] ?? '';
    const reply = await call(server, 'GET', path.replace(/\{(.+?)\}/g, (_, name: string) => encodeURIComponent(at[name] ?? '')), query);
    expect([reply.status, reply.reason]).toEqual([200, 'OK']);
    expect(problem(endpoint.returns, reply.body?.data, 'data')).toBeUndefined();
  });
});
