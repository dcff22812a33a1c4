// Moving a guest that high availability manages: the request ends at once, the manager acts some seconds later, by a task of its own, or not at all
// and without a word. What would keep it from acting is looked for before; afterwards its task is followed, and silence has a limit.
import { GaiaError } from '../../machines/errors.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { parseHaStatus, sidOf } from './availability.ts';
import type { HaStatusRow } from './availability.ts';
import { readRules } from './haRules.ts';
import type { HaRule } from './haRules.ts';
import { rows, text } from './fields.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';
import { parseUpid } from './upid.ts';
import type { Upid } from './upid.ts';

/** What stands against a move by high availability. undefined = nothing that can be seen. */
export interface HaObstacles {
  readonly everywhere?: string;
  /** Node → why not there. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** The manager looks every 10 s, and the node's own part as often; a busy cluster takes twice that. */
const idleMs = 60_000;
/** A live migration of a large machine. */
const arrivalMs = 60 * 60_000;

/** Asks the manager's state and the rules. Who may not see them gets no answer, and the server decides. */
export async function haObstacles(deps: PartDeps, guest: Guest, nodes: readonly string[], signal: AbortSignal): Promise<HaObstacles> {
  const sid = sidOf(guest);
  const none: HaObstacles = { nodes: new Map() };
  try {
    const [status, resources] = await Promise.all([deps.calls.get(requests.haStatus(), signal), deps.calls.get(requests.haResources(), signal)]);
    const resource = rows(resources.data).find(row => row['sid'] === sid);
    if (!resource || resource['state'] === 'ignored') return none;
    const rules = await readRules(deps, signal);
    const group = text(resource['group']);
    return obstaclesOf(sid, nodes, parseHaStatus(status.data), rules.filter(rule => rule.type === 'group' ? rule.name === group : rule.type === 'node-affinity' && !rule.disabled && rule.resources.includes(sid)));
  } catch (error) {
    if (GaiaError.is(error, 'cancelled', 'untrusted', 'unauthenticated')) throw error;
    return none;
  }
}

/** Pure. `bound`: the groups and node rules that name this resource. */
export function obstaclesOf(sid: string, nodes: readonly string[], status: readonly HaStatusRow[], bound: readonly HaRule[]): HaObstacles {
  const quorum = status.find(row => row.type === 'quorum');
  const service = status.find(row => row.sid === sid);
  const everywhere =
    quorum !== undefined && !/^OK/i.test(quorum.status)
      ? 'The cluster has no quorum, so high availability does nothing.'
      : service?.reported === 'error'
        ? 'High availability has given this machine up after an error. Set it to “disabled” and back to “started” first.'
        : service?.reported !== undefined && /^(?:fence|recovery|freeze)$/.test(service.reported)
          ? 'High availability is recovering this machine.'
          : undefined;
  const refused = new Map<string, string>();
  for (const node of nodes) {
    const local = status.find(row => row.type === 'lrm' && row.node === node);
    const strict = bound.find(rule => rule.strict && !rule.nodes.some(entry => entry.split(':')[0] === node));
    if (strict) refused.set(node, `High availability keeps it on ${strict.nodes.map(entry => entry.split(':')[0]).join(', ')} (${strict.name}).`);
    else if (local && /maintenance/.test(local.status)) refused.set(node, 'The node is in maintenance.');
    else if (local && /dead/.test(local.status)) refused.set(node, 'High availability does not run on this node.');
  }
  return { ...(everywhere === undefined ? {} : { everywhere }), nodes: refused };
}

/** After the request was taken: waits until the guest is on `target`. Throws what the manager's task failed of, or what its state says when it does not act. */
export async function followHaMove(deps: PartDeps, wish: { readonly guest: Guest; readonly target: string; readonly machine: string; /** By the server's clock: when it was asked for. */ readonly sinceSeconds: number }, context: OperationContext, fraction: (line: string) => number | undefined): Promise<void> {
  const { calls, directory } = deps;
  const { guest, target, machine } = wish;
  const sid = sidOf(guest);
  const startedAt = deps.now();
  const known = new Set<string>();
  let actedAt: number | undefined;
  let acting = false;
  context.progress({ message: 'Waiting for high availability to act' });
  const arrived = await calls.until(
    async signal => {
      directory.forget();
      const view = await directory.view(calls, signal);
      if (view.machines.some(one => one.path?.[0] === target && (one.extra?.['guest'] as Guest | undefined)?.vmid === guest.vmid)) return true;
      const task = await taskOf(deps, guest, wish.sinceSeconds, known, signal);
      if (task) {
        acting = true;
        context.progress({ message: 'High availability moves it' });
        try {
          await calls.follow(task, context, { machine, fraction });
        } catch (error) {
          if (GaiaError.is(error, 'cancelled', 'didNotAnswer') || !GaiaError.is(error)) throw error;
          throw new GaiaError(error.code, { ...error.detail, left: 'High availability tried it, and gave it up: the machine is still on its old node.', cause: error });
        }
        return false;
      }
      const state = await haStateOf(deps, sid, signal);
      if (state !== undefined && /^(?:migrate|relocate)$/.test(state)) {
        acting = true;
        actedAt = deps.now();
      } else if (acting && actedAt !== undefined && deps.now() - actedAt > 5000) {
        throw new GaiaError('unexpected', { message: 'High availability could not move it to {0}.', values: [target], machine, hint: 'Why is in the log of its migration task on the node; to see that here takes the privilege Sys.Audit.', left: 'The machine is still on its old node.' });
      }
      if (acting || deps.now() - startedAt < idleMs) return false;
      const { everywhere, nodes } = await haObstacles(deps, guest, [target], signal);
      const reason = everywhere ?? nodes.get(target);
      throw new GaiaError('partial', {
        message: reason ?? 'High availability has taken the request, but has not acted on it for {0} seconds.',
        values: [Math.round(idleMs / 1000), state ?? 'unknown'],
        machine,
        hint: 'Look at the state of high availability: its services may not run, a rule may keep the machine where it is, or the cluster has no quorum.',
        left: 'It is still on its old node; high availability may yet move it. High availability says: {1}.',
      });
    },
    arrivalMs,
    context.signal,
  );
  if (!arrived) throw new GaiaError('partial', { message: '{0} is not on {1} yet.', values: [machine, target], machine, left: 'High availability has taken the request and may still move it.' });
}

/** The manager's own task, once: `known` are those followed already. */
async function taskOf(deps: PartDeps, guest: Guest, since: number, known: Set<string>, signal: AbortSignal): Promise<Upid | undefined> {
  const wanted = guest.kind === 'qemu' ? 'qmigrate' : 'vzmigrate';
  try {
    const { data } = await deps.calls.get(requests.nodeTasks(guest.node, { source: 'all', since, vmid: guest.vmid, limit: 50 }), signal);
    for (const row of rows(data)) {
      const upid = parseUpid(row['upid']);
      if (!upid || upid.type !== wanted || upid.startTime < since || known.has(upid.text)) continue;
      known.add(upid.text);
      return upid;
    }
  } catch (error) {
    if (GaiaError.is(error, 'cancelled', 'untrusted', 'unauthenticated')) throw error;
  }
  return undefined;
}

async function haStateOf(deps: PartDeps, sid: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return parseHaStatus((await deps.calls.get(requests.haStatus(), signal)).data).find(row => row.sid === sid)?.reported;
  } catch (error) {
    if (GaiaError.is(error, 'cancelled', 'untrusted', 'unauthenticated')) throw error;
    return undefined;
  }
}
