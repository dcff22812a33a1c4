// From a decision to its result: puts actions into the queue, shows progress with cancel when it lasts, and says how it ended.
import * as vscode from 'vscode';
import type { Action } from '../machines/actions.ts';
import type { GaiaError } from '../machines/errors.ts';
import { asGaiaError } from '../machines/errors.ts';
import type { Operation, RunOptions } from '../machines/operations.ts';
import type { ActionResult } from '../machines/perform.ts';
import { t } from './l10n.ts';
import { showFailure, sayDone } from './notify.ts';
import type { Parts } from './parts.ts';
import { wordsFor } from './words.ts';

/** Anything shorter needs no notification: the row shows it. */
const progressAfterMs = 1000;

export type Outcome =
  | { readonly action: Action; readonly operation?: Operation; readonly result: ActionResult; readonly error?: undefined }
  | { readonly action: Action; readonly operation?: Operation; readonly error: GaiaError };

export interface ActOptions {
  /** Failures that the caller tells of itself. */
  readonly handles?: (error: GaiaError) => boolean;
  /** Writes down what the operations are about to make. */
  readonly intend?: RunOptions['intend'];
}

/** Runs the actions side by side. Resolves when all have ended; a failure was told to the person, and is in the outcome. */
export async function act(parts: Parts, actions: readonly Action[], options: ActOptions = {}): Promise<readonly Outcome[]> {
  return Promise.all(actions.map(action => actOne(parts, action, options)));
}

async function actOne(parts: Parts, action: Action, options: ActOptions): Promise<Outcome> {
  let operation: Operation | undefined;
  try {
    operation = parts.operations.run(action, options.intend ? { intend: options.intend } : {});
    showProgressWhenLong(operation);
    const result = await operation.result;
    sayDone(parts, operation, result);
    return { action, operation, result };
  } catch (thrown) {
    const error = asGaiaError(thrown);
    if (!(options.handles?.(error) ?? false)) void showFailure(parts, error, operation);
    return { action, ...(operation ? { operation } : {}), error };
  }
}

const shown = new WeakSet<Operation>();

/** One notification an operation, though two callers may wait for it. */
function showProgressWhenLong(operation: Operation): void {
  if (shown.has(operation)) return;
  shown.add(operation);
  const over = operation.result.then(() => undefined, () => undefined);
  let ended = false;
  void over.then(() => { ended = true; });
  setTimeout(() => {
    if (!ended) void showProgress(operation, over);
  }, progressAfterMs);
}

async function showProgress(operation: Operation, over: Promise<void>): Promise<void> {
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, cancellable: true, title: titleOf(operation) },
    async (progress, token) => {
      const cancel = token.onCancellationRequested(() => { operation.cancel(); });
      let percent = 0;
      let said = '';
      const report = (): void => {
        const now = Math.floor((operation.fraction ?? 0) * 100);
        const step = operation.state === 'queued' ? t('waiting for its turn…') : operation.step === undefined ? '' : t(operation.step.message, ...operation.step.values);
        const message = [step, ...operation.fraction === undefined ? [] : [`${String(now)} %`]].filter(part => part !== '').join(' · ');
        if (message === said && now <= percent) return;
        progress.report({ message, ...(now > percent ? { increment: now - percent } : {}) });
        said = message;
        percent = Math.max(percent, now);
      };
      report();
      const timer = setInterval(report, 200);
      await over;
      clearInterval(timer);
      cancel.dispose();
    },
  );
}

export function titleOf(operation: Operation): string {
  const { action, provider } = operation;
  const extra = action.verb === 'extra' ? provider.extras?.find(candidate => candidate.id === action.extra)?.title : undefined;
  return wordsFor(action, extra).doing(operation.machineName);
}
