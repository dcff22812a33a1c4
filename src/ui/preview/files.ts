// The generated texts outside the preview: saved beside the config, or open as a read-only document that follows it.
import * as vscode from 'vscode';
import { blockingProblem, parseConfig } from '../../config/parse.ts';
import { generateVagrantfile } from '../../vagrant/generate.ts';
import { ask } from '../confirm.ts';
import { gaiaDocumentOf } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';

export const generatedScheme = 'gaia-generated';

/** `gaia.config.saveVagrantfile [uri] [tab]`: writes it beside the config. What is there already is shown as a diff first, and replaced only on a yes. */
export async function saveVagrantfile(parts: Parts, args: readonly unknown[]): Promise<void> {
  const made = await generatedFor(args);
  if (!made) return;
  const { document, name, text } = made;
  const target = document.isUntitled ? await vscode.window.showSaveDialog({ title: t('Save {0}', name), ...defaultPlace(name) }) : vscode.Uri.joinPath(document.uri, '..', name);
  if (!target) return;
  const present = await readText(target);
  if (present === text) {
    void vscode.window.showInformationMessage(t('{0} is up to date already.', name));
    return;
  }
  if (present !== undefined) {
    registerGenerated(parts);
    await vscode.commands.executeCommand('vscode.diff', target, generatedUri(document.uri, name), t('{0}: present ↔ generated', name));
    const yes = await ask(t('Replace the present {0}?', name), t('The differences are shown in the editor. What the file holds now is lost.'), [{ title: t('Replace'), value: true }]);
    if (!yes) return;
  }
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
  await vscode.window.showTextDocument(target, { preview: false });
}

/** `gaia.config.openVagrantfile [uri] [tab]`: a read-only document that follows the config. */
export async function openVagrantfile(parts: Parts, args: readonly unknown[]): Promise<void> {
  const made = await generatedFor(args);
  if (!made) return;
  registerGenerated(parts);
  const shown = await vscode.workspace.openTextDocument(generatedUri(made.document.uri, made.name));
  await vscode.languages.setTextDocumentLanguage(shown, made.name === 'Vagrantfile' ? 'ruby' : 'powershell').then(undefined, () => undefined);
  await vscode.window.showTextDocument(shown, { preview: true, viewColumn: vscode.ViewColumn.Beside });
}

/** The text for a document and a tab. Says why when there is none. */
async function generatedFor(args: readonly unknown[]): Promise<{ readonly document: vscode.TextDocument; readonly name: string; readonly text: string } | undefined> {
  const document = await gaiaDocumentOf(args[0]);
  if (!document) {
    void vscode.window.showInformationMessage(t('Open a .gaia.json file first.'));
    return undefined;
  }
  const parsed = parseConfig(document.getText());
  const problem = blockingProblem(parsed);
  if (problem) {
    void vscode.window.showErrorMessage(t('The file has an error, so nothing was made of it: {0}', t(problem.message, ...problem.values ?? [])));
    return undefined;
  }
  const generated = generateVagrantfile(parsed);
  const script = generated.setupScripts.find(one => `script:${one.name}` === args[1]);
  return script ? { document, name: script.fileName, text: script.text } : { document, name: 'Vagrantfile', text: generated.text };
}

let registered = false;

/** One provider for the life of the extension, made when the first document of the scheme is wanted. */
function registerGenerated(parts: Parts): void {
  if (registered) return;
  registered = true;
  const changed = new vscode.EventEmitter<vscode.Uri>();
  parts.context.subscriptions.push(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(generatedScheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: async uri => {
        const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri.query, true));
        const generated = generateVagrantfile(parseConfig(document.getText()));
        return generated.setupScripts.find(script => uri.path.endsWith(`/${script.fileName}`))?.text ?? generated.text;
      },
    }),
    vscode.workspace.onDidChangeTextDocument(event => {
      for (const shown of vscode.workspace.textDocuments) if (shown.uri.scheme === generatedScheme && shown.uri.query === event.document.uri.toString()) changed.fire(shown.uri);
    }),
  );
}

function generatedUri(of: vscode.Uri, name: string): vscode.Uri {
  return vscode.Uri.from({ scheme: generatedScheme, path: `/${name}`, query: of.toString() });
}

function defaultPlace(name: string): { readonly defaultUri?: vscode.Uri } {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {};
}

async function readText(uri: vscode.Uri): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return undefined;
    throw error;
  }
}
