// Every check: a file in which it speaks, files in which it is silent, and that its fixes repair what it found.
import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkConfig, fileChecks, fixEdits, machineChecks, wantedFacts, type CheckProblem, type HostFacts } from '../../../src/config/check.ts';
import { withEdits } from '../../../src/config/edit.ts';
import { parseNetworksConf } from '../../../src/machines/hostOnlyRanges.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { yamlToJson } from '../../../src/config/yaml.ts';

const linux: HostFacts = {
  platform: 'linux', arch: 'x64', cpus: 4, memoryMiB: 16384, takenPorts: new Set(['tcp/5432', 'tcp/127.0.0.1:6379']), running: new Set(['virtualbox/up']),
  paths: new Map([['./there', true], ['./gone', false], ['./gone.sh', false]]), virtualboxVersion: '7.2.22',
  boxes: [{ name: 'lab/arm', version: '1', provider: 'virtualbox', architecture: 'arm64' }], ruby: new Map([['if', [{ message: 'unexpected end', offset: 0, length: 2 }]], ['x = 1\nif', [{ message: 'unexpected end', offset: 6, length: 2 }]], ['config.vm.boot_timeout = 5', []]]),
};
type Machine = { name?: string; provider?: string; config?: object };
const file = (...machines: Machine[]) => JSON.stringify({ machines: machines.map((m, i) => ({ name: `m${String(i)}`, provider: 'virtualbox', ...m, config: { box: 'a/b', ...m.config } })) }, null, 2);
const vb = (config: object) => file({ config });
const on = (provider: string, config: object) => JSON.stringify({ name: 'm', provider, config });
const forward = (host_port: number, more: object = {}) => ({ type: 'forwarded_port', guest_port: 80, host_port, ...more });
const inside = (ip: string, more: object = {}) => ({ type: 'private_network', ip, ...more });
const shell = (more: object) => ({ type: 'shell', ...more });

interface Case { readonly fires: readonly string[]; readonly silent: readonly string[]; readonly facts?: HostFacts }
const networks = (...list: object[]) => vb({ networks: list });

