// Whose a machine is, and whether it still is as its file says: by plans, by looks at the machines, by what Vagrant wrote down.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan, PlanStep } from '../../../src/config/plan/model.ts';
import { listedDifferences } from '../../../src/config/plan/plan.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Machine } from '../../../src/machines/machine.ts';
import type { Difference } from '../../../src/machines/provider.ts';
import { Marks } from '../../../src/ui/marks.ts';
import { bindingPlace } from './bindingPlace.ts';
import type { TestPlace } from './bindingPlace.ts';

const file = 'file:///lab/my%20lab.gaia.json';
const id = machineId('fake', 'local', '1');
const machine: Machine = { id, name: 'web', kind: 'vm', state: 'stopped', providerState: 'off', cpus: 1, memoryMiB: 512 };
const memory: Difference = { key: 'memory', before: '512 MiB', after: '640 MiB', effect: 'live' };
const forward: Difference = { key: 'forward 80', after: '8080 → 80/tcp', effect: 'live' };

let place: TestPlace;
beforeEach(() => { place = bindingPlace(); });
afterEach(() => { place.dispose(); });

const plan = (kind: PlanStep['kind'], ...differences: readonly Difference[]): Plan => ({ steps: [{ kind, name: 'web', provider: 'fake', machine, differences, after: [] }], fingerprint: '' });
const say = ({ key, before, after }: Difference): string => `${key} ${before ?? ''}→${after ?? ''}`;

async function bound(): Promise<{ marks: Marks; drawn: () => number }> {
  const marks = new Marks(place.open());
  await marks.bindings.bind(file, 'web', id);
  let count = 0;
  marks.onDidChange(() => { count++; });
  return { marks, drawn: () => count };
}

describe('the mark of a machine', () => {
  it('names its file, and nothing else while it is as that says', async () => {
    const { marks } = await bound();
    expect(marks.of(id)).toEqual({ short: 'my lab.gaia.json', rows: [['File', 'my lab.gaia.json (web)']] });
    expect(marks.of(machineId('fake', 'local', '2'))).toBeUndefined();
  });

  it('says in what a plan found it to differ, until it is brought there', async () => {
    const { marks } = await bound();
    marks.planned(plan('update', memory, forward), say);
    expect(marks.of(id)?.short).toBe('≠ my lab.gaia.json');
    expect(marks.of(id)?.rows.slice(1)).toEqual([['Differs from it', 'memory 512 MiB→640 MiB'], ['', 'forward 80 →8080 → 80/tcp']]);
    marks.settled(id);
    expect(marks.of(id)?.short).toBe('my lab.gaia.json');
  });

  it('believes a later look about what a look can tell, and the plan about the rest', async () => {
    const { marks } = await bound();
    marks.planned(plan('update', memory, forward), say);
    marks.listed(new Map([[id, { differences: [] }]]));
    expect(marks.of(id)?.rows[1]).toEqual(['Differs from it', 'forward 80 →8080 → 80/tcp']);
    marks.listed(new Map([[id, { differences: [{ key: 'cpus', text: 'cpus: 4 → 1' }] }]]));
    expect(marks.of(id)?.rows.slice(1)).toEqual([['Differs from it', 'cpus: 4 → 1'], ['', 'forward 80 →8080 → 80/tcp']]);
  });

  it('leaves a long list to the plan', async () => {
    const { marks } = await bound();
    const many = (count: number) => Array.from({ length: count }, (_unused, index) => ({ key: `k${index}`, text: `k${index}` }));
    marks.listed(new Map([[id, { differences: many(8) }]]));
    expect(marks.of(id)?.rows).toHaveLength(9);
    marks.listed(new Map([[id, { differences: many(12) }]]));
    expect(marks.of(id)?.rows.slice(-2)).toEqual([['', 'k6'], ['', 'and 5 more']]);
  });

  it('says that its name, or its file, is gone', async () => {
    const { marks } = await bound();
    marks.planned(plan('unmanaged'), say);
    expect(marks.of(id)).toMatchObject({ short: '≠ my lab.gaia.json', rows: [{}, ['Differs from it', 'it is no longer in the file']] });
    marks.listed(new Map([[id, { gone: 'file' }]]));
    expect(marks.of(id)?.rows[1]).toEqual(['Differs from it', 'the file is gone']);
  });

  it('has the rows drawn again only when one of them says something else', async () => {
    const { marks, drawn } = await bound();
    marks.listed(new Map([[id, { differences: [] }]]));
    const before = drawn();
    for (let i = 0; i < 5; i++) marks.listed(new Map([[id, { differences: [] }]]));
    expect(drawn()).toBe(before);
  });

  it('is a file\'s before it is Vagrant\'s', async () => {
    const { marks } = await bound();
    marks.setVagrant(new Map([[id, { name: 'default', folder: '/p' }]]));
    expect(marks.of(id)?.short).toBe('my lab.gaia.json');
    await marks.bindings.bind(file, 'web', undefined);
    expect(marks.of(id)).toEqual({ short: 'Vagrant', rows: [['Vagrant', '/p (default)']] });
  });
});

describe('the machines of a file', () => {
  it('stay its own when it is renamed, or a folder above it', async () => {
    const { marks: { bindings } } = await bound();
    await bindings.move('file:///lab', 'file:///office');
    expect(bindings.files()).toEqual(['file:///office/my%20lab.gaia.json']);
    await bindings.move('file:///office/my%20lab.gaia.json', 'file:///office/other.gaia.json');
    expect(bindings.ownerOf(id)).toEqual({ file: 'file:///office/other.gaia.json', name: 'web' });
    await bindings.move('file:///off', 'file:///on');
    expect(bindings.files()).toEqual(['file:///office/other.gaia.json']);
  });
});

describe('what a list of machines tells of differences', () => {
  const spec = { name: 'web', provider: 'fake', source: { kind: 'empty' as const }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} };

  it('is name, cpus and memory', () => {
    expect(listedDifferences({ ...spec, cpus: 1, memoryMiB: 512 }, machine)).toEqual([]);
    expect(listedDifferences({ ...spec, cpus: 2, memoryMiB: 640 }, { ...machine, name: 'old' }).map(one => one.key)).toEqual(['name', 'cpus', 'memory']);
  });

  it('is nothing where the file or the list says nothing', () => {
    expect(listedDifferences(spec, machine)).toEqual([]);
    const { cpus: _, memoryMiB: __, ...bare } = machine;
    expect(listedDifferences({ ...spec, cpus: 4, memoryMiB: 640 }, bare)).toEqual([]);
  });
});
