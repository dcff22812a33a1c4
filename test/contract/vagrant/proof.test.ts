// The Vagrant proof, bounded: `node test/contract/vagrant/long.mjs` runs it at length.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';
import { commonKeys, definition, knownProviders, optionKeys, providerKeys, provisionerTypes } from '../../../src/config/schema.ts';
import { generateVagrantfile } from '../../../src/vagrant/generate.ts';
import { parseRuby, rubyProblems } from '../../../src/vagrant/prism.ts';
import { drawnFile, type DrawnMachine } from './configs.ts';
import { hostileText } from './hostile.ts';
import { fileText, prove, readByVagrant } from './proof.ts';
import { differences } from './readback.ts';
import { ruby } from './ruby.ts';

const files = Number(process.env.GAIA_RUNS ?? 60);
const seed = Number(process.env.GAIA_SEED ?? Date.now() % 1_000_000_000);
const generated = (machines: readonly DrawnMachine[]): string => generateVagrantfile(parseConfig(fileText(machines))).text;

describe('generated Vagrantfiles', () => {
  it('are valid Ruby to Prism', { timeout: 120_000 }, async () => {
    const drawn = fc.sample(drawnFile, { numRuns: files * 3, seed });
    for (const machines of drawn) expect(await rubyProblems(generated(machines)), `seed ${String(seed)}: ${generated(machines)}`).toEqual([]);
    console.log(`Vagrant proof: Prism finds ${String(drawn.length)} generated Vagrantfiles (${String(drawn.flat().length)} machines) valid (seed ${String(seed)})`);
  });

  it('are drawn with every key of the language', { timeout: 60_000 }, () => {
    const seen = new Map<string, Set<string>>();
    const note = (where: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const keys = seen.get(where) ?? new Set<string>();
      seen.set(where, keys);
      for (const key of Object.keys(value)) keys.add(key);
    };
    const items = (value: unknown): readonly Record<string, unknown>[] => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);
    for (const { provider, config } of fc.sample(drawnFile, { numRuns: 1500, seed }).flat()) {
      note('config', config);
      note(provider, config.provider_config);
      note('cloudInit', config.cloud_init);
      for (const one of items(config.networks)) note(`${String(one.type).replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())}`, one);
      for (const one of items(config.synced_folders)) note('syncedFolder', one);
      for (const one of items(config.disks)) note('disk', one);
      for (const one of items(config.provisioners)) { note(`provisioner_${String(one.type)}`, one); note('provisioner', one); }
      for (const one of items(config.triggers)) { note('trigger', one); note('triggerRun', one.run); note('triggerRunRemote', one.run_remote); }
    }
    const lacks = (where: string, keys: readonly string[]): string[] => keys.filter(key => !seen.get(where)?.has(key)).map(key => `${where}.${key}`);
    const parts = ['forwardedPort', 'privateNetwork', 'publicNetwork', 'syncedFolder', 'disk', 'trigger', 'triggerRun', 'triggerRunRemote', 'cloudInit', 'provisioner', ...provisionerTypes.map(type => `provisioner_${type}`)];
    // What never reaches a Vagrantfile, and what is tested by itself: raw Ruby, Vagrant's own settings, and the plugin's second words for what has one.
    const apart = /^config\.(iso|image|clone_from|checksum|custom_config|start|description|tags|connection|generation|name|source_distro|tarball|install_location)$|^proxmox\.(?!node|storage|disk_size|ostype|cores|sockets|model|bridge|template)|^hyperv\.(switch|dynamic_memory)$|^virtualbox\.unattended$/;
    expect([...lacks('config', [...Object.keys(commonKeys), ...knownProviders.flatMap(provider => Object.keys(providerKeys[provider]))]), ...knownProviders.flatMap(provider => lacks(provider, Object.keys(optionKeys[provider]))),
      ...parts.flatMap(part => lacks(part, Object.keys(definition(part)?.properties ?? {})))].filter(key => !apart.test(key))).toEqual([]);
  });

  it('let nothing in a text be run', async () => {
    const poison = 'abort("ran")';
    const wrap = fc.tuple(hostileText, hostileText).map(([before, after]) => `${before}"; ${poison}; '#{${poison}}\n${poison}\n${after}`);
    for (const text of fc.sample(wrap, { numRuns: 300, seed })) {
      const config = { box: text, hostname: text, networks: [{ type: 'private_network', ip: text, [text]: text }], provisioners: [{ type: 'shell', inline: [text], env: { [text]: text }, name: text }, { type: 'chef', json: { [text]: [text] } }], provider_config: { [text]: text }, description: text, synced_folders: [{ host_path: text, guest_path: text, [text]: text }], vagrant: { define: { [text]: text } } };
      const ruby_ = generated([{ name: text, provider: 'virtualbox', config }]);
      const { errors, tree } = await parseRuby(ruby_);
      expect(errors, ruby_).toEqual([]);
      const called = calls(tree);
      for (const run of ['abort', '`']) expect(called, `seed ${String(seed)}: ${ruby_}`).not.toContain(run);
    }
  });

  it('would be told apart if a text were run', async () => {
    const called = async (text: string): Promise<readonly string[]> => calls((await parseRuby(text)).tree);
    for (const run of ['abort("ran")', 'x = "#{abort("ran")}"', 'x(inline: <<~A)\n  #{abort("ran")}\nA\n', 'x = `#{abort "ran"}`', 'if y then abort end']) expect(await called(run), run).toContain('abort');
    for (const shell of ['x = `abort`', 'x = `#{y}`', '%x(abort)']) expect(await called(shell), shell).toContain('`');
    for (const held of ['x = \'abort("ran")\'', 'x = "\\#{abort}"', "x(inline: <<~'A')\n  #{abort}\n  abort\nA\n", '# abort']) expect(await called(held), held).not.toContain('abort');
  });

  it.skipIf(!ruby)('are read back by Vagrant as the config says', { timeout: 180_000 }, () => {
    const proof = prove(files, seed);
    console.log(`Vagrant proof: ${String(proof.machines)} machines in ${String(proof.files)} files read back by the real Vagrant: ${String(proof.broken.length)} not loaded, ${String(proof.different.length)} differences (seed ${String(seed)})`);
    expect(proof.broken.map(one => [one.error, one.text])).toEqual([]);
    expect(proof.different.map(({ what, expected, found, text }) => ({ what, expected, found, text }))).toEqual([]);
  });

  it.skipIf(!ruby)('would be told apart if one value were another', () => {
    const machine: DrawnMachine = { name: 'a', provider: 'virtualbox', config: { box: 'b', memory: 1024, networks: [{ type: 'forwarded_port', guest_port: 80, host_port: 8080 }], provisioners: [{ type: 'shell', inline: 'x' }], triggers: [{ before: 'up', info: 'x', run: { inline: 'y' } }], provider_config: { vram: 16 } } };
    const found = readByVagrant([generated([machine])])[0]?.machines?.[0];
    expect(found && differences(machine, found)).toEqual([]);
    for (const change of [{ box: 'c' }, { memory: 1025 }, { networks: [] }, { provisioners: [{ type: 'shell', inline: 'y' }] }, { provider_config: { vram: 17 } }, { triggers: [] }, { triggers: [{ after: 'up', info: 'x', run: { inline: 'y' } }] }, { triggers: [{ before: 'up', info: 'z', run: { inline: 'y' } }] }, { triggers: [{ before: 'up', info: 'x', run: { inline: 'z' } }] }]) {
      expect(found && differences({ ...machine, config: { ...machine.config, ...change } }, found)).not.toEqual([]);
    }
  });

  it.skipIf(!ruby)('replace the implicit forward for SSH by the one that is written', () => {
    const at = (networks: object[]): unknown => readByVagrant([generated([{ name: 'a', provider: 'virtualbox', config: { box: 'b', networks } }])])[0]?.machines?.[0]?.networks.map(one => one.options);
    expect(at([{ type: 'forwarded_port', guest_port: 22, host_port: 2222 }])).toEqual([{ guest: 22, host: 2222, id: 'ssh', protocol: 'tcp' }]);
    expect(at([])).toEqual([{ guest: 22, host: 2222, host_ip: '127.0.0.1', id: 'ssh', auto_correct: true, protocol: 'tcp' }]);
  });
});

/** The names of all methods that are called anywhere in a tree, also inside the interpolations of texts; a backtick for a shell command. */
function calls(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(calls);
  if (typeof node !== 'object' || node === null) return [];
  const type = 'type' in node ? String(node.type) : '';
  const own = type.includes('XString') ? ['`'] : type.includes('Call') && 'name' in node ? [String(node.name)] : [];
  return [...own, ...Object.values(node).flatMap(calls)];
}
