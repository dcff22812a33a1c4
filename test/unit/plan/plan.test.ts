import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action } from '../../../src/machines/actions.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import type { ErrorAction } from '../../../src/machines/errors.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Machine, MachineDetails, MachineId } from '../../../src/machines/machine.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { applyPlan } from '../../../src/config/plan/apply.ts';
import type { ApplyHooks, ApplyOptions } from '../../../src/config/plan/apply.ts';
import type { PlanStep } from '../../../src/config/plan/model.ts';
import { makePlan } from '../../../src/config/plan/plan.ts';
import type { PlanInput } from '../../../src/config/plan/plan.ts';
import { planAsText, summary } from '../../../src/config/plan/text.ts';

const gib = 2 ** 30;
const aSpec = (name: string, more: Partial<MachineSpec> = {}): MachineSpec => ({ name, provider: 'fake', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {}, ...more });
const options: ApplyOptions = { replace: new Set(), stop: true, shutDownTimeoutMs: 1000, parallel: 4 };
const never = new AbortController().signal;

/** A hypervisor in memory: what is in it, what was done to it, and how to plan against it. */
class World {
  readonly machines = new Map<MachineId, Machine & { diskBytes?: number }>();
  readonly bindings = new Map<string, MachineId>();
  readonly done: string[] = [];
  fail: (action: Action) => void = () => undefined;
  answers = true;
  count = 0;

  add(name: string, more: Partial<Machine> = {}): Machine {
    const machine: Machine = { id: machineId('fake', 'local', String(++this.count)), name, kind: 'vm', state: 'stopped', providerState: 'off', cpus: 1, memoryMiB: 512, ...more };
    this.machines.set(machine.id, machine);
    return machine;
  }

  input(specs: readonly MachineSpec[]): PlanInput {
    return {
      specs,
      bindings: this.bindings,
      machinesOf: provider => (provider === 'fake' && this.answers ? [...this.machines.values()] : undefined),
      detailsOf: id => this.details(id),
      planningOf: provider => (provider === 'fake' ? 'basic' : undefined),
    };
  }

  details(id: MachineId): MachineDetails | undefined {
    const machine = this.machines.get(id);
    return machine && { machine, disks: machine.diskBytes === undefined ? [] : [{ slot: 'SATA 0:0', kind: 'disk', capacityBytes: machine.diskBytes }], adapters: [], portForwards: [], sharedFolders: [], snapshots: [], settings: {} };
  }

  hooks(): ApplyHooks {
    return {
      run: async action => {
        this.done.push(action.verb === 'create' ? `create ${action.spec.name}` : `${action.verb} ${this.machines.get(action.id)?.name ?? ''}`);
        this.fail(action);
        if (action.verb === 'create') {
          const made = this.add(action.spec.name, { ...(action.spec.cpus === undefined ? {} : { cpus: action.spec.cpus }), ...(action.spec.memoryMiB === undefined ? {} : { memoryMiB: action.spec.memoryMiB }), ...(action.spec.disks[0] ? { diskBytes: action.spec.disks[0].sizeBytes } : {}) });
          return { created: made.id };
        }
        const machine = this.machines.get(action.id) as Machine;
        if (action.verb === 'delete') this.machines.delete(action.id);
        if (action.verb === 'start') this.machines.set(action.id, { ...machine, state: 'running' });
        if (action.verb === 'shutDown') this.machines.set(action.id, { ...machine, state: 'stopped' });
        if (action.verb === 'rename') this.machines.set(action.id, { ...machine, name: action.name });
        if (action.verb === 'resize') {
          expect(machine.state).toBe('stopped');
          const { disk, ...size } = action.size;
          this.machines.set(action.id, { ...machine, ...size, ...(disk ? { diskBytes: disk.sizeBytes } : {}) });
        }
        return {};
      },
      prepare: async spec => spec,
      finish: async spec => { this.done.push(`finish ${spec.name}`); },
      bind: async (name, id) => { if (id === undefined) this.bindings.delete(name); else this.bindings.set(name, id); },
      progress: () => undefined,
      context: (_step, signal) => ({ signal, progress: () => undefined, output: () => undefined }),
    };
  }
}

