// The tree's elements. Their objects live as long as what they stand for, so that VS Code keeps selection, expansion and focus. Pure.
import type { FleetEntry } from '../../machines/fleet.ts';
import type { Machine, Snapshot } from '../../machines/machine.ts';
import type { Place, Provider } from '../../machines/provider.ts';
import type { RowIcon } from './rows.ts';

interface Base {
  /** Unique in the tree and stable. */
  readonly id: string;
  parent?: Node | undefined;
}

export interface ConnectionNode extends Base {
  readonly kind: 'connection';
  readonly provider: Provider;
  /** A tool that is not there, while others are in use: told, but last and folded. */
  readonly aside: boolean;
  entry: FleetEntry;
}

/** A folder of machines: a VirtualBox group, a Proxmox node, a state, a tag. */
export interface GroupNode extends Base {
  readonly kind: 'group';
  label: string;
  icon: RowIcon;
  /** How many machines are in it, below folders too. */
  count: number;
  /** Set where the folder is a place of one connection: `["pve1"]`. */
  readonly place?: { readonly provider: Provider; readonly path: readonly string[] };
  /** What the provider says of the place: load, and whether it is up. */
  about?: Place | undefined;
}

export interface MachineNode extends Base {
  readonly kind: 'machine';
  readonly provider: Provider;
  machine: Machine;
}

export interface SnapshotNode extends Base {
  readonly kind: 'snapshot';
  readonly owner: MachineNode;
  readonly snapshot: Snapshot;
}

/** A row that explains something: still loading, what is wrong, what to do about it. */
export interface NoticeNode extends Base {
  readonly kind: 'notice';
  readonly notice: Notice;
}

export interface Notice {
  readonly icon: RowIcon;
  readonly label: string;
  readonly description?: string;
  /** Plain text. */
  readonly tooltip?: string;
  readonly command?: { readonly command: string; readonly title: string; readonly args?: readonly unknown[] };
  /** Command that the row's context menu has besides: `problem` rows offer "Show Log" and "Retry". */
  readonly context?: 'problem' | 'action';
}

export type Node = ConnectionNode | GroupNode | MachineNode | SnapshotNode | NoticeNode;
