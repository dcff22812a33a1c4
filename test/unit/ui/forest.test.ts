import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import type { Machine, MachineState } from '../../../src/machines/machine.ts';
import { machineId } from '../../../src/machines/machine.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { parseFilter } from '../../../src/ui/tree/filter.ts';
import { Forest } from '../../../src/ui/tree/forest.ts';
import type { Grouping } from '../../../src/ui/tree/forest.ts';
import type { Node } from '../../../src/ui/tree/nodes.ts';
import type { FakeProvider } from '../machines/builders.ts';
import { aMachine, aProvider } from '../machines/builders.ts';

let registry: ProviderRegistry;
let fleet: Fleet;
beforeEach(() => {
  registry = new ProviderRegistry();
  fleet = new Fleet(registry, { listTimeoutMs: () => 1000 });
});
afterEach(() => { fleet.dispose(); });

function label(node: Node): string {
  switch (node.kind) {
    case 'connection': return node.provider.label;
    case 'group': return `${node.label} (${String(node.count)})`;
    case 'machine': return node.machine.name;
    case 'snapshot': return node.snapshot.name;
    case 'notice': return `! ${node.notice.label}`;
  }
}

type Drawn = string | readonly [string, ...Drawn[]];
function drawn(forest: Forest, nodes: readonly Node[] = forest.roots()): Drawn[] {
  return nodes.map(node => {
    const below = drawn(forest, forest.children(node));
    return below.length === 0 ? label(node) : [label(node), ...below];
  });
}

async function forestOf(provider: FakeProvider, grouping: Grouping = 'provider', filter = ''): Promise<Forest> {
  registry.register(provider);
  await fleet.refresh();
  return new Forest(fleet, { grouping, matches: parseFilter(filter) });
}

const lab = aMachine('web 10', { path: ['lab'], state: 'running', tags: ['front'] });
const lab2 = aMachine('web 9', { path: ['lab'], tags: ['front', 'old'] });
const deep = aMachine('db', { path: ['lab', 'data'] });
const loose = aMachine('alone', { state: 'running' });