describe('a plan', () => {
  it('creates what is not there, and what it is cloned from first', () => {
    const world = new World();
    const plan = makePlan(world.input([aSpec('b', { source: { kind: 'clone', of: 'a' } }), aSpec('a')]));
    expect(plan.steps.map(step => [step.name, step.kind])).toEqual([['a', 'create'], ['b', 'create']]);
  });

  it('blocks machines that are cloned from each other', () => {
    const plan = makePlan(new World().input([aSpec('a', { source: { kind: 'clone', of: 'b' } }), aSpec('b', { source: { kind: 'clone', of: 'a' } })]));
    expect(plan.steps.some(step => step.kind === 'blocked')).toBe(true);
  });

  it('never takes a machine for its own by the name alone', () => {
    const world = new World();
    world.add('web');
    const plan = makePlan(world.input([aSpec('web')]));
    expect(plan.steps).toMatchObject([{ kind: 'conflict', machine: { name: 'web' } }]);
  });

  it('concludes nothing from the silence of a provider', () => {
    const world = new World();
    world.answers = false;
    expect(makePlan(world.input([aSpec('web')])).steps).toMatchObject([{ kind: 'blocked' }]);
  });

  it('leaves no machine behind whose provider was changed in the file', () => {
    const world = new World();
    const made = world.add('web');
    world.bindings.set('web', made.id);
    const moved = (more: Partial<PlanInput> = {}): PlanInput => ({ ...world.input([aSpec('web', { provider: 'other' })]), planningOf: () => 'basic', machinesOf: provider => (provider === 'fake' ? [...world.machines.values()] : []), ...more });
    expect(makePlan(moved()).steps).toMatchObject([{ kind: 'blocked', machine: { id: made.id }, reason: expect.stringContaining('still there') as string, values: ['web', 'fake'] }]);
    expect(makePlan(moved({ machinesOf: provider => (provider === 'fake' ? undefined : []) })).steps).toMatchObject([{ kind: 'blocked', values: ['fake'] }]);
    expect(makePlan(moved({ planningOf: provider => (provider === 'fake' ? undefined : 'basic') })).steps, 'the old provider is switched off').toMatchObject([{ kind: 'blocked', values: ['web', 'fake'] }]);
    world.machines.clear();
    expect(makePlan(moved()).steps).toMatchObject([{ kind: 'create', provider: 'other' }]);
  });

  it('makes no second machine while the connection of the first one is gone from the settings, or does not answer', () => {
    const world = new World();
    world.bindings.set('web', machineId('cluster', 'old', '1'));
    const buttons = (name: string): { release: ErrorAction; destroy: ErrorAction } => ({ release: { title: 'Release', command: 'release', args: [name] }, destroy: { title: 'Destroy', command: 'destroy', args: [name] } });
    const connections = new Map<string, readonly Machine[] | undefined>([['new', []]]);
    const plan = (connection?: string): PlanStep => {
      const [step] = makePlan({
        ...world.input([aSpec('web', { provider: 'cluster', ...connection === undefined ? {} : { connection } })]), planningOf: () => 'basic', buttons,
        hasConnection: (_, id) => id === undefined || connections.has(id),
        machinesOf: (_, id) => (id === undefined ? [...connections.values()].reduce((all, some) => all && some && [...all, ...some], []) : connections.get(id)),
      }).steps;
      return step as PlanStep;
    };
    for (const connection of [undefined, 'new']) {
      expect(plan(connection)).toMatchObject({ kind: 'blocked', values: ['web', 'cluster (old)'], reason: expect.stringContaining('no such connection any more') as string, actions: [{ command: 'gaia.connection.add' }, { command: 'release', args: ['web'] }] });
    }
    connections.set('old', undefined);
    expect(plan('new'), 'it is there again, and does not answer').toMatchObject({ kind: 'blocked', values: ['cluster'] });
    connections.set('old', [{ id: machineId('cluster', 'old', '1'), name: 'web', kind: 'vm', state: 'running', providerState: '' }]);
    expect(plan('new')).toMatchObject({ kind: 'blocked', machine: { name: 'web' }, actions: [{ command: 'destroy', args: ['web'] }] });
    connections.set('old', []);
    expect(plan('new'), 'it has answered, and has it no more').toMatchObject({ kind: 'create' });
    expect(plan('third')).toMatchObject({ kind: 'blocked', reason: '{0} has no connection "{1}".', values: ['cluster', 'third'], actions: [{ command: 'gaia.connection.add' }] });
  });

  it('does nothing for what is blocked, and says what can be done about it', async () => {
    const world = new World();
    world.bindings.set('web', machineId('fake', 'old', '1'));
    const plan = makePlan({ ...world.input([aSpec('web')]), hasConnection: (_, id) => id !== 'old' });
    expect(await applyPlan(plan, options, world.hooks(), never)).toMatchObject([{ outcome: 'skipped', reason: expect.stringContaining('release the machine') as string, actions: [{ command: 'gaia.connection.add' }] }]);
    expect(world.done).toEqual([]);
    expect(world.bindings.get('web')).toBe(machineId('fake', 'old', '1'));
  });

  it('says what a running machine must be stopped for, and what a stopped one need not', () => {
    const world = new World();
    const web = world.add('web', { state: 'running' });
    world.bindings.set('web', web.id);
    const spec = aSpec('web', { memoryMiB: 2048 });
    expect(makePlan(world.input([spec])).steps).toMatchObject([{ kind: 'stop', differences: [{ key: 'memory', before: '512 MiB', after: '2048 MiB' }] }]);
    world.machines.set(web.id, { ...web, state: 'stopped' });
    expect(makePlan(world.input([spec])).steps).toMatchObject([{ kind: 'update' }]);
  });

  it('grows a disk and never shrinks one', () => {
    const world = new World();
    const web = world.add('web', { diskBytes: 20 * gib });
    world.bindings.set('web', web.id);
    const disk = (sizeBytes: number): MachineSpec => aSpec('web', { disks: [{ sizeBytes }] });
    expect(makePlan(world.input([disk(30 * gib)])).steps[0]?.differences).toMatchObject([{ key: 'disk SATA 0:0', before: '20 GiB', after: '30 GiB' }]);
    expect(makePlan(world.input([disk(10 * gib)])).steps).toMatchObject([{ kind: 'none' }]);
  });

  it('lists a machine that the file made and no longer has, and leaves it alone', () => {
    const world = new World();
    world.bindings.set('old', world.add('old').id);
    const plan = makePlan(world.input([]));
    expect(plan.steps).toMatchObject([{ kind: 'unmanaged', name: 'old' }]);
  });

  it('compares the keys themselves, and goes on naming the files that hold them', () => {
    const world = new World();
    world.bindings.set('web', world.add('web').id);
    const spec = aSpec('web', { cloudInit: { user: 'dev', sshKeys: ['~/.ssh/id.pub'] } });
    const compared: (readonly string[] | undefined)[] = [];
    const input: PlanInput = { ...world.input([spec]), planningOf: () => ({ compare: ({ cloudInit }) => { compared.push(cloudInit?.sshKeys); return []; } }) };
    expect(makePlan({ ...input, keysOf: name => [`ssh-ed25519 AAAA ${name}`] }).steps[0]?.spec).toBe(spec);
    makePlan({ ...input, keysOf: () => undefined });
    expect(compared).toEqual([['ssh-ed25519 AAAA web'], ['~/.ssh/id.pub']]);
  });

  it('is another one when the fleet has moved', () => {
    const world = new World();
    const web = world.add('web');
    world.bindings.set('web', web.id);
    const before = makePlan(world.input([aSpec('web')])).fingerprint;
    expect(makePlan(world.input([aSpec('web')])).fingerprint).toBe(before);
    world.machines.set(web.id, { ...web, memoryMiB: 1024 });
    expect(makePlan(world.input([aSpec('web', { memoryMiB: 512 })])).fingerprint).not.toBe(before);
  });

  it('reads as text', () => {
    const world = new World();
    const web = world.add('web', { state: 'running' });
    world.bindings.set('web', web.id);
    const plan = makePlan(world.input([aSpec('web', { memoryMiB: 1024 }), aSpec('db', { cpus: 2 })]));
    expect(summary(plan)).toBe('Plan: 1 to create, 1 to change.');
    const text = planAsText(plan, new Map([['db', [{ text: 'VBoxManage createvm --name db', language: 'shell' }]]]));
    expect(text).toContain('~ web (fake) will be stopped, changed and started again');
    expect(text).toContain('memory: 512 MiB → 1024 MiB (needs a stop)');
    expect(text).toContain('+ db (fake) will be created');
    expect(text).toContain('VBoxManage createvm --name db');
  });
});

