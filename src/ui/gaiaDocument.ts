// Which documents are Gaia's, wherever they are: on disk, remote, virtual or not saved yet.
import * as vscode from 'vscode';

/** `web.gaia.json`, `.gaia.json`. */
export function isGaiaDocument(document: vscode.TextDocument): boolean {
  return isGaiaUri(document.uri);
}

export function isGaiaUri(uri: vscode.Uri): boolean {
  return uri.scheme !== 'git' && /(^|\/)[^/]*\.gaia\.json$/.test(uri.path);
}

/** The document a command is meant for: the one named, else the active editor's. */
export async function gaiaDocumentOf(argument: unknown): Promise<vscode.TextDocument | undefined> {
  const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
  if (!uri) return undefined;
  const document = await vscode.workspace.openTextDocument(uri);
  return isGaiaDocument(document) ? document : undefined;
}
