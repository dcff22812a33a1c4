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
