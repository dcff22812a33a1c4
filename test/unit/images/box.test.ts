import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogueUrls, chooseFromCatalogue, parseCatalogue } from '../../../src/images/boxCatalogue.ts';
import { parseBoxVagrantfile } from '../../../src/images/boxFacts.ts';
import { boxFolderName, boxNameOf, hostArchitecture, vagrantHome } from '../../../src/images/boxStore.ts';
import { parseConstraints } from '../../../src/images/gemVersion.ts';
import type { MachineSource } from '../../../src/machines/spec.ts';
import { startImageServer } from '../../rig/imageServer.ts';
import type { ImageServer } from '../../rig/imageServer.ts';
import { box, laboratory, ovf, storedBox, tarGz } from './boxes.ts';
import { context } from './folders.ts';

let server: ImageServer;
beforeAll(async () => { server = await startImageServer(); });
afterAll(async () => { await server.close(); });

const virtualbox = { provider: 'virtualbox' };
const boxOf = (name: string, more: { version?: string; url?: string; folder?: string } = {}): MachineSource & { kind: 'box' } => ({ kind: 'box', name, ...more });
let names = 0;
const newName = (): string => `gaia/box${++names}`;
const sha = (bytes: Uint8Array, algorithm = 'sha256'): string => createHash(algorithm).update(bytes).digest('hex');

describe("Vagrant's store", () => {
  it('is found as Vagrant finds it', () => {
    expect(vagrantHome({}, '/home/me')).toBe('/home/me/.vagrant.d');
    expect(vagrantHome({ VAGRANT_HOME: '/data/v' }, '/home/me')).toBe('/data/v');
    expect(vagrantHome({ VAGRANT_HOME: '~/v' }, '/home/me')).toBe('/home/me/v');
  });

  it('has folder names of its own', () => {
    expect(boxFolderName('a/b/c', 'linux')).toBe('a-VAGRANTSLASH-b-VAGRANTSLASH-c');
    expect(boxFolderName('http://h/x', 'win32')).toBe('http-VAGRANTCOLON--VAGRANTSLASH--VAGRANTSLASH-h-VAGRANTSLASH-x');
    expect(boxNameOf(boxFolderName('http://h/x', 'win32'))).toBe('http://h/x');
    expect(['x64', 'ia32', 'arm64', 'riscv64'].map(arch => hostArchitecture(arch))).toEqual(['amd64', 'i386', 'arm64', 'riscv64']);
    expect(hostArchitecture('x64', { VAGRANT_HOST_ARCHITECTURE: 'arm64' })).toBe('arm64');
  });

  it('is read in place: newest version that keeps the constraints, for the provider and architecture', async () => {
    const lab = await laboratory(server.url);
    for (const where of ['1.9.0/virtualbox', '1.10.0/virtualbox', '1.10.1/libvirt', '2.0.0/arm64/virtualbox', '2.0.0/amd64/virtualbox', '3.0.0/arm64/virtualbox', 'rubbish/virtualbox', '.tmp/virtualbox']) await storedBox(lab.vagrantHome, `gaia-VAGRANTSLASH-multi/${where}`);
    await writeFile(join(lab.vagrantHome, 'boxes/gaia-VAGRANTSLASH-multi/metadata_url'), 'https://example.test/gaia/multi\n');
    const version = async (constraints?: string, architecture?: string): Promise<string> => {
      const found = await lab.images.resolve(boxOf('gaia/multi', constraints === undefined ? {} : { version: constraints }), { ...virtualbox, ...(architecture === undefined ? {} : { architecture }) }, context());
      expect(found.origin).toBe('vagrant');
      return `${found.version} ${found.architecture ?? '-'}`;
    };
    expect(await version()).toBe('2.0.0 amd64');
    expect(await version('< 2')).toBe('1.10.0 -');
    expect(await version('~> 1.9.0')).toBe('1.9.0 -');
    expect(await version('>= 1.0, != 2.0.0')).toBe('1.10.0 -');
    expect(await version('', 'arm64')).toBe('3.0.0 arm64');
    expect((await lab.images.boxes()).map(one => `${one.name} ${one.version} ${one.architecture ?? '-'} ${one.provider}`)).toEqual([
      'gaia/multi 1.10.1 - libvirt', 'gaia/multi 1.9.0 - virtualbox', 'gaia/multi 1.10.0 - virtualbox', 'gaia/multi 2.0.0 amd64 virtualbox', 'gaia/multi 2.0.0 arm64 virtualbox', 'gaia/multi 3.0.0 arm64 virtualbox',
    ]);
    expect((await lab.images.boxes())[0]?.catalogueUrl).toBe('https://example.test/gaia/multi');
    expect(await lab.images.cached()).toEqual([]);
  });

  it('is not left by a name', async () => {
    const lab = await laboratory(server.url);
    await storedBox(lab.vagrantHome, 'ok/1/virtualbox');
    await storedBox(join(lab.vagrantHome, 'boxes'), '1/virtualbox', 'virtualbox');
    await expect(lab.images.resolve(boxOf('..'), virtualbox, context())).rejects.toMatchObject({ code: 'notFound' });
  });

  it('that does not exist holds no boxes', async () => {
    expect(await (await laboratory(server.url)).images.boxes()).toEqual([]);
  });
});