const cases: Record<string, Case> = {
  'duplicate-name': { fires: [file({ name: 'web' }, { name: 'web' }), file({ name: 'web' }, { name: 'Web' })], silent: [file({ name: 'web' }, { name: 'db' })] },
  'duplicate-hostname': { fires: [file({ config: { hostname: 'a' } }, { config: { hostname: 'A' } })], silent: [file({ config: { hostname: 'a' } }, { config: { hostname: 'b' } }), file({}, {})] },
  'duplicate-port': {
    fires: [file({ config: { networks: [forward(8080)] } }, { config: { networks: [forward(8080)] } }), networks(forward(8080), forward(8080, { guest_port: 81 })), networks(forward(8080, { host_ip: '127.0.0.1' }), forward(8080))],
    silent: [networks(forward(8080), forward(8080, { protocol: 'udp' })), networks(forward(8080, { host_ip: '127.0.0.1' }), forward(8080, { host_ip: '10.0.0.1' })), networks(forward(8080), forward(8081))],
  },
  'duplicate-address': { fires: [file({ config: { networks: [inside('192.168.56.10')] } }, { config: { networks: [inside('192.168.56.10')] } })], silent: [networks(inside('192.168.56.10'), inside('192.168.56.11'))] },
  'bad-name': {
    fires: [file({ name: 'a/b' }), file({ name: 'a[1]' }), file({ name: '..' }), JSON.stringify({ name: 'my distro', provider: 'wsl', config: { base_distro: 'Ubuntu' } }), JSON.stringify({ name: 'a_b', provider: 'proxmox', config: {} }), on('wsl', { base_distro: 'x', name: 'a b' })],
    silent: [file({ name: 'web:1 ü' }), on('wsl', { base_distro: 'Ubuntu-24.04' }), JSON.stringify({ name: 'web.lab', provider: 'proxmox', config: {} })],
  },
  'unknown-provider': { fires: [on('virtualbx', {}), on('vmware', {}), on('hyper-v', {})], silent: [on('virtualbox', {}), on('mine', {})], facts: { ...linux, providers: ['mine'] } },
  'several-sources': { fires: [vb({ iso: 'x.iso' }), on('wsl', { tarball: 'a.tar', source_distro: 'b' }), vb({ clone_from: 'x' })], silent: [vb({}), on('wsl', { base_distro: 'Ubuntu', source_distro: 'Ubuntu-22.04' })] },
  'no-source': { fires: [on('virtualbox', {}), on('wsl', { default_user: 'me' }), on('proxmox', {})], silent: [vb({}), on('wsl', { base_distro: 'Ubuntu' }), on('proxmox', { provider_config: { template: 'x' } })] },
  'unused-key': { fires: [on('virtualbox', { iso: 'a.iso', box_version: '1' }), vb({ checksum: 'sha256:00' })], silent: [vb({ box_version: '1' }), on('hyperv', { iso: 'a', checksum: 'sha256:00' })] },
  'two-sizes': { fires: [on('hyperv', { disk_size: '10G', disk_size_gb: 10 }), on('proxmox', { disk_size: '10G', provider_config: { disk_size: '10G' } })], silent: [on('hyperv', { disk_size_gb: 10 }), on('proxmox', { provider_config: { disk_size: '10G' } })] },
  'unknown-key': {
    fires: [vb({ memroy: 1024 }), vb({ whatever: 1 }), networks({ type: 'forwarded_port', guest_prot: 80, host_port: 80 }), vb({ provisioners: [shell({ inlin: 'x' })] }), vb({ synced_folders: [{ host_paht: '.', guest_path: '/x' }] }), vb({ cloud_init: { usr: 'x' } }), vb({ triggers: [{ before: 'up', inf: 'x' }] }), vb({ triggers: [{ before: 'up', run: { inlin: 'x', path: 'y' } }] })],
    silent: [vb({ memory: 1024, networks: [forward(8080, { auto_correct: true, id: 'web' })], provisioners: [shell({ inline: 'x', env: { ANY: '1' } })], cloud_init: { user: 'x' }, disks: [{ size: '1G' }] }), on('wsl', { name: 'x', base_distro: 'y' }), networks({ type: 'new_kind', thing: 1 }), networks(inside('192.168.56.9', { adapter: 2, dhcp_lower: '192.168.56.100', virtualbox__something: true })), vb({ vagrant: { ssh: { forward_agent: true } } })],
  },
  'foreign-key': { fires: [vb({ generation: 2 }), vb({ disk_size_gb: 10 }), on('proxmox', { default_user: 'x' })], silent: [on('hyperv', { generation: 2, disk_size_gb: 10 }), on('wsl', { default_user: 'x', base_distro: 'x' })] },
  'misspelt-option': {
    fires: [vb({ provider_config: { vrm: 64 } }), vb({ provider_config: { clipbord: 'x' } }), vb({ provider_config: { generation: 2, node: 'pve' } }), on('proxmox', { provider_config: { nod: 'pve' } }), on('hyperv', { provider_config: { linked_clon: true } }), vb({ provider_config: { hostname: 'x' } }), vb({ provider_config: { natdnsprxy1: 'on' } })],
    silent: [vb({ provider_config: { vram: 64, natdnsproxy1: 'on', 'nat-dns-proxy1': 'on', 'paravirt-provider': 'kvm', something_else_entirely: 1, nictype2: 'virtio', bootprompt: 1 } }), on('proxmox', { provider_config: { net0: 'virtio', scsi1: 'x', rng0: 'y' } }), on('wsl', { base_distro: 'x', provider_config: { systemd: true } })],
  },
  'memory-beyond-host': { fires: [vb({ memory: 32768 }), vb({ memory: 16000 })], silent: [vb({ memory: 4096 }), on('proxmox', { memory: 65536 })] },
  'cpus-beyond-host': { fires: [vb({ cpus: 8 })], silent: [vb({ cpus: 4 }), on('proxmox', { cpus: 64 })] },
  'box-architecture': {
    fires: [vb({ box: 'bento/ubuntu-24.04-arm64' }), vb({ box_architecture: 'arm64' }), on('virtualbox', { image: 'https://x/jammy-server-cloudimg-arm64.img' }), on('hyperv', { iso: 'debian_aarch64.iso' }), vb({ box: 'lab/arm' })],
    silent: [vb({ box: 'bento/ubuntu-24.04' }), vb({ box_architecture: 'amd64' }), vb({ box_architecture: 'auto' }), on('virtualbox', { image: 'jammy-amd64.img' }), on('proxmox', { image: 'jammy-arm64.img' }), vb({ box: 'army/arm64ish' })],
  },
  'graphics-controller': { fires: [vb({ provider_config: { accelerate3d: 'on', graphicscontroller: 'vboxvga' } })], silent: [vb({ provider_config: { accelerate3d: 'on', graphicscontroller: 'vmsvga' } }), vb({ provider_config: { accelerate3d: 'off', graphicscontroller: 'none' } }), vb({ provider_config: { accelerate3d: 'on' } })] },
  'bad-address': {
    fires: [networks(inside('192.168.56.300')), networks(inside('192.168.56')), networks(inside('192.168.56.10', { gateway: '192.168.56' })), networks(inside('dhcp')), networks(inside('192.168.56.0')), networks(inside('192.168.56.255')), networks(inside('192.168.56.9/24')), networks(inside('192.168.56.9', { netmask: '255.0.255.0' })), networks(forward(80, { host_ip: 'localhost' }))],
    silent: [networks(inside('192.168.56.10', { netmask: '255.255.255.0' }), inside('fe80::1', { netmask: 64 }), inside('192.168.57.255', { netmask: 21 }), forward(8080, { host_ip: '127.0.0.1' }))],
  },
  'bad-gateway': {
    fires: [
      networks(inside('192.168.56.10', { gateway: '192.168.57.1' })), networks(inside('192.168.56.10', { gateway: '192.168.56.10' })), networks({ type: 'public_network', gateway: '10.0.0.1' }), networks({ type: 'public_network', dhcp: true, gateway: '10.0.0.1' }),
      networks({ type: 'public_network', ip: '10.0.0.5', netmask: 30, gateway: '10.0.0.1' }), networks({ type: 'public_network', ip: 'fd00::5', gateway: '10.0.0.1' }), networks({ type: 'public_network', ip: '10.0.0.5', gateway: 'fe80::1' }),
    ],
    silent: [
      networks(inside('192.168.56.10', { gateway: '192.168.56.1' })), networks({ type: 'public_network', ip: '10.0.0.5', netmask: '255.255.0.0', gateway: '10.0.9.1' }), networks({ type: 'public_network', ip: 'fd00::5', gateway: 'fe80::1' }),
      networks({ type: 'public_network', ip: '10.0.0.5' }), networks(inside('192.168.56.10', { gateway: 'x' })),
    ],
  },
  'address-without-cloud-init': {
    fires: [on('proxmox', { networks: [{ type: 'public_network', ip: '10.0.0.5' }] }), on('proxmox', { iso: 'a.iso', networks: [inside('10.0.0.5')] })],
    silent: [
      on('proxmox', { networks: [{ type: 'public_network', dhcp: true }] }), on('proxmox', { cloud_init: {}, networks: [inside('10.0.0.5')] }), on('proxmox', { clone_from: 'base', networks: [inside('10.0.0.5')] }), on('proxmox', { provider_config: { ciuser: 'x' }, networks: [inside('10.0.0.5')] }),
      on('proxmox', { provider_config: { type: 'lxc' }, networks: [inside('10.0.0.5')] }), on('proxmox', { tarball: 'a.tar', networks: [inside('10.0.0.5')] }), networks(inside('192.168.56.10')),
    ],
  },
  'gateway-address': { fires: [networks(inside('192.168.56.1'))], silent: [networks(inside('192.168.56.10')), networks({ type: 'public_network', ip: '192.168.1.1' })] },
  'host-only-range': { fires: [networks(inside('10.0.0.5')), networks(inside('192.168.64.5'))], silent: [networks(inside('192.168.63.5')), networks(inside('10.0.0.5', { internal: true })), networks({ type: 'public_network', ip: '10.0.0.5' }), on('hyperv', { box: 'x', networks: [inside('10.0.0.5', { bridge: 'nat' })] })] },
  'default-switch-address': { fires: [on('hyperv', { networks: [inside('192.168.56.10')] }), on('hyperv', { networks: [{ type: 'public_network', ip: '10.0.0.2', bridge: 'default switch' }] })], silent: [on('hyperv', { networks: [inside('10.0.0.2', { bridge: 'NAT' })] }), on('hyperv', { networks: [{ type: 'private_network', dhcp: true }] }), on('hyperv', { networks: [inside('10.0.0.2')], provider_config: { switch: 'NAT' } })] },
  'missing-address': { fires: [networks({ type: 'private_network' }), networks(inside('192.168.56.9', { dhcp: true }))], silent: [networks(inside('192.168.56.9')), networks({ type: 'private_network', dhcp: true }), on('hyperv', { networks: [{ type: 'private_network' }] })] },
  'ignored-network': { fires: [on('hyperv', { networks: [forward(8080)] }), on('proxmox', { networks: [forward(8080)] })], silent: [networks(forward(8080))] },
  'low-port': { fires: [networks(forward(80))], silent: [networks(forward(8080)), on('hyperv', { networks: [forward(80)] })] },
  'port-taken': { fires: [networks(forward(5432)), networks(forward(6379))], silent: [networks(forward(8080)), file({ name: 'up', config: { networks: [forward(5432)] } }), networks(forward(5432, { protocol: 'udp' })), networks(forward(6379, { host_ip: '10.0.0.1' }))] },
  'missing-path': {
    fires: [vb({ synced_folders: [{ host_path: './gone', guest_path: '/x' }] }), vb({ provisioners: [shell({ path: './gone.sh' })] }), on('proxmox', { provider_config: { iso: './gone' } }), on('proxmox', { provider_config: { type: 'lxc', openvz_template_file: './gone' } })],
    silent: [on('proxmox', { provider_config: { iso: 'local:iso/gone.iso', qemu_iso_file: './there' } }), on('proxmox', { provider_config: { iso: 'https://x/gone.iso' } }), vb({ provider_config: { iso: './gone' } }), vb({ synced_folders: [{ host_path: './there', guest_path: '/x' }] }), vb({ synced_folders: [{ host_path: './gone', guest_path: '/x', create: true }] }), vb({ synced_folders: [{ host_path: './not-looked-at-yet', guest_path: '/x' }] }), vb({ provisioners: [shell({ path: 'https://x/gone.sh' })] }), on('wsl', { tarball: 'C:\\gone.tar' })],
  },
  'provisioner-source': { fires: [vb({ provisioners: [shell({})] }), vb({ provisioners: [shell({ inline: 'x', path: 'y' })] })], silent: [vb({ provisioners: [shell({ inline: 'x' }), shell({ path: 'y' }), { type: 'file', source: 'a', destination: 'b' }] })] },
  'trigger-parts': {
    fires: [vb({ triggers: [{ info: 'x' }] }), vb({ triggers: [{ before: 'up', after: 'up', info: 'x' }] }), vb({ triggers: [{ before: 'up' }] }), vb({ triggers: [{ before: 'up', run: {} }] }), vb({ triggers: [{ after: 'up', run_remote: { inline: 'x', path: 'y' } }] })],
    silent: [vb({ triggers: [{ before: ['up', 'reload'], info: 'x' }, { after: 'up', run: { path: 'y' } }, { before: 'destroy', abort: true }] })],
  },
  'cloud-init-on-proxmox': { fires: [on('proxmox', { clone_from: 'x', cloud_init: { packages: ['git'] } }), on('proxmox', { clone_from: 'x', cloud_init: { user_data: './a.yaml', network_config: './b.yaml' } })], silent: [on('proxmox', { clone_from: 'x', cloud_init: { user: 'dev', packages: [] } }), on('proxmox', { clone_from: 'x', cloud_init: { packages: ['git'] }, provider_config: { cicustom: 'user=local:snippets/a.yaml' } }), vb({ cloud_init: { packages: ['git'] } })] },
  'vagrant-only': {
    fires: [vb({ triggers: [{ before: 'up', info: 'x' }] }), vb({ custom_config: 'config.vm.boot_timeout = 5' }), vb({ vagrant: { ssh: { forward_agent: true } } }), vb({ provisioners: [{ type: 'ansible', playbook: 'x' }] }), vb({ synced_folders: [{ host_path: './there', guest_path: '/x', type: 'rsync' }] })],
    silent: [vb({ triggers: [], vagrant: {}, custom_config: ' ', provisioners: [shell({ inline: 'x' }), { type: 'file', source: 'a', destination: 'b' }, { type: 'of_a_plugin' }], synced_folders: [{ host_path: './there', guest_path: '/x', type: 'virtualbox' }] })],
  },
  'plugin-provisioner': { fires: [vb({ provisioners: [{ type: 'vai', inventory_dir: 'x' }] }), vb({ provisioners: [{ type: 'shel', inline: 'x' }] })], silent: [vb({ provisioners: [shell({ inline: 'x' }), { type: 'cfengine' }, { type: 'chef' }] })] },
  'duplicate-guest-path': { fires: [vb({ synced_folders: [{ host_path: 'a', guest_path: '/x' }, { host_path: 'b', guest_path: '/x/' }] })], silent: [vb({ synced_folders: [{ host_path: 'a', guest_path: '/x' }, { host_path: 'a', guest_path: '/y' }] })] },
  'duplicate-provisioner': { fires: [vb({ provisioners: [shell({ name: 'a', inline: 'x' }), shell({ name: 'a', inline: 'y' })] })], silent: [vb({ provisioners: [shell({ inline: 'x' }), shell({ inline: 'x' })] })] },
  'duplicate-forward-id': { fires: [networks(forward(8080, { id: 'a' }), forward(8081, { id: 'a' }))], silent: [networks(forward(8080, { id: 'a' }), forward(8081, { id: 'b' }))] },
  'secret-in-file': {
    fires: [vb({ synced_folders: [{ host_path: '.', guest_path: '/x', smb_password: 'hunter2' }] }), vb({ provisioners: [shell({ inline: 'x', env: { DB_PASSWORD: 'hunter2' } })] }), on('proxmox', { provider_config: { password: 'hunter2' } }), on('proxmox', { provider_config: { cipassword: 'x' } }),
      vb({ provisioners: [shell({ inline: ['cat > k <<E', '-----BEGIN OPENSSH PRIVATE KEY-----'] })] }), vb({ box_url: 'https://me:hunter2@boxes.lan/a.box' }), vb({ provisioners: [shell({ inline: 'export T=ghp_0123456789abcdefghijABCDEFGHIJ012345' })] })],
    silent: [vb({ cloud_init: { password_env: 'VM_PASSWORD' } }), vb({ provisioners: [{ type: 'ansible', playbook: 'a', vault_password_file: 'x' }] }), vb({ provisioners: [shell({ inline: 'x', env: { DB_PASSWORD: '${DB_PASSWORD}', TOKENS: '3' } })] }), vb({ box_url: 'https://boxes.lan/a@1.box' }), vb({ provisioners: [shell({ inline: 'passwd --lock root' })] })],
  },
  'unwritable-text': { fires: ['{"name":"m","provider":"virtualbox","config":{"box":"a","hostname":"a\\u0000b"}}', '{"name":"m","provider":"virtualbox","config":{"box":"a","provider_config":{"x":["\\ud800"]}}}'], silent: [vb({ description: '😀 \n' })] },
  'invalid-ruby': { fires: [vb({ custom_config: 'if' }), vb({ custom_config: ['x = 1', 'if'] })], silent: [vb({ custom_config: 'config.vm.boot_timeout = 5' }), vb({ custom_config: ['not', 'looked at'] }), vb({})] },
};

