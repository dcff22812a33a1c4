// Waits for the first Gaia document and then loads the config language: before that, nothing of it is in memory.
import * as vscode from 'vscode';
import { isGaiaDocument } from './gaiaDocument.ts';
import type { Parts } from './parts.ts';

export function watchForGaiaDocuments(parts: Parts): void {
  let started = false;
  const start = (document: vscode.TextDocument): void => {
    if (started || !isGaiaDocument(document)) return;
    started = true;
    waiting.dispose();
    import('./completion/register.ts').then(({ registerConfigLanguage }) => { parts.context.subscriptions.push(registerConfigLanguage(parts)); }, (error: unknown) => { parts.log.error(error); });
  };
  const waiting = vscode.workspace.onDidOpenTextDocument(start);
  parts.context.subscriptions.push(waiting);
  vscode.workspace.textDocuments.forEach(start);
}
