// What "New Machine" writes.
import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../../src/config/check.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { machineSource } from '../../../src/config/spec.ts';
import { validateConfig } from '../../../src/config/validate.ts';
import { configText, type NewMachine } from '../../../src/ui/commands/newConfigText.ts';

const made: readonly [NewMachine, string][] = [
  [{ provider: 'virtualbox', source: { kind: 'box', value: 'a/b' }, name: 'web', cpus: 2, memory: 2048 }, 'box'],
  [{ provider: 'hyperv', source: { kind: 'image', value: './a "b".vhdx' }, name: 'My machine', cpus: 2, memory: 2048 }, 'image'],
  [{ provider: 'wsl', source: { kind: 'base_distro', value: 'Ubuntu' }, name: 'dev' }, 'distribution'],
  [{ provider: 'wsl', source: { kind: 'tarball', value: 'C:\\a.tar' }, name: 'dev' }, 'tarball'],
  [{ provider: 'proxmox', source: { kind: 'clone_from', value: '9000' }, name: 'web', cpus: 1, memory: 1024 }, 'clone'],
];

describe.each(made)('%j', (machine, kind) => {
  const parsed = parseConfig(configText(machine));
  it('is a file without a complaint, that says what was asked for', () => {
    expect(parsed.problems).toEqual([]);
    expect(validateConfig(parsed)).toEqual([]);
    expect(checkConfig(parsed).filter(p => p.severity === 'error' || p.severity === 'warning')).toEqual([]);
    expect(parsed.machines[0]).toMatchObject({ name: machine.name, provider: machine.provider });
    expect(machineSource(parsed.machines[0]!).kind).toBe(kind);
  });

  it('is still one with all its ideas taken', () => {
    const all = configText(machine).replaceAll(/^( +)\/\/ (?="|\{|\]| {2})/gm, '$1');
    const taken = parseConfig(all);
    expect(taken.problems).toEqual([]);
    expect(Object.keys(taken.machines[0]!.config).length).toBeGreaterThan(Object.keys(parsed.machines[0]!.config).length);
    expect(validateConfig(taken)).toEqual([]);
    expect(checkConfig(taken).filter(p => p.severity === 'error')).toEqual([]);
  });
});