const run = (text: string, facts: HostFacts = linux) => checkConfig(parseConfig(text), facts);
const checks = [...machineChecks, ...fileChecks];

describe.each(checks.map(check => [check.code]))('%s', code => {
  const { fires, silent, facts } = cases[code] ?? { fires: [], silent: [] };
  const say = (text: string): CheckProblem[] => run(text, facts).filter(p => p.code === code);

  it('has cases of both kinds', () => { expect(Math.min(fires.length, silent.length)).toBeGreaterThan(0); });
  it.each(fires)('speaks: %s', text => {
    const found = say(text);
    expect(found.length).toBeGreaterThan(0);
    for (const { range, message, values } of found) {
      expect(range.offset + range.length).toBeLessThanOrEqual(text.length);
      expect(text.slice(range.offset, range.offset + range.length).trim()).not.toBe('');
      expect([...message.matchAll(/\{(\d)\}/g)].every(m => values?.[Number(m[1])] !== undefined)).toBe(true);
    }
  });
  it.each(silent)('is silent: %s', text => { expect(say(text)).toEqual([]); });
  it('is repaired by each of its fixes', () => {
    for (const text of fires) for (const problem of say(text)) for (const fix of problem.fixes) {
      const machine = parseConfig(text).machines[problem.machine]!;
      const after = withEdits(text, fixEdits(text, machine, fix));
      expect(after, fix.title).not.toBe(text);
      expect(parseConfig(after).problems).toEqual([]);
      // One problem less, of this code; a fix that says "let Vagrant choose" makes it an information.
      const left = say(after);
      expect(left.length < say(text).length || left.some(p => p.severity === 'information'), `${fix.title} ${JSON.stringify(fix.values)}: ${after}`).toBe(true);
    }
  });
});

