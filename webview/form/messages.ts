// What the host and the form say to each other. The host makes the form from the schema and words it; the page only draws.

/** From the machine's object: `["config", "cpus"]`. */
export type FieldPath = readonly (string | number)[];

export interface FieldView {
  readonly path: FieldPath;
  readonly label: string;
  readonly description: string;
  /** `lines`: one value a line. `raw`: shown, and edited as text in the editor. */
  readonly kind: 'text' | 'choice' | 'lines' | 'area' | 'raw';
  /** As typed; '' = not set in the machine itself. */
  readonly value: string;
  readonly choices?: readonly { readonly value: string; readonly label: string }[];
  /** What holds when it is left empty. */
  readonly placeholder: string;
  readonly problem?: { readonly severity: 'error' | 'warning' | 'information' | 'hint'; readonly text: string };
}

export interface ItemView {
  readonly index: number;
  readonly title: string;
  readonly fields: readonly FieldView[];
}

export interface ListView {
  readonly path: FieldPath;
  readonly items: readonly ItemView[];
  readonly empty: string;
  /** Entries that come from the file's `defaults`: said, not edited here. */
  readonly inherited: readonly string[];
  readonly kinds: readonly { readonly id: string; readonly label: string }[];
}

export interface GroupView {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly fields: readonly FieldView[];
  readonly list?: ListView;
  /** Shown closed at first: many settings that few need. */
  readonly closed: boolean;
}

export interface FormView {
  readonly machines: readonly { readonly index: number; readonly name: string }[];
  readonly selected: number;
  readonly groups: readonly GroupView[];
}

export interface FormLabels {
  readonly machines: string;
  readonly addMachine: string;
  readonly removeMachine: string;
  readonly asText: string;
  readonly editAsText: string;
  readonly add: string;
  readonly remove: string;
  readonly up: string;
  readonly down: string;
  readonly fromDefaults: string;
  readonly sections: string;
}

export type ToPage =
  | { readonly type: 'form'; readonly form: FormView; readonly labels: FormLabels }
  /** The text cannot be read: the form shows nothing it might break. */
  | { readonly type: 'broken'; readonly text: string; readonly labels: FormLabels }
  /** What was typed was not taken: why, at its field. The value in the file is as before. */
  | { readonly type: 'refused'; readonly path: FieldPath; readonly text: string };

export type FromPage =
  | { readonly type: 'select'; readonly machine: number }
  | { readonly type: 'set'; readonly machine: number; readonly path: FieldPath; readonly value: string }
  | { readonly type: 'add'; readonly machine: number; readonly path: FieldPath; readonly kind: string }
  | { readonly type: 'remove'; readonly machine: number; readonly path: FieldPath; readonly index: number }
  | { readonly type: 'move'; readonly machine: number; readonly path: FieldPath; readonly from: number; readonly to: number }
  | { readonly type: 'addMachine' }
  | { readonly type: 'removeMachine'; readonly machine: number }
  | { readonly type: 'text'; readonly machine: number; readonly path: FieldPath };
