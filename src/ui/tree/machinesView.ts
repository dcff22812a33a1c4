// The view gaia.machines: feeds the forest to VS Code, draws again only what changed, works for nobody while hidden.
import * as vscode from 'vscode';
import { asGaiaError } from '../../machines/errors.ts';
import type { MachineId, Snapshot } from '../../machines/machine.ts';
import type { Fleet, FleetChange } from '../../machines/fleet.ts';
import type { Operation, Operations } from '../../machines/operations.ts';
import type { Activity } from '../activity.ts';
import { t } from '../l10n.ts';
import type { Marks } from '../marks.ts';
import { errorText, wordsFor } from '../words.ts';
import { parseFilter } from './filter.ts';
import { Forest, groupings } from './forest.ts';
import type { Grouping } from './forest.ts';
import { snapshotNodes, treeItem } from './items.ts';
import type { MachineNode, Node, Notice, NoticeNode, SnapshotNode } from './nodes.ts';
import { machineTooltip } from './tooltip.ts';
import { MachineDragAndDrop } from './dragAndDrop.ts';

/** Changes that come together are drawn together. */
const drawDelayMs = 25;
/** A row that has just come is known to VS Code within two seconds, or the view is not on the screen. */
const revealAttempts = 20;
const snapshotPatienceMs = 30_000;
const stateKeys = { grouping: 'gaia.grouping', filter: 'gaia.filter' } as const;

export interface MachinesViewParts {
  readonly fleet: Fleet;
  readonly operations: Operations;
  readonly activity: Activity;
  readonly state: vscode.Memento;
  readonly marks: Marks;
  readonly migrate: (nodes: readonly MachineNode[], target: string) => Promise<void>;
}

