// The language features of .gaia.json, put together. Loaded when the first Gaia document is seen.
import * as vscode from 'vscode';
import { ConfigDiagnostics } from '../diagnostics/diagnostics.ts';
import { ConfigDocs } from '../diagnostics/docs.ts';
import { HostFactsSource } from '../diagnostics/hostFactsSource.ts';
import { QuickFixes } from '../diagnostics/quickFixes.ts';
import type { Parts } from '../parts.ts';
import { MachineLenses } from './codeLenses.ts';
import { LiveValueCompletions } from './completions.ts';
import { ConfigDefinitions } from './definitions.ts';
import { GaiaDocuments, selector } from './documents.ts';
import { ConfigHovers } from './hovers.ts';
import { LiveValues } from './liveValues.ts';

/** Everything registered, until disposed. */
export function registerConfigLanguage(parts: Parts): vscode.Disposable {
  const documents = new GaiaDocuments();
  const facts = new HostFactsSource(parts);
  const diagnostics = new ConfigDiagnostics(documents, facts);
  const definitions = new ConfigDefinitions(documents);
  const lenses = new MachineLenses(documents, parts);
  return vscode.Disposable.from(
    facts, diagnostics, lenses, ConfigDocs.register(),
    vscode.languages.registerCodeActionsProvider(selector, new QuickFixes(documents, diagnostics), QuickFixes.metadata),
    vscode.languages.registerCompletionItemProvider(selector, new LiveValueCompletions(documents, new LiveValues(parts)), ...LiveValueCompletions.triggers),
    vscode.languages.registerHoverProvider(selector, new ConfigHovers(documents, facts)),
    vscode.languages.registerDefinitionProvider(selector, definitions),
    vscode.languages.registerDocumentLinkProvider(selector, definitions),
    vscode.languages.registerCodeLensProvider(selector, lenses),
  );
}
