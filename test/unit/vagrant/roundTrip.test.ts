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

  it.each<[string, object, string[]]>([
    ['names a graphics controller that has 3D where the file has none', { vram: 64, accelerate3d: 'on' }, ['"--vram", "64"', '"--graphicscontroller", "vmsvga", "--accelerate3d", "on"']],
    ['in either spelling', { accelerate_3d: 'on' }, ['"--graphicscontroller", "vmsvga", "--accelerate-3d", "on"']],
    ['sets the one that the file names first', { accelerate3d: 'on', vram: 64, graphicscontroller: 'vboxsvga' }, ['"--graphicscontroller", "vboxsvga"', '"--accelerate3d", "on"', '"--vram", "64"']],
    ['also where it is the same', { graphicscontroller: 'vmsvga', accelerate3d: 'on' }, ['"--graphicscontroller", "vmsvga"', '"--accelerate3d", "on"']],
    ['and none without 3D', { accelerate3d: 'off', graphicscontroller: 'none' }, ['"--accelerate3d", "off"', '"--graphicscontroller", "none"']],
  ])('%s, and the same config comes back', async (_what, options, calls) => {
    const text = generated(JSON.stringify({ name: 'a', provider: 'virtualbox', config: { box: 'x', provider_config: options } }));
    expect([...text.matchAll(/vb\.customize \["modifyvm", :id, (.*)\]/g)].map(match => match[1])).toEqual(calls);
    const back = await importVagrantfile(text);
    expect(back.machines[0]?.config.provider_config).toEqual(options);
    expect(generated(back.text)).toBe(text);
  });

  it('keeps a graphics controller that somebody wrote beside more than 3D, or after another', async () => {
    const options = async (...calls: string[]): Promise<unknown> => (await importVagrantfile(`Vagrant.configure("2") { |c| c.vm.provider("virtualbox") { |vb| ${calls.map(words => `vb.customize ["modifyvm", :id, ${words}]`).join('; ')} } }`)).machines[0]?.config.provider_config;
    expect(await options('"--graphicscontroller", "vmsvga", "--accelerate3d", "on", "--vram", "64"')).toEqual({ graphicscontroller: 'vmsvga', accelerate3d: 'on', vram: 64 });
    expect(await options('"--graphicscontroller", "vboxvga"', '"--graphicscontroller", "vmsvga", "--accelerate3d", "on"')).toEqual({ graphicscontroller: 'vmsvga', accelerate3d: 'on' });
    expect(await options('"--graphicscontroller", "vboxsvga", "--accelerate3d", "on"')).toEqual({ graphicscontroller: 'vboxsvga', accelerate3d: 'on' });
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
