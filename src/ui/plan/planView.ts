// The plan as a tree: each machine with what would happen to it, and below it each attribute, old → new.
import * as vscode from 'vscode';
import { differenceText } from '../../config/plan/text.ts';
import type { Plan, PlanStep, StepKind } from '../../config/plan/model.ts';
import type { Difference } from '../../machines/provider.ts';
import { t } from '../l10n.ts';

export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped';
type Node = { readonly kind: 'step'; readonly step: PlanStep } | { readonly kind: 'difference'; readonly difference: Difference; readonly step: PlanStep };

const looks: { readonly [K in StepKind]: { readonly icon: string; readonly color: string; readonly says: () => string } } = {
  create: { icon: 'diff-added', color: 'gitDecoration.addedResourceForeground', says: () => t('will be created') },
  update: { icon: 'diff-modified', color: 'gitDecoration.modifiedResourceForeground', says: () => t('will be changed') },
  stop: { icon: 'debug-restart', color: 'gitDecoration.modifiedResourceForeground', says: () => t('will be stopped for its change') },
  replace: { icon: 'warning', color: 'list.warningForeground', says: () => t('can only be made anew: its data would be lost') },
  none: { icon: 'check', color: 'disabledForeground', says: () => t('is as the file says') },
  unmanaged: { icon: 'question', color: 'disabledForeground', says: () => t('is no longer in the file; it is left alone') },
  conflict: { icon: 'error', color: 'list.errorForeground', says: () => t('is in the way') },
  blocked: { icon: 'error', color: 'list.errorForeground', says: () => t('cannot be planned') },
};
const stateLooks: { readonly [S in StepState]: { readonly icon: string; readonly color: string } | undefined } = {
  waiting: undefined,
  running: { icon: 'loading~spin', color: 'gaia.busy' },
  done: { icon: 'pass', color: 'testing.iconPassed' },
  failed: { icon: 'error', color: 'testing.iconFailed' },
  skipped: { icon: 'debug-step-over', color: 'disabledForeground' },
};

export class PlanView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #tree: vscode.TreeView<Node>;
  #nodes: readonly Node[] = [];
  #states = new Map<string, { readonly state: StepState; readonly message?: string }>();
  /** Of the file that is planned. */
  uri: vscode.Uri | undefined;

  constructor() {
    this.#tree = vscode.window.createTreeView('gaia.plan', { treeDataProvider: this, showCollapseAll: true });
  }

  /** Shows the plan of a file, with no step begun. */
  async show(uri: vscode.Uri, plan: Plan, summary: string, reveal: boolean): Promise<void> {
    this.uri = uri;
    this.#states = new Map();
    this.#nodes = plan.steps.map(step => ({ kind: 'step', step }));
    this.#tree.description = uri.path.split('/').at(-1) ?? '';
    this.#tree.message = summary;
    await vscode.commands.executeCommand('setContext', 'gaia.hasPlan', true);
    this.#changed.fire(undefined);
    if (reveal) await vscode.commands.executeCommand('gaia.plan.focus');
  }

  progress(step: PlanStep, state: StepState, message?: string): void {
    this.#states.set(step.name, { state, ...message === undefined ? {} : { message } });
    this.#changed.fire(this.#nodes.find(node => node.kind === 'step' && node.step.name === step.name));
  }

  say(message: string): void {
    this.#tree.message = message;
  }

  getChildren(node?: Node): Node[] {
    if (!node) return [...this.#nodes];
    return node.kind === 'step' ? node.step.differences.map(difference => ({ kind: 'difference', difference, step: node.step })) : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (node.kind === 'difference') {
      const item = new vscode.TreeItem(node.difference.key);
      item.description = differenceText(node.difference).slice(node.difference.key.length + 2);
      item.tooltip = differenceText(node.difference);
      item.iconPath = new vscode.ThemeIcon(node.difference.effect === 'replace' ? 'warning' : node.difference.effect === 'stop' ? 'debug-restart' : 'circle-small');
      return item;
    }
    const { step } = node;
    const reached = this.#states.get(step.name);
    const look = (reached && stateLooks[reached.state]) ?? looks[step.kind];
    const item = new vscode.TreeItem(step.name, step.differences.length > 0 ? step.kind === 'none' ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None);
    item.id = `plan:${step.name}`;
    item.description = reached?.message ?? looks[step.kind].says();
    item.tooltip = [`${step.name} (${step.provider}) ${looks[step.kind].says()}`, step.reason === undefined ? '' : t(step.reason, ...step.values ?? []), reached?.message ?? ''].filter(part => part !== '').join('\n');
    item.iconPath = new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.color));
    item.contextValue = `;plan:${step.kind};`;
    return item;
  }

  dispose(): void {
    this.#tree.dispose();
    this.#changed.dispose();
  }
}
