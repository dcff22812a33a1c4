// "Wait until ready": an address, then SSH that answers, with the login Gaia has, else a port that greets as SSH does.
import { GaiaError } from '../../machines/errors.ts';
import type { MachineDetails, MachineId } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { waitForSsh } from '../../provisioning/session.ts';
import { greetsAsSsh } from '../../system/hostFacts.ts';
import { sshEndpoints } from '../endpoint.ts';
import type { Parts } from '../parts.ts';
import { hostOf, sessionDoors } from './machineSsh.ts';
import { knownHost } from './reach.ts';

const pauseMs = 2000;

/** A guest without a forwarded port tells its address only some time after its start. Returns the last answer, with or without one. */
export async function detailsWithAddress(parts: Parts, id: MachineId, patienceMs: number, context: OperationContext): Promise<MachineDetails> {
  const provider = parts.registry.of(id);
  if (!provider) throw new GaiaError('notFound', { message: 'The machine is gone.' });
  const until = Date.now() + patienceMs;
  for (;;) {
    const details = await provider.describe(id, context.signal);
    const guest = details.guest ?? await provider.guest?.info(id, context.signal).catch(() => undefined);
    const whole = guest ? { ...details, guest } : details;
    if (sshEndpoints(whole).length > 0 || Date.now() > until) return whole;
    context.progress({ message: 'Waiting for an address' });
    await pause(context.signal);
  }
}

export async function untilReady(parts: Parts, id: MachineId, patienceMs: number, context: OperationContext): Promise<void> {
  const until = Date.now() + patienceMs;
  const details = await detailsWithAddress(parts, id, patienceMs, context);
  if (details.machine.state !== 'running') throw new GaiaError('wrongState', { message: 'The machine is {0}: it must run to be reached.', values: [details.machine.state] });
  await knownHost(parts, id, details);
  const known = await hostOf(parts, id);
  if (known) {
    await waitForSsh(await sessionDoors(parts), known.target, Math.max(1000, until - Date.now()), context);
    return;
  }
  const endpoints = sshEndpoints(details);
  if (endpoints.length === 0) throw new GaiaError('notReady', { message: 'This machine has told no address yet.', hint: 'It may still be starting, or have no guest tools.' });
  for (;;) {
    const answers = await Promise.all(endpoints.map(({ host, port }) => greetsAsSsh(host, port, 3000)));
    if (answers.includes(true)) return;
    if (Date.now() > until) throw new GaiaError('didNotAnswer', { message: 'The machine did not answer by SSH within {0} seconds.', values: [Math.round(patienceMs / 1000)], hint: 'Look at its console: is an SSH server running in it?' });
    context.progress({ message: 'Waiting for SSH at {0}', values: [endpoints.map(({ host, port }) => `${host}:${String(port)}`).join(', ')] });
    await pause(context.signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, pauseMs));
  signal.throwIfAborted();
}
