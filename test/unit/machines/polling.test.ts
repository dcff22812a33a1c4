import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/machines/clock.ts';
import { Fleet } from '../../../src/machines/fleet.ts';
import { fastMs, hintDebounceMs, Polling } from '../../../src/machines/polling.ts';
import { ProviderRegistry } from '../../../src/machines/registry.ts';
import { aMachine, aProvider } from './builders.ts';
import type { FakeProvider } from './builders.ts';

const intervalMs = 5000;
let provider: FakeProvider;
let polling: Polling;
let fleet: Fleet;
const lists = (): number => provider.calls.filter(call => call === 'list').length;

beforeEach(() => {
  vi.useFakeTimers();
  provider = aProvider([aMachine('web')]);
  const registry = new ProviderRegistry();
  registry.register(provider);
  fleet = new Fleet(registry, { listTimeoutMs: () => 1000 });
  polling = new Polling(fleet, registry, { clock: systemClock, intervalMs: () => intervalMs });
});
afterEach(() => {
  polling.dispose();
  fleet.dispose();
  vi.useRealTimers();
});

describe('polling', () => {
  it('does nothing until a view is visible, and nothing once none is', async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lists()).toBe(0);
    polling.setActive(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(lists()).toBe(1);
    expect(provider.watching).toBe(1);
    polling.setActive(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lists()).toBe(1);
    expect(provider.watching).toBe(0);
  });

  it('lists every interval while active', async () => {
    polling.setActive(true);
    await vi.advanceTimersByTimeAsync(intervalMs * 3 + 100);
    expect(lists()).toBe(4);
  });

  it('lists quickly while something is in transit', async () => {
    polling.setActive(true);
    await vi.advanceTimersByTimeAsync(1);
    fleet.overlay(aMachine('web').id, 'starting');
    await vi.advanceTimersByTimeAsync(intervalMs);
    const before = lists();
    await vi.advanceTimersByTimeAsync(fastMs * 4);
    expect(lists() - before).toBeGreaterThanOrEqual(3);
  });

  it('makes one list of a burst of hints', async () => {
    polling.setActive(true);
    await vi.advanceTimersByTimeAsync(10);
    for (let i = 0; i < 20; i++) provider.hint();
    await vi.advanceTimersByTimeAsync(hintDebounceMs + 10);
    expect(lists()).toBe(2);
  });

  it('does not lose a hint that comes while it lists', async () => {
    provider.onList = async () => { provider.hint(); provider.onList = async () => undefined; };
    polling.setActive(true);
    await vi.advanceTimersByTimeAsync(hintDebounceMs + 50);
    expect(lists()).toBe(2);
  });

  it('asks a failing provider ever more rarely, and normally again once it answers', async () => {
    provider.onList = async () => { throw new Error('down'); };
    polling.setActive(true);
    await vi.advanceTimersByTimeAsync(intervalMs * 8);
    expect(lists()).toBeLessThanOrEqual(4);
    provider.onList = async () => undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    const before = lists();
    await vi.advanceTimersByTimeAsync(intervalMs * 4);
    expect(lists() - before).toBeGreaterThanOrEqual(3);
  });

  it('polls a connection that is added later, and no more one that was removed', async () => {
    polling.dispose();
    const registry = new ProviderRegistry();
    fleet = new Fleet(registry, { listTimeoutMs: () => 1000 });
    polling = new Polling(fleet, registry, { clock: systemClock, intervalMs: () => intervalMs });
    polling.setActive(true);
    const registration = registry.register(provider);
    await vi.advanceTimersByTimeAsync(10);
    expect(lists()).toBe(1);
    registration.dispose();
    await vi.advanceTimersByTimeAsync(intervalMs * 4);
    expect(lists()).toBe(1);
    expect(provider.watching).toBe(0);
  });

  it('spends at most a twentieth of the time on listing', async () => {
    provider.onList = () => new Promise(resolve => { setTimeout(resolve, 900); });
    vi.spyOn(performance, 'now').mockImplementation(() => Date.now());
    polling.setActive(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lists()).toBeLessThanOrEqual(5);
    vi.restoreAllMocks();
  });
});
