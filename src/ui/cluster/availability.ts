// High availability of one machine: in, out, the state it is kept in, and its group or rule.
import type { Availability } from '../../machines/provider.ts';
import { choose } from '../commands/inputs.ts';
import type { Choice } from '../commands/inputs.ts';
import { targetsOf } from '../commands/targets.ts';
import type { Arguments } from '../commands/targets.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { work } from './work.ts';

type Now = Awaited<ReturnType<Availability['get']>>;
type Wish = { readonly managed: boolean; readonly requested?: string; readonly group?: string };

export async function changeAvailability(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'availability', title: t('High Availability') }, args);
  const part = target?.provider.availability;
  if (!target || !part) return;
  const { machine, provider } = target;
  const read = await work(parts, t('Reading high availability'), async ({ signal }) => ({ now: await part.get(machine.id, signal), groups: (await part.groups?.(signal)) ?? [] }));
  if (!read) return;
  const wish = await choose(t('High availability of “{0}”: {1}', machine.name, wordsOf(read.now)), choices(read.now, read.groups));
  if (!wish) return;
  if (!wish.managed && !(await ask(t('Take “{0}” out of high availability?', machine.name), t('It goes on running, but no other node starts it when its node fails.'), [{ title: t('Take Out'), value: true }]))) return;
  const done = await work(parts, t('Changing high availability of “{0}”', machine.name), async context => {
    await part.set(machine.id, wish, context);
    return true;
  });
  if (done) await parts.fleet.refresh({ fresh: true, providers: [provider] });
}

function wordsOf(now: Now): string {
  if (!now.managed) return t('not managed');
  const reported = now.reported === undefined || now.reported === now.requested ? '' : ` (${t('now {0}', now.reported)})`;
  return [`${now.requested ?? ''}${reported}`, now.group ?? ''].filter(part => part !== '').join(' · ');
}

function choices(now: Now, groups: readonly string[]): readonly Choice<Wish>[] {
  const states: readonly (readonly [string, string, string])[] = [
    ['started', 'play', t('Kept running: started anew after a crash, and on another node when its node fails')],
    ['stopped', 'debug-stop', t('Kept stopped; moved to another node when its node fails')],
    ['disabled', 'circle-slash', t('Stopped and left alone; this also ends an error state')],
    ['ignored', 'eye-closed', t('As if it were not managed, but its place in groups and rules is kept')],
  ];
  return [
    ...states.filter(([state]) => !now.managed || state !== now.requested).map(([state, face, detail]): Choice<Wish> => ({ label: `$(${face}) ${now.managed ? t('Request “{0}”', state) : t('Add, “{0}”', state)}`, detail, value: { managed: true, requested: state } })),
    ...now.managed ? groups.filter(group => group !== now.group).map((group): Choice<Wish> => ({ label: `$(group-by-ref-type) ${t('Group or rule “{0}”', group)}`, detail: t('Says on which nodes it may run'), value: { managed: true, group } })) : [],
    ...now.managed && now.group !== undefined ? [{ label: `$(close) ${t('Leave “{0}”', now.group)}`, detail: t('It may run on any node'), value: { managed: true, group: '' } }] : [],
    ...now.managed ? [{ label: `$(trash) ${t('Take Out')}`, detail: t('No longer managed by high availability'), value: { managed: false } }] : [],
  ];
}
