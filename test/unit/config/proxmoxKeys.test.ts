// Every key of provider_config that the Proxmox provider takes for itself is offered, explained and checked by the schema.
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../../src/config/check.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { optionKeys, propertyAt } from '../../../src/config/schema.ts';
import { validateConfig } from '../../../src/config/validate.ts';
import { generateVagrantfile } from '../../../src/vagrant/generate.ts';

const source = fs.readFileSync('src/providers/proxmox/options.ts', 'utf8');
const words = (start: RegExp): string[] => [...(start.exec(source)?.[1] ?? '').matchAll(/'?([a-z_]+)'?\s*[,:\]]|'([a-z_]+)'$/g)].map(one => one[1] ?? one[2] ?? '');
const own = words(/const own = new Set\(\[([^]*?\])/);
const aliases = [...(/const aliases[^{]*\{([^]*?)\n\}/.exec(source)?.[1] ?? '').matchAll(/^ {2}([a-z_]+):/gm)].map(one => one[1] ?? '');

describe('the keys of provider_config for Proxmox VE', () => {
  it('are found in the provider', () => {
    expect(own.length).toBeGreaterThan(30);
    expect(aliases.length).toBeGreaterThan(10);
  });
  it('are all in the schema, each with a word, an example and what holds without it', () => {
    expect([...own, ...aliases, 'type'].filter(key => !(key in optionKeys.proxmox))).toEqual([]);
    for (const [key, schema] of Object.entries(optionKeys.proxmox)) {
      expect(schema.markdownDescription, key).toBeTruthy();
      expect(schema.examples?.length, key).toBeGreaterThan(0);
      expect(schema.default !== undefined || schema['x-default'] !== undefined, key).toBe(true);
    }
  });
  const problems = (options: object): string[] => {
    const parsed = parseConfig(JSON.stringify({ name: 'm', provider: 'proxmox', config: { clone_from: 'x', provider_config: options } }));
    return [...validateConfig(parsed), ...checkConfig(parsed)].map(one => one.code);
  };
  it('take what the examples say and refuse what cannot be', () => {
    for (const [key, { examples = [] }] of Object.entries(optionKeys.proxmox)) for (const example of examples) expect(problems({ [key]: example }).filter(code => code !== 'secret-in-file'), `${key}: ${JSON.stringify(example)}`).toEqual([]);
    for (const wrong of [{ type: 'vm' }, { disk_bus: 'nvme' }, { disk_format: 'vdi' }, { mac: 'xx' }, { tpm: 'yes' }, { nested: 1 }, { memory: 'much' }]) expect(problems(wrong), JSON.stringify(wrong)).toContain('schema');
  });
  it('are told when misspelt', () => {
    for (const slip of ['ostemplat', 'disk_buss', 'make_templat', 'efi_storag', 'discrad']) expect(problems({ [slip]: 'x' }), slip).toContain('misspelt-option');
  });
  it('have values to choose from at their place', () => {
    expect(propertyAt({ provider: 'proxmox', config: {} }, ['config', 'provider_config', 'type'])?.enum).toContain('lxc');
  });
});

describe('a container in a Vagrantfile', () => {
  it('is what the plugin calls openvz', () => {
    const { text } = generateVagrantfile(parseConfig(JSON.stringify({ name: 'ct', provider: 'proxmox', config: { provider_config: { type: 'lxc', ostemplate: 'local:vztmpl/debian-12.tar.zst', memory: 1024, nested: true } } })));
    expect(text).toContain('vm_type            = :openvz');
    expect(text).toContain('vm_memory          = 1024');
    expect(text).toContain('openvz_os_template = "local:vztmpl/debian-12.tar.zst"');
  });
});
