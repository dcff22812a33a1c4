// The clauses of src/machines/provider.ts as tests: any provider is held to them by one call of `holdToContract`.
// What is changed goes through Fleet and Operations, as in the extension.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Action } from '../../src/machines/actions.ts';
import { supports } from '../../src/machines/eligibility.ts';
import { asGaiaError } from '../../src/machines/errors.ts';
import { Fleet } from '../../src/machines/fleet.ts';
import { machineId, parseMachineId, settledStates, transitStates } from '../../src/machines/machine.ts';
import type { Machine, MachineId, MachineState, Snapshot } from '../../src/machines/machine.ts';
import { Operations } from '../../src/machines/operations.ts';
import type { Provider } from '../../src/machines/provider.ts';
import { ProviderRegistry } from '../../src/machines/registry.ts';
import type { MachineSpec } from '../../src/machines/spec.ts';

/** The parts whose clauses are checked. They are named beforehand, so that a part that got lost fails a test and is not passed over. */
export type ContractPart = 'lifecycle' | 'rename' | 'snapshots' | 'cloning' | 'watch' | 'suggestions';

export interface ContractSubject {
  readonly provider: Provider;
  /** A machine that is off, which may be started, stopped and changed. */
  readonly stopped: MachineId;
  /** The provider's own id of a machine that does not exist. */
  readonly unknown: string;
  /** How long the hypervisor itself may go on listing an old name. Default: not at all. States never lag. */
  readonly namesLagMs?: number;
  /** For `snapshots`: a name that is hard, and allowed. */
  readonly snapshotName?: string;
  /** For `lifecycle`: a small machine of this name. */
  readonly spec?: (name: string) => MachineSpec;
  /** Asked of the hypervisor beside the provider: is this machine's state really that? */
  readonly independently?: (id: MachineId) => Promise<MachineState>;
  dispose?(): Promise<void> | void;
}

const parts: { readonly [P in ContractPart]: (provider: Provider) => boolean } = {
  lifecycle: p => p.lifecycle !== undefined,
  rename: p => p.lifecycle?.rename !== undefined,
  snapshots: p => p.snapshots !== undefined,
  cloning: p => p.cloning !== undefined,
  watch: p => p.watch !== undefined,
  suggestions: p => p.suggestions !== undefined,
};

