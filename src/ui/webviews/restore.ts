// Brings pages back after a reload of the window. Each page's code is loaded when there is one to bring back.
import * as vscode from 'vscode';
import type { Parts } from '../parts.ts';

type Restore = (parts: Parts, panel: vscode.WebviewPanel, state: unknown) => Promise<void>;
const pages: Readonly<Record<string, () => Promise<Restore>>> = {
  'gaia.details': async () => (await import('../details/register.ts')).restoreDetails,
  'gaia.console': async () => (await import('../console/register.ts')).restoreConsole,
  'gaia.cluster': async () => (await import('../cluster/register.ts')).restoreCluster,
  'gaia.preview': async () => (await import('../preview/register.ts')).restorePreview,
};

export function registerRestore(parts: Parts): void {
  for (const [viewType, load] of Object.entries(pages)) {
    parts.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: async (panel: vscode.WebviewPanel, state: unknown) => {
        try {
          await (await load())(parts, panel, state);
        } catch (error) {
          // VS Code would only write "An error occurred while loading view" into it.
          parts.log.error(error);
          panel.dispose();
        }
      },
    }));
  }
}
