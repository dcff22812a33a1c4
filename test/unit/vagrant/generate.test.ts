import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { generateVagrantfile, type GeneratedVagrantfile } from '../../../src/vagrant/generate.ts';

const generate = (text: string): GeneratedVagrantfile => generateVagrantfile(parseConfig(text));
const machine = (config: object, provider = 'virtualbox', name = 'm'): string => JSON.stringify({ name, provider, config }, null, 2);
const body = (text: string): string => generate(text).text.split('\n').slice(4, -2).join('\n');
const codes = (text: string): string[] => generate(text).problems.map(problem => problem.code);

describe('the Vagrantfile', () => {
  it('is what a Ruby developer would have written', () => {
    expect(generate(`// The reverse proxy.
{
  "name": "my-web",
  "provider": "virtualbox",
  "config": {
    "box": "bento/ubuntu-22.04",
    "hostname": "web", // also in DNS
    "cpus": 2,
    "memory": 4096,
    "disk_size": 32768,
    "networks": [
      { "type": "private_network", "ip": "192.168.56.10" },
      // For the browser.
      { "type": "forwarded_port", "guest_port": 80, "host_port": 8080 },
      { "type": "forwarded_port", "guest_port": 22, "host_port": 2222 }
    ],
    "synced_folders": [{ "host_path": "./site", "guest_path": "/srv/site", "type": "rsync", "rsync__exclude": [".git/"] }],
    "provisioners": [
      { "type": "shell", "inline": ["apt-get update", "apt-get install -y nginx"], "env": { "STAGE": "dev" } },
      { "type": "ansible", "playbook": "site.yml", "become": true, "groups": { "web": ["my-web"] } }
    ],
    "provider_config": { "gui": false, "linked_clone": true, "vram": 128, "accelerate3d": true }
  }
}`).text).toBe(`# -*- mode: ruby -*-
# vi: set ft=ruby :

Vagrant.configure("2") do |config|
  # The reverse proxy.
  config.vm.define "my-web"

  config.vm.box      = "bento/ubuntu-22.04"
  config.vm.hostname = "web" # also in DNS

  config.vm.network "private_network", ip: "192.168.56.10"
  # For the browser.
  config.vm.network "forwarded_port", guest: 80, host: 8080
  config.vm.network "forwarded_port", guest: 22, host: 2222, id: "ssh"

  config.vm.synced_folder "./site", "/srv/site", type: "rsync", rsync__exclude: [".git/"]

  config.vm.disk :disk, size: "32GB", primary: true

  config.vm.provider "virtualbox" do |vb|
    vb.name         = "my-web"
    vb.cpus         = 2
    vb.memory       = 4096
    vb.linked_clone = true
    vb.customize ["modifyvm", :id, "--vram", "128"]
    vb.customize ["modifyvm", :id, "--graphicscontroller", "vmsvga", "--accelerate3d", "on"]
  end

  config.vm.provision "shell", env: { "STAGE" => "dev" }, inline: <<~SHELL
    apt-get update
    apt-get install -y nginx
  SHELL
  config.vm.provision "ansible" do |ansible|
    ansible.playbook = "site.yml"
    ansible.become   = true
    ansible.groups   = { "web" => ["my-web"] }
  end
end
`);
  });

  it('gives each machine of a file a block of its own, named after it where Ruby allows', () => {
    const text = generate(JSON.stringify({ machines: [
      { name: 'web-1', provider: 'virtualbox', config: { box: 'a' } },
      { name: 'end', provider: 'hyperv', config: { box: 'b', cpus: 2 } },
      { name: 'c', provider: 'proxmox', config: { custom_config: 'config.vm.boot_timeout = 600' } },
    ] })).text;
    expect(text).toContain('  config.vm.define "web-1" do |web_1|\n    web_1.vm.box = "a"\n');
    expect(text).toContain('  config.vm.define "end" do |machine|\n    machine.vm.box = "b"\n\n    machine.vm.provider "hyperv" do |h|\n      h.vmname = "end"\n      h.cpus   = 2\n    end\n  end\n');
    expect(text).toContain('  config.vm.define "c" do |config|\n');
    expect(text).toContain('\n    config.vm.boot_timeout = 600\n  end\nend\n');
  });

  it('never holds a secret', () => {
    const text = machine({
      synced_folders: [{ host_path: '.', guest_path: '/x', type: 'smb', smb_username: 'me', smb_password: 'hunter2' }],
      provisioners: [{ type: 'shell', inline: 'true', env: { DB_PASSWORD: 'hunter2' } }, { type: 'ansible', playbook: 'p', extra_vars: { api_token: 'hunter2' } }],
      provider_config: { password: 'hunter2' }, vagrant: { winrm: { password: 'hunter2' } },
    }, 'proxmox');
    expect(generate(text).text).not.toContain('hunter2');
    expect(generate(text).text).toContain('env: { "DB_PASSWORD" => ENV["DB_PASSWORD"] }');
    expect(generate(text).text).toContain('proxmox.password  = ENV["PROXMOX_PASSWORD"]');
    expect(codes(text).filter(code => code === 'vagrant.secret')).toHaveLength(5);
  });

  it('does not move custom_config that holds a heredoc', () => {
    const custom = 'config.vm.provision "shell", inline: <<-EOF\n  one\n    two\nEOF';
    expect(generate(machine({ custom_config: custom })).text).toContain(`\n${custom}\n`);
  });

  it('takes data that looks like the encoder\'s own forms for data', () => {
    expect(body(machine({ provisioners: [{ type: 'chef', json: { ruby: 'env', name: 'HOME', form: { ruby: 'symbol' } } }] }))).toContain('chef.json = { "ruby" => "env", "name" => "HOME", "form" => { "ruby" => "symbol" } }');
  });

  it('stands a config that holds anything anywhere', () => {
    for (const config of [{ networks: 7, synced_folders: [1, null, 'x'], provisioners: {}, provider_config: [], cpus: 'x', disks: [{}], cloud_init: 3, vagrant: 'x', custom_config: 5 }, null, [], 'x']) {
      expect(() => generate(JSON.stringify({ name: 1, provider: null, config }))).not.toThrow();
    }
  });

  it('renders one machine when one machine changes', () => {
    const many = (memory: number): string => JSON.stringify({ machines: Array.from({ length: 1000 }, (_, at) => ({ name: `m${String(at)}`, provider: 'virtualbox', config: { box: 'b', memory: at === 500 ? memory : 1024, networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 10000 + at }] } })) });
    const cold = performance.now();
    const first = parseConfig(many(1024));
    generateVagrantfile(first);
    const before = performance.now();
    const parsed = parseConfig(many(2048));
    const start = performance.now();
    const made = generateVagrantfile(parsed);
    const warm = performance.now() - start;
    expect(made.text).toContain('m500.vm.provider');
    expect(made.text).toContain('memory = 2048');
    expect(warm).toBeLessThan((before - cold) / 2);
  });
});