it('every code has cases, and there are no others', () => {
  expect(Object.keys(cases).sort()).toEqual(checks.map(c => c.code).sort());
});

describe('what others wrote is not complained about', () => {
  const facts = { ...linux, platform: 'win32' as const, takenPorts: new Set<string>(), paths: new Map<string, boolean>() };
  it.each(fs.readdirSync('examples').filter(f => f.endsWith('.gaia.json')))('%s', name => {
    expect(run(fs.readFileSync(`examples/${name}`, 'utf8'), facts).filter(p => p.severity === 'error' || p.severity === 'warning').map(p => [p.code, p.values])).toEqual([]);
  });
});

describe('defaults', () => {
  it('are complained of once, where they stand, and mended there', () => {
    const text = '{"defaults":{"provider":"virtualbox","config":{"box":"a/b","memory":99999,"networks":[{"type":"private_network","ip":"10.0.0.5"}]}},"machines":[{"name":"a"},{"name":"b"}]}';
    const found = run(text).filter(p => p.code === 'memory-beyond-host');
    expect(found).toHaveLength(1);
    expect(text.slice(found[0]!.range.offset, found[0]!.range.offset + 5)).toBe('99999');
    const machine = parseConfig(text).machines[0]!;
    expect(withEdits(text, fixEdits(text, machine, found[0]!.fixes[0]!))).toBe(text.replace('99999', '8192'));
    const range = run(text).find(p => p.code === 'host-only-range')!;
    expect(withEdits(text, fixEdits(text, machine, range.fixes[0]!))).toBe(text.replace('10.0.0.5', '192.168.56.5'));
  });
});

