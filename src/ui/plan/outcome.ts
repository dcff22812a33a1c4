// How an apply ended: in one sentence, and in a notification with what to do about the first failure.
import * as vscode from 'vscode';
import type { StepOutcome } from '../../config/plan/apply.ts';
import { namesOf } from '../confirm.ts';
import { t } from '../l10n.ts';
import { runErrorAction, showProblem } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { errorText } from '../words.ts';

/** What happened, in one sentence. */
export function outcomeText(outcomes: readonly StepOutcome[]): string {
  const named = (what: StepOutcome['outcome']): readonly string[] => outcomes.filter(one => one.outcome === what).map(one => one.name);
  const parts = [
    named('done').length > 0 ? t('Done: {0}.', namesOf(named('done'))) : '',
    named('failed').length > 0 ? t('Failed: {0}.', namesOf(named('failed'))) : '',
    named('skipped').length > 0 ? t('Not done: {0}.', namesOf(named('skipped'))) : '',
  ].filter(part => part !== '');
  return parts.length === 0 ? t('Everything is as the file says.') : parts.join(' ');
}

/** The first failure with what it was, for the toast. A cancel is no failure. */
export function firstFailure(outcomes: readonly StepOutcome[]): string {
  const failed = firstFailed(outcomes);
  // The only one was named just before.
  const named = (name: string, text: string): string => (outcomes.filter(one => one.outcome !== 'done' && one.outcome !== 'unchanged').length === 1 ? text : `“${name}”: ${text}`);
  if (failed?.error) return named(failed.name, errorText(failed.error));
  const skipped = outcomes.find(one => one.outcome === 'skipped' && one.note !== undefined);
  if (!skipped) return '';
  if (skipped.error?.detail.left !== undefined || skipped.error?.code === 'cancelled') return errorText(skipped.error);
  return skipped.note ? named(skipped.name, t(skipped.note.message, ...skipped.note.values ?? [])) : '';
}

function firstFailed(outcomes: readonly StepOutcome[]): StepOutcome | undefined {
  return outcomes.find(one => one.outcome === 'failed' && one.error !== undefined);
}

/** Tells it; resolves with true when the person wants another try. */
export async function tellOutcome(parts: Parts, outcomes: readonly StepOutcome[]): Promise<boolean> {
  const said = outcomeText(outcomes);
  if (outcomes.every(one => one.outcome === 'done' || one.outcome === 'unchanged')) {
    void vscode.window.showInformationMessage(said);
    return false;
  }
  const error = firstFailed(outcomes)?.error;
  for (const { name, error: each } of outcomes) if (each && each.code !== 'cancelled') parts.log.error(`${name} | ${each.code}: ${each.message}${each.detail.raw === undefined ? '' : `\n${each.detail.raw}`}`);
  const text = [said, firstFailure(outcomes)].filter(part => part !== '').join(' ');
  const actions = error?.detail.actions ?? outcomes.find(one => one.outcome === 'skipped' && one.actions)?.actions ?? [];
  const retry = t('Retry');
  const log = t('Show Log');
  const details = t('Show Details');
  const buttons = [...actions.map(action => t(action.title)), retry, log, ...error?.detail.raw === undefined ? [] : [details]];
  // Nothing has failed where it was only cancelled, or where the answer was no.
  const chosen = error ? await vscode.window.showErrorMessage(text, ...buttons) : await vscode.window.showWarningMessage(text, ...buttons);
  if (chosen === undefined) return false;
  if (chosen === retry) return true;
  if (chosen === log) parts.log.show();
  else if (chosen === details) await showProblem({ message: firstFailure(outcomes), raw: error?.detail.raw ?? '' });
  else await runErrorAction(actions.find(action => t(action.title) === chosen));
  return false;
}