describe('the tree', () => {
  it('puts machines into their folders, numbers in order, folders first', async () => {
    expect(drawn(await forestOf(aProvider([lab, lab2, deep, loose])))).toEqual([['Fake', ['lab (3)', ['data (1)', 'db'], 'web 9', 'web 10'], 'alone']]);
  });

  it('groups by state, group or tag', async () => {
    const forest = await forestOf(aProvider([lab, lab2, deep, loose]), 'state');
    expect(drawn(forest)).toEqual([['Running (2)', 'alone', 'web 10'], ['Stopped (2)', 'db', 'web 9']]);
    forest.setView({ grouping: 'group' });
    expect(drawn(forest)).toEqual([['lab (3)', ['data (1)', 'db'], 'web 9', 'web 10'], 'alone']);
    forest.setView({ grouping: 'tag' });
    expect(drawn(forest)).toEqual([['front (2)', 'web 9', 'web 10'], ['old (1)', 'web 9'], 'alone', 'db']);
  });

  it('shows two machines of one name, and one group in two connections, apart', async () => {
    registry.register(aProvider([aMachine('x', { id: machineId('other', 'local', 'x'), path: ['lab'] })], { id: 'other' }));
    expect(drawn(await forestOf(aProvider([aMachine('x', { path: ['lab'] })])))).toEqual([['other', ['lab (1)', 'x']], ['Fake', ['lab (1)', 'x']]]);
  });

  it('filters, and says so when nothing is left', async () => {
    const forest = await forestOf(aProvider([lab, lab2, deep, loose]), 'provider', 'web state:running');
    expect(drawn(forest)).toEqual([['Fake', ['lab (1)', 'web 10']]]);
    forest.setView({ grouping: 'provider', matches: parseFilter('nothing') });
    expect(drawn(forest)).toEqual([['Fake', '! No machine fits the filter']]);
  });

  it('explains: loading, none yet, and what is wrong with what to do about it', async () => {
    const provider = aProvider();
    registry.register(provider);
    const forest = new Forest(fleet, { grouping: 'provider' });
    expect(drawn(forest)).toEqual([['Fake', '! Looking for machines…']]);
    fleet.onDidChange(change => forest.apply(change));
    await fleet.refresh();
    expect(drawn(forest)).toEqual([['Fake', '! No machines yet', '! New Machine…']]);
    provider.onList = () => Promise.reject(new GaiaError('notInstalled', { message: 'It is not there.' }));
    provider.diagnosis = { usable: false, problems: [{ severity: 'error', code: 'fake.notInstalled', message: 'Fake is not installed.', hint: 'Install it.', actions: [{ title: 'Install', command: 'gaia.runInTerminal', args: ['apt install fake'] }, { title: 'Website', url: 'https://example.org' }] }] };
    await fleet.refresh();
    expect(drawn(forest)).toEqual([['Fake', '! Fake is not installed.', '! Install', '! Website', '! Try Again']]);
    const connection = forest.roots()[0] as Node;
    const [problem, install] = forest.children(connection);
    expect(problem?.kind === 'notice' && problem.notice.description).toBe('Install it.');
    expect(install?.kind === 'notice' && install.notice).toMatchObject({ description: 'apt install fake', command: { command: 'gaia.runInTerminal', args: ['apt install fake'] } });
  });

  it('puts what is not installed aside while machines elsewhere are in use', async () => {
    const missing = aProvider([], { id: 'missing' });
    missing.onList = () => Promise.reject(new GaiaError('notInstalled', { message: 'It is not there.' }));
    const forest = await forestOf(missing);
    fleet.onDidChange(change => { if (forest.apply(change) === 'all') redrawn++; });
    let redrawn = 0;
    const aside = (): readonly boolean[] => forest.roots().map(node => node.kind === 'connection' && node.aside);
    expect(aside()).toEqual([false]);

    // A local one without machines changes nothing, one with machines does; and so does any connection that a person made.
    const other = aProvider();
    registry.register(other);
    await fleet.refresh();
    expect([drawn(forest)[0], aside()]).toEqual([['missing', '! It is not there.', '! Try Again'], [false, false]]);
    other.machines.set(loose.id, loose);
    redrawn = 0;
    await fleet.refresh();
    expect(redrawn).toBe(1);
    expect(drawn(forest)).toEqual([['Fake', 'alone'], ['missing', '! It is not there.', '! Try Again']]);
    expect(aside()).toEqual([false, true]);
    forest.setView({ grouping: 'state' });
    expect(drawn(forest)).toEqual([['Running (1)', 'alone']]);
    forest.setView({ grouping: 'provider' });

    missing.onList = async () => undefined;
    await fleet.refresh();
    expect([drawn(forest), aside()]).toEqual([[['missing', '! No machines yet', '! New Machine…'], ['Fake', 'alone']], [false, false]]);

    registry.register(aProvider([], { id: 'cluster', connection: 'home' }));
    missing.onList = () => Promise.reject(new GaiaError('notInstalled', { message: 'It is not there.' }));
    other.machines.clear();
    await fleet.refresh();
    expect(aside()).toEqual([false, false, true]);
  });

  it('keeps the machines of a provider that does not answer any more, below the reason', async () => {
    const provider = aProvider([loose]);
    const forest = await forestOf(provider);
    fleet.onDidChange(change => forest.apply(change));
    provider.onList = () => Promise.reject(new GaiaError('didNotAnswer', { message: 'No answer.' }));
    await fleet.refresh();
    expect(drawn(forest)).toEqual([['Fake', '! No answer.', '! Try Again', 'alone']]);
  });
});

