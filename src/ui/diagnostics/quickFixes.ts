// The light bulb: each repair that a check names, as an edit.
import * as vscode from 'vscode';
import { fixEdits, type CheckProblem, type Fix } from '../../config/check.ts';
import type { GaiaDocuments } from '../completion/documents.ts';
import { t } from '../l10n.ts';
import { rangeIn, type ConfigDiagnostics } from './diagnostics.ts';

export class QuickFixes implements vscode.CodeActionProvider {
  static readonly metadata: vscode.CodeActionProviderMetadata = { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix, vscode.CodeActionKind.SourceFixAll.append('gaia')] };
  readonly #documents: GaiaDocuments;
  readonly #diagnostics: ConfigDiagnostics;

  constructor(documents: GaiaDocuments, diagnostics: ConfigDiagnostics) {
    this.#documents = documents;
    this.#diagnostics = diagnostics;
  }

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range, context: vscode.CodeActionContext): vscode.CodeAction[] {
    const problems = this.#diagnostics.problemsOf(document);
    if (context.only && vscode.CodeActionKind.SourceFixAll.contains(context.only)) return this.#fixAll(document, problems);
    return problems.filter(problem => rangeIn(document, problem.range).intersection(range)).flatMap(problem => problem.fixes.map(fix => this.#action(document, problem, fix, context)));
  }

  #action(document: vscode.TextDocument, problem: CheckProblem, fix: Fix, context: vscode.CodeActionContext): vscode.CodeAction {
    const action = new vscode.CodeAction(t(fix.title, ...(fix.values ?? [])), vscode.CodeActionKind.QuickFix);
    action.diagnostics = context.diagnostics.filter(d => typeof d.code === 'object' && d.code.value === problem.code && d.range.isEqual(rangeIn(document, problem.range)));
    action.isPreferred = fix.preferred ?? false;
    const machine = this.#documents.parsed(document).machines[problem.machine];
    action.edit = new vscode.WorkspaceEdit();
    if (machine) for (const { offset, length, content } of fixEdits(document.getText(), machine, fix)) action.edit.replace(document.uri, rangeIn(document, { offset, length }), content);
    return action;
  }

  /** All preferred repairs of errors and warnings that touch different places, in one edit (`editor.codeActionsOnSave: source.fixAll.gaia`). */
  #fixAll(document: vscode.TextDocument, problems: readonly CheckProblem[]): vscode.CodeAction[] {
    const edit = new vscode.WorkspaceEdit();
    const taken: vscode.Range[] = [];
    const { machines } = this.#documents.parsed(document);
    for (const problem of problems) {
      const fix = problem.fixes.find(candidate => candidate.preferred === true);
      const machine = machines[problem.machine];
      // Only spelling is repaired without being asked: an address or a port is the person's choice.
      if (!fix || !machine || !fix.changes.every(change => change.kind === 'renameKey')) continue;
      const edits = fixEdits(document.getText(), machine, fix).map(e => ({ range: rangeIn(document, e), content: e.content }));
      if (edits.some(e => taken.some(other => other.intersection(e.range)))) continue;
      for (const { range, content } of edits) { edit.replace(document.uri, range, content); taken.push(range); }
    }
    if (taken.length === 0) return [];
    const action = new vscode.CodeAction(t('Repair misspelt keys'), vscode.CodeActionKind.SourceFixAll.append('gaia'));
    action.edit = edit;
    return [action];
  }
}
