// What all machines of a Vagrantfile have in common comes out as the `defaults` of the file, and every machine stays what it was.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { importVagrantfile } from '../../../src/vagrant/import.ts';

const cluster = `# -*- mode: ruby -*-

Vagrant.configure("2") do |config|
  # Everyone runs this.
  config.vm.box = "debian/bookworm64"
  config.vm.provider "virtualbox" do |vb|
    vb.memory = 1024
    vb.linked_clone = true
  end
  config.vm.provision "shell", inline: "apt-get update"

  (1..3).each do |i|
    config.vm.define "node#{i}" do |node|
      node.vm.hostname = "node#{i}"
      node.vm.network "private_network", ip: "192.168.56.#{10 + i}"
      node.vm.provision "shell", inline: "echo node#{i}"
    end
  end
end
`;

describe('the import of a file of several machines', () => {
  it('writes once what all of them have', async () => {
    const { text, machines } = await importVagrantfile(cluster);
    const parsed = parseConfig(text);
    expect(parsed.problems).toEqual([]);
    expect(parsed.defaults).toEqual({ provider: 'virtualbox', config: { box: 'debian/bookworm64', memory: 1024, provisioners: [{ type: 'shell', inline: 'apt-get update' }], provider_config: { linked_clone: true } } });
    expect(parsed.machines.map(one => one.own)).toEqual([1, 2, 3].map(i => ({ hostname: `node${String(i)}`, networks: [{ type: 'private_network', ip: `192.168.56.${String(10 + i)}` }], provisioners: [{ type: 'shell', inline: `echo node${String(i)}` }] })));
    expect(parsed.machines.map(one => one.config)).toEqual(machines.map(one => one.config));
    expect(text).toContain('\n      // Everyone runs this.\n      "box"');
    expect(text.match(/debian/g)).toHaveLength(1);
  });

  it('leaves with a machine what one of them says otherwise, and the comment that is one machine\'s', async () => {
    const { text } = await importVagrantfile(`Vagrant.configure("2") do |config|
  config.vm.define "web" do |web|
    web.vm.box = "debian/bookworm64"
    # Needed by the shop.
    web.vm.hostname = "same.example"
    web.vm.synced_folder "./src", "/srv/app", owner: "www-data"
    web.ssh.forward_agent = true
  end
  config.vm.define "db" do |db|
    db.vm.box = "debian/bookworm64"
    db.vm.hostname = "same.example"
    db.vm.synced_folder "./src", "/srv/app", owner: "www-data"
    db.ssh.forward_agent = true
    db.vm.network "forwarded_port", guest: 5432, host: 5432
  end
end
`);
    const parsed = parseConfig(text);
    expect(Object.keys(parsed.defaults?.['config'] ?? {})).toEqual(['box', 'synced_folders', 'vagrant']);
    expect(parsed.machines.map(one => Object.keys(one.own))).toEqual([['hostname'], ['hostname', 'networks']]);
    expect(text).toContain('// Needed by the shop.');
  });

  it('takes nothing out where that makes the text no shorter, or where the defaults would mean something else', async () => {
    const two = (a: string, b: string): string => `Vagrant.configure("2") do |config|\n  config.vm.define "a" do |m|\n    ${a}\n  end\n  config.vm.define "b" do |m|\n    ${b}\n  end\nend\n`;
    const small = await importVagrantfile(two('m.vm.box = "x/y"', 'm.vm.box = "x/y"'));
    expect(parseConfig(small.text).defaults).toBeUndefined();
    // A version belongs to the box: a machine with a box of its own takes none from the defaults.
    const long = '">= 20240101.1.0, < 20250101.0.0, != 20240202.0.0, != 20240303.0.0, != 20240404.0.0, != 20240505.0.0"';
    const versions = await importVagrantfile(two(`m.vm.box = "x/y"; m.vm.box_version = ${long}`, `m.vm.box = "x/z"; m.vm.box_version = ${long}`));
    expect(parseConfig(versions.text).machines.map(one => one.config['box_version'])).toEqual(versions.machines.map(one => one.config['box_version']));
    expect(parseConfig(versions.text).defaults).toBeUndefined();
  });
});
