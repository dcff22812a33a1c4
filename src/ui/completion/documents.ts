// The Gaia documents that are open, each read once per version, whoever asks.
import type * as vscode from 'vscode';
import type { ParsedConfig } from '../../config/model.ts';
import { parseConfig } from '../../config/parse.ts';

/** Where Gaia's language features apply: on disk, remote, virtual, or not saved yet. */
export const selector: vscode.DocumentSelector = [{ pattern: '**/*.gaia.json' }, { pattern: '**/.gaia.json' }];

export class GaiaDocuments {
  readonly #read = new WeakMap<vscode.TextDocument, { readonly version: number; readonly parsed: ParsedConfig }>();

  parsed(document: vscode.TextDocument): ParsedConfig {
    const known = this.#read.get(document);
    if (known?.version === document.version) return known.parsed;
    const parsed = parseConfig(document.getText());
    this.#read.set(document, { version: document.version, parsed });
    return parsed;
  }
}
