// What the host and the preview say to each other. Lines count from 0.

/** A piece of the text that is coloured by itself: a machine, or what stands around the machines. */
export interface BlockView {
  readonly text: string;
}

export interface TabView {
  readonly id: string;
  readonly label: string;
  readonly language: 'ruby' | 'powershell' | 'shell';
}

/** What the Vagrantfile cannot say as the config does. */
export interface NoteView {
  readonly severity: 'error' | 'warning' | 'information' | 'hint';
  readonly text: string;
}

export interface PreviewLabels {
  readonly code: string;
  readonly tabs: string;
  readonly copy: string;
  readonly save: string;
  readonly open: string;
  readonly validate: string;
  readonly hint: string;
}

export type ToPage =
  | { readonly type: 'frame'; readonly uri: string; readonly file: string; readonly labels: PreviewLabels; readonly tabs: readonly TabView[]; readonly active: string; readonly canSave: boolean }
  /** Replaces `remove` blocks from `start` by `blocks`. `whole`: of another text than before, so nothing flashes. */
  | { readonly type: 'blocks'; readonly start: number; readonly remove: number; readonly blocks: readonly BlockView[]; readonly whole: boolean }
  /** `problem`: the config has an error, so what is shown is the last good rendering. */
  | { readonly type: 'status'; /** It takes a while: what is being made. */ readonly making?: string; readonly problem?: { readonly text: string; readonly goTo: string }; readonly notes: { readonly summary: string; readonly list: readonly NoteView[] } }
  | { readonly type: 'mark'; readonly ranges: readonly { readonly start: number; readonly end: number }[]; readonly reveal: boolean };

export type FromPage =
  | { readonly type: 'tab'; readonly id: string }
  | { readonly type: 'line'; readonly line: number }
  | { readonly type: 'problem' }
  | { readonly type: 'note'; readonly index: number }
  | { readonly type: 'copy' | 'save' | 'open' | 'validate' };
