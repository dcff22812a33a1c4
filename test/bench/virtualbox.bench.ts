// A refresh of VirtualBox at 1, 50 and 200 machines, beside a bare `VBoxManage list vms` and beside one `showvminfo` a machine, in one run; and
// what an action costs over the bare tool. DESIGN section 9: refresh ≤ 1.3 × the bare list in steady state; an action ≤ 10 % over the tool.
import { createVirtualBoxProvider } from '../../src/providers/virtualbox/provider.ts';
import type { OperationContext } from '../../src/machines/provider.ts';
import { runProcess } from '../../src/system/process.ts';
import { privateVirtualBox } from '../rig/virtualbox.mjs';

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly budget?: number;
  readonly note?: string;
}

const signal = new AbortController().signal;
const context: OperationContext = { signal, progress: () => undefined, output: () => undefined };
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** Times of several works, taken in turn, so that what else the computer does falls on all alike. */
async function inTurn(rounds: number, works: readonly (() => Promise<unknown>)[]): Promise<readonly number[][]> {
  const times: number[][] = works.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, work] of works.entries()) {
      const start = performance.now();
      await work();
      times[index]?.push(performance.now() - start);
    }
  }
  return times;
}

export async function benchVirtualBox(): Promise<readonly Row[]> {
  const box = await privateVirtualBox();
  Object.assign(process.env, box.variables);
  const rows: Row[] = [];
  try {
    const bare = (...args: readonly string[]): Promise<unknown> => runProcess({ file: box.vboxmanage, args, env: { LC_ALL: 'C.UTF-8' }, timeoutMs: 120_000 }, signal);
    const uuids = [await box.createVm({ name: 'runs' })];
    for (const count of [1, 50, 200]) {
      while (uuids.length < count) uuids.push(/^UUID: (.*)$/m.exec(await box.run(['createvm', '--name', `machine ${String(uuids.length)}`, '--ostype', 'Debian_64', '--register']))?.[1] ?? '');
      const provider = createVirtualBoxProvider({ settings: () => ({}), record: () => undefined });
      const start = performance.now();
      await provider.list(signal);
      const first = performance.now() - start;
      const [list, refresh] = await inTurn(15, [() => bare('list', 'vms'), () => provider.list(signal)]) as [number[], number[]];
      // One call after the other takes minutes for 200 machines: at most 25 are really made, and the time is scaled.
      const asked = uuids.slice(0, 25);
      const [each] = (await inTurn(1, [async () => { for (const uuid of asked) await bare('showvminfo', uuid, '--machinereadable'); }])).map(times => times.map(time => (time * count) / asked.length)) as [number[]];
      rows.push(
        { what: `${String(count)} machines: bare list vms`, value: median(list), unit: 'ms' },
        { what: `${String(count)} machines: first list of Gaia`, value: first, unit: 'ms' },
        { what: `${String(count)} machines: refresh`, value: median(refresh), unit: 'ms' },
        { what: `${String(count)} machines: one showvminfo a machine`, value: median(each), unit: 'ms', ...(asked.length < count ? { note: `scaled from ${String(asked.length)} calls` } : {}) },
        { what: `${String(count)} machines: refresh / bare list vms`, value: median(refresh) / median(list), unit: '×', budget: 1.3 },
        { what: `${String(count)} machines: showvminfo a machine / refresh`, value: median(each) / median(refresh), unit: '×' },
      );
    }

    const provider = createVirtualBoxProvider({ settings: () => ({}), record: () => undefined });
    const id = (await provider.list(signal)).find(machine => machine.name === 'runs')?.id;
    const uuid = uuids[0] as string;
    if (id === undefined) throw new Error('the machine that runs is not in the list');
    const { power } = provider;
    // In the order in which a machine can go through them.
    const verbs: readonly (readonly [string, () => Promise<unknown>, () => Promise<unknown> | undefined])[] = [
      ['start', () => bare('startvm', uuid, '--type', 'headless'), () => power.start(id, {}, context)],
      ['pause', () => bare('controlvm', uuid, 'pause'), () => power.pause?.(id, context)],
      ['resume', () => bare('controlvm', uuid, 'resume'), () => power.resume?.(id, context)],
      ['suspend', () => bare('controlvm', uuid, 'savestate'), () => power.suspend?.(id, context)],
      ['start from the saved state', () => bare('startvm', uuid, '--type', 'headless'), () => power.start(id, {}, context)],
      ['power off', () => bare('controlvm', uuid, 'poweroff'), () => power.powerOff(id, context)],
    ];
    const times = verbs.map(() => ({ bare: [] as number[], own: [] as number[] }));
    const timed = async (into: number[] | undefined, work: () => Promise<unknown> | undefined): Promise<void> => {
      const start = performance.now();
      await work();
      into?.push(performance.now() - start);
    };
    for (let round = 0; round < 11; round++) {
      for (const [at, [, work]] of verbs.entries()) await timed(times[at]?.bare, work);
      for (const [at, [, , work]] of verbs.entries()) await timed(times[at]?.own, work);
    }
    for (const [at, [verb]] of verbs.entries()) {
      const bareMs = median(times[at]?.bare ?? []);
      rows.push({ what: `${verb}: Gaia / bare tool`, value: median(times[at]?.own ?? []) / bareMs, unit: '×', budget: 1.1, note: `${bareMs.toFixed(0)} ms bare` });
    }
    return rows;
  } finally {
    await box.dispose();
  }
}
