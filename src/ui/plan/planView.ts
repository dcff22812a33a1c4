// The plan as a tree: each machine with what would happen to it, below it each attribute, old → new, and the commands. While it is applied,
// each machine shows how far it is.
import * as vscode from 'vscode';
import { changeText, differenceText, summary } from '../../config/plan/text.ts';
import type { Plan, PlanStep, StepKind } from '../../config/plan/model.ts';
import type { ErrorAction } from '../../machines/errors.ts';
import type { CommandText, Difference } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import type { Locate } from './placesInText.ts';
import type { StepCommands } from './stepCommands.ts';

export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped';

/** A plan that is shown. */
export interface ShownPlan {
  readonly uri: vscode.Uri;
  readonly plan: Plan;
  /** Only this machine of the file was planned. */
  readonly only?: string | undefined;
  /** Where they stand in the text. */
  readonly locate: Locate;
}

export type PlanNode =
  | { readonly kind: 'step'; readonly uri: vscode.Uri; readonly step: PlanStep }
  | { readonly kind: 'difference'; readonly uri: vscode.Uri; readonly step: PlanStep; readonly difference: Difference }
  | { readonly kind: 'reason'; readonly uri: vscode.Uri; readonly step: PlanStep; readonly text: string }
  | { readonly kind: 'action'; readonly uri: vscode.Uri; readonly step: PlanStep; readonly action: ErrorAction }
  | { readonly kind: 'commands'; readonly uri: vscode.Uri; readonly step: PlanStep }
  | { readonly kind: 'command'; readonly uri: vscode.Uri; readonly step: PlanStep; readonly command: CommandText; readonly index: number };

export function isPlanNode(value: unknown): value is PlanNode {
  const { kind, step, uri } = (value ?? {}) as Partial<PlanNode>;
  return kind !== undefined && typeof step === 'object' && uri instanceof vscode.Uri;
}

interface Look {
  readonly icon: string;
  readonly color: string;
}
const looks: { readonly [K in StepKind]: Look & { readonly says: () => string } } = {
  create: { icon: 'diff-added', color: 'gitDecoration.addedResourceForeground', says: () => t('will be created') },
  update: { icon: 'diff-modified', color: 'gitDecoration.modifiedResourceForeground', says: () => t('will be changed') },
  stop: { icon: 'debug-restart', color: 'gitDecoration.modifiedResourceForeground', says: () => t('will be stopped for its change') },
  replace: { icon: 'warning', color: 'list.warningForeground', says: () => t('can only be made anew: its data would be lost') },
  none: { icon: 'check', color: 'disabledForeground', says: () => t('is as the file says') },
  unmanaged: { icon: 'question', color: 'disabledForeground', says: () => t('is no longer in the file; it is left alone') },
  conflict: { icon: 'error', color: 'list.errorForeground', says: () => t('is in the way') },
  blocked: { icon: 'error', color: 'list.errorForeground', says: () => t('cannot be planned') },
};
const stateLooks: { readonly [S in StepState]: (Look & { readonly says: () => string }) | undefined } = {
  waiting: undefined,
  running: { icon: 'loading~spin', color: 'gaia.busy', says: () => t('being worked on') },
  done: { icon: 'pass', color: 'testing.iconPassed', says: () => t('done') },
  failed: { icon: 'error', color: 'testing.iconFailed', says: () => t('failed') },
  skipped: { icon: 'debug-step-over', color: 'disabledForeground', says: () => t('not done') },
};
const differenceLooks: { readonly [E in Difference['effect'] | 'new' | 'removed']: Look } = {
  new: { icon: 'add', color: 'gitDecoration.addedResourceForeground' },
  removed: { icon: 'remove', color: 'gitDecoration.deletedResourceForeground' },
  live: { icon: 'circle-small', color: 'gitDecoration.modifiedResourceForeground' },
  stop: { icon: 'debug-restart', color: 'gitDecoration.modifiedResourceForeground' },
  replace: { icon: 'warning', color: 'list.warningForeground' },
};
const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
const fewMachines = 2;
/** VS Code draws a tree again only after 200 ms without news of it: a download that tells each chunk would leave it as it was. */
const drawEveryMs = 250;
const kindsWithCommands: readonly StepKind[] = ['create', 'update', 'stop', 'replace'];