describe('a catalogue', () => {
  const catalogue = (versions: unknown): ReturnType<typeof parseCatalogue> => parseCatalogue(JSON.stringify({ name: 'o/n', versions }));
  const choose = (versions: unknown, more: { constraints?: string; provider?: string; architecture?: string } = {}): string => {
    const constraintText = more.constraints ?? '>= 0';
    const choice = chooseFromCatalogue(catalogue(versions)!, { name: 'o/n', constraintText, constraints: parseConstraints(constraintText)!, provider: more.provider ?? 'virtualbox', architecture: more.architecture ?? 'auto', hostArchitecture: 'amd64' });
    return `${choice.version} ${choice.url}`;
  };
  const vb = (url: string, more: object = {}): object => ({ name: 'virtualbox', url, ...more });

  it('gives the newest version that has the provider, whatever the order', () => {
    expect(choose([{ version: '1.2', providers: [vb('a')] }, { version: '1.10', providers: [vb('b')] }, { version: '1.11', providers: [{ name: 'hyperv', url: 'c' }] }, { version: 'bad version', providers: [vb('d')] }])).toBe('1.10 b');
  });

  it('prefers the architecture of this computer, then an unknown one that is the default, then the only one of old catalogues', () => {
    const both = [vb('arm', { architecture: 'arm64', default_architecture: true }), vb('amd', { architecture: 'amd64', default_architecture: false })];
    expect(choose([{ version: '1', providers: both }])).toBe('1 amd');
    expect(choose([{ version: '1', providers: both }], { architecture: 'arm64' })).toBe('1 arm');
    expect(choose([{ version: '1', providers: [vb('u', { architecture: 'unknown', default_architecture: true })] }])).toBe('1 u');
    expect(choose([{ version: '1', providers: [vb('old')] }])).toBe('1 old');
    expect(choose([{ version: '2', providers: [both[0]] }, { version: '1', providers: both }])).toBe('1 amd');
  });

  it('says what there is instead', () => {
    const versions = [{ version: '1.0', providers: [vb('a', { architecture: 'arm64', default_architecture: true })] }];
    expect(() => choose(versions, { provider: 'hyperv' })).toThrow('It is for: virtualbox');
    expect(() => choose(versions, { constraints: '> 2' })).toThrow('It has: 1.0');
    expect(() => choose(versions)).toThrow('It is for: arm64');
  });

  it('is asked for in the new form and in the old', () => {
    expect(catalogueUrls('https://h.test/', 'a b/c')).toEqual(['https://h.test/api/v2/vagrant/a%20b/c', 'https://h.test/a%20b/c']);
  });

  it('is no catalogue without versions', () => {
    for (const text of ['[]', '{}', 'x', '{"versions":1}', 'null']) expect(parseCatalogue(text)).toBeUndefined();
  });
});

