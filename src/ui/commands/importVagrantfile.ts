// `gaia.vagrantfile.import`: a Vagrantfile as a .gaia.json, not saved yet. The Vagrantfile is read, never run.
import * as vscode from 'vscode';
import { GaiaError } from '../../machines/errors.ts';
import { rubyParser } from '../../system/rubyParser.ts';
import { importVagrantfile } from '../../vagrant/import.ts';
import { useRubyParser } from '../../vagrant/prism.ts';
import { t } from '../l10n.ts';
import { showAsNewFile } from '../newDocument.ts';
import type { Parts } from '../parts.ts';

const tooLargeBytes = 1024 * 1024;

export async function importFile(parts: Parts, args: readonly unknown[]): Promise<void> {
  const uri = args[0] instanceof vscode.Uri ? args[0] : await chosenFile();
  if (!uri) return;
  const bytes = await vscode.workspace.fs.readFile(uri);
  if (bytes.length > tooLargeBytes) throw new GaiaError('invalidInput', { message: '{0} is too large for a Vagrantfile.', values: [vscode.workspace.asRelativePath(uri)] });
  useRubyParser(rubyParser);
  const files = await filesBeside(uri);
  const imported = await importVagrantfile(new TextDecoder().decode(bytes), files === undefined ? {} : { files });
  await showAsNewFile(imported.text);
  if (imported.complete) {
    void vscode.window.showInformationMessage(t('All of the Vagrantfile was understood.'));
    return;
  }
  for (const { line, message } of imported.report) parts.log.warn(`${vscode.workspace.asRelativePath(uri)}:${String(line)}: ${message}`);
  const show = t('Show What');
  const answer = await vscode.window.showWarningMessage(imported.report.length === 1 ? t('One place of the Vagrantfile was not understood. It is kept as it is, or named in the log.') : t('{0} places of the Vagrantfile were not understood. They are kept as they are, or named in the log.', imported.report.length), show);
  if (answer === show) await pickPlace(uri, imported.report);
}

const readable = /\.(ya?ml|json)$/i;
const mostFiles = 400;

/** The project's files by their path from the Vagrantfile: the text of its YAML and JSON, of all others that they are there. undefined = too many to tell. */
async function filesBeside(uri: vscode.Uri): Promise<ReadonlyMap<string, string> | undefined> {
  const folder = vscode.Uri.joinPath(uri, '..');
  const found = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, '**/*'), '**/{node_modules,.git,.vagrant}/**', mostFiles + 1);
  if (found.length === 0 || found.length > mostFiles) return undefined;
  const files = await Promise.all(found.map(async file => {
    const name = file.path.slice(folder.path.length).replace(/^\//, '');
    const size = readable.test(name) ? (await vscode.workspace.fs.stat(file)).size : tooLargeBytes;
    return [name, size < tooLargeBytes ? new TextDecoder().decode(await vscode.workspace.fs.readFile(file)) : ''] as const;
  }));
  return new Map(files);
}

/** The active editor's Vagrantfile, one of the workspace, or another. */
async function chosenFile(): Promise<vscode.Uri | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active && isVagrantfile(active)) return active;
  const found = await vscode.workspace.findFiles('**/{Vagrantfile,*.vagrantfile}', '**/{node_modules,.vagrant}/**', 50);
  const other = t('Another file…');
  const items = [...found.map(uri => ({ label: vscode.workspace.asRelativePath(uri), uri })), { label: other, uri: undefined }];
  const picked = found.length === 0 ? items[0] : await vscode.window.showQuickPick(items, { title: t('Import a Vagrantfile') });
  if (!picked) return undefined;
  return picked.uri ?? (await vscode.window.showOpenDialog({ title: t('Import a Vagrantfile') }))?.[0];
}

function isVagrantfile(uri: vscode.Uri): boolean {
  return /(^|\/)(Vagrantfile(\..+)?|[^/]+\.vagrantfile)$/i.test(uri.path);
}

/** The places one by one; a pick goes there. */
async function pickPlace(uri: vscode.Uri, report: readonly { readonly line: number; readonly message: string }[]): Promise<void> {
  const picked = await vscode.window.showQuickPick(report.map(one => ({ label: t('Line {0}', one.line), description: one.message, one })), { title: t('Not understood') });
  if (!picked) return;
  const at = new vscode.Position(Math.max(0, picked.one.line - 1), 0);
  await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Beside, selection: new vscode.Range(at, at) });
}