describe('the source map', () => {
  const text = `{
  "defaults": { "provider": "virtualbox", "config": { "box": "debian/bookworm64" } },
  "machines": [
    { "name": "a", "config": { "memory": 1024, "provisioners": [{ "type": "shell", "inline": ["one", "two"] }] } },
    { "name": "b", "config": { "memory": 2048, "provider_config": { "gui": false, "vram": 16 } } }
  ]
}`;
  const { text: ruby, sourceMap } = generate(text);
  const lines = ruby.split('\n');
  const at = (part: string, nth = 0): number => text.split(part).slice(0, nth + 1).join(part).length + 1;
  const shown = (offset: number): string[] => sourceMap.linesAt(offset).map(range => lines.slice(range.start, range.end + 1).join('\n').trim());

  it('leads from a key or its value to its lines', () => {
    expect(shown(at('2048'))).toEqual(['vb.memory = 2048']);
    expect(shown(at('"memory": 1024'))).toEqual(['vb.memory = 1024']);
    expect(shown(at('"two"'))[0]).toMatch(/^a\.vm\.provision "shell", inline: <<~SHELL\n\s+one\n\s+two\n\s+SHELL$/);
  });

  it('leads from a default to its lines in every machine', () => {
    expect(shown(at('debian/'))).toEqual(['a.vm.box = "debian/bookworm64"', 'b.vm.box = "debian/bookworm64"']);
  });

  it('leads from what is left out, being Vagrant\'s default, to what it stands in', () => {
    expect(shown(at('"gui"'))[0]).toContain('--vram');
  });

  it('leads from each line back to the value it came from', () => {
    const back = (part: string): unknown => sourceMap.placeAt(lines.findIndex(line => line.includes(part)))?.path;
    expect(back('vb.memory = 2048')).toEqual(['machines', 1, 'config', 'memory']);
    expect(back('--vram')).toEqual(['machines', 1, 'config', 'provider_config', 'vram']);
    expect(back('    two')).toEqual(['machines', 0, 'config', 'provisioners', 0]);
    expect(back('config.vm.define "b"')).toEqual(['machines', 1, 'name']);
    expect(sourceMap.placeAt(0)).toBeUndefined();
    const box = sourceMap.placeAt(lines.findIndex(line => line.includes('b.vm.box')));
    expect(text.slice(box?.range?.offset, (box?.range?.offset ?? 0) + (box?.range?.length ?? 0))).toBe('"box": "debian/bookworm64"');
  });

  it('is exact both ways for every region', () => {
    for (const entry of sourceMap.entries()) {
      expect(entry.end).toBeGreaterThanOrEqual(entry.start);
      if (!entry.range || entry.path.length < 4) continue;
      const inner = sourceMap.linesAt(entry.range.offset + 1);
      expect(inner.some(range => range.start >= entry.start && range.end <= entry.end), entry.path.join('.')).toBe(true);
    }
  });
});