describe('a box by its name', () => {
  async function published(name: string, more: { checksum?: string; type?: string; body?: Buffer } = {}): Promise<Buffer> {
    const body = more.body ?? (await box());
    const url = server.serve(`/files/${name}/1.box`, { body });
    server.serve(`/api/v2/vagrant/${name}`, { body: JSON.stringify({ name, versions: [{ version: '1.0.1', providers: [{ name: 'virtualbox', url, checksum: more.checksum ?? sha(body), checksum_type: more.type ?? 'sha256', architecture: 'amd64', default_architecture: true }] }] }), headers: { 'content-type': 'application/json' } });
    return body;
  }

  it('is looked up, downloaded, verified and unpacked; the second time it is there', async () => {
    const name = newName();
    await published(name);
    const lab = await laboratory(server.url);
    const first = await lab.images.resolve(boxOf(name, { version: '~> 1.0' }), virtualbox, context());
    expect(first).toMatchObject({ origin: 'cache', version: '1.0.1', architecture: 'amd64', metadata: { provider: 'virtualbox' }, facts: { baseMac: '080027AABBCC' } });
    expect(await readFile(first.ovf ?? '', 'utf8')).toBe(ovf);
    expect(server.seenAt(`/api/v2/vagrant/${name}`)[0]?.headers.accept).toBe('application/json');
    const requests = server.seen.length;
    const second = await lab.another().resolve(boxOf(name, { version: '1.0.1' }), virtualbox, context());
    expect(second.folder).toBe(first.folder);
    expect(server.seen.length).toBe(requests);
    const rows = await lab.images.cached();
    expect(rows.map(row => [row.state, row.label])).toEqual([['whole', `${name} 1.0.1 (virtualbox, amd64)`]]);
    expect(await readdir(join(lab.cacheFolder, 'entries', rows[0]?.id ?? ''))).not.toContain('work');
    expect((await lab.images.boxes()).map(one => [one.name, one.origin])).toEqual([[name, 'cache']]);
  });

  it('falls back to the address of older servers', async () => {
    const name = newName();
    const url = server.serve(`/files/${name}`, { body: await box() });
    server.serve(`/${name}`, { body: JSON.stringify({ name, versions: [{ version: '3', providers: [{ name: 'virtualbox', url }] }] }) });
    expect((await (await laboratory(server.url)).images.resolve(boxOf(name), virtualbox, context())).version).toBe('3');
  });

  it('sends the token to the server of the catalogue, and not on to the file', async () => {
    const name = newName();
    await published(name);
    const files = await startImageServer();
    try {
      const url = files.serve('/x.box', { body: await box() });
      server.serve(`/api/v2/vagrant/${name}`, { body: JSON.stringify({ name, versions: [{ version: '1', providers: [{ name: 'virtualbox', url }] }] }) });
      const lab = await laboratory(server.url, {});
      await lab.images.resolve(boxOf(name), virtualbox, context());
      const withToken = await laboratory(server.url, { env: { VAGRANT_SERVER_URL: server.url, VAGRANT_CLOUD_TOKEN: 'abc' } });
      await withToken.images.resolve(boxOf(name), virtualbox, context());
      expect(server.seenAt(`/api/v2/vagrant/${name}`).map(request => request.headers.authorization)).toEqual([undefined, 'Bearer abc']);
      expect(files.seenAt('/x.box').every(request => request.headers.authorization === undefined)).toBe(true);
    } finally {
      await files.close();
    }
  });

  it('prefers what Vagrant has, and a newer one that Gaia has', async () => {
    const name = newName();
    await published(name);
    const lab = await laboratory(server.url);
    await lab.images.resolve(boxOf(name), virtualbox, context());
    await storedBox(lab.vagrantHome, `${boxFolderName(name, 'linux')}/1.0.1/virtualbox`);
    expect((await lab.images.resolve(boxOf(name), virtualbox, context())).origin).toBe('vagrant');
    await storedBox(lab.vagrantHome, `${boxFolderName(name, 'linux')}/0.9/virtualbox`);
    expect((await lab.images.resolve(boxOf(name, { version: '0.9' }), virtualbox, context())).version).toBe('0.9');
  });

  it('with a wrong checksum is not used, and nothing of it stays', async () => {
    const name = newName();
    await published(name, { checksum: '0'.repeat(40), type: 'sha1' });
    const lab = await laboratory(server.url);
    await expect(lab.images.resolve(boxOf(name), virtualbox, context())).rejects.toMatchObject({ code: 'untrusted' });
    expect(await lab.images.cached()).toEqual([]);
  });

  it('that nobody knows is not found, and says what to do', async () => {
    const lab = await laboratory(server.url);
    await expect(lab.images.resolve(boxOf('gaia/nobody'), virtualbox, context())).rejects.toMatchObject({ code: 'notFound', detail: { hint: expect.stringContaining('VAGRANT_CLOUD_TOKEN') as string } });
    await expect(lab.images.resolve(boxOf('plain'), virtualbox, context())).rejects.toMatchObject({ code: 'notFound', detail: { hint: expect.stringContaining('box_url') as string } });
    await expect(lab.images.resolve(boxOf('gaia/x', { version: '^1' }), virtualbox, context())).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('is made once by two windows that want it at the same time', async () => {
    const name = newName();
    const body = await published(name, { body: await box({ './big.bin': Buffer.alloc(300_000, 'abcdefg') }) });
    server.serve(`/files/${name}/1.box`, { body, chunkBytes: 500, delayMs: 15 });
    const lab = await laboratory(server.url);
    const waiting = context();
    const [first, second] = await Promise.all([lab.images.resolve(boxOf(name), virtualbox, waiting), lab.another().resolve(boxOf(name), virtualbox, waiting)]);
    expect(first.folder).toBe(second.folder);
    expect(server.seenAt(`/files/${name}/1.box`).length).toBe(1);
    expect(waiting.steps.map(step => step.message)).toContain('Waiting for another window that fetches {0}');
    expect(await readdir(join(lab.cacheFolder, 'locks'))).toEqual([]);
  });

  it('goes on after a cancel', async () => {
    const name = newName();
    const body = await published(name, { body: await box({ './big.bin': Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * 7919 * (at % 97)) & 255)) }) });
    server.serve(`/files/${name}/1.box`, request => ({ body, ...(request === 0 ? { chunkBytes: 1000, delayMs: 20 } : {}) }));
    const lab = await laboratory(server.url);
    const seen = context((step, controller) => { if (step.message === 'Downloading {0}' && (step.fraction ?? 0) > 0.05) controller.abort(); });
    await expect(lab.images.resolve(boxOf(name), virtualbox, seen)).rejects.toMatchObject({ name: 'AbortError' });
    const [row] = await lab.images.cached();
    expect(row).toMatchObject({ state: 'unfinished', busy: false, label: `${name} 1.0.1 (virtualbox, amd64)` });
    await lab.images.resolve(boxOf(name), virtualbox, context());
    expect(server.seenAt(`/files/${name}/1.box`)[1]?.headers.range).toMatch(/^bytes=[1-9]/);
    expect((await lab.images.cached()).map(one => one.state)).toEqual(['whole']);
  });
});

