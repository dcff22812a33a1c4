// Start, shut down, power off and so on. A UPID is not success, and for a guest under high availability not even a task that ended well is:
// done is what status/current says.
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { OperationContext, Power } from '../../machines/provider.ts';
import type { Calls } from './calls.ts';
import type { Directory, Located } from './locate.ts';
import { parseStatus } from './parse.ts';
import type { GuestStatus } from './parse.ts';
import { requests } from './requests.ts';
import type { ApiRequest, Guest } from './requests.ts';

export interface PartDeps {
  readonly calls: Calls;
  readonly directory: Directory;
  /** Id of the connection, for the ids of machines. */
  readonly connection: string;
  readonly now: () => number;
}

export async function readStatus(deps: PartDeps, guest: Guest, signal: AbortSignal): Promise<GuestStatus> {
  return parseStatus((await deps.calls.get(requests.status(guest), signal)).data, deps.now());
}

/** How long the HA manager may take to act on a request; its cycle is 10 s. */
const haPatienceMs = 120_000;

export function createPower(deps: PartDeps): Power {
  const { calls, directory } = deps;

  /** Runs one power request and waits until the guest is in the state it asks for. */
  async function act(id: MachineId, context: OperationContext, build: (guest: Guest) => ApiRequest, reached: (status: GuestStatus) => boolean, patienceMs = 30_000): Promise<void> {
    const located = await directory.find(calls, id, context.signal);
    await actOn(located, context, build, reached, patienceMs);
  }

  async function actOn({ guest, machine }: Located, context: OperationContext, build: (guest: Guest) => ApiRequest, reached: (status: GuestStatus) => boolean, patienceMs = 30_000): Promise<void> {
    let current = guest;
    let end;
    try {
      end = await calls.run(build(current), context, { machine: machine.name });
    } catch (error) {
      // It was moved since the list was made: nothing was done, so it is asked for again where it is now.
      if (!GaiaError.is(error, 'notFound')) throw await withState(error, deps, current, machine.name);
      directory.forget();
      const again = await directory.find(calls, machine.id, context.signal);
      if (again.guest.node === current.node) throw error;
      current = again.guest;
      end = await calls.run(build(current), context, { machine: machine.name });
    }
    if (end.warnings > 0) context.output(`The task ended with ${end.warnings} warning(s).`);
    const underHa = end.upid?.type.startsWith('ha') ?? false;
    if (underHa) context.progress({ message: 'Waiting for high availability to act' });
    const arrived = await afterwards(machine.name, () => calls.until(
      async signal => {
        try {
          return reached(await readStatus(deps, current, signal));
        } catch (error) {
          // High availability may move it while it starts it.
          if (!underHa || !GaiaError.is(error, 'notFound')) throw error;
          directory.forget();
          current = (await directory.find(calls, machine.id, signal)).guest;
          return false;
        }
      },
      underHa ? haPatienceMs : patienceMs,
      context.signal,
    ));
    directory.forget();
    if (arrived) return;
    const status = await afterwards(machine.name, () => readStatus(deps, current, context.signal));
    throw new GaiaError('partial', {
      message: underHa ? 'High availability has taken the request, but has not acted on it yet.' : 'Proxmox VE says it is done, but {0} is {1}.',
      values: [machine.name, status.providerState],
      machine: machine.name,
      left: 'It is {1} now.',
      ...(underHa ? { hint: 'Look at the state of high availability: its services may not run, or the cluster has no quorum.' } : {}),
    });
  }

  const only = (what: string, { guest, machine }: Located): void => {
    if (guest.kind === 'lxc') throw new GaiaError('notSupported', { message: 'A container cannot do this ({0}).', values: [what], machine: machine.name });
  };
  const onlyVm = async (id: MachineId, what: string, context: OperationContext): Promise<Located> => {
    const located = await directory.find(calls, id, context.signal);
    only(what, located);
    return located;
  };

  return {
    start: async (id, _options, context) => {
      const located = await directory.find(calls, id, context.signal);
      if (located.machine.template) throw new GaiaError('wrongState', { message: 'A template cannot be started.', hint: 'Clone it, and start the clone.', machine: located.machine.name });
      // To Proxmox VE "start" of a paused machine is an error; the person wants it to run.
      const before = await readStatus(deps, located.guest, context.signal);
      const paused = before.running && before.state === 'paused';
      await actOn(located, context, paused ? requests.resume : requests.start, status => status.running && status.state !== 'paused');
    },
    shutDown: async (id, { timeoutMs }, context) => {
      const located = await directory.find(calls, id, context.signal);
      const seconds = Math.max(1, Math.round(timeoutMs / 1000));
      try {
        await actOn(located, context, guest => requests.shutdown(guest, { timeoutSeconds: seconds }), status => !status.running, timeoutMs);
      } catch (error) {
        if (!GaiaError.is(error, 'didNotAnswer', 'unexpected', 'partial')) throw error;
        const status = await readStatus(deps, located.guest, context.signal).catch(() => undefined);
        if (status && !status.running) return;
        if (status && error.code !== 'didNotAnswer') throw new GaiaError('didNotAnswer', { message: 'The guest did not shut down in time; it still runs.', machine: located.machine.name, hint: 'Power it off, if it may lose unsaved work.', ...(error.detail.raw === undefined ? {} : { raw: error.detail.raw }), cause: error });
        throw error;
      }
    },
    // A shutdown that hangs holds the lock; from 8 on a stop may overrule it.
    powerOff: (id, context) => act(id, context, guest => requests.stop(guest, { overruleShutdown: true }), status => !status.running),
    reset: async (id, context) => { await actOn(await onlyVm(id, 'reset', context), context, requests.reset, status => status.running); },
    reboot: (id, context) => act(id, context, guest => requests.reboot(guest), status => status.running),
    pause: async (id, context) => { await actOn(await onlyVm(id, 'pause', context), context, requests.pause, status => status.state === 'paused'); },
    resume: async (id, context) => { await actOn(await onlyVm(id, 'resume', context), context, requests.resume, status => status.running && status.state !== 'paused'); },
    suspend: async (id, context) => { await actOn(await onlyVm(id, 'suspend', context), context, guest => requests.hibernate(guest), status => !status.running); },
  };
}

/** Reads after a change was made: when that fails, the error says that the change itself was done. */
export async function afterwards<T>(machine: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!GaiaError.is(error) || error.detail.left !== undefined) throw error;
    throw new GaiaError(error.code, { ...error.detail, machine, left: 'Proxmox VE has done it; only how it stands now could not be read.', cause: error });
  }
}

/** Adds what is true now to a failure midway. */
export async function withState(error: unknown, deps: PartDeps, guest: Guest, name: string): Promise<unknown> {
  if (!GaiaError.is(error, 'cancelled') || deps.calls.dry) return GaiaError.is(error) && error.detail.machine === undefined ? error.about(name) : error;
  const status = await readStatus(deps, guest, AbortSignal.timeout(10_000)).catch(() => undefined);
  if (!status) return error.about(name);
  return new GaiaError('cancelled', { ...error.detail, machine: name, values: [name, status.lock ?? status.providerState], left: `${error.detail.left ?? 'Nothing was sent.'} {0} is {1} now.` });
}
