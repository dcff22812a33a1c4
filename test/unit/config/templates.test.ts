// The built-in templates and the examples: valid, without a complaint, and what their names say.
import * as fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkConfig, type HostFacts } from '../../../src/config/check.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { machineSpec } from '../../../src/config/spec.ts';
import { validateConfig } from '../../../src/config/validate.ts';
import { jsonToYaml, yamlToJson } from '../../../src/config/yaml.ts';

const facts: HostFacts = { platform: 'linux', arch: 'x64', cpus: 8, memoryMiB: 32768, takenPorts: new Set(), virtualboxVersion: '7.2.22' };
const folder = 'templates/machines';
const templates = fs.readdirSync(folder).filter(f => f.endsWith('.gaia.json'));
const examples = fs.readdirSync('examples').filter(f => f.endsWith('.gaia.json'));
const read = (file: string) => parseConfig(fs.readFileSync(file, 'utf8'));

describe.each([...templates.map(f => `${folder}/${f}`), ...examples.map(f => `examples/${f}`)])('%s', file => {
  it('is valid and has nothing to complain of', () => {
    const parsed = read(file);
    expect(parsed.problems).toEqual([]);
    expect(validateConfig(parsed)).toEqual([]);
    const complaints = checkConfig(parsed, facts).filter(p => p.severity === 'error' || p.severity === 'warning');
    expect(complaints.map(p => [p.code, p.values])).toEqual([]);
  });

  it('means the same when written as YAML and read again', () => {
    const parsed = read(file);
    const again = yamlToJson(jsonToYaml(parsed.value));
    expect(parseConfig(again.json ?? '').machines.map(machineSpec)).toEqual(parsed.machines.map(machineSpec));
  });
});

it('each template tells what it is, in a first line and in words to search by', () => {
  for (const file of templates) {
    const text = fs.readFileSync(`${folder}/${file}`, 'utf8');
    expect(text, file).toMatch(/^\/\/ \S.*\n\{/);
    const { machines } = parseConfig(text);
    expect(machines.length, file).toBeGreaterThan(0);
    for (const machine of machines) expect(file.startsWith(`${machine.provider}-`), file).toBe(true);
    expect(machines.every(m => Array.isArray(m.config['tags'])), file).toBe(true);
  }
});

it('the templates of the origin ask for what they asked for there', () => {
  const spec = (name: string) => machineSpec(read(`${folder}/${name}.gaia.json`).machines[0]!);
  expect(spec('hyperv-ubuntu')).toMatchObject({ provider: 'hyperv', cpus: 2, memoryMiB: 4096, hostname: 'ubuntu-hyperv', source: { name: 'bento/ubuntu-22.04' }, options: { linked_clone: true, enable_virtualization_extensions: true } });
  expect(spec('hyperv-windows-server')).toMatchObject({ cpus: 4, memoryMiB: 8192, hostname: 'winserver2022', source: { name: 'gusztavvargadr/windows-server-2022-standard' }, options: { vm_integration_services: { vss: true } } });
  expect(spec('proxmox-ubuntu')).toMatchObject({ cpus: 2, memoryMiB: 2048, source: { name: 'generic/ubuntu2204' }, disks: [{ sizeBytes: 32 * 1024 ** 3, storage: 'local-lvm' }], options: { node: 'pve', ostype: 'l26' } });
  expect(spec('virtualbox-debian')).toMatchObject({ cpus: 2, memoryMiB: 2048, source: { name: 'debian/bookworm64' }, options: { natdnshostresolver1: 'on', natdnsproxy1: 'on' }, networks: [{ ip: '192.168.56.15' }] });
  expect(spec('virtualbox-debian').portForwards.map(f => [f.guestPort, f.hostPort])).toEqual([[22, 2223], [80, 8080], [443, 8443]]);
  expect(spec('virtualbox-ubuntu')).toMatchObject({ memoryMiB: 4096, source: { name: 'bento/ubuntu-22.04' }, options: { gui: true, vram: 128, accelerate3d: 'on' }, sharedFolders: [{ hostPath: '.', guestPath: '/vagrant', type: 'virtualbox' }] });
  expect(spec('wsl-ubuntu-dev')).toMatchObject({ name: 'Ubuntu-Dev', source: { kind: 'clone', of: 'Ubuntu' }, providerKeys: { base_distro: 'Ubuntu', install_location: 'C:\\WSL\\Ubuntu-Dev', default_user: 'developer' } });
});
