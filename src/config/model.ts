// What a .gaia.json file is once read: its machines with the defaults merged in, where each value stands in the text, and what was wrong.

/** A stretch of the document, in UTF-16 code units, as vscode.TextDocument.positionAt counts. */
export interface TextRange {
  readonly offset: number;
  readonly length: number;
}

/** Keys and array indexes from the root of something down to a value. */
export type ConfigPath = readonly (string | number)[];

export type Severity = 'error' | 'warning' | 'information' | 'hint';

/** Something wrong with the text or a value. `code` is the anchor in docs/config.md; `message` the l10n key with `{0}` … for `values`. */
export interface ParseProblem {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly values?: readonly (string | number)[];
  readonly range: TextRange;
  /** Where the value stands, from the root of the document; absent for problems of the text itself. */
  readonly path?: ConfigPath;
}

/** A comment, and the value it belongs to: the property or element that follows it, or the one before it on the same line. */
export interface ConfigComment {
  /** Text without the comment marks, trimmed; several lines are joined by `\n`. */
  readonly text: string;
  readonly range: TextRange;
  /** From the machine's object: `['config', 'networks', 0]`; [] = the machine itself. */
  readonly path: ConfigPath;
  readonly placement: 'before' | 'after';
}

/** The `config` of one machine, plain JSON values, defaults merged. Values are as written: a broken file may hold anything anywhere, so read with care. */
export type MachineConfig = { readonly [key: string]: unknown };

export interface ParsedMachine {
  /** '' when it is missing or no string. */
  readonly name: string;
  /** '' when it is missing or no string. */
  readonly provider: string;
  /**
   * The machine's `config` with the defaults merged in. The same object as in an earlier parse as long as neither the machine's text
   * nor the defaults changed: remember things by it (WeakMap).
   */
  readonly config: MachineConfig;
  /** The `config` as written in the machine alone. */
  readonly own: MachineConfig;
  /** The machine's object in the text. */
  readonly range: TextRange;
  /** From the root of the document: [] for a file of one machine, or `['machines', 2]`. */
  readonly path: ConfigPath;
  readonly comments: readonly ConfigComment[];
  /**
   * The text range of the value at `path`, from the machine's object: `['config', 'networks', 0, 'ip']`. A value that comes
   * from `defaults` is located there. undefined = not in the text.
   */
  locate(path: ConfigPath): TextRange | undefined;
  /**
   * Where the value at `path` is written, as a path from the root of the document: in the machine, or in `defaults`. Where it is
   * nowhere, where it would be written to be the machine's own.
   */
  source(path: ConfigPath): ConfigPath;
  /** The same as `locate` for the property's key (with quotes): where a key itself is wrong. */
  locateKey(path: ConfigPath): TextRange | undefined;
}

export interface ParsedConfig {
  readonly text: string;
  readonly machines: readonly ParsedMachine[];
  /** The `defaults` as written: `{ "provider"?, "config"?: { … } }`. */
  readonly defaults?: { readonly [key: string]: unknown };
  /** What is wrong with the text and its shape (not what check.ts finds). */
  readonly problems: readonly ParseProblem[];
  /** Comments outside the machines of `machines`; of a file of one machine, all. Paths from the root. */
  readonly comments: readonly ConfigComment[];
  /** The whole file as plain JSON values. */
  readonly value: unknown;
  /** The text range of the value at `path`, from the root. */
  locate(path: ConfigPath): TextRange | undefined;
}
