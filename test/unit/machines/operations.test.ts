import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Action } from '../../../src/machines/actions.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import { Operations } from '../../../src/machines/operations.ts';
import type { OperationContext } from '../../../src/machines/provider.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { aMachine, aProvider, deferred, until } from './builders.ts';
import type { FakeProvider } from './builders.ts';

const web = aMachine('web');
const db = aMachine('db');
let provider: FakeProvider;
let fleet: Fleet;
let operations: Operations;

beforeEach(async () => {
  provider = aProvider([web, db]);
  const registry = new ProviderRegistry();
  registry.register(provider);
  fleet = new Fleet(registry, { listTimeoutMs: () => 1000 });
  operations = new Operations(registry, fleet);
  await fleet.refresh();
  provider.calls.length = 0;
});
afterEach(() => { fleet.dispose(); });

const verbsCalled = (): string[] => provider.calls.filter(call => call !== 'list');
const untilAborted = (context: OperationContext): Promise<void> =>
  new Promise((_, reject) => { context.signal.addEventListener('abort', () => { reject(context.signal.reason as Error); }); });
const aSpec = (name: string): MachineSpec => ({ name, provider: 'fake', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], options: {} });

describe('an operation', () => {
  it('shows the state in transit while it runs, and afterwards what the provider says', async () => {
    const gate = deferred();
    provider.onVerb = () => gate.promise;
    const operation = operations.run({ verb: 'start', id: web.id });
    await until(() => operation.state === 'running');
    expect(fleet.machine(web.id)?.state).toBe('starting');
    gate.resolve();
    await operation.result;
    expect(fleet.machine(web.id)?.state).toBe('running');
    expect(operation.state).toBe('succeeded');
    expect(provider.calls).toEqual(['start web', 'list']);
  });

  it('that fails reads the machine again too, and names it', async () => {
    provider.onVerb = async (_verb, id) => {
      provider.machines.set(id, { ...web, state: 'paused' });
      throw new GaiaError('locked', { message: 'It is locked.' });
    };
    const operation = operations.run({ verb: 'start', id: web.id });
    await expect(operation.result).rejects.toMatchObject({ code: 'locked', detail: { machine: 'web' } });
    expect(operation.state).toBe('failed');
    expect(fleet.machine(web.id)?.state).toBe('paused');
  });

  it('waits for the one before it on the same machine, not for those on others', async () => {
    const gate = deferred();
    provider.onVerb = (_verb, id) => (id === web.id ? gate.promise : Promise.resolve());
    const first = operations.run({ verb: 'start', id: web.id });
    const second = operations.run({ verb: 'pause', id: web.id });
    await operations.run({ verb: 'start', id: db.id }).result;
    expect(verbsCalled()).toEqual(['start web', 'start db']);
    expect(second.state).toBe('queued');
    gate.resolve();
    await Promise.all([first.result, second.result]);
    expect(verbsCalled()).toEqual(['start web', 'start db', 'pause web']);
  });

  it('asked for twice by a double click is one', async () => {
    const gate = deferred();
    provider.onVerb = () => gate.promise;
    const first = operations.run({ verb: 'delete', id: web.id, disks: 'delete' });
    const second = operations.run({ verb: 'delete', id: web.id, disks: 'delete' });
    expect(second).toBe(first);
    gate.resolve();
    await first.result;
    expect(verbsCalled()).toEqual(['delete web']);
  });

  it('asked for again after it has ended runs again', async () => {
    await operations.run({ verb: 'start', id: web.id }).result;
    await operations.run({ verb: 'start', id: web.id }).result;
    expect(verbsCalled()).toEqual(['start web', 'start web']);
  });

  it('cancelled while it runs ends as cancelled', async () => {
    provider.onVerb = (_verb, _id, context) => untilAborted(context);
    const operation = operations.run({ verb: 'start', id: web.id });
    await until(() => operation.state === 'running');
    operation.cancel();
    await expect(operation.result).rejects.toMatchObject({ code: 'cancelled' });
    expect(operation.state).toBe('cancelled');
    expect(operations.live()).toEqual([]);
  });

  it('cancelled while it runs has not ended before its work has, and was read again', async () => {
    const gate = deferred();
    const order: string[] = [];
    provider.onVerb = async (_verb, _id, context) => {
      await untilAborted(context).catch(() => undefined);
      await gate.promise;
      order.push('work ended');
      context.signal.throwIfAborted();
    };
    provider.onList = async () => { order.push('read again'); };
    const operation = operations.run({ verb: 'start', id: web.id });
    const next = operations.run({ verb: 'pause', id: web.id });
    await until(() => operation.state === 'running');
    operation.cancel();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(operation.state).toBe('running');
    expect(next.state).toBe('queued');
    next.cancel();
    gate.resolve();
    await expect(operation.result).rejects.toMatchObject({ code: 'cancelled' });
    expect(order).toEqual(['work ended', 'read again']);
  });

  it('cancelled while it waits never runs, and lets the next one through', async () => {
    const gate = deferred();
    provider.onVerb = () => gate.promise;
    const first = operations.run({ verb: 'start', id: web.id });
    const second = operations.run({ verb: 'pause', id: web.id });
    const third = operations.run({ verb: 'powerOff', id: web.id });
    second.cancel();
    await expect(second.result).rejects.toMatchObject({ code: 'cancelled' });
    gate.resolve();
    await Promise.all([first.result, third.result]);
    expect(verbsCalled()).toEqual(['start web', 'powerOff web']);
  });

  it('tells its steps and output', async () => {
    const seen: (number | undefined)[] = [];
    const lines: string[] = [];
    operations.onDidChange(operation => { seen.push(operation.fraction); });
    operations.onOutput(({ line }) => { lines.push(line); });
    provider.onVerb = async (_verb, _id, context) => {
      context.progress({ message: 'Half', fraction: 0.5 });
      context.progress({ fraction: 7 });
      context.output('a line');
    };
    const operation = operations.run({ verb: 'start', id: web.id });
    await operation.result;
    expect(operation.step?.message).toBe('Half');
    expect(seen).toContain(0.5);
    expect(Math.max(...seen.filter(f => f !== undefined))).toBe(1);
    expect(lines).toEqual(['a line']);
  });

  it('that makes a machine shows a row for it at once, and no second one when it is there', async () => {
    const gate = deferred();
    provider.onVerb = () => gate.promise;
    const operation = operations.run({ verb: 'create', spec: aSpec('new') });
    await until(() => operation.state === 'running');
    expect(fleet.machines().filter(m => m.name === 'new')).toMatchObject([{ state: 'creating' }]);
    gate.resolve();
    const { created } = await operation.result;
    expect(fleet.machines().filter(m => m.name === 'new')).toMatchObject([{ id: created, state: 'stopped' }]);
  });

  it('on a part that the provider has not says so', async () => {
    await expect(operations.run({ verb: 'suspend', id: web.id }).result).rejects.toMatchObject({ code: 'notSupported' });
  });

  it('on a machine of no known connection throws at once', () => {
    expect(() => operations.run({ verb: 'start', id: aMachine('x', { id: 'other:local:x' as never }).id })).toThrow(GaiaError);
  });
});

