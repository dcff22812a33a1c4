// What a plan says of the provisioners of a machine that it would make.
import { describe, expect, it } from 'vitest';
import { provisionerRows, whyNotRun } from '../../../src/config/plan/provisioners.ts';
import { planAsText } from '../../../src/config/plan/text.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Machine } from '../../../src/machines/machine.ts';
import type { Provider } from '../../../src/machines/provider.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { stepsOf } from '../../../src/provisioning/steps.ts';
import { gatherPlan } from '../../../src/ui/plan/gather.ts';

const said = (...provisioners: unknown[]): readonly string[] => provisionerRows(provisioners).map(row => `${row.key} | ${row.after ?? ''}`);
const spec: MachineSpec = { name: 'web', provider: 'virtualbox', source: { kind: 'box', name: 'debian/12' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} };

describe('a provisioner as a row of the plan', () => {
  it('is its type, its name, and what it runs or copies', () => {
    expect(said(
      { type: 'shell', path: './setup.sh' }, { type: 'shell', name: 'packages', inline: 'apt-get update' }, { type: 'file', source: './app.conf', destination: '/tmp/app.conf' },
      { type: 'ansible', playbook: 'site.yml' }, { type: 'puppet' }, { type: 'puppet', manifests_path: 'p', manifest_file: 'site.pp' }, { type: 'chef', run_list: ['recipe[nginx]', 'role[web]'] }, { type: 'reload' }, { inline: 'true' },
    )).toEqual([
      'provisioner 1 | shell: ./setup.sh', 'provisioner 2 | shell packages: apt-get update', 'provisioner 3 | file: ./app.conf → /tmp/app.conf',
      'provisioner 4 | ansible: site.yml', 'provisioner 5 | puppet: manifests/default.pp', 'provisioner 6 | puppet: p/site.pp', 'provisioner 7 | chef: recipe[nginx], role[web]', 'provisioner 8 | reload', 'provisioner 9 | shell: true',
    ]);
  });

  it('has one line of a longer script', () => {
    expect(said({ type: 'shell', inline: ['#!/bin/sh', '', '  echo one', 'echo two'] }, { type: 'shell', inline: 'x'.repeat(100) }, { type: 'shell', inline: '' })).toEqual(['provisioner 1 | shell: echo one …', `provisioner 2 | shell: ${'x'.repeat(60)} …`, 'provisioner 3 | shell']);
  });

  it('is there for each that a new machine gets, and for no other', () => {
    const list = [{ type: 'shell', inline: 'a', run: 'never' }, { type: 'shell', inline: 'b', run: 'always' }, { type: 'shell', inline: 'c' }];
    expect(said(...list)).toEqual(['provisioner 2 | shell: b', 'provisioner 3 | shell: c']);
    expect(said(...list).length).toBe(stepsOf(list).length);
    expect([undefined, null, {}, 'x', [null, 1, 'x']].map(one => provisionerRows(one))).toEqual([[], [], [], [], []]);
  });
});

describe('provisioners that will not run', () => {
  it('are said to', () => {
    const shell = [{ type: 'shell', inline: 'a' }];
    expect(whyNotRun(shell, spec)).toBeUndefined();
    expect(whyNotRun([], { ...spec, start: false })).toBeUndefined();
    expect(whyNotRun(shell, { ...spec, start: false })?.reason).toContain('not started');
    expect(whyNotRun(shell, { ...spec, source: { kind: 'empty' } })?.reason).toContain('no system yet');
    expect(whyNotRun([...shell, { type: 'chef' }, { type: 'puppet' }, { type: 'chef' }], spec)).toMatchObject({ values: ['chef, puppet'] });
  });
});

describe('the plan of a file with provisioners', () => {
  it('shows them where a machine is made, and is another plan when they are changed', async () => {
    const registry = new ProviderRegistry();
    let machines: readonly Machine[] = [];
    registry.register({ id: 'virtualbox', label: 'VirtualBox', connection: { id: 'local', label: 'local' }, list: async () => machines, describe: async () => ({ machine: machines[0], disks: [], adapters: [], portForwards: [], sharedFolders: [], snapshots: [], settings: {} }) } as unknown as Provider);
    const fleet = new Fleet(registry, { listTimeoutMs: () => 1000 });
    const plan = async (path: string) => (await gatherPlan(registry, fleet, JSON.stringify({ name: 'web', provider: 'virtualbox', config: { box: 'debian/12', provisioners: [{ type: 'shell', path }, { type: 'salt' }] } }), new Map(machines.map(one => [one.name, one.id])), new AbortController().signal)).plan;
    const first = await plan('a.sh');
    expect(first.steps).toMatchObject([{ kind: 'create', reason: 'Gaia does not run {0}: Vagrant can.', values: ['salt'] }]);
    expect(planAsText(first)).toContain('+     provisioner 1: shell: a.sh\n+     provisioner 2: salt\n');
    expect((await plan('b.sh')).fingerprint).not.toBe(first.fingerprint);
    machines = [{ id: machineId('virtualbox', 'local', '1'), name: 'web', kind: 'vm', state: 'running', providerState: '' }];
    expect((await plan('a.sh')).steps).toMatchObject([{ kind: 'none', differences: [] }]);
  });
});
