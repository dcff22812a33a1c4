// Each trouble does what its name says, to the requests it is meant for and to no others.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import { call, finish } from './client.ts';

let server: ProxmoxServer;
beforeEach(async () => {
  server = await startProxmox({ nodes: ['pve1', 'pve2'], speed: 300, authDelayMs: 1, guests: [{ vmid: 100 }, { vmid: 101, node: 'pve2' }] });
});
afterEach(() => server.dispose());

const version = () => call(server, 'GET', '/version');
const start = () => call(server, 'POST', '/nodes/pve1/qemu/100/status/start');

test('a rule meets what it names, as often as it says, after what it lets pass', async () => {
  server.faults.serverError('broken', { path: '/version', method: 'GET', after: 1, times: 2 });
  expect((await call(server, 'GET', '/nodes')).status).toBe(200);
  expect([(await version()).status, (await version()).reason, (await version()).status, (await version()).status]).toEqual([200, 'broken', 500, 200]);
  const remove = server.faults.serverError('broken', { path: /^\/nodes\/pve2\//, times: Infinity });
  expect((await call(server, 'GET', '/nodes/pve2/qemu')).status).toBe(500);
  expect((await call(server, 'GET', '/nodes/pve1/qemu')).status).toBe(200);
  remove();
  expect((await call(server, 'GET', '/nodes/pve2/qemu')).status).toBe(200);
});

describe('connections', () => {
  test('reset: nothing is done and nothing is said', async () => {
    server.faults.reset();
    await expect(start()).rejects.toThrow(/hang up|ECONNRESET/);
    expect(server.cluster.tasks.all).toEqual([]);
  });
  test('a lost answer: done, and nothing is said', async () => {
    server.faults.lostAnswer();
    await expect(start()).rejects.toThrow(/hang up|ECONNRESET/);
    expect(server.cluster.tasks.all).toHaveLength(1);
  });
  test('half a body', async () => {
    server.faults.halfBody();
    await expect(call(server, 'GET', '/cluster/resources')).rejects.toThrow(/aborted|ECONNRESET/);
  });
  test('byte by byte, and late, yet whole', async () => {
    server.faults.slow(1);
    const began = Date.now();
    expect((await version()).body?.data).toMatchObject({ release: '9.1' });
    expect(Date.now() - began).toBeGreaterThan(50);
    server.faults.delay(80);
    const again = Date.now();
    await version();
    expect(Date.now() - again).toBeGreaterThanOrEqual(75);
  });
  test('hang: no answer until the connection is cut', async () => {
    server.faults.hang();
    const never = version();
    const outcome = await Promise.race([never.then(() => 'answered', () => 'cut'), new Promise(resolve => setTimeout(() => resolve('waiting'), 60))]);
    expect(outcome).toBe('waiting');
    server.faults.cutConnections();
    await expect(never).rejects.toThrow();
  });
});

describe('nodes', () => {
  test('one that is down refuses, is 595 through the other, and its guests are unknown', async () => {
    await server.faults.nodeDown('pve2');
    await expect(call(server, 'GET', '/version', {}, { node: 'pve2' })).rejects.toThrow('ECONNREFUSED');
    const proxied = await call(server, 'GET', '/nodes/pve2/qemu');
    expect([proxied.status, proxied.reason, proxied.text]).toEqual([595, 'No route to host', '']);
    server.cluster.broadcast();
    const rows = (await call(server, 'GET', '/cluster/resources')).body?.data as Record<string, unknown>[];
    expect(rows.find(r => r['id'] === 'qemu/101')).toMatchObject({ status: 'unknown' });
    expect(rows.find(r => r['id'] === 'node/pve2')).toMatchObject({ status: 'offline' });
    await server.faults.nodeUp('pve2');
    expect((await call(server, 'GET', '/version', {}, { node: 'pve2' })).status).toBe(200);
  });
  test('596 on a POST may hide work that was done', async () => {
    server.faults.proxyError(596, { method: 'POST' }, true);
    expect((await start()).status).toBe(596);
    expect(server.cluster.tasks.all.map(t => t.type)).toEqual(['qmstart']);
  });
});

describe('tasks', () => {
  test('one that fails after its UPID was given, one whose worker died, one with warnings', async () => {
    server.faults.taskFails('qmstart', 'start failed: QEMU exited with code 1');
    expect(await finish(server, (await start()).body?.data)).toBe('start failed: QEMU exited with code 1');
    expect(server.state.guests.get(100)?.status).toBe('stopped');
    server.faults.taskFails('qmstart', 'unexpected status', { done: true });
    expect(await finish(server, (await start()).body?.data)).toBe('unexpected status');
    expect(server.state.guests.get(100)?.status).toBe('running');
    server.faults.taskFails('qmstop', 'WARNINGS: 1', { done: true, log: ['WARN: something small'] });
    const upid = String((await call(server, 'POST', '/nodes/pve1/qemu/100/status/stop')).body?.data);
    expect(await finish(server, upid)).toBe('WARNINGS: 1');
    const log = (await call(server, 'GET', `/nodes/pve1/tasks/${upid}/log`)).body?.data as { t: string }[];
    expect(log.map(l => l.t)).toEqual(['WARN: something small', 'TASK WARNINGS: 1']);
  });
  test('a stopped task ends, and what it had begun is cleaned up', async () => {
    const upid = String((await call(server, 'POST', '/nodes/pve1/qemu/100/clone', { newid: 500, full: 1 })).body?.data);
    expect((await call(server, 'DELETE', `/nodes/pve1/tasks/${encodeURIComponent(upid)}`)).body).toEqual({ data: null });
    expect(await finish(server, upid)).toBe('clone failed: interrupted by signal');
    expect(server.state.guests.has(500)).toBe(false);
  });
  test('an unknown UPID and one that is none', async () => {
    expect((await call(server, 'GET', '/nodes/pve1/tasks/UPID:pve1:00000001:00000001:00000001:x::root@pam:/status')).body?.errors).toEqual({ upid: 'no such task' });
    expect((await call(server, 'GET', '/nodes/pve1/tasks/nonsense/status')).body?.errors).toEqual({ upid: 'unable to parse worker upid' });
  });
});

test('each 401 can be had', async () => {
  const reasons = [];
  for (const kind of ['noTicket', 'invalidTicket', 'badToken', 'badCsrf', 'badPassword'] as const) {
    server.faults.unauthorized(kind);
    reasons.push((await version()).reason);
  }
  expect(reasons).toEqual(['No ticket', 'permission denied - invalid PVE ticket', 'Authentication failed!', 'Permission denied - invalid csrf token', 'authentication failure']);
});

test('chance is the same for the same seed', async () => {
  const run = async (): Promise<number[]> => {
    server.faults.random(7, 0.5, [{ kind: 'answer', status: 595, reason: 'No route to host' }]);
    const got = [];
    for (let i = 0; i < 12; i += 1) got.push((await version()).status);
    server.faults.clear();
    return got;
  };
  const first = await run();
  expect(first).toContain(595);
  expect(first).toContain(200);
  expect(await run()).toEqual(first);
});

test('nothing is left behind: no socket, no running task', async () => {
  await start();
  await call(server, 'POST', '/nodes/pve1/qemu/100/vncproxy', { websocket: 1 });
  await server.dispose();
  expect(server.connections()).toBe(0);
  expect(server.cluster.tasks.running()).toEqual([]);
});

test('a long run does not fill the memory: requests and finished tasks are kept up to a number', async () => {
  const small = await startProxmox({ keepRequests: 100, speed: 1000 });
  try {
    for (let i = 0; i < 130; i += 1) await call(small, 'GET', '/version');
    expect(small.requests.length).toBeLessThanOrEqual(100);
    expect(small.requests.length).toBeGreaterThanOrEqual(50);
    const work = (id: number): string => small.cluster.tasks.start({ node: 'pve', type: 'x', id: String(id), user: 'root@pam' }, () => Promise.resolve());
    const first = work(0);
    for (let i = 1; i < 5000; i += 1) {
      work(i);
      if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve));
    }
    expect(small.cluster.tasks.all.length).toBeLessThanOrEqual(4000);
    expect(small.cluster.tasks.get(first)).toBeUndefined();
  } finally {
    await small.dispose();
  }
});