describe('the queue, for any mix of operations, faults and cancels', () => {
  it('never runs two at once on one machine, keeps the order, and ends each exactly once', async () => {
    const step = fc.record({
      machine: fc.constantFrom(web, db),
      verb: fc.constantFrom('start' as const, 'powerOff' as const, 'pause' as const, 'resume' as const),
      fault: fc.constantFrom('none', 'none', 'throw', 'cancel'),
      delay: fc.nat({ max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
        const running = new Map<string, number>();
        const started: number[] = [];
        let ended = 0;
        const subscription = operations.onDidChange(operation => { if (operation.endedAt !== undefined) ended++; });
        let index = 0;
        const plan = new Map<Action, (typeof steps)[number]>();
        provider.onVerb = async (_verb, id, context) => {
          expect(running.get(id) ?? 0).toBe(0);
          running.set(id, 1);
          try {
            const mine = steps[started.push(index++) - 1];
            await new Promise(resolve => setTimeout(resolve, mine?.delay ?? 0));
            context.signal.throwIfAborted();
            if (mine?.fault === 'throw') throw new Error('boom');
          } finally {
            running.set(id, 0);
          }
        };
        const all = steps.map((s, i) => {
          // A number in the action keeps twins apart: this test is about order, not about double clicks.
          const action = { verb: s.verb, id: s.machine.id, test: i } as unknown as Action;
          plan.set(action, s);
          const operation = operations.run(action);
          if (s.fault === 'cancel') setTimeout(() => { operation.cancel(); }, s.delay);
          return operation;
        });
        await Promise.allSettled(all.map(o => o.result));
        subscription.dispose();
        expect(ended).toBe(steps.length);
        expect(operations.live()).toEqual([]);
        for (const machine of [web, db]) {
          const order = all.filter(o => o.action.verb !== 'create' && o.action.id === machine.id && o.startedAt !== undefined).map(o => o.number);
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
      }),
      { numRuns: 40 },
    );
  });
});
