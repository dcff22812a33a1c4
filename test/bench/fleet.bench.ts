// 10,000 machines: what a first list, a quiet poll and a one-machine change cost the fleet, and the memory they take. DESIGN section 9.
import { Fleet } from '../../src/machines/fleet.ts';
import { machineId } from '../../src/machines/machine.ts';
import type { Machine } from '../../src/machines/machine.ts';
import type { Provider } from '../../src/machines/provider.ts';
import { ProviderRegistry } from '../../src/machines/registry.ts';

const count = 10_000;
const machine = (n: number, state: Machine['state']): Machine => ({
  id: machineId('bench', 'local', String(n)), name: `machine-${String(n)}`, kind: 'vm', state, providerState: state, cpus: 2, memoryMiB: 2048,
  path: [`group-${String(n % 50)}`], tags: ['bench'],
});

/** Milliseconds of processor time of `work`, the median of `times`: whatever else the computer does meanwhile. */
async function median(times: number, work: (round: number) => Promise<void>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = process.cpuUsage();
    await work(i);
    const { user, system } = process.cpuUsage(start);
    all.push((user + system) / 1000);
  }
  return all.sort((a, b) => a - b)[Math.floor(times / 2)] as number;
}

export async function benchFleet(): Promise<readonly { readonly what: string; readonly value: number; readonly unit: string; readonly budget: number }[]> {
  let list: Machine[] = [];
  const provider = { id: 'bench', label: 'Bench', connection: { id: 'local', label: 'local' }, list: async () => list, diagnose: async () => ({ usable: true, problems: [] }) } as unknown as Provider;
  const registry = new ProviderRegistry();
  registry.register(provider);
  const fleet = new Fleet(registry, { listTimeoutMs: () => 60_000 });
  const fresh = (changed = -1): Machine[] => Array.from({ length: count }, (_, n) => machine(n, n === changed ? 'running' : 'stopped'));

  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  list = fresh();
  const first = await median(1, () => fleet.refresh());
  list = [];
  globalThis.gc?.();
  const heap = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20;

  const lists = Array.from({ length: 21 }, (_, round) => fresh(round));
  let fired = 0;
  fleet.onDidChange(change => { fired += change.changed.length; });
  const change = await median(21, async round => {
    list = lists[round] as Machine[];
    await fleet.refresh();
  });
  if (fired !== 21 + 20) throw new Error(`the diff is wrong: ${String(fired)} changes`);
  fleet.dispose();
  return [
    { what: `${String(count)} machines, first list`, value: first, unit: 'ms', budget: 1000 },
    { what: `${String(count)} machines, one changed`, value: change, unit: 'ms', budget: 5 },
    { what: `${String(count)} machines, heap of the fleet`, value: heap, unit: 'MiB', budget: 60 },
  ];
}
