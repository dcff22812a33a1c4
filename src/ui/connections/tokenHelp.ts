// How to make an API token, in short; the commands go to the clipboard.
import * as vscode from 'vscode';
import { t } from '../l10n.ts';

const commands = ['pveum user add gaia@pve', 'pveum acl modify / --users gaia@pve --roles PVEAdmin', 'pveum user token add gaia@pve vscode --privsep 0'].join('\n');

export async function explainTokens(): Promise<void> {
  const copy = t('Copy Commands');
  const chosen = await vscode.window.showInformationMessage(t('Making an API token'), {
    modal: true,
    detail: [
      t('In Proxmox VE: Datacenter → Permissions → API Tokens → Add. Choose the user and a name; the secret is shown once.'),
      t('Privilege separation: with it (the default) the token has no rights until it gets some of its own under Permissions → Add → API Token Permission, and never more than its user. Without it, it may do all that its user may.'),
      t('The role PVEVMUser uses machines, PVEVMAdmin makes and deletes them too, PVEAdmin also manages storages.'),
      t('Or in a shell of a node:'),
      commands,
    ].join('\n\n'),
  }, copy);
  if (chosen === copy) await vscode.env.clipboard.writeText(commands);
}
