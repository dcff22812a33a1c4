// From the fleet to the tree: which rows there are, in what order, under which; and after a change, which of them must be drawn again. Pure.
import type { Fleet, FleetChange, FleetEntry } from '../../machines/fleet.ts';
import type { Machine, MachineState } from '../../machines/machine.ts';
import { isInTransit } from '../../machines/machine.ts';
import type { Place, Provider } from '../../machines/provider.ts';
import { providerKey } from '../../machines/registry.ts';
import { t } from '../l10n.ts';
import { stateWords } from '../words.ts';
import type { Matches } from './filter.ts';
import type { ConnectionNode, GroupNode, MachineNode, Node, Notice, NoticeNode } from './nodes.ts';
import { filteredOut, noticesFor } from './notices.ts';
import { stateIcon } from './rows.ts';
import type { RowIcon } from './rows.ts';

export const groupings = ['provider', 'state', 'group', 'tag'] as const;
export type Grouping = (typeof groupings)[number];

export interface ForestView {
  readonly grouping: Grouping;
  readonly matches?: Matches | undefined;
}

/** Where a machine stands: the groups from the outermost in, each with the key it sorts by. */
interface Step {
  readonly key: string;
  readonly label: string;
  readonly icon: RowIcon;
  readonly place?: GroupNode['place'];
}

const folderIcon: RowIcon = { name: 'folder', color: 'gaia.folder' };
const placeIcons = { up: { name: 'server', color: 'gaia.folder' }, down: { name: 'server', color: 'gaia.error' } } as const;
const tagIcon: RowIcon = { name: 'tag', color: 'gaia.folder' };
const stateOrder: readonly (MachineState | 'transit')[] = ['running', 'transit', 'paused', 'suspended', 'stopped', 'error', 'unknown'];
const rootId = '';

let collator: Intl.Collator | undefined;

/** Names as a person sorts them. Made when first used: loading the language data takes 20 ms, which activation has no use for. */
function byName(a: string, b: string): number {
  return (collator ??= new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })).compare(a, b);
}

export class Forest {
  readonly #fleet: Pick<Fleet, 'entries' | 'entry'>;
  #view: ForestView;
  #nodes = new Map<string, Node>();
  /** Container id → children; '' is the root. */
  #children = new Map<string, readonly Node[]>();
  /** Machine id → its rows (several when grouped by tag). */
  #rows = new Map<string, MachineNode[]>();

  constructor(fleet: Pick<Fleet, 'entries' | 'entry'>, view: ForestView) {
    this.#fleet = fleet;
    this.#view = view;
    this.#build();
  }

  get view(): ForestView {
    return this.#view;
  }

  roots(): readonly Node[] {
    return this.#children.get(rootId) ?? [];
  }

  children(node: Node): readonly Node[] {
    return this.#children.get(node.id) ?? [];
  }

  rowsOf(machineId: string): readonly MachineNode[] {
    return this.#rows.get(machineId) ?? [];
  }

  get(id: string): Node | undefined {
    return this.#nodes.get(id);
  }