describe('what Vagrant cannot bear', () => {
  const two = (a: object, b: object): object => ({ networks: [{ type: 'forwarded_port', guest_port: 1, host_port: 8080, ...a }, { type: 'forwarded_port', guest_port: 2, host_port: 8080, ...b }] });
  const folders = (...guests: string[]): object => ({ synced_folders: guests.map((guest_path, at) => ({ host_path: `h${String(at)}`, guest_path })) });
  const steps = (...names: string[]): object => ({ provisioners: names.map(name => ({ type: 'shell', name, inline: '1' })) });
  const both = (...names: string[]): string => JSON.stringify({ machines: names.map(name => ({ name, provider: 'virtualbox', config: {} })) });
  /** Each code: files in which it is said, and near ones in which it is not. */
  const cases: Readonly<Record<string, { readonly fires: readonly string[]; readonly silent: readonly string[] }>> = {
    'vagrant.nulInName': { fires: [machine({}, 'virtualbox', 'a\0b')], silent: [machine({}, 'virtualbox', 'a b')] },
    'vagrant.name': { fires: [machine({}, 'virtualbox', 'a/b'), machine({}, 'virtualbox', '..')], silent: [machine({}, 'virtualbox', 'ü ber')] },
    'vagrant.nameOnWindows': { fires: [machine({}, 'virtualbox', 'a:b')], silent: [machine({}, 'virtualbox', 'a-b')] },
    'vagrant.hostname': { fires: [machine({ hostname: 'a_b' })], silent: [machine({ hostname: 'web-1.example' }), machine({ hostname: 'A_B', base_distro: 'x' }, 'wsl')] },
    'vagrant.samePort': { fires: [machine(two({}, {}))], silent: [machine(two({ protocol: 'udp' }, {})), machine(two({ host_ip: '127.0.0.1' }, {})), machine(two({ id: 'x' }, {}))] },
    'vagrant.port': { fires: [machine(two({}, { host_port: 70000 }))], silent: [machine(two({}, { host_port: 65535 }))] },
    'vagrant.sameGuestPath': { fires: [machine(folders('/x', '/x/'))], silent: [machine(folders('/x', '/y'))] },
    'vagrant.nulInPath': { fires: [machine({ synced_folders: [{ host_path: '\0', guest_path: '/x' }] })], silent: [machine(folders('/x', '/y'))] },
    'vagrant.sameProvisioner': { fires: [machine(steps('a', 'a'))], silent: [machine(steps('a', 'b')), machine({ provisioners: [{ type: 'shell', inline: '1' }, { type: 'shell', inline: '2' }] })] },
    'vagrant.noCharacter': { fires: [machine({ box: '\ud800' }), machine({ box: 'b' }, 'virtualbox', 'a\udfff')], silent: [machine({ box: '😀' })] },
    'vagrant.endOfProgram': { fires: [machine({ custom_config: 'a = 1\n__END__\n' }), machine({ custom_config: 'a = 1\u0004' })], silent: [machine({ custom_config: 'a = "__END__"' })] },
    'vagrant.diskSize': { fires: [machine({ disk_size: 'big' })], silent: [machine({ disk_size: '64G' }), machine({ disk_size: 4096 })] },
    'vagrant.noEquivalent': { fires: [...['private_network', 'public_network'].map(type => machine({ box: 'a', networks: [{ type, ip: '192.168.56.9', gateway: '192.168.56.1' }] })), machine({ generation: 2 }, 'hyperv'), machine({ iso: 'a.iso' }), machine({ triggers: [{ before: 'up', info: 'x', colour: 'red' }] })], silent: [machine({ box: 'a' }, 'hyperv'), machine({ iso: 'local:iso/a.iso' }, 'proxmox')] },
    'vagrant.settingName': { fires: [machine({ vagrant: { ssh: { 'a b': 1 } } })], silent: [machine({ vagrant: { ssh: { forward_agent: true } } })] },
    'vagrant.secret': { fires: [machine({ provisioners: [{ type: 'shell', inline: 'x', env: { API_TOKEN: 'hunter2' } }] }), machine({ triggers: [{ before: 'up', run_remote: { inline: 'x', env: { DB_PASSWORD: 'hunter2' } } }] }), machine({ vagrant: { ssh: { password: 'hunter2' } } })], silent: [machine({ vagrant: { ssh: { password: 'vagrant', private_key_path: 'x' } } })] },
    'vagrant.sameMachine': { fires: [both('a', 'a')], silent: [both('a', 'b')] },
  };
  it('has cases for every code that the sources know', () => {
    const folder = path.resolve(import.meta.dirname, '../../../src/vagrant');
    const known = fs.readdirSync(folder).flatMap(file => [...fs.readFileSync(path.join(folder, file), 'utf8').matchAll(/'(vagrant\.[A-Za-z]+)'/g)].map(([, code]) => code));
    expect(Object.keys(cases).sort()).toEqual([...new Set(known)].sort());
  });
  const rows = (kind: 'fires' | 'silent'): [string, string][] => Object.entries(cases).flatMap(([code, one]) => one[kind].map((text): [string, string] => [code, text]));
  it.each(rows('fires'))('is said: %s %s', (code, text) => { expect(codes(text)).toContain(code); });
  it.each(rows('silent'))('is not said: %s %s', (code, text) => { expect(codes(text)).not.toContain(code); });
  it('never lets a secret through', () => {
    for (const text of cases['vagrant.secret']?.fires ?? []) {
      const made = generate(text).text;
      expect(made).not.toContain('hunter2');
      expect(made).toContain('ENV["');
    }
  });

  it('is said where it stands', () => {
    const text = machine(two({}, {}));
    const [problem] = generate(text).problems;
    expect(problem?.path).toEqual(['config', 'networks', 1]);
    expect(JSON.parse(text.slice(problem?.range.offset, (problem?.range.offset ?? 0) + (problem?.range.length ?? 0)))).toMatchObject({ guest_port: 2 });
  });
});

