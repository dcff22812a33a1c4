import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksumFromList, parseChecksum } from '../../../src/images/checksum.ts';
import { locate, safeFileName } from '../../../src/images/location.ts';
import type { MachineSource } from '../../../src/machines/spec.ts';
import { startImageServer } from '../../rig/imageServer.ts';
import type { ImageServer } from '../../rig/imageServer.ts';
import { laboratory, tarGz } from './boxes.ts';
import { context, noise } from './folders.ts';

let server: ImageServer;
beforeAll(async () => { server = await startImageServer(); });
afterAll(async () => { await server.close(); });

const virtualbox = { provider: 'virtualbox' };
const image = (url: string, checksum?: string): MachineSource & { kind: 'image' } => ({ kind: 'image', url, ...(checksum === undefined ? {} : { checksum }) });
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function rawDisk(sizeBytes = 3_000_000): Buffer {
  const disk = Buffer.alloc(sizeBytes);
  noise(100_000).copy(disk, 0);
  disk[510] = 0x55;
  disk[511] = 0xaa;
  noise(70_000, 5).copy(disk, 2_000_000);
  return disk;
}
function isoDisk(): Buffer {
  const disk = Buffer.alloc(100_000);
  disk.write('CD001', 32769);
  return disk;
}
function vhdFixed(): Buffer {
  const footer = Buffer.alloc(512);
  footer.write('conectix');
  footer.writeBigUInt64BE(200_192n, 48);
  footer.writeUInt32BE(2, 60);
  return Buffer.concat([noise(200_192, 4), footer]);
}
let paths = 0;
const serve = (name: string, body: Uint8Array | string): string => server.serve(`/i${++paths}/${name}`, { body });

