// VS Code ends while a machine is made: what is left is known by its number, and never is what somebody else made under the same name.
// On the stand-in of each version. A process that has ended is one whose requests are answered no more, and whose journal is another's to read.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Machine, MachineId } from '../../../src/machines/machine.ts';
import type { OperationContext } from '../../../src/machines/provider.ts';
import type { ProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import { sendHttp } from '../../../src/system/http.ts';
import type { HttpRequest, SendHttp } from '../../../src/system/http.ts';
import { Journal, leftBy } from '../../../src/ui/plan/journal.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';
import { connect, context, named, signal, spec } from './standIn.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const quick = 200;

describe.each<PveVersion>(['7.4', '8.4', '9.1'])('interrupted work on Proxmox VE %s', version => {
  let server: ProxmoxServer;
  /** Of the window that is opened afterwards, and of anybody else on the cluster. */
  let provider: ProxmoxProvider;
  let folder: string;

  beforeAll(async () => {
    server = await startProxmox({ version, nodes: ['pve', 'pve2'], speed: quick, guests: [{ vmid: 100, name: 'base', template: true }, { vmid: 101, name: 'proxy', kind: 'lxc' }] });
    ({ provider } = connect(server));
  });
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'gaia-interrupted-')); });
  afterEach(async () => {
    server.cluster.clock.speed = quick;
    await settled();
    server.cluster.broadcast();
    for (const machine of await provider.list(signal())) if (!['base', 'proxy'].includes(machine.name)) await provider.lifecycle!.delete(machine.id, { disks: 'delete' }, context());
    await rm(folder, { recursive: true });
  });
  afterAll(async () => {
    expect(server.violations).toEqual([]);
    await server.dispose();
  });

  const settled = (): Promise<void> => expect.poll(() => server.cluster.tasks.running().length, { timeout: 20_000 }).toBe(0);
  const isMaking = ({ method, path }: HttpRequest): boolean => method === 'POST' && /\/(?:clone|qemu|lxc)$/.test(path);

  /** Work of a window that ends at a request: before it is `sent`, when it is but is not `answered`, or when the task is asked about. Resolves at that moment. */
  async function interrupted(at: 'sent' | 'answered' | 'task', name: string, work: (ending: ProxmoxProvider, context: OperationContext) => Promise<unknown>, before: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const journal = new Journal(folder);
    const entry = await journal.begin(undefined, { name, provider: 'proxmox', connection: 'lab' }, (await provider.list(signal())).map(machine => machine.id));
    await new Promise<void>((resolve, reject) => {
      const ended = <T>(): Promise<T> => { resolve(); return never(); };
      const http: SendHttp = async (request, ...rest) => {
        if (isMaking(request)) {
          await before();
          if (at === 'sent') return ended();
        }
        if (at === 'task' && /\/tasks\/UPID/.test(request.path)) return ended();
        const answer = await sendHttp(request, ...rest);
        return at === 'answered' && isMaking(request) ? ended() : answer;
      };
      const { provider: ending } = connect(server, { http });
      work(ending, { ...context(), intend: intents => journal.intend(entry, intents) }).then(() => { reject(new Error('it went on')); }, reject);
    });
    for (const file of (await readdir(folder)).filter(one => one.endsWith('.json'))) {
      const ofTheDead = { ...JSON.parse(await readFile(join(folder, file), 'utf8')) as object, pid: spawnSync(process.execPath, ['-e', '']).pid };
      await writeFile(join(folder, file), JSON.stringify(ofTheDead));
    }
  }
  const cloning = (name: string, from = 'base') => async (ending: ProxmoxProvider, around: OperationContext): Promise<MachineId> => ending.cloning!.clone((await named(ending, from)).id, { name, linked: false }, around);
  const left = async (): Promise<readonly (readonly [Machine['name'], MachineId, boolean])[]> => {
    const [entry] = await new Journal(folder).interrupted();
    return leftBy(entry!, await provider.list(signal()), () => false).map(({ machine, sure }) => [machine.name, machine.id, sure]);
  };
  const idOf = (vmid: number, kind = 'qemu'): string => `proxmox:lab:${kind}/${String(vmid)}`;

  it.each([['base', 'qemu'], ['proxy', 'lxc']])('a clone of %s that was begun is known while it is made and afterwards; one of its name beside it is not', async (from, kind) => {
    server.cluster.clock.speed = 1;
    await interrupted('task', 'copy', cloning('copy', from));
    const making = await left();
    expect(making).toMatchObject([[expect.any(String), idOf(102, kind), true]]);
    expect((await provider.list(signal())).find(machine => machine.id === making[0]![1])?.state).toBe('creating');
    server.cluster.clock.speed = quick;
    await settled();
    // Somebody who likes the name as well.
    expect(await provider.lifecycle!.create(spec({ name: 'theirs', options: { node: 'pve', storage: 'local-lvm' } }), context())).toBe(idOf(103));
    server.state.guests.get(103)!.config['name'] = 'copy';
    server.cluster.broadcast();
    expect(await left()).toEqual([['copy', idOf(102, kind), true]]);
  });

  it('one whose answer was not heard is told as likely, and still by its number', async () => {
    await interrupted('answered', 'copy', cloning('copy'));
    await settled();
    await expect.poll(left).toEqual([['copy', idOf(102), false]]);
  });

  it('one that was never asked for is nothing that another makes under that number', async () => {
    await interrupted('sent', 'copy', cloning('copy'));
    expect(await left()).toEqual([]);
    const theirs = await provider.lifecycle!.create(spec({ name: 'db', options: { node: 'pve', storage: 'local-lvm' } }), context());
    expect(theirs).toBe(idOf(102));
    server.cluster.broadcast();
    expect(await left()).toEqual([]);
  });

  it('a number that went to another of the same name is the other’s', async () => {
    let first = true;
    await interrupted('task', 'copy', cloning('copy'), async () => {
      if (!first) return;
      first = false;
      expect(await provider.lifecycle!.create(spec({ name: 'copy', options: { node: 'pve', storage: 'local-lvm' } }), context())).toBe(idOf(102));
    });
    await settled();
    await expect.poll(left).toEqual([['copy', idOf(103), true]]);
  });

  it('a create and one from a template write their number down as well, and what is shown writes nothing', async () => {
    const options = { node: 'pve', storage: 'local-lvm' };
    await interrupted('task', 'web', (ending, around) => ending.lifecycle!.create(spec({ name: 'web', options }), around));
    await settled();
    await expect.poll(left).toEqual([['web', idOf(102), true]]);
    await rm(folder, { recursive: true });
    await interrupted('task', 'web-2', (ending, around) => ending.lifecycle!.create(spec({ name: 'web-2', source: { kind: 'clone', of: 'base' }, options: { node: 'pve2', full_clone: true } }), around));
    await settled();
    // Cut off before it was moved to its node: it is where it was cloned.
    await expect.poll(left).toEqual([['web-2', idOf(103), true]]);
    let written = 0;
    expect((await provider.commands({ verb: 'create', spec: spec({ name: 'web-3', options }) }, signal())).length).toBeGreaterThan(0);
    await provider.lifecycle!.create(spec({ name: 'web-4', options }), { ...context(), intend: async () => { written++; } });
    expect(written).toBe(2);
  });

  it.each([['qemu', {}, 'db'], ['lxc', { type: 'lxc', ostemplate: 'local:vztmpl/debian.tar.zst' }, 'db']])('a restore (%s) that was begun is known by its number, as likely: what it will be called stands in the backup alone', async (kind, options, name) => {
    const volumes = server.state.volumes;
    if (kind === 'lxc' && !volumes.some(volume => volume.volid === 'local:vztmpl/debian.tar.zst')) volumes.push({ volid: 'local:vztmpl/debian.tar.zst', storage: 'local', node: 'pve', content: 'vztmpl', format: 'tzst', size: 1000, ctime: 0, protected: false });
    const source = await provider.lifecycle!.create(spec({ name, options: { node: 'pve', storage: 'local-lvm', ...options } }), context());
    await provider.backups.run(source, { storage: 'local' }, context());
    const [backup] = await provider.backups.list(source, signal());
    server.cluster.clock.speed = 1;
    await interrupted('task', 'db of today', (ending, around) => ending.backups.restore(backup!, { node: 'pve' }, around));
    expect(await left()).toEqual([[expect.any(String), idOf(103, kind), false]]);
    expect((await provider.list(signal())).find(machine => machine.id === idOf(103, kind))?.state).toBe('creating');
    server.cluster.clock.speed = quick;
    await settled();
    server.cluster.broadcast();
    expect(await left()).toEqual([[name, idOf(103, kind), false]]);
    // Onto the machine itself: it was there before, and so is nobody's remains.
    await rm(folder, { recursive: true });
    await interrupted('task', 'db of today', (ending, around) => ending.backups.restore(backup!, { vmid: 102, overwrite: true }, around));
    await settled();
    expect(await left()).toEqual([]);
  });

  it('makes nothing that cannot be written down', async () => {
    const sent = server.requests.length;
    await expect(cloning('copy')(provider, { ...context(), intend: () => Promise.reject(new Error('the disk is full')) })).rejects.toThrow('the disk is full');
    expect(server.requests.slice(sent).filter(request => request.method !== 'GET')).toEqual([]);
  });
});