describe('a comment at the name or the provider', () => {
  const text = `{
  // The reverse proxy.
  "name": "web", // in the first rack
  "provider": "virtualbox",
  "config": { "box": "b", "memory": 1024 }
}`;
  it('stands above the machine, alone in its file or not', () => {
    expect(generate(text).text).toContain('  # The reverse proxy.\n  # in the first rack\n  config.vm.define "web"\n');
    expect(generate(`{ "machines": [${text}, { "name": "db", "provider": "virtualbox", "config": {} }] }`).text).toContain('  # The reverse proxy.\n  # in the first rack\n  config.vm.define "web" do |web|\n');
  });
});

describe('settings that are commented out', () => {
  it('do not become comments of the Vagrantfile', () => {
    const text = generate(`{
  "name": "web", "provider": "virtualbox",
  "config": {
    // Small: it only answers pings.
    "memory": 512
    // And if you like:
    // "disk_size": "64G",
    // "networks": [
    //   { "type": "private_network", "ip": "192.168.56.10" }
    // ]
  }
}`).text;
    expect(text).toContain('# Small: it only answers pings.');
    for (const word of ['if you like', 'disk_size', 'networks', '192.168', '# ]']) expect(text).not.toContain(word);
  });
});

describe('a provisioner of a plugin', () => {
  it('keeps its name and its options', () => {
    expect(body(machine({ box: 'b', provisioners: [{ type: 'vai', name: 'inventory', run: 'always', inventory_dir: '.', groups: { web: ['m'] } }] }))).toContain(`  config.vm.provision "inventory", type: "vai", run: "always" do |provisioner|
    provisioner.inventory_dir = "."
    provisioner.groups        = { "web" => ["m"] }
  end`);
  });
});

describe('cloud-init', () => {
  const made = (cloud_init: object): string => body(machine({ box: 'b', cloud_init }));
  it('names the file that the config names, and holds a text that stands there', () => {
    expect(made({ user_data: './user.yaml' })).toContain('config.vm.cloud_init content_type: "text/cloud-config", path: "./user.yaml"');
    expect(made({ user_data: 'first.sh' })).toContain('content_type: "text/x-shellscript", path: "first.sh"');
    expect(made({ user_data: '#!/bin/sh\necho' })).toContain('inline: <<~CLOUD.chomp');
  });
  it('takes keys, and says of files with keys that only Gaia reads them', () => {
    const text = machine({ box: 'b', cloud_init: { user: 'dev', ssh_keys: ['ssh-ed25519 AAAA me', '~/.ssh/id_ed25519.pub'] } });
    expect(body(text)).toContain('ssh-ed25519 AAAA me');
    expect(body(text)).not.toContain('.ssh/');
    expect(generate(text).problems.map(one => [one.code, one.values, one.path])).toEqual([['vagrant.noEquivalent', ['ssh_keys'], ['config', 'cloud_init', 'ssh_keys', 1]]]);
  });
});
