// Problems of open Gaia documents: what the checks find, and what the parser says where VS Code's JSON service does not say it already.
import * as vscode from 'vscode';
import { checkConfig, wantedFacts, type CheckProblem } from '../../config/check.ts';
import type { ParsedConfig, ParseProblem, Severity, TextRange } from '../../config/model.ts';
import type { GaiaDocuments } from '../completion/documents.ts';
import { isGaiaDocument } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import { docsLink } from './docs.ts';
import type { HostFactsSource } from './hostFactsSource.ts';

const severities: { readonly [S in Severity]: vscode.DiagnosticSeverity } = {
  error: vscode.DiagnosticSeverity.Error, warning: vscode.DiagnosticSeverity.Warning, information: vscode.DiagnosticSeverity.Information, hint: vscode.DiagnosticSeverity.Hint,
};

/** What the JSON service says too. */
const saidByJson = new Set(['syntax', 'duplicate-key']);

/** Codes of keys and values that nothing uses: shown faded. */
const unused = new Set(['foreign-key', 'unused-key', 'ignored-network', 'two-sizes']);

export class ConfigDiagnostics implements vscode.Disposable {
  readonly #documents: GaiaDocuments;
  readonly #facts: HostFactsSource;
  readonly #collection = vscode.languages.createDiagnosticCollection('gaia');
  readonly #found = new Map<string, { readonly version: number; readonly problems: readonly CheckProblem[] }>();
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #subscriptions: vscode.Disposable[];
  /** How long the last check took: the next one of a slow file waits for a pause in typing. */
  #lastMs = 0;

  constructor(documents: GaiaDocuments, facts: HostFactsSource) {
    this.#documents = documents;
    this.#facts = facts;
    this.#subscriptions = [
      vscode.workspace.onDidOpenTextDocument(document => { this.#soon(document); }),
      vscode.workspace.onDidChangeTextDocument(event => { if (event.contentChanges.length > 0) this.#soon(event.document); }),
      vscode.workspace.onDidSaveTextDocument(document => { if (isGaiaDocument(document)) { this.#lookUp(document, true); } }),
      vscode.workspace.onDidCloseTextDocument(document => { this.#forget(document.uri); }),
      vscode.workspace.onDidChangeConfiguration(event => { if (event.affectsConfiguration('json')) this.checkAll(); }),
      vscode.window.onDidChangeActiveTextEditor(editor => { if (editor && isGaiaDocument(editor.document)) this.#lookUp(editor.document, false); }),
      vscode.window.onDidChangeWindowState(state => { if (state.focused) for (const editor of vscode.window.visibleTextEditors) if (isGaiaDocument(editor.document)) this.#lookUp(editor.document, false); }),
      facts.onDidChange(() => { this.checkAll(); }),
    ];
    for (const document of vscode.workspace.textDocuments) this.#soon(document);
  }

  /** The problems shown for a document, if they are of its present text. */
  problemsOf(document: vscode.TextDocument): readonly CheckProblem[] {
    const found = this.#found.get(document.uri.toString());
    return found?.version === document.version ? found.problems : this.#check(document);
  }

  checkAll(): void {
    for (const document of vscode.workspace.textDocuments) this.#soon(document);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#collection.dispose();
  }

  #soon(document: vscode.TextDocument): void {
    if (!isGaiaDocument(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#waiting.get(key));
    this.#waiting.set(key, setTimeout(() => {
      this.#waiting.delete(key);
      if (!document.isClosed) this.#check(document);
    }, this.#lastMs > 30 ? 200 : 0));
  }

  #check(document: vscode.TextDocument): readonly CheckProblem[] {
    const started = performance.now();
    const parsed = this.#documents.parsed(document);
    const problems = checkConfig(parsed, this.#facts.factsFor(document));
    const json = jsonServiceSpeaks(document);
    const shown = [...parsed.problems.filter(p => !json || !saidByJson.has(p.code)).map(p => diagnostic(document, p)), ...problems.map(p => diagnostic(document, p))];
    this.#found.set(document.uri.toString(), { version: document.version, problems });
    this.#collection.set(document.uri, shown);
    this.#lastMs = performance.now() - started;
    if (!json) void this.#addSchema(document, parsed, shown);
    this.#lookUp(document, false);
    return problems;
  }

  /** Where VS Code's own validation of JSON is off, or the document counts as another language, the schema speaks through Gaia. */
  async #addSchema(document: vscode.TextDocument, parsed: ParsedConfig, shown: readonly vscode.Diagnostic[]): Promise<void> {
    const { version } = document;
    const { validateConfig } = await import('../../config/validate.ts');
    if (document.isClosed || document.version !== version) return;
    this.#collection.set(document.uri, [...shown, ...validateConfig(parsed).map(p => diagnostic(document, p))]);
  }

  #lookUp(document: vscode.TextDocument, again: boolean): void {
    this.#facts.lookUp(document, wantedFacts(this.#documents.parsed(document)), again);
  }

  #forget(uri: vscode.Uri): void {
    const key = uri.toString();
    clearTimeout(this.#waiting.get(key));
    this.#waiting.delete(key);
    this.#found.delete(key);
    this.#collection.delete(uri);
  }
}

function jsonServiceSpeaks(document: vscode.TextDocument): boolean {
  return (document.languageId === 'jsonc' || document.languageId === 'json') && vscode.workspace.getConfiguration('json', document).get('validate.enable', true);
}

export function rangeIn(document: vscode.TextDocument, { offset, length }: TextRange): vscode.Range {
  return new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
}

function diagnostic(document: vscode.TextDocument, problem: ParseProblem | CheckProblem): vscode.Diagnostic {
  const result = new vscode.Diagnostic(rangeIn(document, problem.range), t(problem.message, ...(problem.values ?? [])), severities[problem.severity]);
  result.source = 'Gaia';
  result.code = { value: problem.code, target: docsLink(problem.code) };
  if (unused.has(problem.code)) result.tags = [vscode.DiagnosticTag.Unnecessary];
  if ('related' in problem && problem.related.length > 0) {
    result.relatedInformation = problem.related.map(({ range, message, values }) => new vscode.DiagnosticRelatedInformation(new vscode.Location(document.uri, rangeIn(document, range)), t(message, ...(values ?? []))));
  }
  return result;
}
