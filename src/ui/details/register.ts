// Opens details pages: one a machine, brought back after a reload of the window.
import * as vscode from 'vscode';
import type { MachineId } from '../../machines/machine.ts';
import type { Parts } from '../parts.ts';
import { DetailsPanel } from './panel.ts';

export const detailsViewType = 'gaia.details';
const open = new Map<MachineId, vscode.WebviewPanel>();

/** Shows the machine's page, the one that is open if there is one. */
export function showDetails(parts: Parts, id: MachineId, name: string): void {
  const present = open.get(id);
  if (present) {
    present.reveal();
    return;
  }
  const panel = vscode.window.createWebviewPanel(detailsViewType, name, vscode.ViewColumn.Active, { enableFindWidget: true });
  fill(parts, id, panel);
}

/** For `registerWebviewPanelSerializer`: a page that was open before the reload. `state` is what the page kept. */
export async function restoreDetails(parts: Parts, panel: vscode.WebviewPanel, state: unknown): Promise<void> {
  const id = (state as { readonly id?: unknown } | undefined)?.id;
  if (typeof id !== 'string') {
    panel.dispose();
    return;
  }
  await parts.ensureProviders();
  fill(parts, id as MachineId, panel);
}

function fill(parts: Parts, id: MachineId, panel: vscode.WebviewPanel): void {
  open.set(id, panel);
  panel.onDidDispose(() => { if (open.get(id) === panel) open.delete(id); });
  new DetailsPanel(parts, id, panel);
}