export class MachinesView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly tree: vscode.TreeView<Node>;
  readonly forest: Forest;
  readonly #parts: MachinesViewParts;
  readonly #changed = new vscode.EventEmitter<Node[] | undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #snapshots = new Map<string, readonly Node[]>();
  readonly #pending = new Set<Node>();
  #pendingAll = false;
  #timer: NodeJS.Timeout | undefined;
  #held: vscode.Disposable | undefined;
  #loaded = false;

  constructor(parts: MachinesViewParts) {
    this.#parts = parts;
    const saved = parts.state.get<string>(stateKeys.grouping);
    const grouping = groupings.find(name => name === saved) ?? 'provider';
    this.forest = new Forest(parts.fleet, { grouping, matches: parseFilter(this.filter) });
    this.tree = vscode.window.createTreeView('gaia.machines', { treeDataProvider: this, showCollapseAll: true, canSelectMany: true, dragAndDropController: new MachineDragAndDrop(parts.migrate) });
    this.#subscriptions.push(
      this.tree,
      this.#changed,
      parts.fleet.onDidChange(change => { this.#onFleet(change); }),
      parts.operations.onDidChange(operation => { this.#onOperation(operation); }),
      parts.marks.onDidChange(() => { this.#draw('all'); }),
      this.tree.onDidChangeVisibility(() => { this.#onVisibility(); }),
    );
    this.#sayView();
    this.#onVisibility();
  }

  get grouping(): Grouping {
    return this.forest.view.grouping;
  }

  get filter(): string {
    return this.#parts.state.get<string>(stateKeys.filter) ?? '';
  }

  async setGrouping(grouping: Grouping): Promise<void> {
    await this.#parts.state.update(stateKeys.grouping, grouping);
    this.#rebuild();
  }

  async setFilter(filter: string): Promise<void> {
    await this.#parts.state.update(stateKeys.filter, filter.trim() === '' ? undefined : filter.trim());
    this.#rebuild();
  }

  /** Filters while the person types; setFilter() remembers it. */
  previewFilter(filter: string): void {
    this.forest.setView({ grouping: this.grouping, matches: parseFilter(filter) });
    this.#draw('all');
  }

  /** Selects the machine's row, and shows the view. A row that VS Code does not know yet (it came just now) is waited for; then it is let be. */
  async reveal(id: MachineId): Promise<void> {
    this.#flush();
    for (let attempt = 0; attempt < revealAttempts; attempt++) {
      const row = this.forest.rowsOf(id)[0];
      if (!row) return;
      try {
        await this.tree.reveal(row, { select: true, focus: false });
        return;
      } catch {
        await new Promise(resolve => setTimeout(resolve, drawDelayMs * 4));
      }
    }
  }

  /** The load of a place, or which places there are, changed. */
  placesChanged(): void {
    this.#draw(this.forest.updatePlaces());
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return treeItem(node, { grouping: this.grouping, doing: machine => this.#doing(machine.machine.id), mark: machine => this.#parts.marks.of(machine.machine.id)?.short,
      owned: machine => this.#parts.marks.bindings.ownerOf(machine.machine.id) !== undefined });
  }

  getParent(node: Node): Node | undefined {
    return node.parent;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) return this.#loaded ? [...this.forest.roots()] : [];
    switch (node.kind) {
      case 'machine': return this.#snapshotRows(node);
      case 'snapshot': return [...snapshotNodes(node.owner, node.snapshot.children, node)];
      case 'notice': return [];
      default: return [...this.forest.children(node)];
    }
  }

  async resolveTreeItem(item: vscode.TreeItem, node: Node, token: vscode.CancellationToken): Promise<vscode.TreeItem> {
    if (node.kind === 'machine') item.tooltip = (await machineTooltip(node, token, this.#parts.marks.of(node.machine.id)?.rows)) ?? node.machine.name;
    return item;
  }

  /** The providers are registered: from now on an empty tree means that there is nothing. */
  async loaded(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    this.#draw('all');
    await vscode.commands.executeCommand('setContext', 'gaia.loaded', true);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#held?.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #doing(id: MachineId): string | undefined {
    const operation = this.#parts.operations.of(id).find(candidate => candidate.state === 'running');
    return operation && shortWords(operation);
  }

  #onFleet(change: FleetChange): void {
    for (const { after } of change.changed) this.#forgetSnapshots(after.id);
    this.#draw(this.forest.apply(change));
  }

  #onOperation(operation: Operation): void {
    const running = this.#parts.operations.live().filter(live => live.state === 'running').length;
    if ((this.tree.badge?.value ?? 0) !== running) this.tree.badge = running === 0 ? undefined : { value: running, tooltip: running === 1 ? t('1 operation is running') : t('{0} operations are running', running) };
    if (operation.action.verb === 'create') return;
    const begins = operation.state === 'running' && operation.step === undefined && operation.fraction === undefined;
    if (!begins && operation.endedAt === undefined) return;
    if (operation.endedAt !== undefined) this.#forgetSnapshots(operation.action.id);
    this.#draw(this.forest.rowsOf(operation.action.id));
  }

  #onVisibility(): void {
    this.#held?.dispose();
    this.#held = this.tree.visible ? this.#parts.activity.hold() : undefined;
    if (this.tree.visible) this.#flush();
  }

  #rebuild(): void {
    this.forest.setView({ grouping: groupings.find(name => name === this.#parts.state.get<string>(stateKeys.grouping)) ?? 'provider', matches: parseFilter(this.filter) });
    this.#sayView();
    this.#draw('all');
  }

  #sayView(): void {
    const { filter } = this;
    this.tree.message = filter === '' ? '' : t('Filter: {0}', filter);
    void vscode.commands.executeCommand('setContext', 'gaia.filtered', filter !== '');
    void vscode.commands.executeCommand('setContext', 'gaia.grouping', this.grouping);
  }

  #draw(nodes: readonly Node[] | 'all'): void {
    if (nodes === 'all') this.#pendingAll = true;
    else for (const node of nodes) this.#pending.add(node);
    if (!this.tree.visible) return;
    this.#timer ??= setTimeout(() => { this.#flush(); }, drawDelayMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.tree.visible || (!this.#pendingAll && this.#pending.size === 0)) return;
    const nodes = [...this.#pending].filter(node => node.kind === 'snapshot' || this.forest.get(node.id) === node);
    const all = this.#pendingAll;
    this.#pendingAll = false;
    this.#pending.clear();
    if (all) this.#changed.fire(undefined);
    else if (nodes.length > 0) this.#changed.fire(nodes);
  }

  async #snapshotRows(node: MachineNode): Promise<Node[]> {
    const known = this.#snapshots.get(node.id);
    if (known) return [...known];
    const rows = await this.#readSnapshots(node);
    this.#snapshots.set(node.id, rows);
    return [...rows];
  }

  async #readSnapshots(node: MachineNode): Promise<readonly Node[]> {
    try {
      const snapshots: readonly Snapshot[] = (await node.provider.snapshots?.list(node.machine.id, AbortSignal.timeout(snapshotPatienceMs))) ?? [];
      if (snapshots.length > 0) return snapshotNodes(node, snapshots, node) satisfies readonly SnapshotNode[];
      return [notice(node, 'none', { icon: { name: 'info', color: 'gaia.stopped' }, label: t('No snapshots') })];
    } catch (thrown) {
      const error = asGaiaError(thrown);
      const text = errorText(error);
      return [notice(node, 'problem', { icon: { name: 'error', color: 'gaia.error' }, label: text, tooltip: [text, error.detail.raw ?? ''].join('\n\n').trim(), context: 'problem', command: { command: 'gaia.showProblem', title: t('Show Details'), args: [{ message: text, raw: error.detail.raw ?? '', provider: node.provider.label }] } })];
    }
  }

  #forgetSnapshots(id: MachineId): void {
    for (const row of this.forest.rowsOf(id)) this.#snapshots.delete(row.id);
  }
}

function shortWords(operation: Operation): string {
  const { action, provider } = operation;
  const extra = action.verb === 'extra' ? provider.extras?.find(candidate => candidate.id === action.extra)?.title : undefined;
  return wordsFor(action, extra).short();
}

function notice(parent: MachineNode, key: string, content: Notice): NoticeNode {
  return { kind: 'notice', id: `${parent.id}:${key}`, notice: content, parent };
}
