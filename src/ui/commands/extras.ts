// Verbs of one provider alone: those with a command of their own, and "More Actions…" for all that can be done now.
import type { Action } from '../../machines/actions.ts';
import type { ExtraVerb } from '../../machines/provider.ts';
import { act } from '../act.ts';
import { ask, namesOf } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { deleteAsked } from './deleteAsked.ts';
import { choose, text } from './inputs.ts';
import type { Arguments, Target } from './targets.ts';
import { targetsOf } from './targets.ts';

/** The command of one extra verb, `gaia.machine.<id>`. */
export function extra(id: string, title: string) {
  return async (parts: Parts, args: Arguments): Promise<void> => {
    const targets = await targetsOf(parts, { ability: `extra:${id}`, title: t(title), many: true }, args);
    await run(parts, targets, id);
  };
}

export async function more(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'more', title: t('More Actions') }, args);
  if (!target) return;
  const available = target.provider.extras?.filter(candidate => candidate.available(target.machine)) ?? [];
  const chosen = await choose(target.machine.name, available.map(candidate => ({ label: `${candidate.icon === undefined ? '' : `$(${candidate.icon}) `}${t(candidate.title)}`, detail: '', value: candidate })));
  if (chosen) await run(parts, [target], chosen.id);
}

async function run(parts: Parts, targets: readonly Target[], id: string): Promise<void> {
  const verb = verbOf(targets[0], id);
  if (!verb) return;
  if (verb.losses) {
    return deleteAsked(parts, targets, {
      look: async (target, signal) => verbOf(target, id)?.losses?.(target.machine.id, signal),
      question: names => t(verb.confirm ?? verb.title, names),
      choices: () => [{ title: t(verb.title), value: true }],
      action: machine => ({ verb: 'extra', id: machine, extra: id }),
    });
  }
  if (verb.confirm !== undefined && (await ask(t(verb.confirm, namesOf(targets.map(({ machine }) => machine.name))), '', [{ title: t(verb.title), value: true }])) !== true) return;
  let input: string | undefined;
  if (verb.input) {
    input = await text({ title: t(verb.title), prompt: t(verb.input.prompt), value: verb.input.value ?? '', required: false });
    if (input === undefined) return;
  }
  const outcomes = await act(parts, targets.map(({ machine }): Action => ({ verb: 'extra', id: machine.id, extra: id, ...(input === undefined ? {} : { input }) })));
  if (verb.showsOutput && outcomes.some(outcome => outcome.error === undefined)) parts.log.show();
}

function verbOf(target: Target | undefined, id: string): ExtraVerb | undefined {
  return target?.provider.extras?.find(candidate => candidate.id === id);
}
