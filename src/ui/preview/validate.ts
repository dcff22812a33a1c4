// "Validate with Vagrant": asks the real tool. It runs the Vagrantfile as Ruby, so only in a trusted workspace and only when asked.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { parseConfig } from '../../config/parse.ts';
import { GaiaError } from '../../machines/errors.ts';
import { generateVagrantfile } from '../../vagrant/generate.ts';
import { fileInfo, makeFolder, removeAll, writeWhole } from '../../system/files.ts';
import { firstFile, onPath } from '../../system/findProgram.ts';
import { thisPlatform } from '../../system/platform.ts';
import { runProcess } from '../../system/process.ts';
import { gaiaDocumentOf } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';

/** Vagrant takes 1–3 s to start, 15 s with many plugins (facts). */
const timeoutMs = 90_000;

export async function validateVagrantfile(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await gaiaDocumentOf(args[0]);
  if (!document) {
    void vscode.window.showInformationMessage(t('Open a .gaia.json file first.'));
    return;
  }
  if (!vscode.workspace.isTrusted) {
    throw new GaiaError('noPermission', { message: 'Vagrant runs the file as a program, so this works in trusted workspaces only.', actions: [{ title: 'Manage Workspace Trust', command: 'workbench.trust.manage' }] });
  }
  const vagrant = await firstFile(onPath(['vagrant'], thisPlatform()), fileInfo);
  if (vagrant === undefined) {
    throw new GaiaError('notInstalled', { message: 'Vagrant is not installed, or not on the PATH.', hint: 'Gaia does not need it; only this check does.', actions: [{ title: 'Get Vagrant', url: 'https://developer.hashicorp.com/vagrant/install' }] });
  }
  const said = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: t('Vagrant checks {0}', path.basename(document.uri.path)) }, async (_progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => { abort.abort(); });
    return ask(parts, vagrant, document, abort.signal);
  });
  if (said === undefined) {
    void vscode.window.showInformationMessage(t('Vagrant finds nothing wrong.'));
    return;
  }
  parts.log.warn(said);
  const show = t('Show Log');
  if (await vscode.window.showWarningMessage(t('Vagrant says: {0}', shortened(said)), show) === show) parts.log.show();
}

/** What Vagrant minds, without what it says around it: its points (`* …`, over several lines) where there are some. */
function shortened(said: string): string {
  const points = said.split(/\n\s*\n|\n(?=\s*\*)/).map(part => part.trim()).filter(part => part.startsWith('*')).map(part => part.slice(1).replaceAll(/\s+/g, ' ').trim());
  const lines = points.length > 0 ? points : said.split('\n').filter(line => line.trim() !== '').slice(0, 4);
  return [...lines.slice(0, 3), ...lines.length > 3 ? ['…'] : []].join(' ');
}

/** undefined = valid, else what Vagrant said. The file is written beside nothing of the person's: into the extension's own storage. */
async function ask(parts: Parts, vagrant: string, document: vscode.TextDocument, signal: AbortSignal): Promise<string | undefined> {
  const folder = path.join(parts.context.globalStorageUri.fsPath, `validate-${crypto.randomUUID()}`);
  const file = path.join(folder, 'Vagrantfile');
  await makeFolder(folder);
  try {
    await writeWhole(file, generateVagrantfile(parseConfig(document.getText())).text);
    const beside = document.uri.scheme === 'file' ? path.dirname(document.uri.fsPath) : folder;
    const result = await runProcess({
      file: vagrant, args: ['validate', '--ignore-provider', '--no-color'], timeoutMs, cwd: folder,
      // Relative host paths count from the config's own folder; what Vagrant writes goes into ours.
      env: { VAGRANT_CWD: beside, VAGRANT_VAGRANTFILE: file, VAGRANT_DOTFILE_PATH: path.join(folder, '.vagrant'), VAGRANT_CHECKPOINT_DISABLE: '1' },
    }, signal, { record: parts.log.record });
    const text = new TextDecoder().decode(result.exitCode === 0 ? result.stdout : result.stderr.length > 0 ? result.stderr : result.stdout).trim();
    return result.exitCode === 0 ? undefined : text;
  } finally {
    await removeAll(folder);
  }
}