export class PlanView implements vscode.TreeDataProvider<PlanNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<PlanNode | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #tree: vscode.TreeView<PlanNode>;
  readonly #commandsOf: (step: PlanStep) => Promise<StepCommands>;
  #nodes: readonly PlanNode[] = [];
  #states = new Map<string, { readonly state: StepState; readonly message?: string }>();
  #shown: ShownPlan | undefined;
  #applied = false;
  readonly #pending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(commandsOf: (step: PlanStep) => Promise<StepCommands>) {
    this.#commandsOf = commandsOf;
    this.#tree = vscode.window.createTreeView('gaia.plan', { treeDataProvider: this, showCollapseAll: true });
  }

  get shown(): ShownPlan | undefined {
    return this.#shown;
  }

  /** Of the file that is planned. */
  get uri(): vscode.Uri | undefined {
    return this.#shown?.uri;
  }

  /** The plan that the person looks at; undefined once it was applied. */
  get seen(): ShownPlan | undefined {
    return this.#applied ? undefined : this.#shown;
  }

  /** Shows the plan of a file, with no step begun. */
  async show(shown: ShownPlan, reveal: boolean): Promise<void> {
    this.#shown = shown;
    this.#applied = false;
    this.#states = new Map();
    this.#nodes = shown.plan.steps.map(step => ({ kind: 'step', uri: shown.uri, step }));
    this.#tree.description = decodeURIComponent(shown.uri.path.split('/').at(-1) ?? '');
    this.#tree.message = summary(shown.plan, t);
    await vscode.commands.executeCommand('setContext', 'gaia.hasPlan', true);
    this.#changed.fire(undefined);
    if (reveal) await this.reveal();
  }

  async reveal(): Promise<void> {
    await vscode.commands.executeCommand('gaia.plan.focus');
  }

  /** The plan that is shown is now being carried out. */
  begin(): void {
    this.#applied = true;
  }

  progress(step: PlanStep, state: StepState, message?: string): void {
    this.#states.set(step.name, { state, ...message === undefined ? {} : { message } });
    this.#pending.add(step.name);
    this.#timer ??= setTimeout(() => { this.#draw(); }, drawEveryMs);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const nodes = this.#nodes.filter(node => this.#pending.has(node.step.name));
    this.#pending.clear();
    for (const node of nodes) this.#changed.fire(node);
  }

  say(message: string): void {
    this.#draw();
    this.#tree.message = message;
  }

  /** The text of the file is no longer the one that was planned. */
  textChanged(uri: vscode.Uri): void {
    if (this.seen?.uri.toString() === uri.toString()) this.say(t('The file has changed since this plan was made. Plan again to see what it comes to now.'));
  }

  getParent(node: PlanNode): PlanNode | undefined {
    if (node.kind === 'step') return undefined;
    return this.#nodes.find(one => one.step === node.step);
  }

  async getChildren(node?: PlanNode): Promise<PlanNode[]> {
    if (!node) return [...this.#nodes];
    const { uri, step } = node;
    if (node.kind === 'commands') {
      const { commands, problem } = await this.#commandsOf(step);
      if (problem !== undefined) return [{ kind: 'reason', uri, step, text: problem }];
      return commands.length === 0 ? [{ kind: 'reason', uri, step, text: t('Nothing would be run.') }] : commands.map((command, index) => ({ kind: 'command', uri, step, command, index }));
    }
    if (node.kind !== 'step') return [];
    return [
      ...step.reason === undefined ? [] : [{ kind: 'reason' as const, uri, step, text: t(step.reason, ...step.values ?? []) }],
      ...(step.actions ?? []).map(action => ({ kind: 'action' as const, uri, step, action })),
      ...step.differences.map(difference => ({ kind: 'difference' as const, uri, step, difference })),
      ...kindsWithCommands.includes(step.kind) ? [{ kind: 'commands' as const, uri, step }] : [],
    ];
  }

  getTreeItem(node: PlanNode): vscode.TreeItem {
    switch (node.kind) {
      case 'step': return this.#stepItem(node.step);
      case 'difference': return this.#differenceItem(node.step, node.difference);
      case 'reason': return reasonItem(node.text);
      case 'action': return actionItem(node.action);
      case 'commands': return commandsItem(node.step);
      case 'command': return commandItem(node.command);
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#tree.dispose();
    this.#changed.dispose();
  }

  #stepItem(step: PlanStep): vscode.TreeItem {
    const reached = this.#states.get(step.name);
    const state = reached && stateLooks[reached.state];
    const look = state ?? looks[step.kind];
    const hasRows = step.differences.length > 0 || step.reason !== undefined || kindsWithCommands.includes(step.kind);
    const item = new vscode.TreeItem(step.name, hasRows ? this.#openness(step) : None);
    // With its kind: VS Code remembers by the id what was closed, and another kind of step has other rows.
    item.id = `plan:${step.kind}:${step.name}`;
    const says = reached?.message ?? (state ?? looks[step.kind]).says();
    item.description = says;
    item.tooltip = [`${step.name} (${step.provider}) ${looks[step.kind].says()}`, step.reason === undefined ? '' : t(step.reason, ...step.values ?? []), state ? says : ''].filter(part => part !== '').join('\n');
    item.iconPath = new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.color));
    // What is done has a machine, and nothing to apply any more.
    item.contextValue = reached?.state === 'done' ? ';plan:done;plan:machine;' : `;plan:${step.kind};${step.machine && step.kind !== 'conflict' ? 'plan:machine;' : ''}`;
    item.accessibilityInformation = { label: [step.name, says, step.differences.length === 0 ? '' : step.differences.length === 1 ? t('1 setting') : t('{0} settings', step.differences.length)].filter(part => part !== '').join(', ') };
    const command = this.#openAt(step);
    if (command) item.command = command;
    return item;
  }

  /** What changes is open: old → new is what a plan is read for. What is new has so many rows that a few of them would hide the rest. */
  #openness({ kind }: PlanStep): vscode.TreeItemCollapsibleState {
    if (kind === 'none') return Collapsed;
    return kind === 'create' && this.#nodes.length > fewMachines ? Collapsed : Expanded;
  }

  #differenceItem(step: PlanStep, difference: Difference): vscode.TreeItem {
    const item = new vscode.TreeItem(difference.key);
    item.id = `plan:${step.kind}:${step.name}:${difference.key}`;
    item.description = difference.after === undefined ? difference.before ?? '' : changeText({ ...difference, effect: 'live' }, t);
    item.tooltip = differenceText(difference, t);
    const look = differenceLooks[difference.effect !== 'live' ? difference.effect : difference.before === undefined ? 'new' : difference.after === undefined ? 'removed' : 'live'];
    item.iconPath = new vscode.ThemeIcon(look.icon, new vscode.ThemeColor(look.color));
    item.accessibilityInformation = { label: spoken(difference) };
    const command = this.#openAt(step, difference.key);
    if (command) item.command = command;
    return item;
  }

  /** A click shows the machine in the file; the tree keeps the focus. */
  #openAt(step: PlanStep, key?: string): vscode.Command | undefined {
    const selection = this.#shown?.locate(step.name, key);
    if (!this.#shown || !selection) return undefined;
    return { command: 'vscode.open', title: t('Show in the File'), arguments: [this.#shown.uri, { selection, preserveFocus: true, preview: true }] };
  }
}

/** For a screen reader: no arrows. */
function spoken({ key, before, after, effect, loses }: Difference): string {
  const what = before === undefined ? `${key}: ${after ?? ''}` : after === undefined ? t('{0}: {1} is removed', key, before) : t('{0}: from {1} to {2}', key, before, after);
  return [what, effect === 'stop' ? t('needs a stop') : effect === 'replace' ? t('needs a new machine') : '', loses === undefined ? '' : t('loses {0}', loses)].filter(part => part !== '').join(', ');
}

function reasonItem(text: string): vscode.TreeItem {
  const item = new vscode.TreeItem(text);
  item.iconPath = new vscode.ThemeIcon('info', new vscode.ThemeColor('disabledForeground'));
  item.tooltip = text;
  return item;
}

/** A click does it; what can be lost asks first. */
function actionItem({ title, command, args, url }: ErrorAction): vscode.TreeItem {
  const item = new vscode.TreeItem(t(title));
  item.iconPath = new vscode.ThemeIcon('arrow-right', new vscode.ThemeColor('textLink.foreground'));
  if (command !== undefined) item.command = { command, title: t(title), arguments: [...args ?? []] };
  else if (url !== undefined) item.command = { command: 'vscode.open', title: t(title), arguments: [vscode.Uri.parse(url)] };
  return item;
}

function commandsItem(step: PlanStep): vscode.TreeItem {
  const item = new vscode.TreeItem(t('Commands'), Collapsed);
  item.id = `plan:${step.kind}:${step.name}:commands`;
  item.iconPath = new vscode.ThemeIcon('terminal', new vscode.ThemeColor('disabledForeground'));
  item.tooltip = t('Exactly what would be run for “{0}”', step.name);
  item.contextValue = ';plan:commands;';
  return item;
}

function commandItem({ text, comment, language }: CommandText): vscode.TreeItem {
  const said = comment === undefined ? undefined : t(comment);
  const item = new vscode.TreeItem(text === '' ? said ?? '' : text);
  if (text !== '' && said !== undefined) item.description = said;
  item.iconPath = new vscode.ThemeIcon(text === '' ? 'info' : 'code', new vscode.ThemeColor('disabledForeground'));
  item.tooltip = new vscode.MarkdownString([...said === undefined ? [] : [`${said.replaceAll(/[\\`*_{}[\]()#+.!|<>-]/g, '\\$&')}\n\n`], ...text === '' ? [] : ['```', { shell: 'shellscript', powershell: 'powershell', http: 'http' }[language], '\n', text.replaceAll('```', "'''"), '\n```']].join(''));
  item.contextValue = text === '' ? ';plan:note;' : ';plan:command;';
  return item;
}
