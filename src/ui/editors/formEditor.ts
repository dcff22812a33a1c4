// The form: a custom editor on the same document as the text editor. Every change is a text edit, so undo, save and diff are VS Code's own.
import * as vscode from 'vscode';
import { checkConfig } from '../../config/check.ts';
import { blockingProblem, parseConfig } from '../../config/parse.ts';
import { validateConfig } from '../../config/validate.ts';
import type { FormLabels, FromPage, ToPage } from '../../../webview/form/messages.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { Page } from '../webviews/page.ts';
import { formEdits } from './formEdits.ts';
import { formView } from './formView.ts';

export const formViewType = 'gaia.form';

/** Fills the webview of one custom editor. Lives as long as its panel. */
export function openForm(parts: Parts, document: vscode.TextDocument, panel: vscode.WebviewPanel): void {
  let selected = 0;
  const show = (): void => {
    const parsed = parseConfig(document.getText());
    const problem = blockingProblem(parsed);
    if (problem) {
      const line = document.positionAt(problem.range.offset).line + 1;
      page.post({ type: 'broken', text: t('Line {0}: {1}', line, t(problem.message, ...problem.values ?? [])), labels: labels() });
      return;
    }
    const form = formView(parsed, [...validateConfig(parsed), ...checkConfig(parsed)], selected);
    selected = form.selected;
    page.post({ type: 'form', form, labels: labels() });
  };
  const page = new Page<ToPage, FromPage>(parts.context, panel.webview, { view: 'form', title: document.fileName }, {
    onReady: show,
    onMessage: message => { void onMessage(message); },
  });
  const changes = vscode.workspace.onDidChangeTextDocument(event => { if (event.document === document && event.contentChanges.length > 0) show(); });
  panel.onDidDispose(() => {
    changes.dispose();
    page.dispose();
  });

  const onMessage = async (message: FromPage): Promise<void> => {
    if (message.type === 'select') {
      selected = message.machine;
      show();
      return;
    }
    const parsed = parseConfig(document.getText());
    if (message.type === 'text') {
      const machine = parsed.machines[message.machine];
      const at = machine?.locate(message.path) ?? machine?.range ?? { offset: 0, length: 0 };
      await vscode.commands.executeCommand('vscode.openWith', document.uri, 'default', { selection: new vscode.Range(document.positionAt(at.offset), document.positionAt(at.offset + at.length)) });
      return;
    }
    const edited = formEdits(parsed, message);
    if ('refused' in edited) {
      if (message.type === 'set') page.post({ type: 'refused', path: message.path, text: edited.refused });
      else void vscode.window.showWarningMessage(edited.refused);
      return;
    }
    if (edited.edits.length === 0) return;
    const edit = new vscode.WorkspaceEdit();
    for (const { offset, length, content } of edited.edits) edit.replace(document.uri, new vscode.Range(document.positionAt(offset), document.positionAt(offset + length)), content);
    if (message.type === 'addMachine') selected = parsed.machines.length;
    if (!await vscode.workspace.applyEdit(edit)) void vscode.window.showWarningMessage(t('The file could not be changed: it may be read-only.'));
  };
}

function labels(): FormLabels {
  return {
    machines: t('Machines'), addMachine: t('Add Machine'), removeMachine: t('Remove Machine'), asText: t('Open as Text'), editAsText: t('Edit as Text'), add: t('Add'),
    remove: t('Remove'), up: t('Move Up'), down: t('Move Down'), fromDefaults: t('From the defaults of the file'), sections: t('Sections'),
  };
}

/** `gaia.config.openForm [uri]`. */
export async function openAsForm(_parts: Parts, args: readonly unknown[]): Promise<void> {
  const { gaiaDocumentOf } = await import('../gaiaDocument.ts');
  const document = await gaiaDocumentOf(args[0]);
  if (!document) {
    void vscode.window.showInformationMessage(t('Open a .gaia.json file first.'));
    return;
  }
  await vscode.commands.executeCommand('vscode.openWith', document.uri, formViewType);
}
