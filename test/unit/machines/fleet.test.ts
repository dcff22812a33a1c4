import { afterEach, describe, expect, it } from 'vitest';
import { GaiaError } from '../../../src/machines/errors.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import type { FleetChange } from '../../../src/machines/fleet.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { aMachine, aProvider, deferred, until } from './builders.ts';
import type { FakeProvider } from './builders.ts';

let fleet: Fleet;
afterEach(() => { fleet.dispose(); });

function aFleet(providers: readonly FakeProvider[], listTimeoutMs = 1000): { registry: ProviderRegistry; changes: FleetChange[] } {
  const registry = new ProviderRegistry();
  for (const provider of providers) registry.register(provider);
  fleet = new Fleet(registry, { listTimeoutMs: () => listTimeoutMs });
  const changes: FleetChange[] = [];
  fleet.onDidChange(change => { changes.push(change); });
  return { registry, changes };
}
const names = (): string[] => fleet.machines().map(machine => machine.name);

describe('the fleet', () => {
  it('asks nobody before a refresh', () => {
    const provider = aProvider([aMachine('web')]);
    aFleet([provider]);
    expect(provider.calls).toEqual([]);
    expect(fleet.entries()[0]?.status.kind).toBe('notAsked');
  });

  it('shows each answer as it comes, without waiting for the slow provider', async () => {
    const gate = deferred();
    const slow = aProvider([aMachine('slow')], { id: 'slow' });
    slow.onList = () => gate.promise;
    aFleet([slow, aProvider([aMachine('web')])]);
    const refreshed = fleet.refresh();
    await until(() => names().includes('web'));
    expect(fleet.entry(slow)?.status.kind).toBe('loading');
    gate.resolve();
    await refreshed;
    expect(names()).toEqual(['slow', 'web']);
  });

  it('shares a list in flight, and lists once more for those who need an answer newer than that', async () => {
    const gate = deferred();
    const provider = aProvider([aMachine('web')]);
    provider.onList = () => gate.promise;
    aFleet([provider]);
    const all = [fleet.refresh(), fleet.refresh(), fleet.refresh({ fresh: true }), fleet.refresh({ fresh: true })];
    gate.resolve();
    await Promise.all(all);
    expect(provider.calls).toEqual(['list', 'list']);
  });

  it('fires for the rows that changed and for no others', async () => {
    const provider = aProvider([aMachine('a'), aMachine('b')]);
    const { changes } = aFleet([provider]);
    await fleet.refresh();
    changes.length = 0;
    await fleet.refresh();
    expect(changes).toEqual([]);
    const b = aMachine('b', { state: 'running' });
    provider.machines.set(b.id, b);
    await fleet.refresh();
    expect(changes.map(c => [c.status, c.changed.map(m => m.after.name), c.added, c.removed])).toEqual([[false, ['b'], [], []]]);
  });

  it('keeps the machines of the last good answer, marked stale, when a provider fails, and explains', async () => {
    const provider = aProvider([aMachine('web')]);
    aFleet([provider]);
    await fleet.refresh();
    provider.onList = async () => { throw new GaiaError('noPermission', { message: 'no rights' }); };
    provider.diagnosis = { usable: false, problems: [{ severity: 'error', code: 'fake.noRights', message: 'no rights' }] };
    await fleet.refresh();
    expect(fleet.machines()).toMatchObject([{ name: 'web', stale: true }]);
    expect(fleet.entry(provider)?.status).toMatchObject({ kind: 'failed', error: { code: 'noPermission' }, diagnosis: { problems: [{ code: 'fake.noRights' }] } });
    provider.onList = async () => undefined;
    await fleet.refresh();
    expect(fleet.machines()[0]?.stale).toBeUndefined();
    expect(fleet.entry(provider)?.status.kind).toBe('ready');
  });

  it('gives up on a provider that never answers, even one that ignores the abort, and recovers by itself', async () => {
    const provider = aProvider([aMachine('web')]);
    let aborted = false;
    provider.onList = signal => new Promise(() => { signal.addEventListener('abort', () => { aborted = true; }); });
    aFleet([provider], 30);
    await fleet.refresh();
    expect(fleet.entry(provider)?.status).toMatchObject({ kind: 'failed', error: { code: 'didNotAnswer' } });
    expect(aborted).toBe(true);
    provider.onList = async () => undefined;
    await fleet.refresh();
    expect(names()).toEqual(['web']);
  });

  it('a failing provider does not touch the others', async () => {
    const bad = aProvider([], { id: 'bad' });
    bad.onList = async () => { throw new Error('boom'); };
    bad.diagnose = async () => { throw new Error('boom too'); };
    aFleet([bad, aProvider([aMachine('web')])]);
    await fleet.refresh();
    expect(names()).toEqual(['web']);
    expect(fleet.entry(bad)?.status).toMatchObject({ kind: 'failed', error: { code: 'unexpected' } });
  });

  it('lays the state in transit over a row, also over fresh lists, until it is taken away', async () => {
    const web = aMachine('web');
    aFleet([aProvider([web])]);
    await fleet.refresh();
    fleet.overlay(web.id, 'starting');
    await fleet.refresh();
    expect(fleet.machine(web.id)?.state).toBe('starting');
    fleet.overlay(web.id, undefined);
    expect(fleet.machine(web.id)?.state).toBe('stopped');
  });

  it('a connection that is removed takes its machines along; a late answer of it is ignored', async () => {
    const gate = deferred();
    const provider = aProvider([aMachine('web')]);
    const registry = new ProviderRegistry();
    const registration = registry.register(provider);
    fleet = new Fleet(registry, { listTimeoutMs: () => 1000 });
    await fleet.refresh();
    provider.onList = () => gate.promise;
    const late = fleet.refresh();
    registration.dispose();
    gate.resolve();
    await late;
    expect(fleet.entries()).toEqual([]);
    expect(fleet.machines()).toEqual([]);
  });
});

describe('the registry', () => {
  it('refuses the same connection twice and knows machines by their id', () => {
    const registry = new ProviderRegistry();
    const provider = aProvider();
    registry.register(provider);
    expect(() => registry.register(aProvider())).toThrow(RangeError);
    expect(registry.of(aMachine('x').id)).toBe(provider);
    expect(registry.of('nonsense')).toBeUndefined();
  });
});
