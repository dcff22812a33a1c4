// Puts the parts together, and nothing else. Everything heavy is loaded when it is first used.
import * as vscode from 'vscode';
import { createApi } from './api.ts';
import type { GaiaApi } from './api.ts';
import { registerCommands } from './ui/commands/table.ts';
import { watchForGaiaDocuments } from './ui/configLanguage.ts';
import { setTranslate, t } from './ui/l10n.ts';
import { createParts } from './ui/parts.ts';
import { registerForm } from './ui/editors/register.ts';
import { watchMachines } from './ui/plan/watch.ts';
import { registerTools } from './ui/tools/register.ts';
import { registerRestore } from './ui/webviews/restore.ts';

export function activate(context: vscode.ExtensionContext): GaiaApi {
  setTranslate((message, ...values) => vscode.l10n.t(message, ...values));
  try {
    const parts = createParts(context);
    parts.showVnc = async (machine, target) => (await import('./ui/console/register.ts')).showConsole(parts, machine, target);
    registerCommands(parts);
    registerTools(parts);
    registerRestore(parts);
    registerForm(parts);
    watchForGaiaDocuments(parts);
    watchMachines(parts);
    return createApi(parts);
  } catch (error) {
    // VS Code writes a failed activation to a log that nobody reads.
    void vscode.window.showErrorMessage(explain(error));
    for (const made of context.subscriptions.splice(0)) (made as vscode.Disposable).dispose();
    throw error;
  }
}

function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // The extension host's words for a command that another extension, then a second copy of this one, has registered.
  if (/already exists|already registered/.test(text)) return t('Another copy of Gaia is running in this window. Uninstall one of the two, then reload the window. ({0})', text);
  return t('Gaia could not start: {0}', text);
}
