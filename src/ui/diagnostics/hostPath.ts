// A path as written in a config, as the address of a file: relative to the document, `~` = the home folder.
import * as vscode from 'vscode';
import { thisPlatform } from '../../system/platform.ts';

/** undefined = it cannot be told: a relative path of a document without a folder, or a path of another system. */
export function hostPathUri(document: vscode.Uri, path: string): vscode.Uri | undefined {
  const { os, home } = thisPlatform();
  const slashes = os === 'win32' ? path.replaceAll('\\', '/') : path;
  if (/^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\')) return os === 'win32' ? vscode.Uri.file(path) : undefined;
  const local = document.scheme === 'file' || document.scheme === 'vscode-remote' || document.scheme === 'untitled';
  if (slashes === '~' || slashes.startsWith('~/')) return local ? vscode.Uri.joinPath(vscode.Uri.file(home), slashes.slice(1)) : undefined;
  if (slashes.startsWith('/')) return local ? vscode.Uri.file(slashes) : document.with({ path: slashes, query: '', fragment: '' });
  const base = folderOf(document);
  return base && vscode.Uri.joinPath(base, slashes);
}

/** The folder of a document; of one not saved yet, where it would be saved. */
export function folderOf(document: vscode.Uri): vscode.Uri | undefined {
  if (document.scheme !== 'untitled') return vscode.Uri.joinPath(document, '..');
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return document.path.startsWith('/') ? vscode.Uri.file(document.path.replace(/\/[^/]*$/, '') || '/') : folder;
}