describe('a disk image', () => {
  it('of the web comes once, under the name of what it is', async () => {
    const lab = await laboratory(server.url);
    const disk = rawDisk();
    const url = serve('debian%2012.raw', disk);
    const found = await lab.images.resolve(image(url, `sha256:${sha256(disk)}`), virtualbox, context());
    expect(found).toMatchObject({ kind: 'disk', format: 'raw', virtualBytes: 3_000_320 });
    expect(found.path.endsWith('/debian 12.img')).toBe(true);
    expect((await readFile(found.path)).equals(disk)).toBe(true);
    const requests = server.seen.length;
    await lab.another().resolve(image(url, `sha256:${sha256(disk)}`), virtualbox, context());
    expect(server.seen.length).toBe(requests);
  });

  it('that is compressed is verified as it came, and unpacked', async () => {
    const lab = await laboratory(server.url);
    const disk = rawDisk();
    const packed = gzipSync(disk);
    const found = await lab.images.resolve(image(serve('disk.img.gz', packed), sha256(packed)), virtualbox, context());
    expect(found.path.endsWith('/disk.img')).toBe(true);
    expect((await readFile(found.path)).equals(disk)).toBe(true);
  });

  it('that lies in a compressed tar, as clouds pack them', async () => {
    const lab = await laboratory(server.url);
    const found = await lab.images.resolve(image(serve('ubuntu.vhd.tar.gz', await tarGz({ 'ubuntu.vhd': vhdFixed(), 'readme.txt': 'x' }))), virtualbox, context());
    expect(found).toMatchObject({ kind: 'disk', format: 'vhd', virtualBytes: 200_192 });
    await expect(lab.images.resolve(image(serve('two.tar.gz', await tarGz({ 'a.vhd': vhdFixed(), 'b.vhd': vhdFixed() }))), virtualbox, context())).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('a compressed fixed VHD is known by its end', async () => {
    const lab = await laboratory(server.url);
    expect(await lab.images.resolve(image(serve('d.vhd.gz', gzipSync(vhdFixed()))), virtualbox, context())).toMatchObject({ format: 'vhd' });
  });

  it('of this computer is used where it is, and only unpacked ones are kept', async () => {
    const lab = await laboratory(server.url);
    await writeFile(join(lab.home, 'd.raw'), rawDisk());
    const found = await lab.images.resolve(image('d.raw'), { ...virtualbox, baseFolder: lab.home }, context());
    expect(found.path).toBe(join(lab.home, 'd.raw'));
    expect(await lab.images.cached()).toEqual([]);
    await writeFile(join(lab.home, 'd.raw.gz'), gzipSync(rawDisk()));
    const unpacked = await lab.images.resolve(image('d.raw.gz'), { ...virtualbox, baseFolder: lab.home }, context());
    expect((await readFile(unpacked.path)).equals(rawDisk())).toBe(true);
    expect(existsSync(join(lab.home, 'd.raw.gz'))).toBe(true);
    await writeFile(join(lab.home, 'd.raw.gz'), gzipSync(rawDisk(4_000_000)));
    await utimes(join(lab.home, 'd.raw.gz'), new Date(), new Date(Date.now() + 5000));
    expect((await readFile((await lab.images.resolve(image(join(lab.home, 'd.raw.gz')), virtualbox, context())).path)).length).toBe(4_000_000);
  });

  it("with a wrong checksum is refused; a person's own file stays", async () => {
    const lab = await laboratory(server.url);
    const file = join(lab.home, 'd.raw');
    await writeFile(file, rawDisk());
    await expect(lab.images.resolve(image(file, '1'.repeat(64)), virtualbox, context())).rejects.toMatchObject({ code: 'untrusted' });
    expect(existsSync(file)).toBe(true);
    await expect(lab.images.resolve(image(serve('d.raw', rawDisk()), `sha512:${'1'.repeat(128)}`), virtualbox, context())).rejects.toMatchObject({ code: 'untrusted' });
    expect(await lab.images.cached()).toEqual([]);
    await expect(lab.images.resolve(image(file, 'sha256:zz'), virtualbox, context())).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('takes its checksum from a list beside it', async () => {
    const lab = await laboratory(server.url);
    const disk = rawDisk();
    const url = serve('d.raw', disk);
    const list = serve('SHA256SUMS', `${'0'.repeat(64)} *other.raw\n${sha256(disk)} *d.raw\n`);
    await lab.images.resolve(image(url, list), virtualbox, context());
    await expect(lab.images.resolve(image(url, serve('SHA256SUMS', `${'0'.repeat(64)}  other.raw\n`)), virtualbox, context())).rejects.toMatchObject({ code: 'invalidInput' });
    await expect(lab.images.resolve(image(url, serve('SHA256SUMS', `${'0'.repeat(64)}  d.raw\n`)), virtualbox, context())).rejects.toMatchObject({ code: 'untrusted' });
  });

  it.each<[string, string, () => Uint8Array | string]>([
    ['a web page', 'unauthenticated', () => '<!DOCTYPE html><title>Sign in</title>'],
    ['an installer', 'invalidInput', isoDisk],
    ['a text', 'invalidInput', () => 'nothing to see here'],
    ['an archive of another kind', 'invalidInput', () => Buffer.concat([Buffer.from('PK\x03\x04'), noise(1000)])],
    ['damaged gzip', 'invalidInput', () => gzipSync(rawDisk()).subarray(0, 5000)],
    ['a qcow2 that names another file', 'invalidInput', () => { const head = Buffer.alloc(4096); head.write('QFI\xfb', 'latin1'); head.writeUInt32BE(2, 4); head.writeBigUInt64BE(1024n, 8); return head; }],
    ['the description of a disk that is elsewhere', 'invalidInput', () => '# Disk DescriptorFile\nRW 2048 FLAT "/etc/shadow" 0\n'],
  ])('is not %s', async (_what, code, body) => {
    const lab = await laboratory(server.url);
    await expect(lab.images.resolve(image(serve('disk.img', body())), virtualbox, context())).rejects.toMatchObject({ code });
    expect((await lab.images.cached()).filter(row => row.state === 'whole')).toEqual([]);
  });

  it('may be an appliance', async () => {
    const lab = await laboratory(server.url);
    const header = Buffer.alloc(2048);
    header.write('machine.ovf');
    header.write('ustar', 257);
    expect(await lab.images.resolve(image(serve('m.ova', header)), virtualbox, context())).toMatchObject({ kind: 'appliance', format: 'ova' });
  });

  it('asks for room before it unpacks', async () => {
    const lab = await laboratory(server.url, { freeBytes: () => Promise.resolve(100_000_000) });
    await expect(lab.images.resolve(image(serve('d.img.gz', gzipSync(rawDisk()))), virtualbox, context())).rejects.toMatchObject({ code: 'noSpace' });
  });

  it('is fetched anew when that is asked for, and the old one stays until the new one is whole', async () => {
    const lab = await laboratory(server.url);
    const path = `/refresh${++paths}/d.raw`;
    const url = server.serve(path, { body: rawDisk() });
    const first = await lab.images.resolve(image(url), virtualbox, context());
    server.serve(path, { status: 404 });
    await expect(lab.images.resolve(image(url), { ...virtualbox, refresh: true }, context())).rejects.toMatchObject({ code: 'notFound' });
    expect((await readFile(first.path)).length).toBe(3_000_000);
    server.serve(path, { body: 'not a disk' });
    await expect(lab.images.resolve(image(url), { ...virtualbox, refresh: true }, context())).rejects.toMatchObject({ code: 'invalidInput' });
    expect((await readFile((await lab.images.resolve(image(url), virtualbox, context())).path)).length).toBe(3_000_000);
    server.serve(path, { body: rawDisk(3_500_000) });
    const second = await lab.images.resolve(image(url), { ...virtualbox, refresh: true }, context());
    expect((await readFile(second.path)).length).toBe(3_500_000);
  });

  it('is converted when the provider cannot use its format', async () => {
    const lab = await laboratory(server.url);
    const file = join(lab.home, 'd.raw');
    await writeFile(file, rawDisk());
    const vdi = await lab.images.resolve(image(file), { ...virtualbox, accepts: ['vdi', 'vmdk'] }, context());
    expect(vdi).toMatchObject({ kind: 'disk', format: 'vdi', virtualBytes: 3_000_320 });
    const again = await lab.images.resolve(image(file), { ...virtualbox, accepts: ['vdi', 'vmdk'] }, context());
    expect(again.path).toBe(vdi.path);
    expect(await lab.images.resolve(image(file), { provider: 'hyperv', accepts: ['vhdx', 'vhd'] }, context())).toMatchObject({ format: expect.stringMatching(/^vhdx?$/) as string });
    await writeFile(join(lab.home, 'd.vmdk'), Buffer.concat([Buffer.from('KDMV'), Buffer.alloc(2000)]));
    await expect(lab.images.resolve(image(join(lab.home, 'd.vmdk')), { provider: 'hyperv', accepts: ['vhdx'] }, context())).rejects.toMatchObject({ code: 'notSupported' });
  });
});

describe('an installer', () => {
  it('is an ISO, compressed or not, and nothing else', async () => {
    const lab = await laboratory(server.url);
    const iso = (url: string): Promise<unknown> => lab.images.resolve({ kind: 'iso', url }, virtualbox, context());
    expect(await iso(serve('a.iso', isoDisk()))).toMatchObject({ kind: 'iso' });
    expect(await iso(serve('a.iso.gz', gzipSync(isoDisk())))).toMatchObject({ path: expect.stringMatching(/a\.iso$/) as string });
    await expect(iso(serve('a.iso', rawDisk()))).rejects.toMatchObject({ code: 'invalidInput', detail: { hint: 'It is a disk image: write it as image.' } });
  });
});

describe('a root file system', () => {
  it('stays packed, and is looked into', async () => {
    const lab = await laboratory(server.url);
    const tarball = (url: string): Promise<unknown> => lab.images.resolve({ kind: 'tarball', url }, { provider: 'wsl' }, context());
    const packed = await tarGz({ 'etc/os-release': 'ID=x' });
    expect(await tarball(serve('x.wsl', packed))).toMatchObject({ kind: 'tarball', contents: 'tar', compression: 'gzip', path: expect.stringMatching(/x\.wsl$/) as string });
    await writeFile(join(lab.home, 'r.tar.gz'), packed);
    expect(await tarball(join(lab.home, 'r.tar.gz'))).toMatchObject({ path: join(lab.home, 'r.tar.gz') });
    expect(await tarball(serve('ext4.vhdx', Buffer.concat([Buffer.from('vhdxfile'), Buffer.alloc(1000)])))).toMatchObject({ contents: 'vhdx' });
    await expect(tarball(serve('x.tar.gz', gzipSync(rawDisk())))).rejects.toMatchObject({ code: 'invalidInput' });
    await expect(tarball(serve('x.tar.gz', 'text'))).rejects.toMatchObject({ code: 'invalidInput' });
  });
});

it('sources that need no file give none', async () => {
  const lab = await laboratory(server.url);
  expect(await lab.images.resolve({ kind: 'empty' }, virtualbox, context())).toEqual({ kind: 'none' });
  expect(await lab.images.resolve({ kind: 'clone', of: 'x' }, virtualbox, context())).toEqual({ kind: 'none' });
});

describe('places', () => {
  const options = { home: '/home/me', baseFolder: '/work/project' };
  it('are addresses or paths', () => {
    expect(locate('https://h.test/a.img', options)).toEqual({ kind: 'web', url: 'https://h.test/a.img' });
    expect(locate('file:///a%20b.img', options)).toEqual({ kind: 'file', path: '/a b.img' });
    expect(locate('~/a.img', options)).toEqual({ kind: 'file', path: '/home/me/a.img' });
    expect(locate('../a.img', options)).toEqual({ kind: 'file', path: '/work/a.img' });
    expect(() => locate('ftp://h/a', options)).toThrow();
    expect(() => locate(' ', options)).toThrow();
  });
  it('have names that every system takes', () => {
    expect(safeFileName('a/b:c*?.img')).toBe('a_b_c__.img');
    expect(safeFileName('..')).toBe('file-');
    expect(safeFileName('con')).toBe('file-con');
    expect(safeFileName('Größe 1.iso')).toBe('Größe 1.iso');
  });
});

describe('checksums', () => {
  it('are read as people write them', () => {
    const hex = 'A'.repeat(64);
    expect(parseChecksum(hex)).toEqual({ algorithm: 'sha256', hex: 'a'.repeat(64) });
    expect(parseChecksum(`SHA-512: ${'b'.repeat(128)}`)).toEqual({ algorithm: 'sha512', hex: 'b'.repeat(128) });
    expect(parseChecksum('')).toBeUndefined();
    for (const bad of ['abc', `md5:${hex}`, 'crc32:12345678', `sha256:${hex}x`]) expect(() => parseChecksum(bad)).toThrow();
  });
  it('stand in lists of several shapes', () => {
    const hex = 'c'.repeat(64);
    for (const list of [`${hex}  d.img`, `${hex} *./x/d.img`, `SHA256 (d.img) = ${hex}`, `# c\n-----BEGIN PGP SIGNED MESSAGE-----\n\n${hex}  d.img\n`, hex]) expect(checksumFromList(list, 'd.img')?.hex).toBe(hex);
    expect(checksumFromList(`${hex}  e.img`, 'd.img')).toBeUndefined();
  });
});
