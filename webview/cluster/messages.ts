// What the host and the cluster page say to each other. The host words and translates everything; the page only draws.

export interface ActionView {
  readonly id: string;
  readonly label: string;
  /** Codicon name. */
  readonly icon: string;
}

export interface MeterView {
  readonly label: string;
  /** `3.2 of 16 GB`. */
  readonly text: string;
  /** 0–1; absent = not known. */
  readonly fraction?: number;
}

export interface NodeView {
  readonly name: string;
  readonly online: boolean;
  readonly subtitle: string;
  readonly meters: readonly MeterView[];
  readonly actions: readonly ActionView[];
  /** Load over the chosen time; absent = not known. */
  readonly plot?: NodePlotView;
}

export interface NodePlotView {
  /** Values 0–1, oldest first; null = not measured. */
  readonly series: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  /** What the plot says, for who does not see it: `CPU 12–38 %, memory 30–41 %`. */
  readonly text: string;
}

export interface RowView {
  readonly id: string;
  readonly cells: readonly string[];
  readonly actions: readonly ActionView[];
  /** Draws a dot in the colour of the state. */
  readonly state?: 'ok' | 'running' | 'warnings' | 'failed';
}

export interface StorageView extends RowView {
  readonly meter: MeterView;
  /** Present when it is open. */
  readonly content?: readonly RowView[];
  readonly contentNote?: string;
}

export interface TableView {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly RowView[];
  readonly empty: string;
  /** Beside the title. */
  readonly actions?: readonly ActionView[];
}

export interface ClusterPageView {
  readonly connection: string;
  readonly title: string;
  readonly subtitle: string;
  readonly notices: readonly { readonly severity: 'error' | 'warning'; readonly text: string }[];
  readonly actions: readonly ActionView[];
  readonly nodesTitle: string;
  readonly nodes: readonly NodeView[];
  /** How far back the plots of the nodes go. */
  readonly span: { readonly label: string; readonly value: string; readonly choices: readonly { readonly value: string; readonly label: string }[] };
  readonly storagesTitle: string;
  readonly storageColumns: readonly string[];
  readonly contentColumns: readonly string[];
  readonly storages: readonly StorageView[];
  readonly noStorages: string;
  readonly tables: readonly (TableView & { readonly id: string })[];
}

export type ToPage =
  | { readonly type: 'view'; readonly view: ClusterPageView }
  | { readonly type: 'gone'; readonly text: string };

/** `section`: `cluster`, `node`, `storage`, `content`, or a table's id. */
export type FromPage = { readonly type: 'action'; readonly section: string; readonly id: string; readonly row?: string; readonly item?: string };