describe('networks.conf', () => {
  const ranges = (...list: string[]) => ({ ...linux, hostOnlyNetworks: parseNetworksConf(list.map(range => `* ${range}`).join('\n')) });
  const out = (facts: HostFacts) => run(networks(inside('10.1.2.3')), facts).filter(p => p.code === 'host-only-range').length;
  it('decides', () => {
    expect(out(ranges('10.0.0.0/8', '192.168.0.0/16'))).toBe(0);
    expect(out(ranges('192.168.0.0/16'))).toBe(1);
    expect(out(ranges())).toBe(1);
  });
  it('does not matter on Windows, on macOS with VirtualBox 7, or before 6.1.28', () => {
    expect(out({ ...linux, platform: 'win32' })).toBe(0);
    expect(out({ ...linux, platform: 'darwin' })).toBe(0);
    expect(out({ ...linux, platform: 'darwin', virtualboxVersion: '6.1.40' })).toBe(1);
    expect(out({ ...linux, virtualboxVersion: '6.1.20' })).toBe(0);
    expect(out({ ...linux, virtualboxVersion: '6.1.28' })).toBe(1);
  });
});

it('without facts, only what the text itself says is said', () => {
  const text = vb({ memory: 999_999, cpus: 128, networks: [forward(80)], synced_folders: [{ host_path: './gone', guest_path: '/x' }] });
  expect(checkConfig(parseConfig(text)).map(p => p.code)).toEqual([]);
});

