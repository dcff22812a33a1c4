// A .gaia.json that is not saved yet: nothing is written before the person saves it.
import * as vscode from 'vscode';
import { parseConfig } from '../config/parse.ts';

/** Opens the text as a file that is not saved yet, with a name nobody has in the first workspace folder. */
export async function showAsNewFile(text: string): Promise<void> {
  const name = (parseConfig(text).machines[0]?.name ?? 'machine').replaceAll(/[\\/:*?"<>|]/g, '-');
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  let uri = vscode.Uri.from({ scheme: 'untitled', path: `${name}.gaia.json` });
  if (folder) {
    for (let i = 1; ; i++) {
      const file = vscode.Uri.joinPath(folder, `${name}${i === 1 ? '' : String(i)}.gaia.json`);
      const taken = await vscode.workspace.fs.stat(file).then(() => true, () => false) || vscode.workspace.textDocuments.some(d => d.uri.path === file.path);
      if (taken) continue;
      uri = file.with({ scheme: 'untitled' });
      break;
    }
  }
  let document = await vscode.workspace.openTextDocument(uri);
  if (document.languageId !== 'jsonc') document = await vscode.languages.setTextDocumentLanguage(document, 'jsonc');
  const editor = await vscode.window.showTextDocument(document);
  await editor.edit(edit => { edit.insert(new vscode.Position(0, 0), text); });
}
