// Commands of a cluster and its nodes: the page, a node's shell, restoring a backup.
import * as vscode from 'vscode';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import { showTerminal } from '../commands/access.ts';
import { choose } from '../commands/inputs.ts';
import { isNode } from '../commands/targets.ts';
import type { Arguments } from '../commands/targets.ts';
import { connectionsOf } from '../connections/connections.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { restore } from './restore.ts';
import { work } from './work.ts';

interface Subject {
  readonly provider: ProxmoxProvider;
  readonly node?: string;
}

export async function showCluster(parts: Parts, [of]: Arguments): Promise<void> {
  const subject = await subjectOf(parts, of);
  if (!subject) return;
  const { openCluster } = await import('./register.ts');
  openCluster(parts, subject.provider);
}

export async function openShell(parts: Parts, [of]: Arguments): Promise<void> {
  const subject = await subjectOf(parts, of);
  if (!subject) return;
  const { provider } = subject;
  const node = subject.node ?? await choose(t('Which node?'), (provider.cluster.latest()?.nodes ?? []).filter(one => one.online).map(one => ({ label: one.name, detail: '', value: one.name })));
  if (node === undefined) return;
  const target = await work(parts, t('Opening a shell on {0}', node), context => provider.openNodeTerminal(node, context.signal));
  if (target) showTerminal(node, target);
}

export async function restoreBackup(parts: Parts, [of]: Arguments): Promise<void> {
  const subject = await subjectOf(parts, of);
  if (subject) await restore(parts, subject.provider);
}

/** The cluster of a row, of an id, the only one there is, or a pick. */
async function subjectOf(parts: Parts, of: unknown): Promise<Subject | undefined> {
  await parts.ensureProviders();
  const connections = connectionsOf(parts);
  if (isNode(of)) {
    const provider = of.kind === 'connection' ? of.provider : of.kind === 'group' ? of.place?.provider : undefined;
    const own = provider && connections.provider(provider.connection.id);
    const node = of.kind === 'group' ? of.place?.path[0] : undefined;
    if (own) return { provider: own, ...(node === undefined ? {} : { node }) };
  }
  const named = typeof of === 'string' ? connections.provider(of) : undefined;
  if (named) return { provider: named };
  const all = connections.providers();
  if (all.length === 0) {
    const add = t('Add Proxmox VE…');
    if ((await vscode.window.showInformationMessage(t('There is no connection yet.'), add)) === add) await vscode.commands.executeCommand('gaia.connection.add');
    return undefined;
  }
  const provider = all.length === 1 ? all[0] : await choose(t('Which cluster?'), all.map(one => ({ label: one.connection.label, detail: one.connection.detail ?? '', value: one })));
  return provider && { provider };
}
