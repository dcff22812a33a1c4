// What is asked before a plan is carried out: a machine's data is given up only by typing its name.
import * as vscode from 'vscode';
import type { ApplyOptions } from '../../config/plan/apply.ts';
import type { Plan, PlanStep } from '../../config/plan/model.ts';
import { changeText, summary } from '../../config/plan/text.ts';
import type { MachineId } from '../../machines/machine.ts';
import { ask, listed, namesOf } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';

export type Answers = Pick<ApplyOptions, 'replace' | 'stop'>;

/** Creating a few is what was asked for; more than these are named first. */
const plainCreates = 3;

/** One question for the plan, and one by name for each machine that would lose its data. undefined = no. */
export async function askAbout(plan: Plan): Promise<Answers | undefined> {
  const replace = new Set<string>();
  for (const step of plan.steps) {
    if (step.kind !== 'replace') continue;
    const answer = await askReplace(step);
    if (answer === undefined) return undefined;
    if (answer === 'yes') replace.add(step.name);
  }
  const stopping = plan.steps.filter(step => step.kind === 'stop' && step.machine?.state !== 'stopped').map(step => step.name);
  if (stopping.length > 0) {
    const why = plan.steps.filter(step => stopping.includes(step.name)).flatMap(step => step.differences.filter(one => one.effect === 'stop').map(one => `• ${step.name}: ${one.key} ${changeText({ ...one, effect: 'live' }, t)}`)).join('\n');
    const answer = await ask(t('{0} must be stopped for the change, and will be started again.', namesOf(stopping)), why, [{ title: t('Stop and Change'), value: true }, { title: t('Skip These'), value: false }]);
    return answer === undefined ? undefined : { replace, stop: answer };
  }
  const making = plan.steps.filter(step => step.kind === 'create').map(step => step.name);
  if (making.length > plainCreates) {
    const answer = await ask(t('Create {0}?', namesOf(making)), listed(making), [{ title: t('Create'), value: true }]);
    if (answer === undefined) return undefined;
  }
  return { replace, stop: true };
}

/** The plan that is about to be carried out is not the one that was looked at. */
export async function askAboutNewPlan(plan: Plan): Promise<boolean> {
  const detail = [summary(plan, t), ...plan.steps.filter(step => step.kind !== 'none').flatMap(step => step.differences.filter(one => one.before !== undefined || step.kind !== 'create').map(one => `• ${step.name}: ${one.key} ${changeText(one, t)}`))];
  return await ask(t('This is no longer the plan that you looked at: the file or the machines have changed since.'), detail.slice(0, 15).join('\n'), [{ title: t('Apply the New Plan'), value: true }]) ?? false;
}

/** The guest did not shut down in time. False = leave it on. Modal: a notification hides after a while, and the apply would wait for nobody. */
export async function askPowerOff(parts: Pick<Parts, 'fleet'>, { id, timeoutMs = 0 }: { readonly id: MachineId; readonly timeoutMs?: number }): Promise<boolean> {
  return await ask(
    t('“{0}” has not shut down within {1} seconds. Powering it off is like pulling the plug: what its programs have not saved is lost.', parts.fleet.machine(id)?.name ?? '', Math.round(timeoutMs / 1000)), '',
    [{ title: t('Leave It On'), value: false }, { title: t('Power Off'), value: true }]) ?? false;
}

async function askReplace(step: PlanStep): Promise<'yes' | 'no' | undefined> {
  const loses = step.differences.filter(one => one.effect === 'replace').map(one => `• ${one.key}: ${one.before ?? ''} → ${one.after ?? ''}${one.loses === undefined ? '' : ` (${t('loses {0}', one.loses)})`}`).join('\n');
  const answer = await ask(t('“{0}” can only be deleted, with all its data, and made anew.', step.name), loses, [{ title: t('Leave It as It Is'), value: 'no' as const }, { title: t('Delete and Make Anew…'), value: 'yes' as const }]);
  if (answer !== 'yes') return answer;
  const typed = await vscode.window.showInputBox({
    title: t('Delete “{0}” with all its data and make it anew?', step.name), prompt: t('Type the name of the machine to confirm: {0}', step.name), ignoreFocusOut: true,
    validateInput: value => (value === '' || value === step.name ? undefined : { message: t('This is not the name “{0}”.', step.name), severity: vscode.InputBoxValidationSeverity.Error }),
  });
  return typed === step.name ? 'yes' : undefined;
}
