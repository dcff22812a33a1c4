import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparedFields, diffMachines, isEmptyDiff, sameValue } from '../../../src/machines/diff.ts';
import { MachineList } from '../../../src/machines/machineList.ts';
import type { Machine } from '../../../src/machines/machine.ts';
import { settledStates } from '../../../src/machines/machine.ts';
import { aMachine } from './builders.ts';

const machine = fc
  .record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), state: fc.constantFrom(...settledStates), cpus: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }), path: fc.option(fc.array(fc.constantFrom('x', 'y')), { nil: undefined }) })
  .map(({ name, state, cpus, path }) => aMachine(name, { state, ...(cpus === undefined ? {} : { cpus }), ...(path === undefined ? {} : { path }) }));
const list = fc.uniqueArray(machine, { selector: m => m.id });
const asMap = (machines: readonly Machine[]): Map<Machine['id'], Machine> => new Map(machines.map(m => [m.id, m]));

describe('the diff of two lists', () => {
  it('applied to the old list gives the new one', () => {
    fc.assert(fc.property(list, list, (before, after) => {
      const diff = diffMachines(MachineList.of(before), after);
      const result = asMap(before);
      for (const gone of diff.removed) result.delete(gone.id);
      for (const one of diff.added) result.set(one.id, one);
      for (const one of diff.changed) result.set(one.after.id, one.after);
      expect([...result.values()].sort((a, b) => a.id.localeCompare(b.id))).toEqual([...after].sort((a, b) => a.id.localeCompare(b.id)));
    }));
  });

  it('of a list with a copy of itself is empty, and keeps the old objects', () => {
    fc.assert(fc.property(list, machines => {
      const before = MachineList.of(machines);
      const diff = diffMachines(before, structuredClone(machines));
      expect(isEmptyDiff(diff)).toBe(true);
      for (const kept of diff.list.machines) expect(kept).toBe(before.get(kept.id));
    }));
  });

  it('leaves a list that is the new one, in its order, found by id; the old list stays as it was', () => {
    fc.assert(fc.property(list, list, (before, after) => {
      const old = MachineList.of(before);
      const { list: now } = diffMachines(old, after);
      expect(now.machines).toEqual(after);
      for (const one of after) expect(now.get(one.id)).toEqual(one);
      for (const one of before) if (!after.some(other => other.id === one.id)) expect(now.get(one.id)).toBeUndefined();
      expect(old.machines).toEqual(before);
    }));
  });

  it('takes the last of two machines with one id', () => {
    const { list: now, added } = diffMachines(MachineList.of([]), [aMachine('a', { cpus: 1 }), aMachine('b'), aMachine('a', { cpus: 2 })]);
    expect(now.machines.map(one => [one.name, one.cpus])).toEqual([['a', 2], ['b', aMachine('b').cpus]]);
    expect(added).toHaveLength(2);
  });

  it('names a machine in one of added, removed, changed at the most', () => {
    fc.assert(fc.property(list, list, (before, after) => {
      const diff = diffMachines(MachineList.of(before), after);
      const ids = [...diff.added, ...diff.removed, ...diff.changed.map(c => c.after)].map(m => m.id);
      expect(new Set(ids).size).toBe(ids.length);
    }));
  });

  it('sees a change of any field', () => {
    for (const field of comparedFields) {
      if (field === 'id') continue;
      const before = aMachine('a');
      const after = { ...before, [field]: field === 'path' || field === 'tags' || field === 'badges' ? ['new'] : field === 'availability' || field === 'extra' ? { requested: 'new' } : 'new' } as unknown as Machine;
      expect(diffMachines(MachineList.of([before]), [after]).changed, field).toHaveLength(1);
    }
  });
});

describe('sameValue', () => {
  it('agrees with JSON for JSON values', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      // JSON has no -0 and no key order; both are written the same way first.
      const canon = (value: unknown): string => JSON.stringify(value, (_k, v: unknown) => (v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([x], [y]) => (x < y ? -1 : 1))) : v));
      const clean = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
      expect(sameValue(clean(a), clean(b))).toBe(canon(a) === canon(b));
    }));
  });

  it('takes a missing key for an undefined one, both ways', () => {
    expect(sameValue({ a: 1 }, { a: 1, b: undefined })).toBe(true);
    expect(sameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(sameValue({ a: 1 }, { a: 1, b: null })).toBe(false);
  });

  it('tells a list from an object and a short list from a long one', () => {
    expect(sameValue([], {})).toBe(false);
    expect(sameValue([1], [1, undefined])).toBe(false);
  });
});
