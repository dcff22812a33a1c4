// Restoring a backup: which one, as a new machine or in place of the present one, and on which node.
import * as vscode from 'vscode';
import type { Backup, RestoreOptions } from '../../providers/proxmox/backups.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import { choose } from '../commands/inputs.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { formatBytes } from '../words.ts';
import { work } from './work.ts';

/** `given`: the volume id of a backup, when it was chosen already. */
export async function restore(parts: Parts, provider: ProxmoxProvider, given?: string): Promise<void> {
  const backups = await work(parts, t('Reading backups'), context => provider.backups.list(undefined, context.signal));
  if (!backups) return;
  if (backups.length === 0) {
    void vscode.window.showInformationMessage(t('There are no backups that can be seen.'));
    return;
  }
  const backup = given === undefined ? await choose(t('Restore which backup?'), backups.map(one => ({ label: `$(archive) ${backupTitle(parts, provider, one)}`, detail: backupDetail(one), value: one }))) : backups.find(one => one.volid === given);
  if (!backup) return;
  const options = await chooseOptions(parts, provider, backup);
  if (!options) return;
  const title = backupTitle(parts, provider, backup);
  const { inJournal } = await import('../commands/writtenDown.ts');
  await work(parts, t('Restoring {0}', title), context => inJournal(parts, provider, title, (_reserved, intend) => provider.backups.restore(backup, options, { ...context, intend })));
  await parts.fleet.refresh({ fresh: true, providers: [provider] });
}

async function chooseOptions(parts: Parts, provider: ProxmoxProvider, backup: Backup): Promise<RestoreOptions | undefined> {
  const present = ownerOf(parts, provider, backup);
  const how = present === undefined ? 'new' : await choose(t('Restore it'), [
    { label: `$(add) ${t('As a new machine')}`, detail: t('With a new number and new MAC addresses'), value: 'new' as const },
    { label: `$(replace) ${t('In place of “{0}”', present.name)}`, detail: present.state === 'stopped' ? t('Its present disks are lost.') : t('It must be stopped first.'), value: 'replace' as const, refused: present.state !== 'stopped' },
  ]);
  if (how === undefined) return undefined;
  if (how === 'replace' && present) {
    const sure = await ask(t('Replace “{0}” by the backup?', present.name), t('Everything on its disks since {0} is lost.', backup.createdAt === undefined ? backup.name : new Date(backup.createdAt).toLocaleString(vscode.env.language)), [{ title: t('Replace'), value: true }]);
    return sure ? { ...(backup.vmid === undefined ? {} : { vmid: backup.vmid }), overwrite: true } : undefined;
  }
  const nodes = (provider.cluster.latest()?.nodes ?? []).filter(node => node.online);
  const node = nodes.length <= 1 ? nodes[0]?.name : await choose(t('On which node?'), nodes.map(one => ({ label: one.name, detail: one.name === backup.node ? t('where the backup is') : '', value: one.name })));
  return node === undefined ? undefined : { node };
}

export function backupTitle(parts: Parts, provider: ProxmoxProvider, backup: Backup): string {
  const name = ownerOf(parts, provider, backup)?.name ?? (backup.vmid === undefined ? backup.name : String(backup.vmid));
  return backup.createdAt === undefined ? name : `${name} · ${new Date(backup.createdAt).toLocaleString(vscode.env.language)}`;
}

function backupDetail(backup: Backup): string {
  return [backup.storage, ...backup.sizeBytes === undefined ? [] : [formatBytes(backup.sizeBytes)], backup.name].join(' · ');
}

function ownerOf(parts: Parts, provider: ProxmoxProvider, backup: Backup): { readonly name: string; readonly state: string } | undefined {
  return parts.fleet.entry(provider)?.machines.find(machine => machine.extra?.['vmid'] === backup.vmid);
}
