// Everything the menus may offer for a machine now: the domain's verbs, and what only shows or reads. Derived from the parts a provider has. Pure.
import type { Verb } from '../machines/actions.ts';
import { isEligible, supports } from '../machines/eligibility.ts';
import type { Machine } from '../machines/machine.ts';
import { isInTransit } from '../machines/machine.ts';
import type { Provider } from '../machines/provider.ts';

export type Look = 'openConsole' | 'openTerminal' | 'openInWindow' | 'copyAddress' | 'showDetails' | 'screenshot' | 'insertAdditions' | 'exportAppliance' | 'showCommands' | 'availability' | 'more' | 'startMode:gui' | 'startMode:headless' | 'startMode:detachable';
/** `extra:discardSavedState`: a provider's own verb. */
export type Ability = Exclude<Verb, 'create' | 'extra'> | Look | `extra:${string}`;

const isOn = (machine: Machine): boolean => machine.state === 'running';
const hasNoTask = (machine: Machine): boolean => !isInTransit(machine.state) && machine.lock === undefined;

const looks: { readonly [L in Look]: (machine: Machine, provider: Provider) => boolean } = {
  openConsole: (m, p) => p.console !== undefined && (isOn(m) || m.state === 'paused'),
  // A machine without a terminal of its own is reached by SSH, when it has an address: looked up when asked.
  openTerminal: (m, p) => (p.terminal !== undefined && m.kind !== 'vm') ? m.template !== true : isOn(m),
  openInWindow: (m, p) => p.remote !== undefined ? m.template !== true : isOn(m) && m.kind === 'vm',
  copyAddress: m => isOn(m),
  showDetails: m => m.state !== 'creating',
  screenshot: (m, p) => p.screenshot !== undefined && (isOn(m) || m.state === 'paused'),
  insertAdditions: (m, p) => p.guest?.insertAdditions !== undefined && isOn(m),
  exportAppliance: (m, p) => p.appliances !== undefined && hasNoTask(m) && m.state === 'stopped',
  showCommands: m => m.state !== 'creating',
  availability: (m, p) => p.availability !== undefined && m.template !== true && m.lock === undefined,
  more: (m, p) => p.extras?.some(extra => extra.available(m)) ?? false,
  'startMode:headless': (m, p) => startsAs(m, p, 'headless'),
  'startMode:gui': (m, p) => startsAs(m, p, 'gui'),
  'startMode:detachable': (m, p) => startsAs(m, p, 'detachable'),
};

function startsAs(machine: Machine, provider: Provider, mode: 'headless' | 'gui' | 'detachable'): boolean {
  return (provider.power.startModes?.includes(mode) ?? false) && isEligible('start', machine, provider);
}

const verbAbilities = (Object.keys(supports) as Verb[]).filter((verb): verb is Exclude<Verb, 'create' | 'extra'> => verb !== 'create' && verb !== 'extra');
const lookAbilities = Object.keys(looks) as Look[];

export function isAble(ability: Ability, machine: Machine, provider: Provider): boolean {
  if (ability.startsWith('extra:')) return isEligible('extra', machine, provider) && (provider.extras?.find(extra => `extra:${extra.id}` === ability)?.available(machine) ?? false);
  return ability in looks ? looks[ability as Look](machine, provider) : isEligible(ability as Verb, machine, provider);
}

/** `;machine;start;delete;extra:discardSavedState;`, so that a menu's `when` says `viewItem =~ /;start;/`. */
export function machineContext(machine: Machine, provider: Provider): string {
  const able: string[] = ['machine'];
  for (const ability of verbAbilities) if (isEligible(ability, machine, provider)) able.push(ability);
  for (const look of lookAbilities) if (looks[look](machine, provider)) able.push(look);
  for (const extra of provider.extras ?? []) if (isEligible('extra', machine, provider) && extra.available(machine)) able.push(`extra:${extra.id}`);
  return `;${able.join(';')};`;
}
