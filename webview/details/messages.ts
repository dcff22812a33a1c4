// What the host and the details page say to each other. The host words and translates everything; the page only draws.

export interface ActionView {
  readonly id: string;
  readonly label: string;
  /** Codicon name. */
  readonly icon: string;
}

export interface RowView {
  readonly id: string;
  readonly cells: readonly string[];
  readonly actions: readonly ActionView[];
}

export interface TreeNodeView extends RowView {
  readonly current: boolean;
  readonly children: readonly TreeNodeView[];
}

export type SectionView =
  | { readonly kind: 'facts'; readonly id: string; readonly title: string; readonly facts: readonly { readonly label: string; readonly value: string }[]; readonly actions: readonly ActionView[] }
  | { readonly kind: 'table'; readonly id: string; readonly title: string; readonly columns: readonly string[]; readonly rows: readonly RowView[]; readonly empty: string; readonly actions: readonly ActionView[] }
  | { readonly kind: 'tree'; readonly id: string; readonly title: string; readonly nodes: readonly TreeNodeView[]; readonly empty: string; readonly actions: readonly ActionView[] };

export interface DetailsView {
  /** Kept over a reload of the window, to bring the page back. */
  readonly id: string;
  readonly name: string;
  /** `Running · 2 CPUs · 4 GB`. */
  readonly subtitle: string;
  readonly state: string;
  readonly stateIcon: string;
  /** Theme colour id: `gaia.running`. */
  readonly stateColor: string;
  readonly notices: readonly { readonly severity: 'error' | 'warning' | 'info'; readonly text: string; readonly actions: readonly ActionView[] }[];
  readonly actions: readonly (ActionView & { readonly primary: boolean })[];
  readonly sections: readonly SectionView[];
  readonly labels: { readonly screen: string; readonly noScreen: string; readonly usage: string; readonly noUsage: string; readonly actionsOf: string };
  readonly hasScreen: boolean;
  readonly hasUsage: boolean;
}

export interface PlotView {
  readonly id: string;
  readonly title: string;
  readonly unit: 'percent' | 'bytes' | 'bytesPerSecond';
  /** The top of the scale, where it is known: all the machine's memory. */
  readonly most?: number;
  readonly series: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
}

export type ToPage =
  | { readonly type: 'details'; readonly view: DetailsView }
  | { readonly type: 'usage'; /** Seconds since 1970. */ readonly times: readonly number[]; readonly plots: readonly PlotView[] }
  /** PNG as base64; undefined = none now. */
  | { readonly type: 'screen'; readonly png?: string }
  | { readonly type: 'gone'; readonly text: string };

export type FromPage =
  | { readonly type: 'action'; readonly id: string; /** Section and row of a row's action. */ readonly section?: string; readonly row?: string }
  | { readonly type: 'copy'; readonly text: string };
