// Action → the call of the provider's part that does it. One table, so that a new verb is one line.
import type { Action, Verb } from './actions.ts';
import { GaiaError } from './errors.ts';
import type { MachineId } from './machine.ts';
import type { OperationContext, Provider } from './provider.ts';

export interface ActionResult {
  /** The machine that was made, by create or clone. */
  readonly created?: MachineId;
  /** The snapshot that was taken. */
  readonly snapshot?: string;
}

export const defaultShutDownTimeoutMs = 60_000;

type Performers = { readonly [V in Verb]: (provider: Provider, action: Extract<Action, { verb: V }>, context: OperationContext) => Promise<unknown> };

const performers: Performers = {
  start: (p, a, c) => p.power.start(a.id, a.mode === undefined ? {} : { mode: a.mode }, c),
  shutDown: (p, a, c) => p.power.shutDown(a.id, { timeoutMs: a.timeoutMs ?? defaultShutDownTimeoutMs }, c),
  powerOff: (p, a, c) => p.power.powerOff(a.id, c),
  reset: (p, a, c) => part(p.power.reset?.bind(p.power), p, 'reset')(a.id, c),
  reboot: (p, a, c) => part(p.power.reboot?.bind(p.power), p, 'reboot')(a.id, c),
  pause: (p, a, c) => part(p.power.pause?.bind(p.power), p, 'pause')(a.id, c),
  resume: (p, a, c) => part(p.power.resume?.bind(p.power), p, 'resume')(a.id, c),
  suspend: (p, a, c) => part(p.power.suspend?.bind(p.power), p, 'suspend')(a.id, c),
  create: async (p, a, c) => ({ created: await part(p.lifecycle, p, 'create').create(a.spec, c) }),
  delete: (p, a, c) => part(p.lifecycle, p, 'delete').delete(a.id, { disks: a.disks, ...(a.purge === undefined ? {} : { purge: a.purge }) }, c),
  rename: (p, a, c) => part(p.lifecycle?.rename?.bind(p.lifecycle), p, 'rename')(a.id, a.name, c),
  resize: (p, a, c) => part(p.lifecycle?.resize?.bind(p.lifecycle), p, 'resize')(a.id, a.size, c),
  edit: (p, a, c) => part(p.editing, p, 'edit').apply(a.id, a.changes, c),
  clone: async (p, a, c) => ({ created: await part(p.cloning, p, 'clone').clone(a.id, a.options, c) }),
  snapshot: async (p, a, c) => ({
    snapshot: await part(p.snapshots, p, 'snapshot').take(a.id, { name: a.name, ...(a.description === undefined ? {} : { description: a.description }), ...(a.memory === undefined ? {} : { memory: a.memory }) }, c),
  }),
  restoreSnapshot: (p, a, c) => part(p.snapshots, p, 'restoreSnapshot').restore(a.id, a.snapshot, c),
  deleteSnapshot: (p, a, c) => part(p.snapshots, p, 'deleteSnapshot').delete(a.id, a.snapshot, c),
  editSnapshot: (p, a, c) => part(p.snapshots?.edit?.bind(p.snapshots), p, 'editSnapshot')(a.id, a.snapshot, { ...(a.name === undefined ? {} : { name: a.name }), ...(a.description === undefined ? {} : { description: a.description }) }, c),
  migrate: (p, { id, verb: _verb, ...options }, c) => part(p.migration, p, 'migrate').migrate(id, options, c),
  extra: (p, a, c) => part(p.extras?.find(extra => extra.id === a.extra), p, a.extra).run(a.id, a.input, c),
};

/** Does it. Rejects with what the provider rejects with, or `notSupported` when the part is not there. */
export async function perform(provider: Provider, action: Action, context: OperationContext): Promise<ActionResult> {
  const performer = performers[action.verb] as (provider: Provider, action: Action, context: OperationContext) => Promise<unknown>;
  return ((await performer(provider, action, context)) as ActionResult | undefined) ?? {};
}

function part<T>(found: T | undefined, provider: Provider, verb: string): T {
  if (found !== undefined) return found;
  throw new GaiaError('notSupported', { message: '{0} cannot do this ({1}).', values: [provider.label, verb] });
}
