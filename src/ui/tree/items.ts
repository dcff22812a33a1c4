// Node → vscode.TreeItem. Tooltips of machines are left out: they are resolved when asked for (tooltip.ts).
import * as vscode from 'vscode';
import type { Snapshot } from '../../machines/machine.ts';
import type { Place } from '../../machines/provider.ts';
import { machineContext } from '../abilities.ts';
import { t } from '../l10n.ts';
import { connectionLabel } from './forest.ts';
import type { Grouping } from './forest.ts';
import type { ConnectionNode, GroupNode, MachineNode, Node, NoticeNode, SnapshotNode } from './nodes.ts';
import { machineDescription, machineIcon, machineSpoken } from './rows.ts';
import type { RowIcon } from './rows.ts';

export interface ItemContext {
  readonly grouping: Grouping;
  /** What an operation is doing to the machine: `taking a snapshot`. */
  doing(node: MachineNode): string | undefined;
  /** Whose it is: `web.gaia.json`, `≠ web.gaia.json`, `Vagrant`. */
  mark(node: MachineNode): string | undefined;
  /** It was made by a .gaia.json, or adopted. */
  owned(node: MachineNode): boolean;
}

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;

export function treeItem(node: Node, context: ItemContext): vscode.TreeItem {
  switch (node.kind) {
    case 'connection': return connectionItem(node);
    case 'group': return groupItem(node);
    case 'machine': return machineItem(node, context);
    case 'snapshot': return snapshotItem(node);
    case 'notice': return noticeItem(node);
  }
}

function connectionItem({ id, provider, entry, aside }: ConnectionNode): vscode.TreeItem {
  const local = provider.connection.id === 'local';
  const item = new vscode.TreeItem(local ? provider.label : provider.connection.label, aside ? Collapsed : Expanded);
  item.id = id;
  if (!local) item.description = provider.label;
  if (provider.connection.detail !== undefined) item.description = local ? provider.connection.detail : `${provider.label} · ${provider.connection.detail}`;
  if (aside) item.description = t('not installed');
  const failed = entry.status.kind === 'failed';
  item.iconPath = icon(failed ? { name: entry.machines.length > 0 ? 'warning' : 'circle-slash', color: entry.machines.length > 0 ? 'gaia.paused' : 'gaia.stopped' } : { name: local ? 'server' : 'server-environment', color: 'gaia.folder' });
  item.contextValue = `;connection;${local ? 'local' : 'remote'};${aside ? 'aside;' : ''}${provider.id};${provider.lifecycle ? 'create;' : ''}${provider.appliances ? 'importAppliance;' : ''}`;
  item.tooltip = connectionLabel(provider);
  return item;
}

function groupItem({ id, label, icon: face, count, place, about }: GroupNode): vscode.TreeItem {
  const item = new vscode.TreeItem(label, Expanded);
  item.id = id;
  item.iconPath = icon(face);
  const load = about === undefined ? undefined : placeWords(about);
  item.description = load === undefined ? String(count) : `${String(count)} · ${load}`;
  item.contextValue = place?.provider.migration ? `;group;place;${place.provider.id};` : ';group;';
  const machines = count === 1 ? t('{0}: 1 machine', label) : t('{0}: {1} machines', label, count);
  item.tooltip = load === undefined ? machines : `${machines} · ${load}`;
  item.accessibilityInformation = { label: item.tooltip };
  return item;
}

function placeWords({ online, cpuFraction, memoryFraction }: Place): string | undefined {
  if (!online) return t('offline');
  const percent = (fraction: number): string => String(Math.round(fraction * 100));
  const said = [...cpuFraction === undefined ? [] : [t('CPU {0} %', percent(cpuFraction))], ...memoryFraction === undefined ? [] : [t('memory {0} %', percent(memoryFraction))]];
  return said.length === 0 ? undefined : said.join(' · ');
}

function machineItem(node: MachineNode, context: ItemContext): vscode.TreeItem {
  const { machine, provider } = node;
  const mayHaveSnapshots = provider.snapshots !== undefined && machine.state !== 'creating' && !machine.template && machine.snapshotCount !== 0;
  const item = new vscode.TreeItem(machine.name, mayHaveSnapshots ? Collapsed : None);
  const doing = context.doing(node);
  item.id = node.id;
  item.description = machineDescription(machine, { doing, mark: context.mark(node), where: context.grouping === 'provider' ? undefined : connectionLabel(provider) });
  item.iconPath = icon(machineIcon(machine, doing !== undefined));
  item.contextValue = `${machineContext(machine, provider)}${context.owned(node) ? 'owned;' : ''}`;
  item.accessibilityInformation = { label: machineSpoken(machine, item.description) };
  return item;
}

function snapshotItem({ id, owner, snapshot }: SnapshotNode): vscode.TreeItem {
  const item = new vscode.TreeItem(snapshot.name, snapshot.children.length > 0 ? Expanded : None);
  item.id = id;
  item.description = [...snapshot.current ? [t('current')] : [], ...snapshot.createdAt === undefined ? [] : [shortDate(snapshot.createdAt)], ...snapshot.withMemory ? [t('with memory')] : []].join(' · ');
  item.iconPath = icon({ name: snapshot.current ? 'circle-filled' : 'history', color: snapshot.current ? 'gaia.running' : 'gaia.folder' });
  item.contextValue = `;snapshot;${owner.provider.snapshots?.edit ? 'edit;' : ''}`;
  const tooltip = new vscode.MarkdownString();
  tooltip.appendText(snapshot.name);
  if (snapshot.description) tooltip.appendMarkdown('\n\n').appendText(snapshot.description);
  item.tooltip = tooltip;
  return item;
}

function noticeItem({ id, notice }: NoticeNode): vscode.TreeItem {
  const item = new vscode.TreeItem(notice.label, None);
  item.id = id;
  item.iconPath = icon(notice.icon);
  if (notice.description !== undefined) item.description = notice.description;
  item.tooltip = notice.tooltip ?? notice.label;
  item.contextValue = `;notice;${notice.context ?? ''};`;
  if (notice.command) item.command = { command: notice.command.command, title: notice.command.title, ...(notice.command.args ? { arguments: [...notice.command.args] } : {}) };
  return item;
}

function icon(face: RowIcon): vscode.ThemeIcon {
  return new vscode.ThemeIcon(face.name, new vscode.ThemeColor(face.color));
}

function shortDate(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : date.toLocaleString(vscode.env.language, { dateStyle: 'medium', timeStyle: 'short' });
}

/** The rows of a machine's snapshots, nested as they descend. */
export function snapshotNodes(owner: MachineNode, snapshots: readonly Snapshot[], parent: Node): readonly SnapshotNode[] {
  return snapshots.map(snapshot => ({ kind: 'snapshot', id: `s:${owner.id}:${snapshot.id}`, owner, snapshot, parent }));
}
