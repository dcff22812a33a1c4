// Tells VS Code of the form; its code is loaded when the first one opens.
import * as vscode from 'vscode';
import type { Parts } from '../parts.ts';

export function registerForm(parts: Parts): void {
  parts.context.subscriptions.push(vscode.window.registerCustomEditorProvider('gaia.form', {
    resolveCustomTextEditor: async (document, panel) => (await import('./formEditor.ts')).openForm(parts, document, panel),
  }, { webviewOptions: { retainContextWhenHidden: true } }));
}
