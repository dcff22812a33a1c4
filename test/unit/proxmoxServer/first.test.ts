import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import { call, finish } from './client.ts';

let server: ProxmoxServer;
beforeAll(async () => {
  server = await startProxmox({ version: '9.1', nodes: ['pve1', 'pve2'], speed: 200, guests: [{ name: 'web', status: 'running' }, { name: 'db' }, { kind: 'lxc', name: 'proxy', node: 'pve2' }] });
});
afterAll(() => server.dispose());

test('a token sees the cluster, starts a guest and waits for its task', async () => {
  const rows = (await call(server, 'GET', '/cluster/resources')).body?.data as Record<string, unknown>[];
  expect(rows.filter(r => r['type'] === 'qemu').map(r => r['name'])).toEqual(['web', 'db']);
  const started = await call(server, 'POST', '/nodes/pve1/qemu/101/status/start');
  expect(await finish(server, started.body?.data)).toBe('OK');
  const now = (await call(server, 'GET', '/nodes/pve1/qemu/101/status/current')).body?.data as Record<string, unknown>;
  expect(now['qmpstatus']).toBe('running');
  expect(server.violations).toEqual([]);
});