  /** Every machine row, in the order of the tree. */
  machineRows(): readonly MachineNode[] {
    return [...this.#rows.values()].flat();
  }

  setView(view: ForestView): void {
    this.#view = view;
    this.#build();
  }

  /** Takes a change in. Returns the rows to draw again, or 'all'; never a row below another one of them. */
  apply(change: FleetChange): readonly Node[] | 'all' {
    const changedRows = change.changed.flatMap(({ after }) => this.rowsOf(after.id));
    const staysPut = !change.status && change.added.length === 0 && change.removed.length === 0
      && change.changed.every(({ before, after }) => this.#placement(before, change.provider) === this.#placement(after, change.provider));
    if (staysPut) {
      for (const { after } of change.changed) for (const row of this.rowsOf(after.id)) row.machine = after;
      const connection = this.#nodes.get(connectionId(change.provider));
      const entry = this.#fleet.entry(change.provider);
      if (connection?.kind === 'connection' && entry) connection.entry = entry;
      return changedRows;
    }
    const before = this.#children;
    this.#build();
    if (!sameNodes(before.get(rootId), this.#children.get(rootId))) return 'all';
    const touched = new Set<Node>(change.changed.flatMap(({ after }) => this.rowsOf(after.id)));
    if (change.status) for (const node of this.roots()) if (node.kind === 'connection' && node.provider === change.provider) touched.add(node);
    for (const [id, children] of this.#children) {
      const node = this.#nodes.get(id);
      if (node && before.has(id) && !sameNodes(before.get(id), children)) touched.add(node);
    }
    return [...touched].filter(node => !hasAncestorIn(node, touched));
  }

  /** Equal for two versions of a machine that stand at the same place in the tree. */
  #placement(machine: Machine, provider: Provider): string {
    const visible = this.#view.matches?.(machine) ?? true;
    return visible ? JSON.stringify([machine.name, machine.template ?? false, this.#pathsOf(machine, provider).map(path => path.map(step => step.key))]) : '';
  }

  #build(): void {
    const nodes = new Map<string, Node>();
    const children = new Map<string, Node[]>([[rootId, []]]);
    const rows = new Map<string, MachineNode[]>();
    const put = (parent: Node | undefined, node: Node): void => {
      node.parent = parent;
      if (!nodes.has(node.id)) {
        nodes.set(node.id, node);
        const siblings = children.get(parent?.id ?? rootId);
        if (siblings) siblings.push(node);
        else children.set(parent?.id ?? rootId, [node]);
      }
      if ((node.kind === 'connection' || node.kind === 'group') && !children.has(node.id)) children.set(node.id, []);
    };
    const byProvider = this.#view.grouping === 'provider';
    let hidden = 0;
    let shown = 0;
    const entries = this.#fleet.entries();
    for (const entry of entries) {
      const aside = isAside(entry, entries);
      if (aside && !byProvider) continue;
      const connection = byProvider ? this.#connectionNode(entry, aside) : undefined;
      if (connection) put(undefined, connection);
      const prefix = connection?.id ?? `n:${providerKey(entry.provider)}`;
      for (const [index, notice] of noticesFor(entry, byProvider ? undefined : connectionLabel(entry.provider)).entries()) put(connection, this.#noticeNode(`${prefix}:notice:${String(index)}`, notice));
      // Places without a machine too: one can be put there. Not while a filter shows a part only.
      if (connection && !this.#view.matches) for (const place of entry.provider.places?.() ?? []) this.#putPlace(connection, place, entry.provider, nodes, put);
      let fitting = 0;
      for (const machine of entry.machines) {
        if (this.#view.matches && !this.#view.matches(machine)) {
          hidden++;
          continue;
        }
        fitting++;
        for (const path of this.#pathsOf(machine, entry.provider)) {
          let parent: Node | undefined = connection;
          for (const step of path) {
            const group: GroupNode = this.#groupNode(`${parent?.id ?? 'g'}/${encodeURIComponent(step.key)}`, step, nodes);
            put(parent, group);
            group.count++;
            parent = group;
          }
          const row = this.#machineNode(`${this.#view.grouping === 'tag' ? (parent?.id ?? '') : 'm'}:${machine.id}`, machine, entry.provider);
          put(parent, row);
          const known = rows.get(machine.id);
          if (known) known.push(row);
          else rows.set(machine.id, [row]);
        }
      }
      shown += fitting;
      if (connection && fitting === 0 && entry.machines.length > 0) put(connection, this.#noticeNode(`${connection.id}:filtered`, filteredOut));
    }
    if (!byProvider && shown === 0 && hidden > 0) put(undefined, this.#noticeNode('n:filtered', filteredOut));
    for (const [id, list] of children) children.set(id, this.#sorted(list));
    this.#nodes = nodes;
    this.#children = children;
    this.#rows = rows;
  }

  #putPlace(connection: Node, place: Place, provider: Provider, nodes: ReadonlyMap<string, Node>, put: (parent: Node, node: Node) => void): void {
    let parent = connection;
    for (const [index, label] of place.path.entries()) {
      const group = this.#groupNode(`${parent.id}/${encodeURIComponent(label)}`, { key: label, label, icon: place.online ? placeIcons.up : placeIcons.down, place: { provider, path: place.path.slice(0, index + 1) } }, nodes);
      put(parent, group);
      group.about = place;
      parent = group;
    }
  }

  /** Takes the present load of places in. Returns the rows to draw again. */
  updatePlaces(): readonly Node[] | 'all' {
    const before = new Map([...this.#nodes].map(([id, node]) => [id, node.kind === 'group' ? JSON.stringify([node.about, node.icon]) : '']));
    this.#build();
    const groups = [...this.#nodes.values()].filter((node): node is GroupNode => node.kind === 'group' && node.about !== undefined);
    return groups.every(group => before.has(group.id)) ? groups.filter(group => before.get(group.id) !== JSON.stringify([group.about, group.icon])) : 'all';
  }

  #pathsOf(machine: Machine, provider: Provider): readonly (readonly Step[])[] {
    switch (this.#view.grouping) {
      case 'provider': {
        const path = machine.path ?? [];
        const icon = provider.places ? placeIcons.up : folderIcon;
        return [path.map((label, index) => ({ key: label, label, icon, place: { provider, path: path.slice(0, index + 1) } }))];
      }
      case 'group':
        // The path of a clustered machine is its node; what groups it there is its pool, which may be in another: `lab/web`.
        return [(provider.places ? machine.pool?.split('/') ?? [] : machine.path ?? []).map(label => ({ key: label, label, icon: folderIcon }))];
      case 'state': {
        const state = isInTransit(machine.state) ? 'transit' : machine.state;
        return [[{ key: String(stateOrder.indexOf(state)), label: state === 'transit' ? t('Changing') : capital(stateWords[state]()), icon: stateIcon(machine.state) }]];
      }
      case 'tag': {
        const tags = machine.tags ?? [];
        return tags.length === 0 ? [[]] : tags.map(tag => [{ key: tag, label: tag, icon: tagIcon }]);
      }
    }
  }

  #connectionNode(entry: FleetEntry, aside: boolean): ConnectionNode {
    // VS Code remembers by the id what was folded: what steps aside is another row to it.
    const id = aside ? `${connectionId(entry.provider)}:aside` : connectionId(entry.provider);
    const old = this.#nodes.get(id);
    if (old?.kind !== 'connection' || old.provider !== entry.provider) return { kind: 'connection', id, provider: entry.provider, aside, entry };
    old.entry = entry;
    return old;
  }

  #groupNode(id: string, step: Step, current: ReadonlyMap<string, Node>): GroupNode {
    const here = current.get(id);
    if (here?.kind === 'group') return here;
    const old = this.#nodes.get(id);
    if (old?.kind === 'group') {
      old.count = 0;
      old.about = undefined;
      old.label = step.label;
      old.icon = step.icon;
      return old;
    }
    return { kind: 'group', id, label: step.label, icon: step.icon, count: 0, ...(step.place ? { place: step.place } : {}) };
  }

  #machineNode(id: string, machine: Machine, provider: Provider): MachineNode {
    const old = this.#nodes.get(id);
    if (old?.kind !== 'machine' || old.provider !== provider) return { kind: 'machine', id, machine, provider };
    old.machine = machine;
    return old;
  }

  #noticeNode(id: string, notice: Notice): NoticeNode {
    const old = this.#nodes.get(id);
    return old?.kind === 'notice' && JSON.stringify(old.notice) === JSON.stringify(notice) ? old : { kind: 'notice', id, notice };
  }

  #sorted(list: readonly Node[]): Node[] {
    const byState = this.#view.grouping === 'state';
    const rank = { notice: 0, connection: 1, group: 2, machine: 3, snapshot: 4 };
    return [...list].sort((a, b) => {
      if (rank[a.kind] !== rank[b.kind]) return rank[a.kind] - rank[b.kind];
      if (a.kind === 'connection' && b.kind === 'connection') return Number(a.aside) - Number(b.aside);
      if (a.kind === 'group' && b.kind === 'group') return byState ? byName(a.id, b.id) : byName(a.label, b.label);
      if (a.kind === 'machine' && b.kind === 'machine') return Number(a.machine.template ?? false) - Number(b.machine.template ?? false) || byName(a.machine.name, b.machine.name) || (a.id < b.id ? -1 : 1);
      return 0;
    });
  }
}

/** Who has machines elsewhere need not be told each day what is not installed here. */
function isAside({ provider, status, machines }: FleetEntry, all: readonly FleetEntry[]): boolean {
  const isMissing = status.kind === 'failed' && status.error.code === 'notInstalled' && machines.length === 0;
  return isMissing && all.some(other => other.provider !== provider && (other.provider.connection.id !== 'local' || other.machines.length > 0));
}

export function connectionId(provider: Provider): string {
  return `c:${providerKey(provider)}`;
}

/** `VirtualBox`, or `Proxmox VE (home)` where there may be several. */
export function connectionLabel(provider: Provider): string {
  return provider.connection.id === 'local' ? provider.label : t('{0} ({1})', provider.label, provider.connection.label);
}

function sameNodes(a: readonly Node[] | undefined, b: readonly Node[] | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((node, index) => node === b[index]));
}

function hasAncestorIn(node: Node, set: ReadonlySet<Node>): boolean {
  for (let above = node.parent; above; above = above.parent) if (set.has(above)) return true;
  return false;
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
