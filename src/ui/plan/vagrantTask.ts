// "Run with Vagrant": for what only Vagrant can do. A task in the terminal, so that its output and its end are VS Code's own.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { parseConfig } from '../../config/parse.ts';
import { GaiaError } from '../../machines/errors.ts';
import { fileInfo, readText } from '../../system/files.ts';
import { firstFile, onPath } from '../../system/findProgram.ts';
import { thisPlatform } from '../../system/platform.ts';
import { generateVagrantfile } from '../../vagrant/generate.ts';
import { gaiaDocumentOf } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { needTrust } from '../trust.ts';

/** Saves the Vagrantfile beside the config (with a diff first if there is one), then runs `vagrant up` there. */
export async function runWithVagrant(parts: Parts, args: readonly unknown[]): Promise<void> {
  needTrust();
  const document = await gaiaDocumentOf(args[0]);
  if (document?.uri.scheme !== 'file') {
    void vscode.window.showInformationMessage(t('Vagrant needs a file on this computer: save it first.'));
    return;
  }
  const vagrant = await firstFile(onPath(['vagrant'], thisPlatform()), fileInfo);
  if (vagrant === undefined) throw new GaiaError('notInstalled', { message: 'Vagrant is not installed, or not on the PATH.', actions: [{ title: 'Get Vagrant', url: 'https://developer.hashicorp.com/vagrant/install' }] });
  const { saveVagrantfile } = await import('../preview/files.ts');
  await saveVagrantfile(parts, [document.uri]);
  // The answer may have been to keep another Vagrantfile: that one is not what was asked to be run.
  const folderOnDisk = path.dirname(document.uri.fsPath);
  if (await readText(path.join(folderOnDisk, 'Vagrantfile')) !== generateVagrantfile(parseConfig(document.getText())).text) return;
  const name = (args[1] as { readonly machine?: unknown } | undefined)?.machine;
  const known = parseConfig(document.getText()).machines.map(machine => machine.name);
  const only = typeof name === 'string' && known.includes(name) ? [name] : [];
  const folder = vscode.workspace.getWorkspaceFolder(document.uri);
  const task = new vscode.Task({ type: 'gaia', command: 'vagrant up' }, folder ?? vscode.TaskScope.Workspace, `vagrant up ${only.join(' ')}`.trim(), 'Gaia', new vscode.ProcessExecution(vagrant, ['up', ...only], { cwd: folderOnDisk }));
  await vscode.tasks.executeTask(task);
}
