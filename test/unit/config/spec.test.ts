// What a config asks for, and what the schema says of it.
import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { machineSpec } from '../../../src/config/spec.ts';
import { describeBytes, sizeBytes } from '../../../src/config/sizes.ts';
import { validateConfig } from '../../../src/config/validate.ts';

const GiB = 1024 ** 3;
const example = (name: string) => machineSpec(parseConfig(fs.readFileSync(`examples/${name}.gaia.json`, 'utf8')).machines[0]!);
const spec = (provider: string, config: object) => machineSpec({ name: 'm', provider, config: config as never });

describe('the seed examples ask for what they say', () => {
  it('VirtualBox', () => {
    expect(example('my-virtualbox-vm')).toEqual({
      name: 'my-virtualbox-vm', provider: 'virtualbox', hostname: 'ubuntu-dev', cpus: 2, memoryMiB: 4096, source: { kind: 'box', name: 'bento/ubuntu-22.04' }, disks: [{ sizeBytes: 32 * GiB }],
      networks: [{ type: 'private_network', ip: '192.168.56.10' }], portForwards: [{ guestPort: 22, hostPort: 2222, protocol: 'tcp' }], sharedFolders: [],
      options: { gui: false, vram: 128, accelerate3d: 'on', clipboard: 'bidirectional', draganddrop: 'bidirectional' },
    });
  });
  it('Hyper-V', () => { expect(example('my-hyperv-vm')).toMatchObject({ cpus: 2, memoryMiB: 4096, disks: [{ sizeBytes: 64 * GiB }], providerKeys: { generation: 2, disk_size_gb: 64 }, source: { kind: 'box', name: 'bento/ubuntu-22.04' } }); });
  it('Proxmox', () => { expect(example('my-proxmox-vm')).toMatchObject({ hostname: 'ubuntu-server', memoryMiB: 8192, disks: [{ sizeBytes: 64 * GiB, storage: 'local-lvm' }], options: { node: 'pve', ostype: 'l26' } }); });
  it('WSL, copied', () => { expect(example('Ubuntu-Dev')).toMatchObject({ name: 'Ubuntu-Dev', source: { kind: 'clone', of: 'Ubuntu-22.04' }, providerKeys: { base_distro: 'Ubuntu', install_location: 'C:\\WSL\\Ubuntu-Dev', default_user: 'developer' } }); });
  it('WSL, imported', () => { expect(example('Custom-Linux')).toMatchObject({ source: { kind: 'tarball', url: 'C:\\path\\to\\rootfs.tar' }, providerKeys: { default_user: 'user' } }); });
});

describe('sources', () => {
  it.each([
    ['virtualbox', { clone_from: 'golden' }, { kind: 'clone', of: 'golden' }],
    ['virtualbox', { clone_from: { name: 'golden', linked: true, snapshot: 'clean' } }, { kind: 'clone', of: 'golden', linked: true, snapshot: 'clean' }],
    ['proxmox', { clone_from: 9000 }, { kind: 'clone', of: '9000' }],
    ['proxmox', { provider_config: { template: 'ubuntu', full_clone: true } }, { kind: 'clone', of: 'ubuntu', linked: false }],
    ['virtualbox', { image: 'a.qcow2', checksum: 'sha256:aa' }, { kind: 'image', url: 'a.qcow2', checksum: 'sha256:aa' }],
    ['hyperv', { iso: 'a.iso' }, { kind: 'iso', url: 'a.iso' }],
    ['virtualbox', { box: 'a/b', box_version: '1', box_url: 'u' }, { kind: 'box', name: 'a/b', version: '1', url: 'u' }],
    ['wsl', { base_distro: 'Debian' }, { kind: 'distribution', name: 'Debian' }],
    ['wsl', { tarball: 'a.tar', base_distro: 'Debian' }, { kind: 'tarball', url: 'a.tar' }],
    ['hyperv', {}, { kind: 'empty' }],
  ])('%s %j', (provider, config, source) => { expect(spec(provider, config).source).toEqual(source); });
});

it('keeps further disks behind the one that the source brings', () => {
  expect(spec('virtualbox', { box: 'a/b', disks: [{ size: '20G', name: 'data' }] }).disks).toEqual([{ sizeBytes: 0 }, { sizeBytes: 20 * GiB, name: 'data' }]);
  // Nor is one of them the first where no source brings it: of an adopted machine nobody knows the source.
  for (const source of [{}, { iso: 'a.iso' }]) expect(spec('virtualbox', { ...source, disks: [{ size: '20G' }] }).disks).toEqual([{ sizeBytes: 0 }, { sizeBytes: 20 * GiB }]);
  expect(spec('proxmox', { disks: [] }).disks).toEqual([]);
});

