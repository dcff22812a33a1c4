// High availability of one machine: in or out, the requested and the reported state, its group or rule.
import { GaiaError } from '../../machines/errors.ts';
import type { Availability } from '../../machines/provider.ts';
import { readRules } from './haRules.ts';
import { record, rows, text } from './fields.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest, HaState } from './requests.ts';
import { supports } from './version.ts';

export interface HaStatusRow {
  readonly id: string;
  readonly type: string;
  readonly node?: string;
  readonly status: string;
  readonly sid?: string;
  readonly requested?: string;
  readonly reported?: string;
}

const states: readonly HaState[] = ['started', 'stopped', 'disabled', 'ignored'];

export const sidOf = (guest: Guest): string => `${guest.kind === 'qemu' ? 'vm' : 'ct'}:${guest.vmid}`;

export function createAvailability(deps: PartDeps): Availability {
  const { calls, directory } = deps;
  const resource = async (sid: string, signal: AbortSignal) => rows((await calls.get(requests.haResources(), signal)).data).find(row => row['sid'] === sid);
  return {
    get: async (id, signal) => {
      const sid = sidOf((await directory.find(calls, id, signal)).guest);
      const row = await resource(sid, signal);
      if (!row) return { managed: false };
      const reported = parseHaStatus((await calls.get(requests.haStatus(), signal)).data).find(entry => entry.sid === sid)?.reported;
      const group = text(row['group']) ?? (await readRules(deps, signal).then(found => found.find(rule => rule.type === 'node-affinity' && rule.resources.includes(sid))?.name));
      return { managed: true, requested: text(row['state']) ?? 'started', ...(reported === undefined ? {} : { reported }), ...(group === undefined ? {} : { group }) };
    },
    set: async (id, change, context) => {
      const sid = sidOf((await directory.find(calls, id, context.signal)).guest);
      const present = await resource(sid, context.signal);
      directory.forget();
      if (!change.managed) {
        if (present) await calls.change(requests.haRemove(sid), context.signal);
        return;
      }
      if (change.requested !== undefined && !states.includes(change.requested as HaState)) throw new GaiaError('invalidInput', { message: 'High availability knows no state “{0}”.', values: [change.requested], hint: `It knows ${states.join(', ')}.` });
      const state = change.requested as HaState | undefined;
      const groups = supports(requests.haGroups(), await calls.version(context.signal));
      // An empty name takes it out of its group or rule.
      const leaves = change.group === '';
      const wish = { ...(state === undefined ? {} : { state }), ...(groups && change.group !== undefined ? (leaves ? { removeGroup: true } : { group: change.group }) : {}) };
      if (!present) await calls.change(requests.haAdd(sid, { ...(state === undefined ? {} : { state }), ...(groups && change.group !== undefined && !leaves ? { group: change.group } : {}) }), context.signal);
      else if (Object.keys(wish).length > 0 && !(leaves && groups && present['group'] === undefined && state === undefined)) await calls.change(requests.haSet(sid, wish), context.signal);
      if (!groups && change.group !== undefined) await joinRule(deps, change.group, sid, context.signal);
    },
    groups: async signal => (await readRules(deps, signal)).filter(rule => rule.type !== 'resource-affinity').map(rule => rule.name),
  };
}

/** From 9 on a guest belongs to nodes by a rule that names it. */
async function joinRule(deps: PartDeps, name: string, sid: string, signal: AbortSignal): Promise<void> {
  const rules = await readRules(deps, signal);
  const wanted = rules.find(rule => rule.name === name);
  if (!wanted && name !== '') throw new GaiaError('notFound', { message: 'There is no HA rule {0}.', values: [name], hint: `Rules: ${rules.map(rule => rule.name).join(', ') || 'none'}.` });
  for (const rule of rules.filter(other => other.type === 'node-affinity' && other.name !== name && other.resources.includes(sid))) {
    const left = rule.resources.filter(resource => resource !== sid);
    if (left.length > 0) await deps.calls.change(requests.haSetRule(rule.name, { type: 'node-affinity', resources: left }), signal);
    else await deps.calls.change(requests.haRemoveRule(rule.name), signal);
  }
  if (wanted && wanted.type !== 'group' && !wanted.resources.includes(sid)) await deps.calls.change(requests.haSetRule(name, { type: wanted.type, resources: [...wanted.resources, sid] }), signal);
}

export function parseHaStatus(data: unknown): HaStatusRow[] {
  return rows(data).map(row => {
    const sid = text(row['sid']) ?? (row['type'] === 'service' ? (text(row['id']) ?? '').replace(/^service:/, '') : undefined);
    const values = record({ id: text(row['id']) ?? '', type: text(row['type']) ?? '', node: text(row['node']), status: text(row['status']) ?? text(row['state']) ?? '', sid, requested: text(row['request_state']), reported: text(row['crm_state']) ?? text(row['state']) });
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as unknown as HaStatusRow;
  });
}
