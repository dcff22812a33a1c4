import { describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { machineId } from '../../../src/machines/machine.ts';
import { context, fakeProvider, fakeServer, noSignal, task, upidOf } from './fake.ts';

const id = machineId('proxmox', 'lab', 'qemu/100');
const row = { type: 'qemu', vmid: 100, node: 'pve1', id: 'qemu/100', status: 'stopped', name: 'demo1', template: 0, maxcpu: 1, maxmem: 268435456 };
const status = (values: Record<string, unknown>) => ({ data: { vmid: 100, name: 'demo1', ha: { managed: 0 }, ...values } });
const list = { data: [{ type: 'node', node: 'pve1', status: 'online' }, row] };

describe('power', () => {
  it('lists by one request', async () => {
    const server = fakeServer({ 'GET /cluster/resources': list });
    const { provider } = fakeProvider(server);
    const machines = await provider.list(noSignal());
    expect(machines.map(machine => [machine.name, machine.state, machine.path])).toEqual([['demo1', 'stopped', ['pve1']]]);
    expect(server.sent.map(request => request.path)).toEqual(['/cluster/resources']);
    expect(server.sent[0]?.headers['Authorization']).toBe('PVEAPIToken=root@pam!gaia=the-secret-of-the-token');
  });

  it('is done only when the state says so', async () => {
    let reads = 0;
    const server = fakeServer({
      'GET /cluster/resources': list,
      'POST /nodes/pve1/qemu/100/status/start': { data: upidOf('qmstart') },
      'GET /nodes/pve1/qemu/100/status/current': () => status(reads++ < 3 ? { status: 'stopped', qmpstatus: 'stopped' } : { status: 'running', qmpstatus: 'running' }),
      ...task('qmstart', 'OK'),
    });
    const { provider } = fakeProvider(server);
    const seen = context();
    await provider.power.start(id, {}, seen);
    expect(reads).toBeGreaterThan(3);
    expect(seen.lines).toEqual(['TASK OK']);
  });

  it('tells the same of a lock that comes at once and of one from inside the task', async () => {
    const server = fakeServer({
      'GET /cluster/resources': list,
      'GET /nodes/pve1/qemu/100/status/current': status({ status: 'stopped' }),
      'POST /nodes/pve1/qemu/100/status/start': { data: upidOf('qmstart') },
      ...task('qmstart', 'VM is locked (backup)'),
    });
    const { provider } = fakeProvider(server);
    const inside = await provider.power.start(id, {}, context()).catch((error: unknown) => error);
    server.answers['POST /nodes/pve1/qemu/100/status/start'] = { status: 500, reason: 'VM is locked (backup)' };
    const atOnce = await provider.power.start(id, {}, context()).catch((error: unknown) => error);
    for (const error of [inside, atOnce]) {
      expect(GaiaError.is(error, 'locked')).toBe(true);
      expect((error as GaiaError).detail.values).toEqual(['backup']);
      expect((error as GaiaError).detail.machine).toBe('demo1');
    }
    expect((inside as GaiaError).message).toBe((atOnce as GaiaError).message);
  });

  it('starts again after a lock time-out, and after nothing else', async () => {
    let posts = 0;
    const server = fakeServer({
      'GET /cluster/resources': list,
      'GET /nodes/pve1/qemu/100/status/current': () => status(posts >= 2 ? { status: 'running' } : { status: 'stopped' }),
      'POST /nodes/pve1/qemu/100/status/start': () => (posts++ === 0 ? { status: 500, reason: "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout" } : { data: upidOf('qmstart') }),
      ...task('qmstart', 'OK'),
    });
    await fakeProvider(server).provider.power.start(id, {}, context());
    expect(posts).toBe(2);
  });

  it('finds the task of a start whose answer got lost, and never starts twice', async () => {
    let posts = 0;
    const upid = upidOf('qmstart');
    const server = fakeServer({
      'GET /cluster/resources': list,
      'GET /nodes/pve1/qemu/100/status/current': () => status(posts > 0 ? { status: 'running' } : { status: 'stopped' }),
      'POST /nodes/pve1/qemu/100/status/start': () => { posts++; return { broken: 'after' }; },
      'GET /nodes/pve1/tasks': { data: [{ upid, type: 'qmstart', id: '100' }] },
      ...task('qmstart', 'OK'),
    });
    await fakeProvider(server).provider.power.start(id, {}, context());
    expect(posts).toBe(1);
  });

  it('looks on for a task whose answer got lost when that is given up, stops it, and says so', async () => {
    const upid = upidOf('qmstart');
    const stop = new AbortController();
    let looks = 0;
    const server = fakeServer({
      'GET /cluster/resources': list,
      'GET /nodes/pve1/qemu/100/status/current': status({ status: 'stopped' }),
      'POST /nodes/pve1/qemu/100/status/start': { broken: 'after' },
      'GET /nodes/pve1/tasks': () => {
        if (looks++ === 0) stop.abort();
        return { data: looks === 1 ? [] : [{ upid, type: 'qmstart', id: '100' }] };
      },
      [`DELETE /nodes/pve1/tasks/${upid}`]: { data: null },
      ...task('qmstart', 'interrupted by signal'),
    });
    const error = await fakeProvider(server).provider.power.start(id, {}, { ...context(), signal: stop.signal }).catch((caught: unknown) => caught);
    expect(server.sent.map(request => request.method)).toContain('DELETE');
    expect(GaiaError.is(error, 'cancelled')).toBe(true);
    expect((error as GaiaError).detail.left).toContain('The task was stopped on the server.');
  });

  it('says that a repeatable change may have been done when it is given up before its second try', async () => {
    const stop = new AbortController();
    const server = fakeServer({
      'GET /cluster/resources': list,
      'GET /nodes/pve1/qemu/100/config': { data: { name: 'demo1', digest: 'x' } },
      'GET /nodes/pve1/qemu/100/status/current': status({ status: 'stopped' }),
      'PUT /nodes/pve1/qemu/100/snapshot/before/config': () => { stop.abort(); return { broken: 'after' }; },
    });
    const error = await fakeProvider(server).provider.snapshots!.edit!(id, 'before', { description: 'x' }, { ...context(), signal: stop.signal }).catch((caught: unknown) => caught);
    expect(GaiaError.is(error, 'cancelled')).toBe(true);
    expect((error as GaiaError).detail.left).toBe('It is not known whether Proxmox VE did it.');
  });

  it('says that it was most likely not done when no task is found', async () => {
    let posts = 0;
    const server = fakeServer({
      'GET /cluster/resources': list,
      'GET /nodes/pve1/qemu/100/status/current': status({ status: 'stopped' }),
      'POST /nodes/pve1/qemu/100/status/start': () => { posts++; return { status: 596, reason: 'tls_process_server_certificate' }; },
      'GET /nodes/pve1/tasks': { data: [] },
    });
    const error = await fakeProvider(server).provider.power.start(id, {}, context()).catch((caught: unknown) => caught);
    expect(GaiaError.is(error, 'didNotAnswer')).toBe(true);
    expect((error as GaiaError).detail.left).toContain('No task');
    expect(posts).toBe(1);
  });

  it('resumes a paused machine when asked to start it', async () => {
    let resumed = false;
    const server = fakeServer({
      'GET /cluster/resources': list,
      'GET /nodes/pve1/qemu/100/status/current': () => status({ status: 'running', qmpstatus: resumed ? 'running' : 'paused' }),
      'POST /nodes/pve1/qemu/100/status/resume': () => { resumed = true; return { data: upidOf('qmresume') }; },
      ...task('qmresume', 'OK'),
    });
    await fakeProvider(server).provider.power.start(id, {}, context());
    expect(resumed).toBe(true);
  });

  it('shows the commands of an action without doing it', async () => {
    const server = fakeServer({ 'GET /cluster/resources': list, 'GET /nodes/pve1/qemu/100/status/current': status({ status: 'stopped' }) });
    const { provider } = fakeProvider(server);
    expect(await provider.commands({ verb: 'start', id }, noSignal())).toEqual([{ text: 'POST /nodes/pve1/qemu/100/status/start', language: 'http', comment: 'start, then wait for its task' }]);
    expect(server.sent.every(request => request.method === 'GET')).toBe(true);
  });
});
