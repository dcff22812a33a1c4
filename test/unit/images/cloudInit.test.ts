import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { prepareSeed } from '../../../src/images/cloudInit.ts';
import { networkConfig, seedFiles, seedVolume, userData } from '../../../src/images/cloudInitSeed.ts';
import { buildIso } from '../../../src/images/iso9660.ts';
import { sha512Crypt } from '../../../src/images/sha512Crypt.ts';
import { generateSshKeyPair } from '../../../src/system/sshKeys.ts';
import { readIso } from './isoReader.ts';
import { temporaryFolder } from './folders.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1111111111111111111111111111111111111111111 me@here';

describe('a seed', () => {
  it('says who may come in, what the machine is called, and what is installed', () => {
    const files = seedFiles({ instanceId: 'i-1', hostname: 'web1.lab.lan', user: 'dev', sshKeys: [key], packages: ['git'] });
    expect(files['user-data']?.startsWith('#cloud-config\n')).toBe(true);
    expect(parse(files['user-data'] ?? '')).toEqual({ hostname: 'web1', fqdn: 'web1.lab.lan', manage_etc_hosts: true, users: [{ name: 'dev', sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', lock_passwd: true, ssh_authorized_keys: [key] }], package_update: true, packages: ['git'] });
    expect(parse(files['meta-data'] ?? '')).toEqual({ 'instance-id': 'i-1', 'local-hostname': 'web1.lab.lan' });
    expect(Object.keys(files)).toEqual(['user-data', 'meta-data']);
  });

  it("without a user gives the image's own user the keys and the password", () => {
    expect(parse(userData({ instanceId: 'i', sshKeys: [key], passwordHash: '$6$x$y' }))).toEqual({ ssh_authorized_keys: [key], password: '$6$x$y', chpasswd: { expire: false }, ssh_pwauth: true });
  });

  it('takes user-data and network-config as they are', () => {
    expect(seedFiles({ instanceId: 'i', userData: '#!/bin/sh\necho hi\n', networkConfig: 'version: 1\n' })).toMatchObject({ 'user-data': '#!/bin/sh\necho hi\n', 'network-config': 'version: 1\n' });
  });

  it('any text arrives as it was written', () => {
    const hostile = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('yes', 'no', 'null', '~', '0123', '1:30', '1e3', '2001-01-01', '- a', '{', '*x', '&x', '!!python/object', '%YAML', '---', '\n', "'", '"', '\\', '#', 'a: b', 'Ünï ☃ 😀', '\u2028', '\u0085', '\t', ' lead', 'trail '));
    fc.assert(fc.property(fc.record({ user: hostile, keys: fc.array(hostile, { minLength: 1, maxLength: 3 }), packages: fc.array(hostile, { minLength: 1, maxLength: 3 }), host: hostile }), ({ user, keys, packages, host }) => {
      const files = seedFiles({ instanceId: host, hostname: host, user, sshKeys: keys, packages });
      const data = parse(files['user-data'] ?? '', { version: '1.1' }) as { users: [{ name: string; ssh_authorized_keys: string[] }]; packages: string[]; hostname: string };
      expect(data.users[0].name).toBe(user);
      expect(data.users[0].ssh_authorized_keys).toEqual(keys);
      expect(data.packages).toEqual(packages);
      expect(data.hostname).toBe(host.split('.')[0]);
      expect((parse(files['meta-data'] ?? '', { version: '1.1' }) as Record<string, string>)['instance-id']).toBe(host);
    }), { numRuns: 200 });
  });

  it('has the network as Proxmox writes it', () => {
    expect(networkConfig(undefined)).toBeUndefined();
    expect(networkConfig({ cards: [{ mac: '080027AABBCC', ipConfig: 'ip=dhcp' }] })).toBeUndefined();
    expect(parse(networkConfig({ cards: [{ mac: '080027AABBCC', ipConfig: 'ip=10.0.0.5/24,gw=10.0.0.1,ip6=auto' }], nameservers: ['1.1.1.1'], searchDomains: ['lab.lan'] }) ?? '')).toEqual({
      version: 2,
      ethernets: { primary: { match: { macaddress: '08:00:27:aa:bb:cc' }, dhcp4: false, 'accept-ra': true, addresses: ['10.0.0.5/24'], routes: [{ to: '0.0.0.0/0', via: '10.0.0.1' }], nameservers: { addresses: ['1.1.1.1'], search: ['lab.lan'] } } },
    });
    expect(parse(networkConfig({ nameservers: ['1.1.1.1'] }) ?? '')).toMatchObject({ ethernets: { primary: { match: { name: 'e*' }, dhcp4: true } } });
    expect(() => networkConfig({ ipConfig: 'address=1' })).toThrow('no address');
    expect(() => networkConfig({ cards: [{ mac: '080027AABBCC', ipConfig: 'address=1' }] })).toThrow('no address');
  });

  it('names each card of several by its address, and the start waits for the first alone', () => {
    expect(parse(networkConfig({ cards: [{ mac: '080027000001', ipConfig: 'ip=dhcp' }, { mac: '080027000002', ipConfig: 'ip=192.168.56.10/24', optional: true }] }) ?? '')).toEqual({
      version: 2,
      ethernets: { primary: { match: { macaddress: '08:00:27:00:00:01' }, dhcp4: true }, card2: { match: { macaddress: '08:00:27:00:00:02' }, dhcp4: false, addresses: ['192.168.56.10/24'], optional: true } },
    });
  });
});

describe('cloud_init of a machine', () => {
  const around = async () => ({ home: await temporaryFolder(), env: { VM_PASSWORD: 'secret' }, instanceId: 'i', hostname: 'machine' });

  it('reads key files, and hashes the password', async () => {
    const here = await around();
    await writeFile(join(here.home, 'id.pub'), `# mine\n${key}\n`);
    const seed = await prepareSeed({ user: 'dev', sshKeys: ['~/id.pub', key], passwordEnv: 'VM_PASSWORD', packages: ['git'] }, { ...here, extraKeys: ['ssh-rsa AAAA gaia'] });
    expect(seed).toMatchObject({ hostname: 'machine', user: 'dev', sshKeys: [key, 'ssh-rsa AAAA gaia'], packages: ['git'] });
    expect(seed.passwordHash).toMatch(/^\$6\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}$/);
    expect(JSON.stringify(seedFiles(seed))).not.toContain('secret');
  });

  it('never puts a private key into a guest', async () => {
    const here = await around();
    await writeFile(join(here.home, 'id'), (await generateSshKeyPair('x')).privateKey);
    await expect(prepareSeed({ sshKeys: ['~/id'] }, here)).rejects.toMatchObject({ code: 'invalidInput' });
    await expect(prepareSeed({ sshKeys: ['~/none.pub'] }, here)).rejects.toMatchObject({ code: 'notFound' });
    await expect(prepareSeed({ passwordEnv: 'NOT_SET' }, here)).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('takes user-data as text or as a file beside the config', async () => {
    const here = await around();
    await writeFile(join(here.home, 'ud.yaml'), '#cloud-config\nfoo: 1\n');
    expect((await prepareSeed({ userData: './ud.yaml' }, { ...here, baseFolder: here.home })).userData).toBe('#cloud-config\nfoo: 1\n');
    expect((await prepareSeed({ userData: '#cloud-config\n{}' }, here)).userData).toBe('#cloud-config\n{}');
    await expect(prepareSeed({ userData: './none.yaml' }, here)).rejects.toMatchObject({ code: 'notFound' });
  });
});

describe('the volume', () => {
  const date = new Date('2026-01-02T03:04:05Z');
  it('holds its files under their names', () => {
    const iso = readIso(seedVolume({ instanceId: 'i', hostname: 'h', network: { ipConfig: 'ip=dhcp' } }, date));
    expect(iso.label).toBe('cidata');
    expect([...iso.files.keys()]).toEqual(['meta-data', 'network-config', 'user-data']);
    expect(iso.files.get('user-data')?.toString()).toContain('#cloud-config\n');
  });
  it('holds any files', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'B', '-', '.', '_', '1', 'ü', 'ß'), minLength: 1, maxLength: 64 });
    fc.assert(fc.property(fc.uniqueArray(fc.record({ name, bytes: fc.uint8Array({ maxLength: 5000 }) }), { selector: file => file.name, maxLength: 60 }), files => {
      const iso = readIso(buildIso('x', files, date));
      expect(new Map([...iso.files].map(([key, bytes]) => [key, bytes.toString('hex')]))).toEqual(new Map(files.map(file => [file.name, Buffer.from(file.bytes).toString('hex')])));
      expect(new Set(iso.plainNames).size).toBe(files.length);
    }), { numRuns: 60 });
  });
  it('refuses names that no CD has', () => {
    for (const bad of ['', 'a/b', 'a:b', 'x'.repeat(65)]) expect(() => buildIso('x', [{ name: bad, bytes: new Uint8Array() }], date)).toThrow();
  });
});

it('hashes passwords as Linux does', () => {
  // Both as `openssl passwd -6 -salt …` says; test/contract asks it about more.
  expect(sha512Crypt('Hello world!', 'saltstring')).toBe('$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1');
  expect(sha512Crypt('pässword', 'abcdefgh12345678')).toBe('$6$abcdefgh12345678$kMmrdQpE0uCslvwiljKXV4kvDccofhTV48RRX4qtf5uhwJKUeBe6KYm0lhhhnJusFNzRvtY6/AM7MaQBJFQ3z1');
});