export function holdToContract(title: string, expected: readonly ContractPart[], open: () => Promise<ContractSubject>): void {
  describe(title, () => {
    const signal = new AbortController().signal;
    let subject: ContractSubject;
    let provider: Provider;
    let fleet: Fleet;
    let operations: Operations;

    beforeAll(async () => {
      subject = await open();
      ({ provider } = subject);
      const registry = new ProviderRegistry();
      registry.register(provider);
      fleet = new Fleet(registry, { listTimeoutMs: () => 60_000 });
      operations = new Operations(registry, fleet);
      await fleet.refresh();
    });
    afterAll(async () => {
      fleet?.dispose();
      await subject?.dispose?.();
    });

    const run = async (action: Action) => operations.run(action).result;
    /** The code with which it rejects, or what it resolved with, so that a failure of the test tells. */
    const refusal = async (work: () => Promise<unknown>): Promise<unknown> => work().then(value => ({ resolved: value }), (error: unknown) => asGaiaError(error).code);
    const row = async (id: MachineId): Promise<Machine | undefined> => (await provider.list(signal)).find(machine => machine.id === id);
    const gone = (): MachineId => machineId(provider.id, provider.connection.id, subject.unknown);
    const isNow = async (id: MachineId, state: MachineState): Promise<void> => {
      // The operation has read the machine again: no further refresh is needed, and none is made.
      expect(fleet.machine(id)?.state).toBe(state);
      if (subject.independently) expect(await subject.independently(id)).toBe(state);
    };

    const isNamed = async (id: MachineId, name: string): Promise<void> => {
      if (subject.namesLagMs === undefined) expect(fleet.machine(id)?.name).toBe(name);
      else await expect.poll(async () => (await row(id))?.name, { timeout: subject.namesLagMs, interval: 20 }).toBe(name);
    };

    it('has the parts that are checked here, and no other of them', () => {
      expect((Object.keys(parts) as ContractPart[]).filter(part => parts[part](provider)).sort()).toEqual([...expected].sort());
    });

    it('says whether it is usable, and what is wrong only with a code of its own', async () => {
      const { usable, problems } = await provider.diagnose(signal);
      expect(usable).toBe(true);
      expect(problems.filter(problem => problem.severity === 'error')).toEqual([]);
      for (const problem of problems) expect(problem.code.startsWith(`${provider.id}.`)).toBe(true);
    });

    it('lists each machine once, by ids of this provider and connection, in words that Gaia knows', async () => {
      const machines = await provider.list(signal);
      expect(machines.length).toBeGreaterThan(0);
      expect(new Set(machines.map(machine => machine.id)).size).toBe(machines.length);
      for (const machine of machines) {
        expect(parseMachineId(machine.id)).toMatchObject({ provider: provider.id, connection: provider.connection.id });
        expect([...settledStates, ...transitStates]).toContain(machine.state);
        expect(machine.providerState).not.toBe('');
        // Rows are compared and kept: plain data only.
        expect(JSON.parse(JSON.stringify(machine))).toEqual({ ...machine });
      }
    });

    it('answers the same again while nothing changes: rows hold nothing volatile', async () => {
      expect(await provider.list(signal)).toEqual(await provider.list(signal));
    });

    it('does not answer a question that was withdrawn', async () => {
      const abort = new AbortController();
      abort.abort();
      expect(await refusal(() => provider.list(abort.signal))).toBe('cancelled');
    });

    it('describes a machine as the list shows it', async () => {
      const { machine, disks } = await provider.describe(subject.stopped, signal);
      const { id, name, state } = machine;
      expect(await row(subject.stopped)).toMatchObject({ id, name, state });
      expect(new Set(disks.map(disk => disk.slot)).size).toBe(disks.length);
    });

    it('says notFound of a machine that is gone, and does nothing to it', async () => {
      const before = await provider.list(signal);
      expect(await refusal(() => provider.describe(gone(), signal))).toBe('notFound');
      for (const verb of ['start', 'powerOff'] as const) expect({ verb, refusal: await refusal(() => run({ verb, id: gone() })) }).toEqual({ verb, refusal: 'notFound' });
      expect(await provider.list(signal)).toEqual(before);
    });

    it('shows what it would run, and runs none of it', async () => {
      const before = await provider.list(signal);
      const verbs = (['start', 'powerOff', 'reset', 'pause', 'suspend'] as const).filter(verb => supports[verb](provider));
      for (const verb of verbs) {
        const commands = await provider.commands({ verb, id: subject.stopped }, signal);
        expect(commands.length).toBeGreaterThan(0);
        for (const { text } of commands) expect(text.trim()).not.toBe('');
      }
      expect(await provider.list(signal)).toEqual(before);
    });

    it('starts: done is said when it runs', async () => {
      await run({ verb: 'start', id: subject.stopped });
      await isNow(subject.stopped, 'running');
    });

    it('asks the guest to shut down, and says so when it has not', async () => {
      const answer = await refusal(() => run({ verb: 'shutDown', id: subject.stopped, timeoutMs: 1000 }));
      if (answer === 'didNotAnswer') await isNow(subject.stopped, 'running');
      else {
        expect(answer).toEqual({ resolved: {} });
        await isNow(subject.stopped, 'stopped');
      }
    });

    it('powers off; what is off already is no error', async () => {
      await run({ verb: 'powerOff', id: subject.stopped });
      await isNow(subject.stopped, 'stopped');
      await run({ verb: 'powerOff', id: subject.stopped });
      await isNow(subject.stopped, 'stopped');
    });

    if (expected.includes('watch')) it('lets go of what it watches', () => {
      const watching = provider.watch?.(() => undefined);
      watching?.dispose();
      expect(() => { watching?.dispose(); }).not.toThrow();
    });

    if (expected.includes('suggestions')) it('has no suggestion for a path that it does not know', async () => {
      expect(await provider.suggestions?.values('config.no_such_key', signal)).toEqual([]);
    });

    if (expected.includes('snapshots')) it('takes a snapshot, restores it and deletes it', async () => {
      const name = subject.snapshotName ?? 'first "1"';
      const { snapshot = '' } = await run({ verb: 'snapshot', id: subject.stopped, name, description: 'as made' });
      const find = async (): Promise<Snapshot | undefined> => flat(await provider.snapshots?.list(subject.stopped, signal) ?? []).find(one => one.id === snapshot);
      expect(await find()).toMatchObject({ name, description: 'as made' });
      await run({ verb: 'restoreSnapshot', id: subject.stopped, snapshot });
      await isNow(subject.stopped, 'stopped');
      await run({ verb: 'deleteSnapshot', id: subject.stopped, snapshot });
      expect(await find()).toBeUndefined();
      expect(await refusal(() => run({ verb: 'restoreSnapshot', id: subject.stopped, snapshot }))).toBe('notFound');
    });

    if (expected.includes('cloning')) it('clones: the copy has an id of its own, the original is as it was', async () => {
      const before = await row(subject.stopped);
      const { created } = await run({ verb: 'clone', id: subject.stopped, options: { name: 'contract-copy' } });
      expect(created).not.toBe(subject.stopped);
      await isNow(created as MachineId, 'stopped');
      await isNamed(created as MachineId, 'contract-copy');
      expect(await row(subject.stopped)).toEqual(before);
    });

    if (expected.includes('lifecycle')) describe('what it makes', () => {
      const spec = (): MachineSpec => subject.spec?.('contract-one') as MachineSpec;
      let made: MachineId;

      it('is listed under the id that it answers with, and does not run', async () => {
        made = (await run({ verb: 'create', spec: spec() })).created as MachineId;
        await isNow(made, 'stopped');
        await isNamed(made, 'contract-one');
      });

      it('never takes a name that is taken; the one that has it stays as it is', async () => {
        const before = await provider.list(signal);
        expect(await refusal(() => run({ verb: 'create', spec: spec() }))).toBe('alreadyExists');
        expect(await provider.list(signal)).toEqual(before);
      });

      if (expected.includes('rename')) it('keeps its id under another name', async () => {
        await run({ verb: 'rename', id: made, name: 'contract-two' });
        await isNamed(made, 'contract-two');
        expect((await provider.describe(made, signal)).machine.name).toBe('contract-two');
      });

      it('goes only when it may, and then alone', async () => {
        await run({ verb: 'start', id: made });
        // The queue does not know what may be deleted: the provider itself refuses, whatever it is asked.
        expect(['wrongState', 'locked', 'protected']).toContain(await refusal(() => run({ verb: 'delete', id: made, disks: 'delete' })));
        await isNow(made, 'running');
        await run({ verb: 'powerOff', id: made });
        expect((await provider.lifecycle?.deletionPreview(made, signal))?.refused).toBeUndefined();
        const others = (await provider.list(signal)).filter(machine => machine.id !== made);
        await run({ verb: 'delete', id: made, disks: 'delete' });
        expect(await provider.list(signal)).toEqual(others);
        expect(await refusal(() => run({ verb: 'delete', id: made, disks: 'delete' }))).toBe('notFound');
      });
    });
  });
}

function flat(snapshots: readonly Snapshot[]): readonly Snapshot[] {
  return snapshots.flatMap(snapshot => [snapshot, ...flat(snapshot.children)]);
}
