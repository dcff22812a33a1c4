// Completion of live values. Keys, fixed values and snippets come from the schema, by VS Code's own JSON service.
import * as vscode from 'vscode';
import { rangeIn } from '../diagnostics/diagnostics.ts';
import { isGaiaDocument } from '../gaiaDocument.ts';
import type { GaiaDocuments } from './documents.ts';
import type { LiveValues } from './liveValues.ts';
import { placeAt } from './place.ts';

export class LiveValueCompletions implements vscode.CompletionItemProvider {
  static readonly triggers = ['"', ':', ' ', '/'];
  readonly #documents: GaiaDocuments;
  readonly #values: LiveValues;

  constructor(documents: GaiaDocuments, values: LiveValues) {
    this.#documents = documents;
    this.#values = values;
  }

  async provideCompletionItems(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken): Promise<vscode.CompletionItem[]> {
    if (!isGaiaDocument(document)) return [];
    const parsed = this.#documents.parsed(document);
    const offset = document.offsetAt(position);
    const place = placeAt(parsed, offset);
    if (!place || place.atKey) return [];
    const written = place.token && parsed.text.slice(place.token.offset, place.token.offset + place.token.length);
    // Behind a colon, a comma or a bracket a value may begin; behind a value none.
    if (written === undefined && !/[:[,]\s*$/.test(parsed.text.slice(Math.max(0, offset - 80), offset))) return [];
    const typed = written === undefined ? '' : written.replace(/^"|"$/g, '').slice(0, Math.max(0, offset - (place.token?.offset ?? 0) - 1));
    const values = await this.#values.at(document, place, typed, parsed.machines.filter((m, i) => i !== place.index && m.name !== '').map(m => m.name));
    if (token.isCancellationRequested) return [];
    const range = place.token ? rangeIn(document, place.token) : new vscode.Range(position, position);
    return values.map(({ value, description, kind, folder }, i) => {
      const text = JSON.stringify(value);
      const item = new vscode.CompletionItem({ label: String(value), ...(description !== undefined && { description }) }, kind ?? vscode.CompletionItemKind.Value);
      item.range = range;
      item.insertText = folder === true ? new vscode.SnippetString(`${text.slice(0, -1).replaceAll('$', '\\$')}\${1}"`) : text;
      item.filterText = text;
      // Before what the schema suggests: this is what is really there.
      item.sortText = `0${String(i).padStart(4, '0')}`;
      return item;
    });
  }
}
