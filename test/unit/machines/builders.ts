// Machines and providers for tests: say only what the test is about.
import type { Machine, MachineState } from '../../../src/machines/machine.ts';
import { machineId } from '../../../src/machines/machine.ts';
import type { Diagnosis, OperationContext, Provider } from '../../../src/machines/provider.ts';

export function aMachine(name: string, more: Partial<Machine> = {}): Machine {
  return { id: machineId('fake', 'local', name), name, kind: 'vm', state: 'stopped', providerState: 'off', ...more };
}

export interface FakeProvider extends Provider {
  machines: Map<string, Machine>;
  /** Calls made, in order: `start web`. */
  readonly calls: string[];
  /** Put here what the next calls should wait for or fail with. */
  onList: (signal: AbortSignal) => Promise<void>;
  onVerb: (verb: string, machine: string, context: OperationContext) => Promise<void>;
  diagnosis: Diagnosis;
  hint: () => void;
  watching: number;
}

/** Keeps machines in memory and does what it is told, at once, unless `onVerb`/`onList` say otherwise. */
export function aProvider(machines: readonly Machine[] = [], options: { id?: string; connection?: string } = {}): FakeProvider {
  const id = options.id ?? 'fake';
  const connection = options.connection ?? 'local';
  const fake: FakeProvider = {
    id,
    label: id === 'fake' ? 'Fake' : id,
    connection: { id: connection, label: connection },
    machines: new Map(machines.map(machine => [machine.id, machine])),
    calls: [],
    diagnosis: { usable: true, problems: [] },
    hint: () => undefined,
    watching: 0,
    onList: async () => undefined,
    onVerb: async () => undefined,
    diagnose: async () => fake.diagnosis,
    list: async signal => {
      fake.calls.push('list');
      await fake.onList(signal);
      return [...fake.machines.values()].map(machine => ({ ...machine }));
    },
    watch: onHint => {
      fake.watching++;
      fake.hint = onHint;
      return { dispose: () => { fake.watching--; } };
    },
    describe: async () => { throw new Error('not used'); },
    commands: async () => [],
    power: {
      start: (m, _options, context) => verb('start', m, context, 'running'),
      shutDown: (m, _options, context) => verb('shutDown', m, context, 'stopped'),
      powerOff: (m, context) => verb('powerOff', m, context, 'stopped'),
      pause: (m, context) => verb('pause', m, context, 'paused'),
      resume: (m, context) => verb('resume', m, context, 'running'),
    },
    lifecycle: {
      create: async (spec, context) => {
        const made = aMachine(spec.name, { id: machineId(id, connection, spec.name) });
        await verb('create', made.id, context);
        fake.machines.set(made.id, made);
        return made.id;
      },
      deletionPreview: async () => ({ disks: [], snapshots: 0 }),
      delete: async (m, _options, context) => {
        await verb('delete', m, context);
        fake.machines.delete(m);
      },
    },
  };
  async function verb(name: string, machine: string, context: OperationContext, state?: MachineState): Promise<void> {
    fake.calls.push(`${name} ${fake.machines.get(machine)?.name ?? machine}`);
    await fake.onVerb(name, machine, context);
    const present = fake.machines.get(machine);
    if (state && present) fake.machines.set(machine, { ...present, state });
  }
  return fake;
}

/** A promise with its handles outside. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((ok, no) => {
    resolve = ok;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Waits until `condition` holds; fails after two seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 2000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never true: ${condition.toString()}`);
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}
