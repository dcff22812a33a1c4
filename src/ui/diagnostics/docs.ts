// The page on the config language (docs/config.md) inside VS Code: made when it is asked for, from the schema and the checks themselves.
import * as vscode from 'vscode';
import { configDocs } from '../../config/docs.ts';

const scheme = 'gaia-docs';
const page = vscode.Uri.from({ scheme, path: '/docs/config.md' });

/** Opens the page at a problem's code. VS Code runs command links of diagnostics. */
export function docsLink(code: string): vscode.Uri {
  return vscode.Uri.parse(`command:markdown.showPreview?${encodeURIComponent(JSON.stringify([page.with({ fragment: code })]))}`);
}

export class ConfigDocs implements vscode.TextDocumentContentProvider {
  static register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(scheme, new ConfigDocs());
  }

  provideTextDocumentContent(): string {
    return configDocs();
  }
}
