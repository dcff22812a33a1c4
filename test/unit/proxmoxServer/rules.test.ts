// What the server refuses: parameters by the description of its version, rights, locks, states.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addGuest } from '../../proxmox/seed.ts';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import { call, finish } from './client.ts';

const servers = new Map<string, ProxmoxServer>();
beforeAll(async () => {
  for (const version of ['7.4', '8.4', '9.1'] as const) {
    servers.set(
      version,
      await startProxmox({
        version,
        nodes: ['pve1', 'pve2'],
        speed: 300,
        authDelayMs: 1,
        guests: [{ vmid: 100, name: 'web', status: 'running', pool: 'lab' }, { vmid: 101, name: 'db', node: 'pve2' }],
        tokens: [{ id: 'eve@pve!bare', secret: 's' }, { id: 'eve@pve!full', secret: 's', privsep: false }],
        acl: [{ path: '/vms/100', who: 'eve@pve', role: 'PVEVMUser' }],
      }),
    );
  }
});
afterAll(async () => {
  for (const server of servers.values()) await server.dispose();
});
const on = (version: string): ProxmoxServer => servers.get(version)!;

describe.each(['7.4', '8.4', '9.1'])('%s', version => {
  test.each([
    ['PUT', '/nodes/pve1/qemu/100/config', { cores: 'x' }, { cores: "type check ('integer') failed - got 'x'" }],
    ['PUT', '/nodes/pve1/qemu/100/config', { bogus: 1 }, { bogus: 'property is not defined in schema and the schema does not allow additional properties' }],
    ['PUT', '/nodes/pve1/qemu/100/config', { onboot: 'true' }, { onboot: "type check ('boolean') failed - got 'true'" }],
    ['PUT', '/nodes/pve1/qemu/100/config', { bios: 'uefi' }, { bios: "value 'uefi' does not have a value in the enumeration 'seabios, ovmf'" }],
    ['PUT', '/nodes/pve1/qemu/100/config', { name: 'no good' }, { name: 'invalid format - value does not look like a valid DNS name\n' }],
    ['PUT', '/nodes/pve1/qemu/100/config', { scsi31: 'local:1' }, { scsi31: 'property is not defined in schema and the schema does not allow additional properties' }],
    ['POST', '/nodes/pve1/qemu/100/snapshot', { snapname: 'a' }, { snapname: "invalid format - invalid configuration ID 'a'\n" }],
    ['POST', '/nodes/pve1/qemu', { memory: 64 }, { vmid: 'property is missing and it is not optional' }],
    ['GET', '/nodes/pve1/qemu/100/rrddata', { timeframe: 'minute' }, { timeframe: "value 'minute' does not have a value in the enumeration 'hour, day, week, month, year'" }],
  ])('%s %s %j is refused by the description', async (method, path, parameters, errors) => {
    const server = on(version);
    server.violations.length = 0;
    const reply = await call(server, method, path, parameters);
    expect([reply.status, reply.reason]).toEqual([400, 'Parameter verification failed.']);
    const got = reply.body?.errors ?? {};
    for (const [key, text] of Object.entries(errors)) expect(got[key]?.startsWith(text.replace(/year'$/, 'year'))).toBe(true);
    expect(server.violations).toHaveLength(1);
    expect('message' in (reply.body ?? {})).toBe(version !== '7.4');
  });

  test('an unknown path is 501 and a violation', async () => {
    const server = on(version);
    server.violations.length = 0;
    const reply = await call(server, 'GET', '/nodes/pve1/qemu/100/nothing');
    expect([reply.status, reply.reason]).toEqual([501, "Method 'GET /nodes/pve1/qemu/100/nothing' not implemented"]);
    expect(server.violations.map(v => v.problem)).toEqual(['unknown path']);
  });
});

describe('what a version has not', () => {
  test('ha rules are unknown before 9, groups are gone since', async () => {
    expect((await call(on('8.4'), 'GET', '/cluster/ha/rules')).status).toBe(501);
    expect((await call(on('8.4'), 'GET', '/cluster/ha/groups')).body?.data).toEqual([]);
    const gone = await call(on('9.1'), 'GET', '/cluster/ha/groups');
    expect([gone.status, gone.reason]).toEqual([500, 'cannot index groups: ha groups have been migrated to rules']);
  });
  test('resize is done at once on 7.4 and a task later', async () => {
    expect((await call(on('7.4'), 'PUT', '/nodes/pve1/qemu/100/resize', { disk: 'scsi0', size: '+1G' })).body?.data).toBeNull();
    expect((await call(on('8.4'), 'PUT', '/nodes/pve1/qemu/100/resize', { disk: 'scsi0', size: '+1G' })).body?.data).toMatch(/^UPID:.*:resize:100:/);
  });
});

describe('rights', () => {
  const as = (token: string) => ({ authorization: `PVEAPIToken=eve@pve!${token}=s` });
  test('a separated token without ACL sees nothing, silently', async () => {
    const server = on('9.1');
    const rows = (await call(server, 'GET', '/cluster/resources', {}, as('bare'))).body?.data as Record<string, unknown>[];
    expect(rows.map(r => r['type'])).toEqual(['node', 'node']);
    expect(rows[0]).not.toHaveProperty('maxmem');
    expect((await call(server, 'GET', '/nodes/pve1/qemu', {}, as('bare'))).body?.data).toEqual([]);
    expect((await call(server, 'GET', '/access/permissions', {}, as('bare'))).body?.data).toEqual({});
    expect((await call(server, 'GET', '/version', {}, as('bare'))).status).toBe(200);
  });
  test('a token without separation has its user’s rights and no more', async () => {
    const server = on('9.1');
    const rows = (await call(server, 'GET', '/cluster/resources', { type: 'vm' }, as('full'))).body?.data as Record<string, unknown>[];
    expect(rows.map(r => r['vmid'])).toEqual([100]);
    const refused = await call(server, 'GET', '/nodes/pve2/qemu/101/config', {}, as('full'));
    expect([refused.status, refused.reason, refused.body?.message]).toEqual([403, 'Permission check failed (/vms/101, VM.Audit)', 'Permission check failed (/vms/101, VM.Audit)\n']);
    const create = await call(server, 'POST', '/nodes/pve1/qemu', { vmid: 500 }, as('full'));
    expect([create.status, create.reason]).toEqual([403, 'Permission check failed']);
    const permissions = (await call(server, 'GET', '/access/permissions', {}, as('full'))).body?.data as Record<string, Record<string, number>>;
    expect(permissions['/vms/100']?.['VM.PowerMgmt']).toBe(1);
    expect((await call(server, 'GET', '/cluster/nextid', {}, as('full'))).body?.data).toBe('102');
  });
  test('skiplock is for root itself', async () => {
    const reply = await call(on('9.1'), 'POST', '/nodes/pve1/qemu/100/status/stop', { skiplock: 1 });
    expect([reply.status, reply.body?.errors]).toEqual([400, { skiplock: 'Only root may use this option.' }]);
  });
});

describe('locks', () => {
  test('a locked guest fails at the call or in the task, with the same words', async () => {
    const server = on('9.1');
    addGuest(server.state, { vmid: 300, lock: 'backup' });
    expect(await finish(server, (await call(server, 'POST', '/nodes/pve1/qemu/300/status/start')).body?.data)).toBe('VM is locked (backup)');
    expect((await call(server, 'PUT', '/nodes/pve1/qemu/300/config', { cores: 2 })).reason).toBe('VM is locked (backup)');
    expect((await call(server, 'POST', '/nodes/pve1/qemu/300/clone', { newid: 301 })).reason).toBe('VM is locked (backup)');
  });
  test('two creates with one id: one wins, the other is told, nothing is taken away', async () => {
    const server = on('9.1');
    const [a, b] = await Promise.all([call(server, 'POST', '/nodes/pve1/qemu', { vmid: 400 }), call(server, 'POST', '/nodes/pve2/qemu', { vmid: 400 })]);
    const [won, lost] = a.status === 200 ? [a, b] : [b, a];
    expect(await finish(server, won.body?.data)).toBe('OK');
    expect(lost.reason).toMatch(/^unable to create VM 400 - VM 400 already exists on node 'pve[12]'$/);
    expect(server.state.guests.has(400)).toBe(true);
  });
  test('who waits ten seconds for the file lock gives up', async () => {
    const server = on('9.1');
    addGuest(server.state, { vmid: 310, status: 'running', answersShutdown: false });
    const slow = await call(server, 'POST', '/nodes/pve1/qemu/310/status/shutdown', { timeout: 1500 });
    const late = await call(server, 'POST', '/nodes/pve1/qemu/310/status/stop');
    expect(await finish(server, late.body?.data)).toBe("can't lock file '/var/lock/qemu-server/lock-310.conf' - got timeout");
    expect(await finish(server, slow.body?.data)).toBe('VM quit/powerdown failed - got timeout');
  });
});