describe('after a change', () => {
  it('draws only the row whose state changed, as the same object', async () => {
    const provider = aProvider([lab, lab2, loose]);
    const forest = await forestOf(provider);
    const [row] = forest.rowsOf(lab.id);
    const fired: unknown[] = [];
    fleet.onDidChange(change => fired.push(forest.apply(change)));
    provider.machines.set(lab.id, { ...lab, state: 'stopped' });
    await fleet.refresh();
    expect(fired).toEqual([[row]]);
    expect(row?.machine.state).toBe('stopped');
    expect(forest.rowsOf(lab.id)[0]).toBe(row);
  });

  it('draws nothing when nothing changed', async () => {
    const forest = await forestOf(aProvider([lab, loose]));
    const fired: unknown[] = [];
    fleet.onDidChange(change => fired.push(forest.apply(change)));
    await fleet.refresh();
    expect(fired).toEqual([]);
  });

  it('draws the folder that a machine came into, and not the rest', async () => {
    const provider = aProvider([lab, loose]);
    const forest = await forestOf(provider);
    const kept = forest.rowsOf(loose.id)[0];
    const fired: (readonly Node[] | 'all')[] = [];
    fleet.onDidChange(change => fired.push(forest.apply(change)));
    provider.machines.set(lab2.id, lab2);
    await fleet.refresh();
    expect(fired.map(nodes => nodes === 'all' ? nodes : nodes.map(label))).toEqual([['lab (2)']]);
    expect(forest.rowsOf(loose.id)[0]).toBe(kept);
  });

  it('moves a machine to another state group', async () => {
    const provider = aProvider([lab, loose]);
    const forest = await forestOf(provider, 'state');
    fleet.onDidChange(change => forest.apply(change));
    provider.machines.set(loose.id, { ...loose, state: 'paused' });
    await fleet.refresh();
    expect(drawn(forest)).toEqual([['Running (1)', 'web 10'], ['Paused (1)', 'alone']]);
  });

  it('ends up, whatever the changes were, as a tree built anew would be, with every object that still stands for something kept', async () => {
    const machine = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), state: fc.constantFrom<MachineState>('running', 'stopped', 'starting'), path: fc.constantFrom<string[]>([], ['x'], ['x', 'y']), tags: fc.constantFrom<string[]>([], ['t'], ['t', 'u']) })
      .map(({ name, ...more }): Machine => aMachine(name, more));
    const list = fc.uniqueArray(machine, { selector: one => one.id });
    await fc.assert(fc.asyncProperty(fc.array(list, { minLength: 2, maxLength: 5 }), fc.constantFrom<Grouping>('provider', 'state', 'group', 'tag'), fc.constantFrom('', 'state:running', 'a'), async (steps, grouping, filter) => {
      const ownRegistry = new ProviderRegistry();
      const ownFleet = new Fleet(ownRegistry, { listTimeoutMs: () => 1000 });
      const provider = aProvider();
      ownRegistry.register(provider);
      const view = { grouping, matches: parseFilter(filter) };
      const forest = new Forest(ownFleet, view);
      let before = new Map<string, Node>();
      ownFleet.onDidChange(change => { forest.apply(change); });
      for (const step of steps) {
        provider.machines = new Map(step.map(one => [one.id, one]));
        await ownFleet.refresh();
        expect(drawn(forest)).toEqual(drawn(new Forest(ownFleet, view)));
        const rows = new Map(forest.machineRows().map(row => [row.id, row as Node]));
        for (const [id, row] of rows) if (before.has(id)) expect(before.get(id)).toBe(row);
        before = rows;
      }
      ownFleet.dispose();
    }), { numRuns: 60 });
  });

  it('is quick with 10,000 machines', async () => {
    const machines = Array.from({ length: 10_000 }, (_, index) => aMachine(`vm-${String(index)}`, { path: [`g${String(index % 100)}`], state: index % 2 === 0 ? 'running' : 'stopped' }));
    const forest = await forestOf(aProvider(machines));
    const before = machines[5000] as Machine;
    const times: number[] = [];
    for (let round = 0; round < 20; round++) {
      const startedAt = performance.now();
      forest.apply({ provider: registry.all()[0] as FakeProvider, status: false, added: [], removed: [], changed: [{ before, after: { ...before, state: 'paused' } }] });
      times.push(performance.now() - startedAt);
    }
    expect(times.sort((a, b) => a - b)[10]).toBeLessThan(25); // the budget of 5 ms is the bench's: tests run beside others
  });
});

describe('the nodes of a cluster', () => {
  const web = aMachine('web', { path: ['pve1'], pool: 'lab' });
  const template = aMachine('a template', { path: ['pve1'], template: true });
  const cluster = (cpuFraction = 0.1) => {
    const provider = Object.assign(aProvider([web, template], { connection: 'home' }), { load: cpuFraction });
    return Object.assign(provider, { places: () => [{ path: ['pve1'], online: true, cpuFraction: provider.load }, { path: ['pve2'], online: false }] });
  };

  it('are there without a machine too; templates come last', async () => {
    expect(drawn(await forestOf(cluster()))).toEqual([['Fake', ['pve1 (2)', 'web', 'a template'], 'pve2 (0)']]);
  });

  it('leave out the empty ones while a filter shows a part', async () => {
    expect(drawn(await forestOf(cluster(), 'provider', 'web'))).toEqual([['Fake', ['pve1 (1)', 'web']]]);
  });

  it('group by pool, not by node, when grouped by group', async () => {
    expect(drawn(await forestOf(cluster(), 'group'))).toEqual([['lab (1)', 'web'], 'a template']);
  });

  it('have pools in pools as folders in folders, and are found by them', async () => {
    const provider = aProvider([aMachine('a', { path: ['pve1'], pool: 'lab' }), aMachine('b', { path: ['pve1'], pool: 'lab/db' }), aMachine('c', { path: ['pve1'], tags: ['lab'] })], { connection: 'home' });
    const forest = await forestOf(Object.assign(provider, { places: () => [] }), 'group');
    expect(drawn(forest)).toEqual([['lab (2)', ['db (1)', 'b'], 'a'], 'c']);
    for (const [filter, found] of [['pool:lab', ['lab (2)', ['db (1)', 'b'], 'a']], ['lab/db', ['lab (1)', ['db (1)', 'b']]]] as const) {
      forest.setView({ grouping: 'group', matches: parseFilter(filter) });
      expect(drawn(forest)).toEqual([found]);
    }
  });

  it('are drawn again alone when their load changes, and keep their machines', async () => {
    const provider = cluster();
    const forest = await forestOf(provider);
    expect(forest.updatePlaces()).toEqual([]);
    provider.load = 0.5;
    const changed = forest.updatePlaces();
    expect(changed === 'all' ? changed : changed.map(label)).toEqual(['pve1 (2)']);
  });
});
