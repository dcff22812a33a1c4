// VS Code's cancellation token as the signal that the domain takes.
import type { CancellationToken } from 'vscode';

export function abortFrom(token: CancellationToken): AbortSignal {
  const abort = new AbortController();
  if (token.isCancellationRequested) abort.abort();
  else token.onCancellationRequested(() => { abort.abort(); });
  return abort.signal;
}
