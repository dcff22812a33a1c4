// A plan as text, for the read-only document and the clipboard. Marks as a diff has them, so that a diff's colours fit.
import { fillIn } from '../../machines/errors.ts';
import type { CommandText, Difference } from '../../machines/provider.ts';
import type { Plan, PlanStep, StepKind } from './model.ts';

const heading: { readonly [K in StepKind]: { readonly mark: string; readonly says: string } } = {
  create: { mark: '+', says: 'will be created' },
  update: { mark: '~', says: 'will be changed in place' },
  stop: { mark: '~', says: 'will be stopped, changed and started again' },
  replace: { mark: '!', says: 'can only be deleted and made anew: ALL ITS DATA WOULD BE LOST' },
  none: { mark: ' ', says: 'is as the file says' },
  unmanaged: { mark: '?', says: 'was made by this file and is no longer in it; it is left alone' },
  conflict: { mark: '!', says: 'is not done' },
  blocked: { mark: '!', says: 'is not done' },
};

/** `commands`: what each step would run, by the step's name. */
export function planAsText(plan: Plan, commands: ReadonlyMap<string, readonly CommandText[]> = new Map()): string {
  const lines = [summary(plan), ''];
  for (const step of plan.steps) lines.push(...stepLines(step, commands.get(step.name) ?? []), '');
  return lines.join('\n');
}

export function summary(plan: Plan): string {
  const count = (...kinds: readonly StepKind[]): number => plan.steps.filter(step => kinds.includes(step.kind)).length;
  const parts = [
    [count('create'), 'to create'], [count('update', 'stop'), 'to change'], [count('replace'), 'to replace'],
    [count('conflict', 'blocked'), 'not possible'], [count('unmanaged'), 'no longer in the file'], [count('none'), 'unchanged'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, what]) => `${String(n)} ${what}`);
  return said.length === 0 ? 'Plan: the file has no machines.' : `Plan: ${said.join(', ')}.`;
}

function stepLines(step: PlanStep, commands: readonly CommandText[]): readonly string[] {
  const { mark, says } = heading[step.kind];
  return [
    `${mark} ${step.name} (${step.provider}) ${says}`,
    ...(step.reason === undefined ? [] : [`    ${fillIn(step.reason, step.values)}`]),
    ...step.differences.map(difference => `${mark}     ${differenceText(difference)}`),
    ...(commands.length === 0 ? [] : ['    commands:', ...commands.flatMap(command => [...(command.comment === undefined ? [] : [`      # ${command.comment}`]), `      ${command.text}`])]),
  ];
}

/** `memory: 1024 MiB → 2048 MiB (needs a stop)`. */
export function differenceText(difference: Difference): string {
  const change = difference.before === undefined ? difference.after ?? '' : `${difference.before} → ${difference.after ?? '(removed)'}`;
  const note = difference.effect === 'stop' ? ' (needs a stop)' : difference.effect === 'replace' ? ' (needs a new machine)' : '';
  return `${difference.key}: ${change}${note}${difference.loses === undefined ? '' : `; loses ${difference.loses}`}`;
}
