// A plan in words: for the tree, the read-only document and the clipboard. Marks as a diff has them, so that a diff's colours fit.
import { fillIn } from '../../machines/errors.ts';
import type { CommandText, Difference } from '../../machines/provider.ts';
import { phrase } from '../phrase.ts';
import type { Plan, PlanStep, StepKind } from './model.ts';

/** Fills in, and translates where a person reads it: the texts here are l10n keys. */
export type Say = (message: string, ...values: readonly (string | number)[]) => string;
const english: Say = (message, ...values) => fillIn(message, values);

const heading: { readonly [K in StepKind]: { readonly mark: string; readonly says: string } } = {
  create: { mark: '+', says: phrase('will be created') },
  update: { mark: '~', says: phrase('will be changed in place') },
  stop: { mark: '~', says: phrase('will be stopped, changed and started again') },
  replace: { mark: '!', says: phrase('can only be deleted and made anew: ALL ITS DATA WOULD BE LOST') },
  none: { mark: ' ', says: phrase('is as the file says') },
  unmanaged: { mark: '?', says: phrase('was made by this file and is no longer in it; it is left alone') },
  conflict: { mark: '!', says: phrase('is not done') },
  blocked: { mark: '!', says: phrase('is not done') },
};

/** `commands`: what each step would run, by the step's name. */
export function planAsText(plan: Plan, commands: ReadonlyMap<string, readonly CommandText[]> = new Map(), say: Say = english): string {
  const lines = [summary(plan, say), ''];
  for (const step of plan.steps) lines.push(...stepLines(step, commands.get(step.name) ?? [], say), '');
  return lines.join('\n');
}

export function summary(plan: Plan, say: Say = english): string {
  const count = (...kinds: readonly StepKind[]): number => plan.steps.filter(step => kinds.includes(step.kind)).length;
  const parts: readonly (readonly [number, string])[] = [
    [count('create'), phrase('{0} to create')], [count('update', 'stop'), phrase('{0} to change')], [count('replace'), phrase('{0} to replace')],
    [count('conflict', 'blocked'), phrase('{0} not possible')], [count('unmanaged'), phrase('{0} no longer in the file')], [count('none'), phrase('{0} unchanged')],
  ];
  const said = parts.filter(([n]) => n > 0).map(([n, what]) => say(what, n));
  return said.length === 0 ? say(phrase('Plan: the file has no machines.')) : say(phrase('Plan: {0}.'), said.join(', '));
}

function stepLines(step: PlanStep, commands: readonly CommandText[], say: Say): readonly string[] {
  const { mark, says } = heading[step.kind];
  return [
    `${mark} ${step.name} (${step.provider}) ${say(says)}`,
    ...(step.reason === undefined ? [] : [`    ${say(step.reason, ...step.values ?? [])}`]),
    ...step.differences.map(difference => `${mark}     ${differenceText(difference, say)}`),
    ...(commands.length === 0 ? [] : [`    ${say(phrase('commands:'))}`, ...commands.flatMap(command => [...(command.comment === undefined ? [] : [`      # ${say(command.comment)}`]), ...(command.text === '' ? [] : [`      ${command.text}`])])]),
  ];
}

/** `memory: 1024 MiB → 2048 MiB (needs a stop)`. */
export function differenceText(difference: Difference, say: Say = english): string {
  return `${difference.key}: ${changeText(difference, say)}`;
}

/** The same without its name. */
export function changeText({ before, after, effect, loses }: Difference, say: Say = english): string {
  const change = before === undefined ? after ?? '' : `${before} → ${after ?? say(phrase('(removed)'))}`;
  const note = effect === 'stop' ? ` ${say(phrase('(needs a stop)'))}` : effect === 'replace' ? ` ${say(phrase('(needs a new machine)'))}` : '';
  return `${change}${note}${loses === undefined ? '' : `; ${say(phrase('loses {0}'), loses)}`}`;
}
