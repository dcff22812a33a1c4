// Opens consoles: one page a machine, brought back after a reload of the window.
import * as vscode from 'vscode';
import type { Machine, MachineId } from '../../machines/machine.ts';
import { t } from '../l10n.ts';
import type { Parts, VncTarget } from '../parts.ts';
import { ConsolePanel } from './panel.ts';

const viewType = 'gaia.console';
const open = new Map<MachineId, { readonly panel: vscode.WebviewPanel; readonly console: ConsolePanel }>();

/** What `parts.showVnc` is. */
export function showConsole(parts: Parts, machine: Machine, target: VncTarget): void {
  const present = open.get(machine.id);
  if (present) {
    present.panel.reveal();
    present.console.use(target);
    return;
  }
  // A hidden page keeps its connection: a console is not to log off when one looks at another tab.
  const panel = vscode.window.createWebviewPanel(viewType, t('Console: {0}', machine.name), vscode.ViewColumn.Active, { retainContextWhenHidden: true });
  fill(parts, machine.id, machine.name, panel, target);
}

/** A page that was open before the reload. `state` is what the page kept. */
export async function restoreConsole(parts: Parts, panel: vscode.WebviewPanel, state: unknown): Promise<void> {
  const id = (state as { readonly id?: unknown } | undefined)?.id;
  await parts.ensureProviders();
  if (typeof id !== 'string' || parts.registry.of(id) === undefined) {
    panel.dispose();
    return;
  }
  fill(parts, id as MachineId, panel.title.replace(/^.*?: /, ''), panel, undefined);
}

function fill(parts: Parts, id: MachineId, name: string, panel: vscode.WebviewPanel, target: VncTarget | undefined): void {
  const made = { panel, console: new ConsolePanel(parts, id, name, panel, target) };
  open.set(id, made);
  panel.onDidDispose(() => { if (open.get(id) === made) open.delete(id); });
}
