// One private VirtualBox a test file, the provider on it, and short names for what the tests do all the time.
import { afterAll, beforeAll } from 'vitest';
import { parseMachineId } from '../../../src/machines/machine.ts';
import type { Machine, MachineId } from '../../../src/machines/machine.ts';
import type { OperationContext, Provider, RequestRecord } from '../../../src/machines/provider.ts';
import type { MachineSpec } from '../../../src/machines/spec.ts';
import { createVirtualBoxProvider } from '../../../src/providers/virtualbox/provider.ts';
import type { VirtualBoxDependencies } from '../../../src/providers/virtualbox/provider.ts';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';
import { privateVirtualBox } from '../../rig/virtualbox.mjs';

export interface Bench {
  readonly box: PrivateVirtualBox;
  readonly provider: Provider;
  /** Every request so far, with its time and outcome. */
  readonly records: RequestRecord[];
  readonly steps: { message?: string; fraction?: number }[];
  readonly context: OperationContext;
  readonly signal: AbortSignal;
  readonly output: string[];
  /** Another provider on the same VirtualBox, with some doors replaced. */
  other(doors: Partial<VirtualBoxDependencies>): Provider;
  machine(id: MachineId): Promise<Machine>;
  /** A spec of a machine that really runs here: the rig has no kernel driver, so the interpreter must be asked for. */
  spec(name: string, more?: Partial<MachineSpec>): MachineSpec;
  native(id: MachineId): string;
}

/** Registers the set-up and clean-up of the file; the bench is filled before the first test. `windows`: with the VirtualBox that has windows. */
export function useVirtualBox(options: { readonly windows?: boolean } = {}): Bench {
  const bench = { records: [], steps: [], output: [], signal: new AbortController().signal } as unknown as { -readonly [K in keyof Bench]: Bench[K] };
  beforeAll(async () => {
    const box = await privateVirtualBox(options);
    Object.assign(process.env, box.variables);
    bench.box = box;
    bench.other = doors => createVirtualBoxProvider({ settings: () => ({}), record: record => { bench.records.push(record); }, ...doors });
    bench.provider = bench.other({});
    bench.context = { signal: bench.signal, progress: step => { bench.steps.push(step as { message?: string }); }, output: line => { bench.output.push(line); } };
    bench.native = id => parseMachineId(id).native;
    bench.machine = async id => {
      const found = (await bench.provider.list(bench.signal)).find(machine => machine.id === id);
      if (!found) throw new Error(`no machine ${id}`);
      return found;
    };
    bench.spec = (name, more = {}) => ({
      name, provider: 'virtualbox', source: { kind: 'empty' }, disks: [], networks: [], portForwards: [], sharedFolders: [], cpus: 1, memoryMiB: 64,
      ...more,
      options: { 'vm-execution-engine': 'interpreter', ...more.options },
    });
  });
  afterAll(async () => {
    await bench.box?.dispose();
  });
  return bench;
}