describe('a box by its address', () => {
  it('from a file is version 0, and is unpacked again when the file changes', async () => {
    const lab = await laboratory(server.url);
    const file = join(lab.home, 'a.box');
    await writeFile(file, await box());
    const first = await lab.images.resolve(boxOf('mine', { url: './a.box' }), { ...virtualbox, baseFolder: lab.home }, context());
    expect(first).toMatchObject({ version: '0', origin: 'cache', name: 'mine' });
    expect((await lab.images.resolve(boxOf('mine', { url: `file://${file}` }), virtualbox, context())).folder).toBe(first.folder);
    await writeFile(file, await box({ './new.txt': 'new' }));
    await utimes(file, new Date(), new Date(Date.now() + 5000));
    const second = await lab.images.resolve(boxOf('mine', { url: file }), virtualbox, context());
    expect(existsSync(join(second.folder, 'new.txt'))).toBe(true);
    expect(existsSync(file)).toBe(true);
    await expect(lab.images.resolve(boxOf('mine', { url: file, version: '1.2' }), virtualbox, context())).rejects.toMatchObject({ code: 'invalidInput' });
    await expect(lab.images.resolve(boxOf('mine', { url: `${file}.missing` }), virtualbox, context())).rejects.toMatchObject({ code: 'notFound' });
  });

  it('of the web may be a box or a catalogue', async () => {
    const lab = await laboratory(server.url);
    const direct = server.serve('/direct.box', { body: await box() });
    expect((await lab.images.resolve(boxOf('web', { url: direct }), virtualbox, context())).version).toBe('0');
    server.serve('/catalogue/files/c.box', { body: await box() });
    const catalogue = server.serve('/catalogue/c.json', { headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify({ name: 'cat', versions: [{ version: '7', providers: [{ name: 'virtualbox', url: 'files/c.box' }] }] }) });
    expect((await lab.images.resolve(boxOf('cat', { url: catalogue }), virtualbox, context())).version).toBe('7');
    await expect(lab.images.resolve(boxOf('dog', { url: catalogue }), virtualbox, context())).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('of a catalogue in a file', async () => {
    const lab = await laboratory(server.url);
    await writeFile(join(lab.home, 'rel.box'), await box());
    await writeFile(join(lab.home, 'c.json'), JSON.stringify({ name: 'local', versions: [{ version: '2', providers: [{ name: 'virtualbox', url: 'rel.box' }] }] }));
    expect((await lab.images.resolve(boxOf('local', { url: join(lab.home, 'c.json') }), virtualbox, context())).version).toBe('2');
  });

  it('a catalogue of the web cannot choose a file of this computer', async () => {
    const lab = await laboratory(server.url);
    const catalogue = server.serve('/bad.json', { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'bad', versions: [{ version: '7', providers: [{ name: 'virtualbox', url: 'file:///etc/passwd' }] }] }) });
    await expect(lab.images.resolve(boxOf('bad', { url: catalogue }), virtualbox, context())).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('of a server that does not answer HEAD', async () => {
    const url = server.serve('/nohead.box', (_request, message) => ({ ...(message.method === 'HEAD' ? { status: 405 } : {}) }));
    const body = await box();
    server.serve('/nohead.box', (_request, message) => (message.method === 'HEAD' ? { status: 405 } : { body }));
    expect((await (await laboratory(server.url)).images.resolve(boxOf('nohead', { url }), virtualbox, context())).version).toBe('0');
  });

  it('that gives a sign-in page is said to', async () => {
    const url = server.serve('/login.box', { body: '<html><body>Sign in</body></html>' });
    const lab = await laboratory(server.url);
    await expect(lab.images.resolve(boxOf('login', { url }), virtualbox, context())).rejects.toMatchObject({ code: 'unauthenticated' });
    server.serve('/login.box', { body: await box() });
    expect((await lab.images.resolve(boxOf('login', { url }), virtualbox, context())).kind).toBe('box');
  });
});

describe('what is in a box', () => {
  const resolveFile = async (bytes: Buffer, provider = 'virtualbox') => {
    const lab = await laboratory(server.url);
    await writeFile(join(lab.home, 'a.box'), bytes);
    return { lab, promise: lab.images.resolve(boxOf('x', { url: join(lab.home, 'a.box') }), { provider }, context()) };
  };

  it('of the first format has no metadata.json: it is for VirtualBox', async () => {
    const found = await (await resolveFile(await tarGz({ 'box.ovf': ovf, 'box-disk001.vmdk': 'KDMV' }))).promise;
    expect(found.metadata).toEqual({ provider: 'virtualbox' });
    expect(JSON.parse(await readFile(join(found.folder, 'metadata.json'), 'utf8'))).toEqual({ provider: 'virtualbox' });
  });

  it('of Hyper-V are its machines and disks', async () => {
    const found = await (await resolveFile(await tarGz({ 'metadata.json': '{"provider":"hyperv","architecture":"amd64"}', 'Virtual Machines/A.vmcx': 'x', 'Virtual Machines/A.vmgs': 'x', 'Virtual Hard Disks/d.vhdx': 'vhdxfile' }), 'hyperv')).promise;
    expect(found.virtualMachines.map(file => file.slice(found.folder.length))).toEqual(['/Virtual Machines/A.vmcx']);
    expect(found.virtualHardDisks.length).toBe(1);
    expect(found.architecture).toBe('amd64');
  });

  it.each<[string, () => Promise<Buffer>]>([
    ['for another provider', () => box({}, 'libvirt')],
    ['without metadata.json and appliance', () => tarGz({ 'readme.txt': 'x' })],
    ['with metadata.json that is not JSON', () => tarGz({ 'metadata.json': '{' })],
    ['whose appliance names a file elsewhere', () => box({ './box.ovf': ovf.replace('box-disk001.vmdk', '../../etc/shadow') })],
    ['whose appliance names it in disguise', () => box({ './box.ovf': ovf.replace('box-disk001.vmdk', '&#x2F;etc/shadow') })],
    ['whose disk is a description of a file elsewhere', () => box({ './box-disk001.vmdk': '# Disk DescriptorFile\nRW 2048 FLAT "/etc/shadow" 0\n' })],
    ['that is no archive', () => Promise.resolve(Buffer.from('hello'))],
  ])('%s is refused, and does not stay in the cache', async (_what, make) => {
    const { lab, promise } = await resolveFile(await make());
    await expect(promise).rejects.toMatchObject({ code: 'invalidInput' });
    expect(await lab.images.cached()).toEqual([]);
  });

  it('is read from its Vagrantfile without running it', () => {
    expect(parseBoxVagrantfile(`
Vagrant.configure("2") do |config|
  config.vm.base_mac = "08:00:27:12:34:ab" # mac
  config.ssh.username = 'core'
  # config.ssh.username = "no"
  config.ssh.insert_key = false
  c.ssh.port = 2022
  config.vm.guest = :windows
  config.ssh.password = "a#{b}"
end`)).toEqual({ baseMac: '0800271234AB', sshUsername: 'core', insertKey: false, sshPort: 2022, guest: 'windows' });
    expect(parseBoxVagrantfile('Vagrant.configure("2") { |c| c.vm.base_mac = "0800271234AB" }')).toEqual({ baseMac: '0800271234AB' });
    expect(parseBoxVagrantfile('config.vm.base_mac = "hello"\nconfig.ssh.port = 99999')).toEqual({});
  });
});
