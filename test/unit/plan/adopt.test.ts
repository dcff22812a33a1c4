// To which names of a file an existing machine may be given.
import { describe, expect, it } from 'vitest';
import { adoptable } from '../../../src/config/plan/adopt.ts';
import type { World } from '../../../src/config/plan/whereabouts.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Machine, MachineId } from '../../../src/machines/machine.ts';
import type { Provider } from '../../../src/machines/provider.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { gatherPlan, worldOf } from '../../../src/ui/plan/gather.ts';

const spec: MachineSpec = { name: 'web', provider: 'proxmox', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} };
const id = machineId('proxmox', 'home', 'qemu/100');
const machine: Machine = { id, name: 'web', kind: 'vm', state: 'stopped', providerState: 'stopped' };
const bound = (to: MachineId): ReadonlyMap<string, MachineId> => new Map([['web', to]]);

describe('a name of a file', () => {
  const world = (machines: readonly Machine[] | undefined): World => ({ machinesOf: () => machines, planningOf: () => 'basic' });

  it('may be given a machine when it has none, or when its own is surely gone', () => {
    expect(adoptable([spec], new Map(), world([machine]))).toMatchObject([{ kind: 'free' }]);
    expect(adoptable([spec], bound(id), world([]))).toMatchObject([{ kind: 'free' }]);
  });

  it('keeps the one it has', () => {
    expect(adoptable([spec], bound(id), world([machine]))).toMatchObject([{ kind: 'own', machine: { id } }]);
  });

  it('keeps the one that may be where nobody answers, and says why', () => {
    expect(adoptable([spec], bound(id), world(undefined))).toMatchObject([{ kind: 'blocked', why: { reason: expect.stringContaining('did not answer') as string, values: ['proxmox'] } }]);
    const why = { reason: 'Timed out.', values: [], actions: [{ title: 'Connect', command: 'x' }] };
    expect(adoptable([spec], bound(id), { ...world(undefined), whyNot: () => why })).toMatchObject([{ kind: 'blocked', why }]);
    expect(adoptable([spec], bound(id), { ...world([]), hasConnection: (_, connection) => connection !== 'home' })).toMatchObject([{ kind: 'blocked', why: { values: ['web', 'proxmox (home)'], actions: [{ command: 'gaia.connection.add' }] } }]);
    expect(adoptable([spec], bound(machineId('virtualbox', 'local', '1')), { ...world([]), planningOf: one => (one === 'virtualbox' ? undefined : 'basic'), isHidden: one => one === 'virtualbox' })).toMatchObject([{ kind: 'blocked', why: { values: ['web', 'virtualbox'], actions: [{ command: 'workbench.action.openSettings' }] } }]);
  });
});

describe('the fleet, for a plan and for adopting', () => {
  const setUp = async (list: (connection: string) => readonly Machine[]) => {
    const registry = new ProviderRegistry();
    const open = (connection: string) => registry.register({ id: 'proxmox', label: 'Proxmox VE', connection: { id: connection, label: connection }, list: async () => list(connection) } as unknown as Provider);
    const home = open('home');
    open('work');
    const fleet = new Fleet(registry, { listTimeoutMs: () => 1000 });
    await fleet.refresh();
    return { registry, fleet, home };
  };
  const text = JSON.stringify({ name: 'web', provider: 'proxmox', config: { clone_from: 'base', connection: 'work' } });
  const plan = async ({ registry, fleet }: Awaited<ReturnType<typeof setUp>>) => (await gatherPlan(registry, fleet, text, bound(id), new AbortController().signal)).plan.steps.find(step => step.name === 'web');

  it('tells a connection that is gone from one that fails, and from a machine that is gone', async () => {
    let answer: readonly Machine[] | undefined = [machine];
    const all = await setUp(connection => {
      if (connection === 'work') return [];
      if (!answer) throw new Error('down');
      return answer;
    });
    const { registry, fleet, home } = all;
    const now = () => adoptable([spec], bound(id), worldOf(registry, fleet));
    expect(now()).toMatchObject([{ kind: 'own' }]);
    expect(await plan(all)).toMatchObject({ kind: 'blocked', machine: { id } });

    answer = undefined;
    await fleet.refresh({ fresh: true });
    expect(fleet.machine(id), 'the tree keeps what it knew').toMatchObject({ stale: true });
    expect(now()).toMatchObject([{ kind: 'blocked' }]);
    expect(await plan(all)).toMatchObject({ kind: 'blocked' });

    answer = [];
    await fleet.refresh({ fresh: true });
    expect(now()).toMatchObject([{ kind: 'free' }]);
    expect(await plan(all)).toMatchObject({ kind: 'create' });

    home.dispose();
    expect(now()).toMatchObject([{ kind: 'blocked', why: { values: ['web', 'proxmox (home)'] } }]);
    expect(await plan(all)).toMatchObject({ kind: 'blocked', values: ['web', 'proxmox (home)'] });
  });
});
