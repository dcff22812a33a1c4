// The seed volume, passwords and keys before their real readers: Linux' own ISO driver, isoinfo, 7-Zip, xorriso, PyYAML, openssl, ssh-keygen.
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seedFiles, seedVolume } from '../../../src/images/cloudInitSeed.ts';
import { sha512Crypt } from '../../../src/images/sha512Crypt.ts';
import { generateSshKeyPair } from '../../../src/system/sshKeys.ts';
import { has, run, temporaryFolder, titled } from './tools.ts';

const content = { instanceId: 'iid-1', hostname: 'wéb', user: 'dev', sshKeys: ['ssh-ed25519 AAAA "x"'], packages: ['a: b', 'yes', '1:30'], networkConfig: 'version: 2\n' };
const date = new Date('2026-01-02T03:04:05Z');
const isRoot = process.getuid?.() === 0;
const hasLoop = isRoot && has('mount', 'losetup') && readFileSync('/proc/filesystems', 'utf8').includes('iso9660') && (() => { try { run('losetup', ['-f']); return true; } catch { return false; } })();

async function volume(): Promise<string> {
  const file = join(await temporaryFolder(), 'seed.iso');
  await writeFile(file, seedVolume(content, date));
  return file;
}

const isoinfo = titled('isoinfo', 'isoinfo');
describe.skipIf(isoinfo.missing)(isoinfo.title, () => {
  it('finds label and names, and reads the files', async () => {
    const file = await volume();
    expect(run('isoinfo', ['-d', '-i', file])).toMatch(/Volume id: cidata\n[\s\S]*Joliet with UCS level 3 found/);
    expect(run('isoinfo', ['-J', '-f', '-i', file]).trim().split('\n').sort()).toEqual(['/meta-data', '/network-config', '/user-data']);
    expect(run('isoinfo', ['-J', '-i', file, '-x', '/user-data'])).toBe(seedFiles(content)['user-data']);
    expect(run('isoinfo', ['-f', '-i', file]).trim().split('\n').length).toBe(3);
  });
});

const sevenZip = titled('7-Zip', '7z');
describe.skipIf(sevenZip.missing)(sevenZip.title, () => {
  it('tests and unpacks the volume', async () => {
    const file = await volume();
    const out = await temporaryFolder();
    expect(run('7z', ['t', file])).toContain('Everything is Ok');
    run('7z', ['x', `-o${out}`, file]);
    expect((await readdir(out)).sort()).toEqual(['meta-data', 'network-config', 'user-data']);
    expect(await readFile(join(out, 'user-data'), 'utf8')).toBe(seedFiles(content)['user-data']);
  });
});

const xorriso = titled('xorriso', 'xorriso');
describe.skipIf(xorriso.missing)(xorriso.title, () => {
  it('takes the volume for a whole one', async () => {
    const file = await volume();
    expect(run('xorriso', ['-indev', file, '-pvd_info', '-toc'])).toMatch(/Volume Id\s*: cidata/);
  });
});

describe.skipIf(!hasLoop)(hasLoop ? 'the ISO driver of Linux' : 'the ISO driver of Linux (skipped: needs root, loop devices and a kernel with iso9660)', () => {
  it('mounts the volume as cloud-init would, by its label', async () => {
    const file = await volume();
    const at = join(await temporaryFolder(), 'mnt');
    await mkdir(at);
    run('mount', ['-o', 'loop,ro', file, at]);
    try {
      expect((await readdir(at)).sort()).toEqual(['meta-data', 'network-config', 'user-data']);
      expect(await readFile(join(at, 'user-data'), 'utf8')).toBe(seedFiles(content)['user-data']);
    } finally {
      run('umount', [at]);
    }
  });
});

const blkid = titled('blkid, by which cloud-init finds the volume', 'blkid');
describe.skipIf(blkid.missing)(blkid.title, () => {
  it('says its label and type', async () => {
    expect(run('blkid', ['-o', 'export', '-p', await volume()])).toMatch(/LABEL=cidata[\s\S]*TYPE=iso9660/);
  });
});

const pyyaml = has('python3') && (() => { try { run('python3', ['-c', 'import yaml']); return true; } catch { return false; } })();
describe.skipIf(!pyyaml)(pyyaml ? "PyYAML, cloud-init's reader" : 'PyYAML (skipped: no python3-yaml here)', () => {
  it('reads 400 hostile texts as they were written', () => {
    const hostile = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary-ascii' }), fc.constantFrom('yes', 'No', 'null', '~', '0123', '1:30', '1e3', '.5', '0x1f', '2001-01-01', '- a', '{', '*x', '!!python/object:os.system', '%YAML 1.2', '---', '...', '\n', "'", '"', '\\', '#', 'a: b', '😀', '\u2028', '\u0085', '\t', '=', '<<'));
    const asked = fc.sample(fc.array(hostile, { minLength: 1, maxLength: 4 }), 400);
    const texts = asked.map(packages => seedFiles({ instanceId: packages[0] ?? '', packages })['user-data']);
    const read = JSON.parse(run('python3', ['-c', 'import sys, json, yaml; print(json.dumps([yaml.safe_load(t)["packages"] for t in json.load(sys.stdin)]))'], JSON.stringify(texts))) as string[][];
    for (const [at, packages] of asked.entries()) expect(read[at]).toEqual(packages);
  });
});

const openssl = titled('openssl passwd -6', 'openssl');
describe.skipIf(openssl.missing)(openssl.title, () => {
  it('makes the same hashes', () => {
    const salt = fc.string({ unit: fc.constantFrom(...'./09AZaz'), minLength: 1, maxLength: 16 });
    // Its own limit is 256 bytes; it reads lines.
    const password = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter(text => !/[\n\r\0]/.test(text) && Buffer.byteLength(text) < 250);
    for (const [text, grain] of fc.sample(fc.tuple(password, salt), 40)) expect(sha512Crypt(text, grain)).toBe(run('openssl', ['passwd', '-6', '-salt', grain, '-stdin'], `${text}\n`).trim());
  });
});

const keygen = titled('ssh-keygen', 'ssh-keygen');
describe.skipIf(keygen.missing)(keygen.title, () => {
  it.each(['ed25519', 'rsa'] as const)('reads the %s keys, signs and verifies with them', async type => {
    const folder = await temporaryFolder();
    const file = join(folder, 'id');
    const pair = await generateSshKeyPair('gaia wéb1\nssh-rsa evil', type);
    expect(pair.publicKey).not.toContain('\n');
    await writeFile(file, pair.privateKey);
    await chmod(file, 0o600);
    await writeFile(`${file}.pub`, `${pair.publicKey}\n`);
    expect(run('ssh-keygen', ['-y', '-f', file]).trim().split(' ').slice(0, 2)).toEqual(pair.publicKey.split(' ').slice(0, 2));
    expect(run('ssh-keygen', ['-l', '-f', `${file}.pub`])).toContain(type === 'ed25519' ? '(ED25519)' : '3072');
    await writeFile(join(folder, 'text'), 'hello');
    run('ssh-keygen', ['-Y', 'sign', '-f', file, '-n', 'test', join(folder, 'text')]);
    await writeFile(join(folder, 'allowed'), `me ${pair.publicKey}\n`);
    expect(run('ssh-keygen', ['-Y', 'verify', '-f', join(folder, 'allowed'), '-I', 'me', '-n', 'test', '-s', join(folder, 'text.sig')], 'hello')).toContain('Good "test" signature');
  });
});
