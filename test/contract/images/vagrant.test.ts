// Vagrant itself and Gaia on the same store, the same catalogue and the same boxes.
import { chmod, cp, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImages } from '../../../src/images/images.ts';
import type { Images } from '../../../src/images/images.ts';
import { startImageServer } from '../../rig/imageServer.ts';
import type { ImageServer } from '../../rig/imageServer.ts';
import { box } from '../../unit/images/boxes.ts';
import { context } from '../../unit/images/folders.ts';
import { run, temporaryFolder, titled } from './tools.ts';

const vagrant = titled('Vagrant', 'vagrant', 'bsdtar');

async function sum(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile());
  return Object.fromEntries(await Promise.all(files.map(async entry => {
    const file = join(entry.parentPath, entry.name);
    return [relative(folder, file), (await readFile(file)).toString('base64')] as const;
  })));
}

describe.skipIf(vagrant.missing)(vagrant.title, () => {
  let server: ImageServer;
  beforeAll(async () => { server = await startImageServer(); });
  afterAll(async () => { await server.close(); });

  async function both(): Promise<{ home: string; cache: string; images: Images; vagrant: (...args: string[]) => Promise<string> }> {
    const folder = await temporaryFolder();
    const home = join(folder, 'vagrant');
    const cache = join(folder, 'cache');
    const env = { VAGRANT_HOME: home, VAGRANT_SERVER_URL: server.url, VAGRANT_CHECKPOINT_DISABLE: '1', VAGRANT_DEFAULT_PROVIDER: 'virtualbox', HOME: folder };
    return {
      home,
      cache,
      images: createImages({ cacheFolder: cache, env, home: folder, arch: 'x64', record: () => undefined }),
      // The server is in this process: a call that waits here would wait for ever.
      vagrant: async (...args) => (await promisify(execFile)('vagrant', args, { env: { ...process.env, ...env }, cwd: folder, maxBuffer: 1 << 24 })).stdout,
    };
  }

  /** A catalogue of several versions; each box says in a file which it is. */
  async function publish(name: string): Promise<void> {
    const versions = [];
    for (const version of ['1.0.0', '1.2.0', '1.10.0', '2.0.0.beta1']) {
      const url = server.serve(`/boxes/${name}/${version}.box`, { body: await box({ './version.txt': version }) });
      versions.push({ version, providers: version === '1.10.0' ? [{ name: 'libvirt', url }] : [{ name: 'virtualbox', url }] });
    }
    const body = JSON.stringify({ name, description: 'd', versions });
    for (const path of [`/${name}`, `/api/v2/vagrant/${name}`]) server.serve(path, { body, headers: { 'content-type': 'application/json' } });
  }

  it('choose the same version of a catalogue for the same constraints, and unpack the same files', async () => {
    await publish('gaia/versions');
    await Promise.all(['>= 0', '~> 1.0', '>= 1, < 2', '!= 2.0.0.beta1'].map(async constraint => {
      const { home, images, vagrant: run } = await both();
      await run('box', 'add', '--provider', 'virtualbox', '--box-version', constraint, 'gaia/versions');
      const [theirs] = await readdir(join(home, 'boxes/gaia-VAGRANTSLASH-versions')).then(names => names.filter(name => name !== 'metadata_url'));
      // Without Vagrant's store, so that it has to be fetched.
      const own = createImages({ cacheFolder: join(home, '../own'), env: { VAGRANT_HOME: join(home, '../none'), VAGRANT_SERVER_URL: server.url }, arch: 'x64', record: () => undefined });
      const ours = await own.resolve({ kind: 'box', name: 'gaia/versions', version: constraint }, { provider: 'virtualbox' }, context());
      expect([constraint, ours.version]).toEqual([constraint, theirs]);
      expect(await sum(ours.folder)).toEqual(await sum(join(home, 'boxes/gaia-VAGRANTSLASH-versions', theirs!, 'virtualbox')));
      const stored = await images.resolve({ kind: 'box', name: 'gaia/versions', version: constraint }, { provider: 'virtualbox' }, context());
      expect([stored.origin, stored.version]).toEqual(['vagrant', theirs]);
      expect((await images.boxes())[0]?.catalogueUrl).toBe(`${server.url}/gaia/versions`);
    }));
  });

  it('list the same boxes, from files and catalogues, with odd names', async () => {
    await publish('gaia/listed');
    const { home, images, vagrant: run } = await both();
    const file = join(home, '../a.box');
    await writeFile(file, await box());
    await writeFile(join(home, '../b.box'), await box({}, 'libvirt'));
    await run('box', 'add', '--name', 'plain', file);
    await run('box', 'add', '--name', 'with/slash and blank', join(home, '../b.box'));
    await run('box', 'add', '--provider', 'virtualbox', '--box-version', '1.2.0', 'gaia/listed');
    await run('box', 'add', '--provider', 'virtualbox', '--box-version', '1.0.0', 'gaia/listed');
    // Rows: time, box, kind, value; a box is its name, provider and version.
    const rows = (await run('box', 'list', '--machine-readable')).trim().split('\n').map(line => line.split(','));
    const theirs = rows.filter(row => row[2] === 'box-name').map((row, at) => [row[3], rows.filter(one => one[2] === 'box-provider')[at]?.[3], rows.filter(one => one[2] === 'box-version')[at]?.[3]].join(' | '));
    expect((await images.boxes()).map(one => [one.name, one.provider, one.version].join(' | '))).toEqual(theirs);
    expect(theirs.length).toBe(4);
  });

  it('unpack a box that bsdtar packed, of the first format too', async () => {
    const { home, images, vagrant: vagrantRun } = await both();
    const source = join(home, '../source');
    await mkdir(join(source, 'include'), { recursive: true });
    await writeFile(join(source, 'box.ovf'), '<Envelope><References/></Envelope>');
    await writeFile(join(source, 'box-disk001.vmdk'), Buffer.concat([Buffer.from('KDMV'), Buffer.alloc(100_000), Buffer.from('end')]));
    await writeFile(join(source, 'include/_Vagrantfile'), 'Vagrant.configure("2") { |c| c.ssh.username = "core" }\n');
    await writeFile(join(source, `${'long-name-'.repeat(20)}.txt`), 'x');
    await chmod(join(source, 'box.ovf'), 0o444);
    const file = join(home, '../first.box');
    run('bsdtar', ['-c', '-z', '-f', file, '-C', source, '.']);
    await vagrantRun('box', 'add', '--name', 'first', file);
    const ours = await images.resolve({ kind: 'box', name: 'first', url: file }, { provider: 'virtualbox' }, context());
    expect(ours.origin).toBe('vagrant');
    const copy = join(home, '../copy.box');
    await cp(file, copy);
    const fetched = await images.resolve({ kind: 'box', name: 'other', url: copy }, { provider: 'virtualbox' }, context());
    const [left, right] = [await sum(fetched.folder), await sum(ours.folder)];
    expect(Object.keys(left).sort()).toEqual(Object.keys(right).sort());
    expect({ ...left, 'metadata.json': '' }).toEqual({ ...right, 'metadata.json': '' });
    expect(fetched.facts.sshUsername).toBe('core');
    expect((await stat(join(fetched.folder, 'box.ovf'))).mode & 0o200).toBe(0o200);
  });

  it('refuse the same things', async () => {
    const { home, images, vagrant: vagrantRun } = await both();
    await publish('gaia/refused');
    const file = join(home, '../wrong.box');
    await writeFile(file, await box({}, 'libvirt'));
    const cases: [readonly string[], { name: string; version?: string; url?: string }][] = [
      [['--provider', 'virtualbox', '--name', 'w', file], { name: 'w', url: file }],
      [['--provider', 'virtualbox', '--box-version', '> 3', 'gaia/refused'], { name: 'gaia/refused', version: '> 3' }],
      [['--provider', 'virtualbox', 'gaia/unknown'], { name: 'gaia/unknown' }],
      [['--provider', 'virtualbox', '--name', 'w', '--box-version', '1.0', file], { name: 'w', url: file, version: '1.0' }],
    ];
    await Promise.all(cases.map(async ([args, source]) => {
      await expect(vagrantRun('box', 'add', ...args)).rejects.toThrow();
      await expect(images.resolve({ kind: 'box', ...source }, { provider: 'virtualbox' }, context())).rejects.toMatchObject({ name: 'GaiaError' });
    }));
  });
});