describe('applying', () => {
  it('twice changes nothing the second time, for any file and any fleet', async () => {
    const spec = fc.record({ name: fc.constantFrom('a', 'b', 'c'), cpus: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }), memoryMiB: fc.option(fc.constantFrom(512, 1024), { nil: undefined }), gibs: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }), of: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }) });
    const present = fc.record({ name: fc.constantFrom('a', 'b', 'c'), state: fc.constantFrom('running' as const, 'stopped' as const), cpus: fc.integer({ min: 1, max: 4 }), diskBytes: fc.constantFrom(gib, 2 * gib) });
    await fc.assert(fc.asyncProperty(fc.uniqueArray(spec, { selector: s => s.name }), fc.uniqueArray(present, { selector: s => s.name }), async (wanted, there) => {
      const world = new World();
      for (const machine of there) world.bindings.set(machine.name, world.add(machine.name, machine).id);
      const specs = wanted.map(w => aSpec(w.name, { ...(w.cpus === undefined ? {} : { cpus: w.cpus }), ...(w.memoryMiB === undefined ? {} : { memoryMiB: w.memoryMiB }), ...(w.gibs === undefined ? {} : { disks: [{ sizeBytes: w.gibs * gib }] }), ...(w.of === undefined ? {} : { source: { kind: 'clone' as const, of: w.of } }) }));
      const before = new Set(world.machines.keys());
      const plan = makePlan(world.input(specs));
      const outcomes = await applyPlan(plan, options, world.hooks(), never);
      expect(outcomes.filter(o => o.outcome === 'failed')).toEqual([]);
      for (const id of before) expect(world.machines.has(id)).toBe(true);
      const again = makePlan(world.input(specs));
      const blocked = new Set(plan.steps.filter(s => s.kind === 'blocked').map(s => s.name));
      const open = outcomes.filter(o => o.outcome === 'skipped').map(o => o.name);
      for (const step of again.steps) if (!blocked.has(step.name) && !open.includes(step.name) && step.kind !== 'unmanaged') expect(step, step.name).toMatchObject({ kind: 'none' });
      const count = world.done.length;
      await applyPlan({ ...again, steps: again.steps.filter(s => !open.includes(s.name)) }, options, world.hooks(), never);
      expect(world.done.length).toBe(count);
    }));
  });

  it('stops, changes and starts again what must be stopped', async () => {
    const world = new World();
    world.bindings.set('web', world.add('web', { state: 'running' }).id);
    const plan = makePlan(world.input([aSpec('web', { memoryMiB: 1024 })]));
    await applyPlan(plan, options, world.hooks(), never);
    expect(world.done).toEqual(['shutDown web', 'resize web', 'start web']);
  });

  it.each(['fails', 'is cancelled'])('starts again what was stopped for a change that %s', async how => {
    const world = new World();
    world.bindings.set('web', world.add('web', { state: 'running' }).id);
    const abort = new AbortController();
    world.fail = action => {
      if (action.verb === 'resize') throw new GaiaError('noSpace', { message: 'x' });
      if (action.verb === 'shutDown' && how === 'is cancelled') abort.abort();
    };
    const [outcome] = await applyPlan(makePlan(world.input([aSpec('web', { memoryMiB: 1024 })])), options, world.hooks(), abort.signal);
    expect(outcome?.outcome).not.toBe('done');
    expect(world.done).toEqual(how === 'fails' ? ['shutDown web', 'resize web', 'start web'] : ['shutDown web', 'start web']);
    expect([...world.machines.values()]).toMatchObject([{ state: 'running', memoryMiB: 512 }]);
  });

  it('makes machines side by side, and what is cloned after what it is cloned from', async () => {
    const world = new World();
    const open = new Set<string>();
    const seen: string[] = [];
    const hooks: ApplyHooks = { ...world.hooks(), prepare: async spec => {
      open.add(spec.name);
      await new Promise(resolve => setTimeout(resolve, 5));
      seen.push([...open].sort().join('+'));
      open.delete(spec.name);
      return spec;
    } };
    await applyPlan(makePlan(world.input([aSpec('a'), aSpec('b'), aSpec('c', { source: { kind: 'clone', of: 'a' } })])), { ...options, parallel: 3 }, hooks, never);
    expect(seen[0]).toBe('a+b');
    expect(world.done.indexOf('create c')).toBeGreaterThan(world.done.indexOf('create a'));
  });

  it('prepares once for what it makes: what a replacement fetches before is not made for it yet', async () => {
    const world = new World();
    world.bindings.set('web', world.add('web').id);
    const plan = makePlan(world.input([aSpec('web', { memoryMiB: 1024 })]));
    const asked: (string | undefined)[] = [];
    const hooks: ApplyHooks = { ...world.hooks(), prepare: async (spec, _context, only) => { asked.push(only); return spec; } };
    await applyPlan({ ...plan, steps: plan.steps.map(step => ({ ...step, kind: 'replace' as const })) }, { ...options, replace: new Set(['web']) }, hooks, never);
    expect(asked).toEqual(['fetch', undefined]);
  });

  it('says that what was prepared is not used, when it is cancelled in between', async () => {
    const world = new World();
    const abort = new AbortController();
    const abandoned: string[] = [];
    const hooks: ApplyHooks = { ...world.hooks(), prepare: async spec => { abort.abort(); return spec; }, abandon: async name => { abandoned.push(name); } };
    await applyPlan(makePlan(world.input([aSpec('web')])), options, hooks, abort.signal);
    expect(abandoned).toEqual(['web']);
    expect(world.done).toEqual([]);
  });

  it('does not stop or replace what was not confirmed', async () => {
    const world = new World();
    world.bindings.set('web', world.add('web', { state: 'running' }).id);
    const plan = makePlan(world.input([aSpec('web', { memoryMiB: 1024 })]));
    expect(await applyPlan(plan, { ...options, stop: false }, world.hooks(), never)).toMatchObject([{ outcome: 'skipped' }]);
    const replace = { ...plan, steps: plan.steps.map(step => ({ ...step, kind: 'replace' as const })) };
    expect(await applyPlan(replace, options, world.hooks(), never)).toMatchObject([{ outcome: 'skipped' }]);
    expect(world.done).toEqual([]);
    expect(await applyPlan(replace, { ...options, replace: new Set(['web']) }, world.hooks(), never)).toMatchObject([{ outcome: 'done' }]);
    expect(world.done).toEqual(['shutDown web', 'delete web', 'create web', 'start web', 'finish web']);
  });

  it('never throws away the memory of a paused or suspended machine', async () => {
    const world = new World();
    world.bindings.set('web', world.add('web', { state: 'suspended' }).id);
    const outcomes = await applyPlan(makePlan(world.input([aSpec('web', { memoryMiB: 1024 })])), options, world.hooks(), never);
    expect(outcomes).toMatchObject([{ outcome: 'failed', error: { code: 'wrongState' } }]);
    expect(world.done).toEqual([]);
  });

  it('fetches what the new machine needs before the old one is deleted', async () => {
    const world = new World();
    world.bindings.set('web', world.add('web').id);
    const plan = makePlan(world.input([aSpec('web', { memoryMiB: 1024 })]));
    const replace = { ...plan, steps: plan.steps.map(step => ({ ...step, kind: 'replace' as const })) };
    const hooks: ApplyHooks = { ...world.hooks(), prepare: async () => { throw new GaiaError('didNotAnswer', { message: 'no network' }); } };
    expect(await applyPlan(replace, { ...options, replace: new Set(['web']) }, hooks, never)).toMatchObject([{ outcome: 'failed' }]);
    expect(world.done).toEqual([]);
  });

  it('remembers a machine as the file\'s own as soon as it exists, even if what follows fails', async () => {
    const world = new World();
    world.fail = action => { if (action.verb === 'start') throw new GaiaError('notReady', { message: 'no driver' }); };
    const plan = makePlan(world.input([aSpec('web')]));
    expect(await applyPlan(plan, options, world.hooks(), never)).toMatchObject([{ outcome: 'failed', error: { code: 'notReady' } }]);
    expect(world.bindings.has('web')).toBe(true);
    expect(makePlan(world.input([aSpec('web')])).steps).toMatchObject([{ kind: 'none' }]);
  });

  it('skips what depends on a machine that failed, and does the rest', async () => {
    const world = new World();
    world.fail = action => { if (action.verb === 'create' && action.spec.name === 'a') throw new Error('x'); };
    const plan = makePlan(world.input([aSpec('a'), aSpec('b', { source: { kind: 'clone', of: 'a' } }), aSpec('c')]));
    expect(await applyPlan(plan, options, world.hooks(), never)).toMatchObject([{ name: 'a', outcome: 'failed' }, { name: 'b', outcome: 'skipped' }, { name: 'c', outcome: 'done' }]);
  });

  it('cancelled between steps leaves the rest undone and says so', async () => {
    const world = new World();
    const abort = new AbortController();
    world.fail = action => { if (action.verb === 'create') abort.abort(); };
    const plan = makePlan(world.input([aSpec('a'), aSpec('b'), aSpec('c')]));
    const outcomes = await applyPlan(plan, { ...options, parallel: 1 }, world.hooks(), abort.signal);
    expect(outcomes.map(o => o.outcome)).toEqual(['skipped', 'skipped', 'skipped']);
    expect(world.done).toEqual(['create a']);
  });

  it('works on no more machines at once than allowed', async () => {
    const world = new World();
    let now = 0;
    let most = 0;
    const hooks: ApplyHooks = { ...world.hooks(), prepare: async spec => {
      most = Math.max(most, ++now);
      await new Promise(resolve => setTimeout(resolve, 2));
      now--;
      return spec;
    } };
    await applyPlan(makePlan(world.input(Array.from({ length: 9 }, (_, n) => aSpec(`m${String(n)}`)))), { ...options, parallel: 3 }, hooks, never);
    expect(most).toBe(3);
  });
});

describe('a plan of a thousand machines', () => {
  it('is made in well under a tenth of a second', () => {
    const world = new World();
    const specs = Array.from({ length: 1000 }, (_, n) => {
      const machine = world.add(`m${String(n)}`, { state: n % 2 ? 'running' : 'stopped' });
      world.bindings.set(machine.name, machine.id);
      return aSpec(machine.name, { memoryMiB: n % 3 ? 512 : 1024 });
    });
    const input = world.input(specs);
    makePlan(input);
    const start = performance.now();
    makePlan(input);
    expect(performance.now() - start).toBeLessThan(400); // 50 ms is the bench's: tests run beside others
  });
});
