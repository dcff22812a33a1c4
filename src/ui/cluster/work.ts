// Something long that is no operation on one machine: a notification with progress and cancel; the failure is told, the output goes to the log.
import * as vscode from 'vscode';
import { asGaiaError } from '../../machines/errors.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';

/** undefined = failed or cancelled, which was said. */
export async function work<T>(parts: Parts, title: string, todo: (context: OperationContext) => Promise<T>): Promise<T | undefined> {
  try {
    return await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title }, (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => { abort.abort(); });
      let percent = 0;
      return todo({
        signal: abort.signal,
        progress: step => {
          const now = Math.floor((step.fraction ?? 0) * 100);
          const message = [...step.message === undefined ? [] : [t(step.message, ...(step.values ?? []))], ...step.fraction === undefined ? [] : [`${String(now)} %`]].join(' · ');
          progress.report({ ...message === '' ? {} : { message }, ...now > percent ? { increment: now - percent } : {} });
          percent = Math.max(percent, now);
        },
        output: line => { parts.log.info(`${title} | ${line}`); },
      });
    });
  } catch (thrown) {
    void showFailure(parts, asGaiaError(thrown));
    return undefined;
  }
}
