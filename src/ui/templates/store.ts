// Where templates are kept: with the extension, with the person, with the workspace.
import * as vscode from 'vscode';
import type { Template } from '../../config/templates.ts';
import { templateOf } from '../../config/templates.ts';
import type { Parts } from '../parts.ts';

const ending = '.gaia.json';

/** The folders, each with its place; a workspace's templates are files that the team shares. */
export function templateFolders(parts: Parts): readonly { readonly place: Template['place']; readonly folder: vscode.Uri }[] {
  return [
    ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => ({ place: 'workspace' as const, folder: vscode.Uri.joinPath(uri, '.gaia', 'templates') })),
    { place: 'user', folder: vscode.Uri.joinPath(parts.context.globalStorageUri, 'templates') },
    { place: 'builtIn', folder: vscode.Uri.joinPath(parts.context.extensionUri, 'templates', 'machines') },
  ];
}

/** All of them: the workspace's first, then the person's, then the built-in ones. A folder that is not there has none. */
export async function allTemplates(parts: Parts): Promise<readonly Template[]> {
  const found = await Promise.all(templateFolders(parts).map(async ({ place, folder }) => {
    const entries = await vscode.workspace.fs.readDirectory(folder).then(list => list, () => []);
    const files = entries.filter(([name, type]) => (type & vscode.FileType.File) !== 0 && name.endsWith(ending)).map(([name]) => name).sort();
    return Promise.all(files.map(async name => {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, name)));
      return templateOf(name.slice(0, -ending.length), place, text);
    }));
  }));
  return found.flat().filter(template => template !== undefined);
}
