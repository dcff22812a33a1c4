// A Vagrantfile that Gaia wrote is read back by Gaia's import, wholly, and written again the same.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { generateVagrantfile } from '../../../src/vagrant/generate.ts';
import { importVagrantfile } from '../../../src/vagrant/import.ts';
import { drawnFile } from '../../contract/vagrant/configs.ts';
import { fileText } from '../../contract/vagrant/proof.ts';

const generated = (text: string): string => generateVagrantfile(parseConfig(text)).text;

describe('a generated Vagrantfile', () => {
  it('comes back from the import complete and generates the same text', { timeout: 60_000 }, async () => {
    const files = fc.sample(drawnFile, Number(process.env.GAIA_RUNS ?? 25));
    for (const machines of files) {
      const text = generated(fileText(machines));
      const back = await importVagrantfile(text);
      expect(back.report, text).toEqual([]);
      expect(back.machines.map(one => one.name)).toHaveLength(machines.length);
      expect(generated(back.text)).toBe(text);
    }
  });

  it('comes back the same where its machines have most in common, which is then said once', { timeout: 60_000 }, async () => {
    for (const [one] of fc.sample(drawnFile.filter(machines => machines.length > 0), Number(process.env.GAIA_RUNS ?? 25))) {
      if (!one) continue;
      const { hostname: _, ...bare } = one.config;
      const text = generated(fileText([{ ...one, name: 'a' }, { ...one, name: 'b', config: bare }, { ...one, name: 'c' }]));
      const back = await importVagrantfile(text);
      expect(parseConfig(back.text).machines.map(machine => machine.config)).toEqual(back.machines.map(machine => machine.config));
      expect(generated(back.text)).toBe(text);
    }
  });

  it('of Proxmox VE is still no container where a template for containers stands beside it', async () => {
    const text = generated(JSON.stringify({ name: 'a', provider: 'proxmox', config: { box: 'x', provider_config: { vm_type: 'qemu', openvz_os_template: 'local:t' } } }));
    expect(text).toContain(':qemu');
    expect(generated((await importVagrantfile(text)).text)).toBe(text);
  });

  it('keeps comments, custom_config and Vagrant\'s own settings', async () => {
    const config = `{
  "machines": [
    // The front.
    { "name": "web", "provider": "virtualbox", "config": {
      // Pinned for the tests.
      "box": "debian/bookworm64",
      "memory": 2048, // enough
      "networks": [
        // The site.
        { "type": "forwarded_port", "guest_port": 80, "host_port": 8080 }
      ],
      "vagrant": { "ssh": { "forward_agent": true }, "plugins": { "vagrant-vbguest": { "vbguest": { "auto_update": false } } }, "providers": { "libvirt": { "memory": 1024 } }, "customize": [["setextradata", ":id", "a", "b"]] },
      "triggers": [
        // Before it goes.
        { "before": ["halt", "destroy"], "info": "Saving", "run_remote": { "inline": ["sync", "echo \\"#{saved}\\""] } },
        { "after": "up", "on_error": "continue", "run": { "inline": "echo up" } }
      ],
      "custom_config": ["config.trigger.before :up do |t|", "  t.ruby do |env, machine|", "    puts machine.id", "  end", "end"]
    } },
    { "name": "db", "provider": "hyperv", "config": { "box": "b", "custom_config": "config.trigger.after :up do |t| t.warn = RUBY_PLATFORM end" } }
  ]
}`;
    const text = generated(config);
    for (const comment of ['# The front.', '# Pinned for the tests.', '# The site.', '# Before it goes.']) expect(text).toContain(comment);
    expect(text).toMatch(/vb\.memory = 2048 # enough/);
    expect(text).toContain(`    # Before it goes.
    config.trigger.before :halt, :destroy do |trigger|
      trigger.info       = "Saving"
      trigger.run_remote = { inline: <<~'SHELL' }
        sync
        echo "#{saved}"
      SHELL
    end
    config.trigger.after :up do |trigger|
      trigger.on_error = :continue
      trigger.run      = { inline: "echo up" }
    end
`);
    const back = await importVagrantfile(text);
    expect(generated(back.text)).toBe(text);
    expect(back.nothingLost).toBe(true);
  });
});
