// What is brought to a storage: uploads that are cancelled at each of their stages, downloads by the node with their checksum. On the stand-in of each version.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Fleet } from '../../../src/machines/fleet.ts';
import type { StorageInfo } from '../../../src/machines/provider.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import type { ProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import { gatherPlan } from '../../../src/ui/plan/gather.ts';
import type { PveVersion } from '../../proxmox/schema.ts';
import { startProxmox } from '../../proxmox/server.ts';
import type { ProxmoxServer } from '../../proxmox/server.ts';
import { connect, context, failure, named, signal, spec } from './standIn.ts';
import type { Watched } from './standIn.ts';

const megabyte = 2 ** 20;
const quick = 50;
/** So slow that work is under way for as long as a test takes. */
const slow = 0.1;
const image = Buffer.concat([Buffer.from('QFI\xfb\0\0\0\x03', 'latin1'), Buffer.alloc(200_000, 7)]);
const digest = (algorithm: string): string => createHash(algorithm).update(image).digest('hex');

describe.each<PveVersion>(['7.4', '8.4', '9.1'])('storages of Proxmox VE %s', version => {
  let server: ProxmoxServer;
  let provider: ProxmoxProvider;
  let local: StorageInfo;
  let folder: string;
  let large: string;
  let web: Server;
  let address: string;
  const major = Number(version[0]);

  beforeAll(async () => {
    server = await startProxmox({ version, nodes: ['pve', 'pve2'], speed: quick, guests: [{ vmid: 100, name: 'web' }] });
    ({ provider } = connect(server));
    local = (await provider.storage!.list(signal())).find(storage => storage.id === 'local' && storage.node === 'pve')!;
    folder = await mkdtemp(join(tmpdir(), 'gaia-upload-'));
    large = join(folder, 'large.iso');
    const file = await open(large, 'w');
    await file.truncate(48 * megabyte);
    await file.close();
    web = createServer((request, response) => {
      if (request.url?.startsWith('/cloud')) response.end(image);
      else response.writeHead(404).end();
    });
    await new Promise<void>(resolve => { web.listen(0, '127.0.0.1', resolve); });
    address = `http://127.0.0.1:${String((web.address() as AddressInfo).port)}`;
  });
  afterEach(() => {
    server.faults.clear();
    server.cluster.clock.speed = quick;
  });
  afterAll(async () => {
    expect(server.violations).toEqual([]);
    web.close();
    await server.dispose();
    await rm(folder, { recursive: true });
  });

  const has = (volid: string): boolean => server.state.volumes.some(volume => volume.volid === volid);
  /** Nothing of it is on the server: no volume, no temporary file, no task that still works at it. */
  const expectNothingOf = async (volid: string): Promise<void> => {
    await expect.poll(() => [...server.state.uploads]).toEqual([]);
    expect(server.cluster.tasks.running().filter(task => task.type === 'imgcopy')).toEqual([]);
    expect(has(volid)).toBe(false);
    await expect.poll(() => filesOpen(large)).toBe(0);
  };
  /** Cancels when `when` says so of a step. */
  const cancelling = (when: (step: { fraction?: number }) => boolean): Watched => {
    const stop = new AbortController();
    const watched = context(stop.signal);
    return { ...watched, progress: step => { watched.progress(step); if (when(step as { fraction?: number })) stop.abort(); } };
  };

  it('an upload that is cancelled on its way leaves nothing, here or there, and another goes through', async () => {
    const seen = cancelling(step => (step.fraction ?? 0) > 0.3);
    const error = await failure(provider.storage!.upload!(local, 'iso', large, seen));
    expect(error.code).toBe('cancelled');
    // It was really under way, and not through.
    expect(seen.steps.at(-1)?.fraction).toBeGreaterThan(0.3);
    expect(seen.steps.at(-1)?.fraction).toBeLessThan(0.9);
    await expectNothingOf('local:iso/large.iso');
    await provider.storage!.upload!(local, 'iso', large, context());
    expect(server.state.volumes.find(volume => volume.volid === 'local:iso/large.iso')?.size).toBe(48 * megabyte);
    expect([...server.state.uploads]).toEqual([]);
    const item = (await provider.storage!.content(local, signal())).find(one => one.name === 'large.iso')!;
    await provider.storage!.remove!(local, item, context());
  });

  it('one that is cancelled when all was sent, but not answered, is stopped where it goes on', async () => {
    server.cluster.clock.speed = slow;
    server.faults.slow(100, { method: 'POST', path: /\/upload$/ });
    const stop = new AbortController();
    const ended = failure(provider.storage!.upload!(local, 'iso', large, context(stop.signal)));
    await expect.poll(() => server.cluster.tasks.running().filter(task => task.type === 'imgcopy').length, { timeout: 10_000, interval: 5 }).toBe(1);
    stop.abort();
    const error = await ended;
    expect(error).toMatchObject({ code: 'cancelled', detail: { left: 'The task was stopped on the server.' } });
    await expectNothingOf('local:iso/large.iso');
  });

  it('one that is cancelled while the server files it is stopped', async () => {
    server.cluster.clock.speed = slow;
    const stop = new AbortController();
    const sent = server.requests.length;
    const ended = failure(provider.storage!.upload!(local, 'iso', large, context(stop.signal)));
    await expect.poll(() => server.requests.slice(sent).some(request => /\/tasks\/UPID:[^/]*imgcopy[^/]*\/status$/.test(request.path)), { timeout: 10_000, interval: 5 }).toBe(true);
    stop.abort();
    expect(await ended).toMatchObject({ code: 'cancelled', detail: { left: 'The task was stopped on the server.' } });
    await expectNothingOf('local:iso/large.iso');
  });

  it('a create that is cancelled during its upload makes no machine and leaves no file', async () => {
    const seen = cancelling(step => (step.fraction ?? 0) > 0.3);
    const before = [...server.state.guests.keys()];
    expect((await failure(provider.lifecycle!.create(spec({ name: 'never', source: { kind: 'iso', url: large, path: large }, options: { node: 'pve', storage: 'local-lvm', iso_storage: 'local' } }), seen))).code).toBe('cancelled');
    expect([...server.state.guests.keys()]).toEqual(before);
    await expectNothingOf('local:iso/large.iso');
  });

  it('a connection that breaks in the middle of an upload leaves nothing either, and it is not sent again by itself', async () => {
    const sent = server.requests.length;
    let cut = false;
    const watched = context();
    const error = await failure(provider.storage!.upload!(local, 'iso', large, { ...watched, progress: step => {
      if (!cut && ((step as { fraction?: number }).fraction ?? 0) > 0.3) {
        cut = true;
        server.faults.cutConnections();
      }
    } }));
    expect(error.code).toBe('didNotAnswer');
    // A part of a file starts nothing: that is no open question.
    expect(error.detail.left).toBeUndefined();
    await expectNothingOf('local:iso/large.iso');
    await expect.poll(() => server.requests.slice(sent).filter(request => request.path.endsWith('/upload')).length).toBe(1);
    await expectNothingOf('local:iso/large.iso');
  });

  it('refuses an upload that is not what its checksum says', async () => {
    const file = join(folder, 'cloud.iso');
    await writeFile(file, image);
    const wish = (checksum: string) => spec({ name: 'checked', source: { kind: 'iso', url: file, path: file, checksum }, options: { node: 'pve', storage: 'local-lvm', iso_storage: 'local' } });
    expect(await failure(provider.lifecycle!.create(wish('0'.repeat(64)), context()))).toMatchObject({ code: 'invalidInput', detail: { values: [digest('sha256'), '0'.repeat(64)] } });
    await expectNothingOf('local:iso/cloud.iso');
    const made = await provider.lifecycle!.create(wish(`sha512:${digest('sha512')}`), context());
    expect(has('local:iso/cloud.iso')).toBe(true);
    await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
  });

  it('makes a machine of an image that the node downloads, checked by its checksum', async () => {
    const wish = (checksum: string, name = 'imported') => spec({ name, source: { kind: 'image', url: `${address}/cloud.img`, checksum }, disks: [{ sizeBytes: 3 * 2 ** 30 }], cloudInit: { user: 'dev' }, options: { node: 'pve', storage: 'local-lvm' } });
    if (major === 7) {
      // No content of this kind: said before anything is downloaded.
      const error = await failure(provider.lifecycle!.create(wish(digest('sha256')), context()));
      expect(error).toMatchObject({ code: 'notFound', detail: { hint: expect.stringContaining('8.3') as string } });
      expect(server.requests.some(request => request.path.endsWith('/download-url'))).toBe(false);
      return;
    }
    const before = [...server.state.guests.keys()];
    const error = await failure(provider.lifecycle!.create(wish(`sha256:${'ab'.repeat(32)}`), context()));
    expect(error).toMatchObject({ code: 'invalidInput', message: `The file is not the one that was expected: its checksum is ${digest('sha256')}, not ${'ab'.repeat(32)}.` });
    expect([...server.state.guests.keys()]).toEqual(before);
    expect(server.state.volumes.some(volume => volume.volid.includes('import/cloud'))).toBe(false);

    expect((await failure(provider.lifecycle!.create(wish('not a checksum'), context()))).code).toBe('invalidInput');
    const sent = server.requests.length;
    const made = await provider.lifecycle!.create(wish(digest('sha256')), context());
    // The image goes from the web to the node: nothing of it through this computer.
    const [download, ...more] = server.requests.slice(sent).filter(request => request.path.endsWith('/download-url'));
    expect(more).toEqual([]);
    expect(download?.parameters).toMatchObject({ url: `${address}/cloud.img`, content: 'import', filename: 'cloud.qcow2', checksum: digest('sha256'), 'checksum-algorithm': 'sha256' });
    expect(server.requests.slice(sent).some(request => request.path.endsWith('/upload'))).toBe(false);
    const details = await provider.describe(made, signal());
    expect(details.disks.find(disk => disk.kind === 'disk')).toMatchObject({ storage: 'local-lvm', capacityBytes: 3 * 2 ** 30 });
    expect(details.disks.some(disk => disk.kind === 'cloudinit')).toBe(true);
    // There already: used again, not downloaded again.
    const second = await provider.lifecycle!.create(wish(digest('sha256'), 'imported-2'), context());
    expect(server.requests.slice(sent).filter(request => request.path.endsWith('/download-url')).length).toBe(1);
    for (const id of [made, second]) await provider.lifecycle!.delete(id, { disks: 'delete' }, context());
  });

  it('a file that provider_config names counts from the folder of the config file', async () => {
    const registry = new ProviderRegistry();
    registry.register(provider);
    const specOf = async (provider_config: object): Promise<MachineSpec> => {
      const fleet = new Fleet(registry, { listTimeoutMs: () => 10_000 });
      const text = JSON.stringify({ name: 'of-a-file', provider: 'proxmox', config: { provider_config: { node: 'pve', storage: 'local-lvm', iso_storage: 'local', ...provider_config } } });
      return (await gatherPlan(registry, fleet, text, new Map(), signal(), { baseFolder: join(folder, 'lab') })).specs[0]!;
    };
    await mkdir(join(folder, 'lab', 'media'), { recursive: true });
    await writeFile(join(folder, 'lab', 'media', 'boot.iso'), 'of the lab');
    await writeFile(join(folder, 'base.tar.zst'), 'a template');
    for (const [options, volid, key] of [
      [{ iso: './media/boot.iso' }, 'local:iso/boot.iso', 'ide2'],
      [{ qemu_iso_file: 'media/boot.iso' }, 'local:iso/boot.iso', 'ide2'],
      [{ type: 'lxc', ostemplate: '../base.tar.zst' }, 'local:vztmpl/base.tar.zst', 'rootfs'],
    ] as const) {
      const made = await provider.lifecycle!.create(await specOf(options), context());
      expect(has(volid)).toBe(true);
      const config = server.state.guests.get(Number(made.split('/').at(-1)))!.config;
      if (key === 'ide2') expect(config['ide2']).toMatch(/^local:iso\/boot\.iso,/);
      expect(config[key]).toBeDefined();
      await provider.lifecycle!.delete(made, { disks: 'delete' }, context());
      await provider.storage!.remove!(local, { id: volid, kind: '', name: '' }, context());
    }
    expect((await failure(provider.lifecycle!.create(await specOf({ iso: './boot.iso' }), context()))).message).toContain(join(folder, 'lab', 'boot.iso'));
  });

  it('a download that fails, or is cancelled, leaves no file and no machine', async () => {
    const kind = major === 7 ? 'iso' : 'import';
    const name = major === 7 ? 'gone.iso' : 'gone.qcow2';
    expect((await failure(provider.storage!.download!(local, kind, `${address}/gone.img`, name, context()))).message).toContain('404');
    expect(has(`local:${kind}/${name}`)).toBe(false);
    server.cluster.clock.speed = slow;
    const stop = new AbortController();
    const ended = failure(provider.storage!.download!(local, kind, `${address}/cloud.img`, name, context(stop.signal)));
    await expect.poll(() => server.cluster.tasks.running().filter(task => task.type === 'download').length, { interval: 5 }).toBe(1);
    stop.abort();
    expect((await ended).code).toBe('cancelled');
    expect(has(`local:${kind}/${name}`)).toBe(false);
    expect((await named(provider, 'web')).name).toBe('web');
  });
});

/** How many times this process has the file open. Only where /proc tells it. */
async function filesOpen(file: string): Promise<number> {
  const { readdir, readlink } = await import('node:fs/promises');
  const links = await readdir('/proc/self/fd').catch(() => []);
  const open = await Promise.all(links.map(link => readlink(`/proc/self/fd/${link}`).catch(() => '')));
  return open.filter(target => target === file).length;
}
