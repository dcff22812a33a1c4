// The tree's own commands: look again, filter, group, hide.
import * as vscode from 'vscode';
import type { Provider } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { groupings } from '../tree/forest.ts';
import type { Grouping } from '../tree/forest.ts';
import { choose } from './inputs.ts';
import type { Arguments } from './targets.ts';
import { isNode } from './targets.ts';

/** Everything, or the connection it was called on. */
export async function refresh(parts: Parts, [of]: Arguments): Promise<void> {
  await parts.ensureProviders();
  const provider = isNode(of) && of.kind === 'connection' ? of.provider : isConnection(of) ? parts.registry.get(of.provider, of.connection) : undefined;
  await vscode.window.withProgress({ location: { viewId: 'gaia.machines' } }, async () => {
    await reconnect(parts, provider);
    await parts.fleet.refresh({ fresh: true, ...(provider ? { providers: [provider] } : {}) });
  });
}

/** A connection that failed may have been refused its secret, which is not sent again unless somebody says so. */
async function reconnect(parts: Parts, only: Provider | undefined): Promise<void> {
  const failed = parts.fleet.entries().filter(({ provider, status }) => status.kind === 'failed' && provider.connection.id !== 'local' && (only === undefined || provider === only));
  if (failed.length === 0) return;
  const { connectionsOf } = await import('../connections/connections.ts');
  await Promise.all(failed.map(({ provider }) => connectionsOf(parts).forgive(provider.connection.id, AbortSignal.timeout(30_000)).catch(() => undefined)));
}

function isConnection(value: unknown): value is { readonly provider: string; readonly connection: string } {
  return typeof value === 'object' && value !== null && 'connection' in value && typeof value.connection === 'string' && 'provider' in value && typeof value.provider === 'string';
}

/** Filters while one types; Escape puts the old filter back. */
export async function filter(parts: Parts, [given]: Arguments): Promise<void> {
  if (typeof given === 'string') {
    await parts.view.setFilter(given);
    return;
  }
  const input = vscode.window.createInputBox();
  input.title = t('Filter Machines');
  input.placeholder = t('name, state:running, tag:web, pool:lab, provider:proxmox');
  input.prompt = t('Several words must all fit. Empty shows everything.');
  input.value = parts.view.filter;
  let accepted = false;
  await new Promise<void>(resolve => {
    input.onDidChangeValue(value => { parts.view.previewFilter(value); });
    input.onDidAccept(() => {
      accepted = true;
      input.hide();
    });
    input.onDidHide(() => { resolve(); });
    input.show();
  });
  await parts.view.setFilter(accepted ? input.value : parts.view.filter);
  input.dispose();
}

export async function clearFilter(parts: Parts): Promise<void> {
  await parts.view.setFilter('');
}

export function groupBy(grouping: Grouping) {
  return async (parts: Parts): Promise<void> => parts.view.setGrouping(grouping);
}

export async function group(parts: Parts): Promise<void> {
  const titles: { readonly [G in Grouping]: string } = { provider: t('Provider'), state: t('State'), group: t('Group or Pool'), tag: t('Tag') };
  const chosen = await choose(t('Group Machines By'), groupings.map(value => ({ label: `${titles[value]}${value === parts.view.grouping ? ` $(check)` : ''}`, detail: '', value })));
  if (chosen) await parts.view.setGrouping(chosen);
}

export async function hideProvider(parts: Parts, [node]: Arguments): Promise<void> {
  if (!isNode(node) || node.kind !== 'connection') return;
  await parts.settings.hideProvider(node.provider.id);
  const settings = t('Open Setting');
  const chosen = await vscode.window.showInformationMessage(t('{0} is hidden. The setting “gaia.hiddenProviders” brings it back.', node.provider.label), settings);
  if (chosen === settings) await vscode.commands.executeCommand('workbench.action.openSettings', 'gaia.hiddenProviders');
}
