// The preview's commands: show it, bring it back after a reload, save, open as a read-only editor, validate.
import * as vscode from 'vscode';
import { gaiaDocumentOf } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { PreviewPanel } from './panel.ts';

export const previewViewType = 'gaia.preview';
let open: { readonly panel: vscode.WebviewPanel; readonly preview: PreviewPanel } | undefined;

/** Beside the editor; the one preview there is follows. */
export async function preview(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await gaiaDocumentOf(args[0]);
  if (!document) {
    void vscode.window.showInformationMessage(t('Open a .gaia.json file first: the preview shows the Vagrantfile it stands for.'));
    return;
  }
  if (open) {
    open.preview.follow(document);
    open.panel.reveal(undefined, true);
    return;
  }
  const panel = vscode.window.createWebviewPanel(previewViewType, t('Preview'), { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }, { enableFindWidget: true });
  fill(parts, panel, document);
}

/** For `registerWebviewPanelSerializer`. `state` is what the page kept: the document's address. */
export async function restorePreview(parts: Parts, panel: vscode.WebviewPanel, state: unknown): Promise<void> {
  const address = (state as { readonly uri?: unknown } | undefined)?.uri;
  const document = typeof address === 'string' ? await vscode.workspace.openTextDocument(vscode.Uri.parse(address)).then(found => found, () => undefined) : undefined;
  if (!document) {
    panel.dispose();
    return;
  }
  fill(parts, panel, document);
}

function fill(parts: Parts, panel: vscode.WebviewPanel, document: vscode.TextDocument): void {
  panel.iconPath = { light: vscode.Uri.joinPath(parts.context.extensionUri, 'media', 'preview-light.svg'), dark: vscode.Uri.joinPath(parts.context.extensionUri, 'media', 'preview-dark.svg') };
  const made = { panel, preview: new PreviewPanel(parts, panel, document) };
  open = made;
  panel.onDidDispose(() => { if (open === made) open = undefined; });
}
