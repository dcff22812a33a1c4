// A machine that was made and not set up: remembered, planned as such, finished by applying again.
import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../../src/config/plan/apply.ts';
import type { ApplyHooks, ApplyOptions } from '../../../src/config/plan/apply.ts';
import { makePlan } from '../../../src/config/plan/plan.ts';
import { planAsText } from '../../../src/config/plan/text.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Machine, MachineId, MachineState } from '../../../src/machines/machine.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { UnfinishedStore } from '../../../src/ui/plan/unfinished.ts';

const options: ApplyOptions = { replace: new Set(), stop: true, shutDownTimeoutMs: 1000, parallel: 4 };
const never = new AbortController().signal;
const spec: MachineSpec = { name: 'web', provider: 'fake', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} };
const id = machineId('fake', 'local', '1');

function memory(): { get: <T>(key: string, fallback?: T) => T; update: (key: string, value: unknown) => Promise<void> } {
  const kept = new Map<string, unknown>();
  return { get: <T>(key: string, fallback?: T) => (kept.get(key) ?? fallback) as T, update: async (key, value) => { await Promise.resolve(); kept.set(key, value); } };
}

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
  it('keeps what is done until all is, whatever is written at once', async () => {
    const store = new UnfinishedStore(memory());
    expect(store.has(id)).toBe(false);
    await Promise.all([store.begin(id), store.mark(id, 'a'), store.mark(id, 'b'), store.begin(id), store.mark(machineId('fake', 'local', '2'), 'c')]);
    expect([...store.doneOf(id)]).toEqual(['a', 'b']);
    await store.forget(id);
    expect([store.has(id), store.has(machineId('fake', 'local', '2'))]).toEqual([false, true]);
  });
});
