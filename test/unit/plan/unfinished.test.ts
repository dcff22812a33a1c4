// A machine that was made and not set up: remembered, planned as such, finished by applying again.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan } from '../../../src/config/plan/apply.ts';
import type { ApplyHooks, ApplyOptions } from '../../../src/config/plan/apply.ts';
import { makePlan } from '../../../src/config/plan/plan.ts';
import { planAsText } from '../../../src/config/plan/text.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Machine, MachineId, MachineState } from '../../../src/machines/machine.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { Records } from '../../../src/ui/plan/records.ts';
import { UnfinishedStore } from '../../../src/ui/plan/unfinished.ts';

const options: ApplyOptions = { replace: new Set(), stop: true, shutDownTimeoutMs: 1000, parallel: 4 };
const never = new AbortController().signal;
const spec: MachineSpec = { name: 'web', provider: 'fake', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} };
const id = machineId('fake', 'local', '1');

describe('a machine whose first setup did not end', () => {
  const plan = (state: MachineState, unfinished: boolean) => {
    const machine: Machine = { id, name: 'web', kind: 'vm', state, providerState: '' };
    return makePlan({ specs: [spec], bindings: new Map([['web', id]]), machinesOf: () => [machine], planningOf: () => 'basic', unfinished: asked => unfinished && asked === id, detailsOf: () => ({ machine, disks: [], adapters: [], portForwards: [], sharedFolders: [], snapshots: [], settings: {} }) });
  };
  const apply = async (state: MachineState, fail?: GaiaError) => {
    const done: string[] = [];
    const hooks: ApplyHooks = {
      run: async action => { done.push(action.verb); return {}; }, prepare: async one => one, bind: async () => undefined, progress: () => undefined,
      finish: async (one, which: MachineId) => { done.push(`finish ${one.name} ${which}`); if (fail) throw fail; },
      context: () => ({ signal: never, progress: () => undefined, output: () => undefined }),
    };
    return { done, outcomes: await applyPlan(plan(state, true), options, hooks, never) };
  };

  it('is a change, and says so', () => {
    expect(plan('running', true).steps).toMatchObject([{ kind: 'update', unfinished: true, differences: [{ key: 'provisioning' }] }]);
    expect(planAsText(plan('running', true))).toContain('provisioning: not finished → finished');
    expect(plan('running', false).steps).toMatchObject([{ kind: 'none' }]);
    expect(plan('running', true).fingerprint).not.toBe(plan('running', false).fingerprint);
  });

  it('is finished by applying again, started first where it does not run', async () => {
    expect((await apply('running')).done).toEqual([`finish web ${id}`]);
    expect((await apply('stopped')).done).toEqual(['start', `finish web ${id}`]);
    expect((await apply('paused')).done).toEqual(['resume', `finish web ${id}`]);
  });

  it('fails as that step when it fails again', async () => {
    const { outcomes } = await apply('running', new GaiaError('didNotAnswer', { message: 'No.' }));
    expect(outcomes).toMatchObject([{ outcome: 'failed', error: { code: 'didNotAnswer' } }]);
  });
});

describe('the store of steps done', () => {
  let folder: string;
  beforeEach(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-unfinished-')); });
  afterEach(() => { fs.rmSync(folder, { recursive: true, force: true }); });
  const other = machineId('fake', 'local', '2');
  /** Another window. `old`: what VS Code's storage has. */
  const open = (old: Readonly<Record<string, unknown>> = {}): UnfinishedStore => new UnfinishedStore({ folder, old: { get: <V>(key: string, otherwise: V) => (key === 'gaia.unfinished' ? old as V : otherwise) } });

  it('keeps what is done until all is, whatever is written at once, in whatever window', async () => {
    const [one, two] = [open(), open()];
    expect(await one.has(id)).toBe(false);
    await Promise.all([one.begin(id), one.mark(id, 'a'), two.mark(id, 'b'), one.begin(id), two.mark(other, 'c'), one.mark(other, 'd')]);
    expect([[...await two.doneOf(id)].sort(), [...await one.doneOf(other)].sort()]).toEqual([['a', 'b'], ['c', 'd']]);
    expect(await one.all()).toEqual(new Set([id, other]));
    await one.forget(id);
    expect([await two.has(id), await two.has(other)]).toEqual([false, true]);
  });

  it('takes over what was kept before, once', async () => {
    const old = { [id]: ['a'], [other]: [], odd: 'x' };
    expect([...await open(old).doneOf(id)]).toEqual(['a']);
    await open(old).mark(id, 'b');
    await open(old).forget(other);
    expect([[...await open(old).doneOf(id)], await open(old).has(other)]).toEqual([['a', 'b'], false]);
    const late = { ...old, [machineId('fake', 'local', '3')]: ['z'] };
    expect((await open(late).all()).size, 'an older window goes on').toBe(2);
  });

  it('counts a damaged record as none, and writes over it', async () => {
    await open().mark(id, 'a');
    const [name = ''] = fs.readdirSync(folder);
    for (const text of ['', '{', 'null', '{"key":"x","value":[],"since":1}']) {
      fs.writeFileSync(path.join(folder, name), text);
      expect([await open().has(id), (await open().all()).size]).toEqual([false, 0]);
    }
    await open().begin(id);
    expect(await open().has(id)).toBe(true);
  });
});

describe('records of machines', () => {
  it('keep the order in which they came, and tell of all of them while nobody else writes', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-records-'));
    try {
      const open = (): Records<string> => new Records({ folder, old: { get: <V>() => ({ x: 'old', a: 'old' } as V) }, oldKey: 'k', is: (value): value is string => typeof value === 'string' });
      await open().change('c', () => '1');
      await new Promise(resolve => setTimeout(resolve, 3));
      await open().change('b', () => '2');
      await open().change('c', () => '3');
      let seen: unknown;
      await open().change('x', () => undefined, async (before, all) => { seen = [before, [...all]]; });
      expect(seen).toEqual(['old', [['a', 'old'], ['c', '3'], ['b', '2']]]);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
});
