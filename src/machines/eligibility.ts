// What can be done to a machine now: a verb's part is there, its state allows it, and nothing forbids it. Menus, palette and tools derive from this.
import type { Verb } from './actions.ts';
import { verbs } from './actions.ts';
import type { Machine } from './machine.ts';
import { isInTransit } from './machine.ts';
import type { Provider } from './provider.ts';

/** Verb → does the provider have the part for it? */
export const supports: { readonly [V in Verb]: (provider: Provider) => boolean } = {
  start: () => true,
  shutDown: () => true,
  powerOff: () => true,
  reset: p => p.power.reset !== undefined,
  reboot: p => p.power.reboot !== undefined,
  pause: p => p.power.pause !== undefined,
  resume: p => p.power.resume !== undefined,
  suspend: p => p.power.suspend !== undefined,
  create: p => p.lifecycle !== undefined,
  delete: p => p.lifecycle !== undefined,
  rename: p => p.lifecycle?.rename !== undefined,
  resize: p => p.lifecycle?.resize !== undefined,
  edit: p => p.editing !== undefined,
  clone: p => p.cloning !== undefined,
  snapshot: p => p.snapshots !== undefined,
  restoreSnapshot: p => p.snapshots !== undefined,
  deleteSnapshot: p => p.snapshots !== undefined,
  editSnapshot: p => p.snapshots?.edit !== undefined,
  migrate: p => p.migration !== undefined,
  extra: p => (p.extras?.length ?? 0) > 0,
};

const forTemplates: readonly Verb[] = ['clone', 'delete', 'rename', 'edit', 'resize', 'migrate', 'extra'];
const powerVerbs: readonly Verb[] = ['start', 'shutDown', 'powerOff', 'reset', 'reboot', 'pause', 'resume', 'suspend'];

/** May `verb` be done to `machine` now, as far as the list knows? The hypervisor has the last word. */
export function isEligible(verb: Verb, machine: Machine, provider: Provider): boolean {
  if (verb === 'create' || !supports[verb](provider)) return false;
  if (machine.template && !forTemplates.includes(verb)) return false;
  // What this machine alone lacks of its provider's verbs: a container cannot be paused, a template has no snapshots.
  const lacking = machine.extra?.['withoutVerbs'];
  if (Array.isArray(lacking) && lacking.includes(verb)) return false;
  if (verb === 'delete' && machine.protection !== undefined) return false;
  if (verb === 'rename' && provider.lifecycle?.renamesIn?.includes(machine.state) === false) return false;
  if (machine.lock !== undefined && !(machine.lock === 'suspended' && verb === 'start')) return false;
  const { from } = verbs[verb];
  if (from === 'any') return !isInTransit(machine.state) || !powerVerbs.includes(verb);
  return from.includes(machine.state);
}

export function eligibleVerbs(machine: Machine, provider: Provider): readonly Verb[] {
  return (Object.keys(verbs) as Verb[]).filter(verb => isEligible(verb, machine, provider));
}
