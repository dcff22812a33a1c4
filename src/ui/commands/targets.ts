// Which machines a command is meant for: the row it was called on and the rows selected with it, an id, the tree's selection (a key), or a pick.
import * as vscode from 'vscode';
import type { Machine, MachineId } from '../../machines/machine.ts';
import type { Provider } from '../../machines/provider.ts';
import type { Ability } from '../abilities.ts';
import { isAble } from '../abilities.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { pickMachines } from '../pick.ts';
import type { MachineNode, Node, SnapshotNode } from '../tree/nodes.ts';

export interface Target {
  readonly machine: Machine;
  readonly provider: Provider;
}

/** The arguments VS Code gives a command: the row, then all selected rows; or what a caller passed. */
export type Arguments = readonly unknown[];

export interface Wanted {
  readonly ability: Ability;
  /** Of the pick, e.g. "Start Machines". */
  readonly title: string;
  readonly many?: boolean;
}

/** [] = nothing to do: dismissed, or nothing can be done (which was said). */
export async function targetsOf(parts: Parts, wanted: Wanted, args: Arguments): Promise<readonly Target[]> {
  await parts.ensureProviders();
  const named = await namedTargets(parts, args);
  // A key on a row that is no machine (a folder, an advice) means nothing here.
  if (named?.length === 0 && isKey(args[0])) return [];
  if (named) {
    const able = named.filter(({ machine, provider }) => isAble(wanted.ability, machine, provider));
    if (able.length === 0) void vscode.window.showInformationMessage(named.length === 1 && named[0] ? t('This cannot be done to “{0}” now.', named[0].machine.name) : t('This cannot be done to any of these machines now.'));
    return wanted.many === true ? able : able.slice(0, 1);
  }
  if (parts.fleet.entries().some(entry => entry.status.kind === 'notAsked')) await parts.fleet.refresh();
  const able = allTargets(parts).filter(({ machine, provider }) => isAble(wanted.ability, machine, provider));
  if (able.length === 0) {
    void vscode.window.showInformationMessage(t('{0}: there is no machine to which this can be done now.', wanted.title));
    return [];
  }
  return (await pickMachines(able, { title: wanted.title, many: wanted.many ?? false })) ?? [];
}

export function allTargets(parts: Parts): readonly Target[] {
  return parts.fleet.entries().flatMap(({ provider, machines }) => machines.map(machine => ({ machine, provider })));
}

export function targetById(parts: Parts, id: string): Target | undefined {
  const machine = parts.fleet.machine(id as MachineId);
  const provider = parts.registry.of(id);
  return machine && provider ? { machine, provider } : undefined;
}

/** undefined = the arguments name no machine. */
async function namedTargets(parts: Parts, args: Arguments): Promise<readonly Target[] | undefined> {
  const [first, selection] = args;
  if (isKey(first)) return machinesIn(await rowsUnderKey(parts));
  if (typeof first === 'string') return idTargets(parts, [first]);
  if (Array.isArray(first) && first.every(id => typeof id === 'string')) return idTargets(parts, first);
  if (isNode(first)) {
    const selected = Array.isArray(selection) ? selection.filter(isNode) : [];
    return machinesIn(selected.includes(first) ? selected : [first]);
  }
  return undefined;
}

async function idTargets(parts: Parts, ids: readonly string[]): Promise<readonly Target[]> {
  if (ids.some(id => targetById(parts, id) === undefined)) await parts.fleet.refresh();
  return ids.flatMap(id => targetById(parts, id) ?? []);
}

function machinesIn(nodes: readonly Node[]): readonly Target[] {
  const rows = nodes.filter((node): node is MachineNode => node.kind === 'machine');
  return [...new Map(rows.map(({ machine, provider }) => [machine.id, { machine, provider }])).values()];
}

export async function snapshotNodeOf(parts: Parts, args: Arguments): Promise<SnapshotNode | undefined> {
  const first = isKey(args[0]) ? (await rowsUnderKey(parts))[0] : args[0];
  return isNode(first) && first.kind === 'snapshot' ? first : undefined;
}

/**
 * The rows that a key press means: all selected ones, or the one that has the focus. The arrow keys move the focus and leave the selection
 * behind, and VS Code tells extensions of the selection only: so the focused row is selected first. That folds or unfolds it as Enter
 * does, which is undone.
 */
async function rowsUnderKey(parts: Parts): Promise<readonly Node[]> {
  const { tree } = parts.view;
  if (tree.selection.length > 1) return tree.selection;
  await vscode.commands.executeCommand('list.select');
  const [row] = tree.selection;
  if (row?.kind === 'machine' && vscode.workspace.getConfiguration('workbench.tree').get('expandMode') !== 'doubleClick') await vscode.commands.executeCommand('list.toggleExpand');
  return tree.selection;
}

/** A key binding passes `{ "from": "tree" }`, since VS Code gives it no row. */
export function isKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { from?: unknown }).from === 'tree';
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'kind' in value && 'id' in value && ['connection', 'group', 'machine', 'snapshot', 'notice'].includes((value as Node).kind);
}
