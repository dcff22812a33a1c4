// Waits for an operation; the tool call's cancel cancels it.
import type { CancellationToken } from 'vscode';
import type { Operation } from '../../machines/operations.ts';
import type { ActionResult } from '../../machines/perform.ts';

export async function runUntil(operation: Operation, token: CancellationToken): Promise<ActionResult> {
  const cancelled = token.onCancellationRequested(() => { operation.cancel(); });
  try {
    return await operation.result;
  } finally {
    cancelled.dispose();
  }
}