it('leaves out what has the wrong type', () => {
  expect(spec('virtualbox', { box: 7, cpus: '2', memory: 1.5, networks: [3, { type: 'forwarded_port', guest_port: 'x', host_port: 80 }], synced_folders: {}, provider_config: 'x', tags: 'x' }))
    .toEqual({ name: 'm', provider: 'virtualbox', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} });
});

it('networks and folders keep their details', () => {
  const made = spec('proxmox', {
    networks: [{ type: 'public_network', bridge: ['vmbr1', 'vmbr0'], vlan: 20, firewall: true }, { type: 'private_network', ip: '10.0.0.2', netmask: 20 }, { type: 'private_network', dhcp: true }],
    synced_folders: [{ host_path: '.', guest_path: '/x', read_only: true, owner: 'me' }], cloud_init: { user: 'dev', password_env: 'PW', ssh_keys: ['k'] },
  });
  expect(made.networks).toEqual([{ type: 'public_network', bridge: 'vmbr1', vlan: 20, firewall: true }, { type: 'private_network', ip: '10.0.0.2', netmask: '255.255.240.0' }, { type: 'private_network', dhcp: true }]);
  expect(made.sharedFolders).toEqual([{ hostPath: '.', guestPath: '/x', readOnly: true, options: { owner: 'me' } }]);
  expect(made.cloudInit).toEqual({ user: 'dev', passwordEnv: 'PW', sshKeys: ['k'] });
});

it.each([[32768, 32 * GiB], ['64G', 64 * GiB], ['64 GB', 64 * GiB], ['1.5GiB', 1.5 * GiB], ['512', GiB / 2], ['1t', 1024 * GiB], ['100B', 100], ['0', undefined], [0, undefined], ['-1', undefined], ['64X', undefined], [null, undefined], ['9'.repeat(30), undefined]])('a size of %j is %j bytes', (value, bytes) => {
  expect(sizeBytes(value)).toBe(bytes);
  if (bytes) expect(describeBytes(bytes)).toMatch(/^[\d.]+ ([KMGT]i)?B$/);
});

describe('the schema', () => {
  const say = (text: string) => validateConfig(parseConfig(text)).map(p => [p.message, ...(p.values ?? []), text.slice(p.range.offset, p.range.offset + p.range.length)]);
  it('has nothing against the examples', () => {
    for (const file of fs.readdirSync('examples').filter(f => f.endsWith('.gaia.json'))) expect(validateConfig(parseConfig(fs.readFileSync(`examples/${file}`, 'utf8'))), file).toEqual([]);
  });
  it('underlines the wrong value', () => {
    expect(say('{"name":"a","provider":"virtualbox","config":{"memory":100,"cpus":"2","networks":[{"type":"forwarded_port","guest_port":80}]}}')).toEqual([
      ['This must be at least {0}.', '512', '100'], ['This must be of type {0}.', 'integer', '"2"'], ['"{0}" is missing here.', 'host_port', '{'],
    ]);
  });
  it('wants a name and a provider, the provider perhaps in the defaults', () => {
    expect(say('{"config":{}}').map(m => m[1])).toEqual(['name', 'provider']);
    expect(say('{"machines":[{"name":"a"}]}').map(m => m[1])).toEqual(['provider']);
    expect(say('{"defaults":{"provider":"wsl"},"machines":[{"name":"a"}]}')).toEqual([]);
  });
  it('looks into the second machine too', () => {
    expect(say('{"machines":[{"name":"a","provider":"hyperv"},{"name":"b","provider":"hyperv","config":{"generation":3}}]}').map(m => m.at(-1))).toEqual(['3']);
  });
  it('tells every property what it does, what it is when left out, and an example', () => {
    const missing: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (!node || typeof node !== 'object') return;
      for (const [key, inner] of Object.entries(node as Record<string, unknown>)) {
        if (['properties', 'patternProperties'].includes(key) && !/\/(if|then|else)(\/|$)|defaultSnippets/.test(path)) for (const [name, property] of Object.entries(inner as Record<string, Record<string, unknown>>)) {
          const reference = property['$ref'] as string | undefined;
          const described = reference ? { ...schema.definitions[reference.split('/').at(-1)!], ...property } : property;
          if (!('markdownDescription' in described)) missing.push(`${path}/${name}: no description`);
          if (!reference && !('default' in described) && !('x-default' in described)) missing.push(`${path}/${name}: no default`);
          if (!reference && !('examples' in described)) missing.push(`${path}/${name}: no example`);
        }
        walk(inner, `${path}/${key}`);
      }
    };
    const schema = JSON.parse(fs.readFileSync('schemas/gaia.schema.json', 'utf8')) as { definitions: Record<string, Record<string, unknown>> };
    walk(schema, '');
    expect(missing.filter(m => !m.includes('/allOf/'))).toEqual([]);
  });
});

it('tells no tags from nothing said of tags', () => {
  expect(spec('virtualbox', { tags: [] }).tags).toEqual([]);
  expect(spec('virtualbox', {}).tags).toBeUndefined();
});