it('says what has to be looked up', () => {
  const parsed = parseConfig(vb({ networks: [forward(8080, { host_ip: '127.0.0.1' })], synced_folders: [{ host_path: './src', guest_path: '/x' }], custom_config: ['a', 'b'] }));
  expect(wantedFacts(parsed)).toEqual({ ports: [{ protocol: 'tcp', hostIp: '127.0.0.1', port: 8080 }], paths: ['./src'], ruby: ['a\nb'] });
});

it('never throws, whatever stands where', () => {
  const junk = [null, 7, 'x', [], {}, [null], [[]], [{}], { type: [] }, true];
  for (const value of junk) for (const key of ['box', 'networks', 'synced_folders', 'provisioners', 'provider_config', 'cloud_init', 'clone_from', 'custom_config', 'disk_size', 'memory', 'disks', 'hostname', 'tags', 'name'])
    for (const provider of ['virtualbox', 'wsl', 'hyperv', 'proxmox', '']) checkConfig(parseConfig(JSON.stringify({ name: 'a', provider, config: { [key]: value } })), linux);
});

it('an origin template is read and has no error', () => {
  const { json } = yamlToJson('name: t\nprovider: virtualbox\nconfig:\n  box: debian/bookworm64\n  provider_config:\n    natdnshostresolver1: "on"\n    natdnsproxy1: "on"\n');
  expect(run(json!).filter(p => p.severity === 'error' || p.severity === 'warning')).toEqual([]);
});

