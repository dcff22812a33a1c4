// Opens cluster pages: one a connection, brought back after a reload of the window.
import * as vscode from 'vscode';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import { connectionsOf } from '../connections/connections.ts';
import type { Parts } from '../parts.ts';
import { ClusterPanel } from './panel.ts';

const viewType = 'gaia.cluster';
const open = new Map<string, vscode.WebviewPanel>();

export function openCluster(parts: Parts, provider: ProxmoxProvider): void {
  const { id, label } = provider.connection;
  const present = open.get(id);
  if (present) {
    present.reveal();
    return;
  }
  const panel = vscode.window.createWebviewPanel(viewType, label, vscode.ViewColumn.Active, { enableFindWidget: true });
  fill(parts, id, panel);
}

/** A page that was open before the reload. `state` is what the page kept. */
export async function restoreCluster(parts: Parts, panel: vscode.WebviewPanel, state: unknown): Promise<void> {
  const id = (state as { readonly connection?: unknown } | undefined)?.connection;
  await parts.ensureProviders();
  if (typeof id !== 'string' || !connectionsOf(parts).provider(id)) {
    panel.dispose();
    return;
  }
  fill(parts, id, panel);
}

function fill(parts: Parts, id: string, panel: vscode.WebviewPanel): void {
  open.set(id, panel);
  panel.onDidDispose(() => { if (open.get(id) === panel) open.delete(id); });
  new ClusterPanel(parts, id, panel);
}