describe('what is wrong inside of a text', () => {
  const marked = (literal: string, problems: readonly { offset: number; length: number }[]): string[] => {
    const source = JSON.parse(literal) as unknown;
    const ruby = new Map([[Array.isArray(source) ? source.filter(line => typeof line === 'string').join('\n') : String(source), problems.map(one => ({ ...one, message: 'no' }))]]);
    const text = `{ "name": "m", "provider": "virtualbox", "config": { "box": "b", "custom_config": ${literal} } }`;
    return run(text, { ruby }).filter(one => one.code === 'invalid-ruby').map(({ range }) => text.slice(range.offset, range.offset + range.length));
  };
  it.each([
    ['a plain text', '"ab cd"', [{ offset: 3, length: 2 }], ['cd']],
    ['escapes before it', String.raw`"\"\u0041\n\\cd"`, [{ offset: 4, length: 2 }], ['cd']],
    ['an escape itself', String.raw`"a\u0041b"`, [{ offset: 1, length: 1 }], [String.raw`\u0041`]],
    ['a pair of surrogates', '"😀cd"', [{ offset: 2, length: 2 }], ['cd']],
    ['the end of the text', '"ab"', [{ offset: 2, length: 0 }], ['b']],
    ['a line of a list', '["ab", "cd ef"]', [{ offset: 6, length: 2 }], ['ef']],
    ['a list with what is no text', '["ab", 7, "cd"]', [{ offset: 3, length: 2 }], ['cd']],
    ['the end of a list', '["ab", "cd"]', [{ offset: 5, length: 1 }], ['d']],
    ['a stretch over two lines', '["ab", "cd"]', [{ offset: 1, length: 4 }], ['b']],
    ['several at once', '"ab cd"', [{ offset: 0, length: 2 }, { offset: 3, length: 2 }], ['ab', 'cd']],
  ])('is marked there: %s', (_, literal, problems, expected) => { expect(marked(literal, problems)).toEqual(expected); });
});
