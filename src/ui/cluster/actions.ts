// What is clicked on the cluster page: storages (upload, download, delete), tasks, backups, shells. Questions name what may be lost.
import * as vscode from 'vscode';
import { machineId } from '../../machines/machine.ts';
import type { StorageInfo, StorageItem } from '../../machines/provider.ts';
import type { FromPage } from '../../../webview/cluster/messages.ts';
import type { ProxmoxProvider } from '../../providers/proxmox/provider.ts';
import { showTerminal } from '../commands/access.ts';
import { choose, text } from '../commands/inputs.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { restore } from './restore.ts';
import { addPool, addRule, changeRule, removePool, removeRule } from './rules.ts';
import type { ClusterFacts } from './view.ts';
import { contentName } from './words.ts';
import { work } from './work.ts';

interface Page {
  readonly parts: Parts;
  readonly provider: ProxmoxProvider;
  readonly facts: ClusterFacts;
}

const extensions: Readonly<Record<string, readonly string[]>> = { iso: ['iso', 'img'], vztmpl: ['gz', 'xz', 'zst'], import: ['qcow2', 'raw', 'vmdk', 'ova', 'img'] };

export async function clusterAction(page: Page, message: FromPage, storage: StorageInfo | undefined, item: StorageItem | undefined): Promise<void> {
  const { parts, provider } = page;
  const row = message.row ?? '';
  switch (`${message.section}.${message.id}`) {
    case 'cluster.test': await vscode.commands.executeCommand('gaia.connection.test', provider.connection.id); break;
    case 'cluster.edit': await vscode.commands.executeCommand('gaia.connection.edit', provider.connection.id); break;
    case 'node.shell': {
      const target = await work(parts, t('Opening a shell on {0}', row), context => provider.openNodeTerminal(row, context.signal));
      if (target) showTerminal(row, target);
      break;
    }
    case 'storage.upload': if (storage) await upload(page, storage); break;
    case 'storage.download': if (storage) await download(page, storage); break;
    case 'content.delete': if (storage && item) await remove(page, storage, item); break;
    case 'tasks.log': await showTaskLog(page, row); break;
    case 'tasks.stop': {
      const task = page.facts.tasks.find(one => one.upid === row);
      if (task && await ask(t('Stop the task {0} of {1}?', `${task.type} ${task.id}`.trim(), task.node), t('What it was doing stays half done.'), [{ title: t('Stop Task'), value: true }])) await work(parts, t('Stopping the task'), context => provider.cluster.stopTask(row, context.signal));
      break;
    }
    case 'ha.change': {
      const [kind, vmid] = row.replace(/^service:/, '').split(':');
      await vscode.commands.executeCommand('gaia.machine.availability', machineId(provider.id, provider.connection.id, `${kind === 'ct' ? 'lxc' : 'qemu'}/${vmid ?? ''}`));
      break;
    }
    case 'rules.add': await addRule(parts, provider); break;
    case 'rules.change':
    case 'rules.remove': {
      const rule = page.facts.rules.find(one => one.name === row);
      if (rule) await (message.id === 'change' ? changeRule : removeRule)(parts, provider, rule);
      break;
    }
    case 'pools.add': await addPool(parts, provider); break;
    case 'pools.remove': await removePool(parts, provider, row); break;
    case 'backups.restore': await restore(parts, provider, row); break;
    case 'backups.protect':
    case 'backups.unprotect': {
      const backup = page.facts.backups.find(one => one.volid === row);
      if (backup) await work(parts, t('Changing the backup'), context => provider.backups.setNotes(backup, { protected: message.id === 'protect' }, context.signal));
      break;
    }
    case 'backups.delete': {
      const backup = page.facts.backups.find(one => one.volid === row);
      if (backup && await ask(t('Delete the backup {0}?', backup.name), t('It is gone for good.'), [{ title: t('Delete'), value: true }])) await work(parts, t('Deleting {0}', backup.name), context => provider.backups.remove(backup, context));
      break;
    }
  }
}

async function upload({ parts, provider }: Page, storage: StorageInfo): Promise<void> {
  const kind = await chooseKind(storage);
  if (kind === undefined) return;
  const [file] = (await vscode.window.showOpenDialog({ title: t('Upload to {0}', storage.id), openLabel: t('Upload'), filters: { [kind]: [...extensions[kind] ?? []], '*': ['*'] } })) ?? [];
  if (file) await work(parts, t('Uploading {0} to {1}', file.path.split('/').at(-1) ?? '', storage.id), async context => provider.storage?.upload?.(storage, kind, file.fsPath, context));
}

async function download({ parts, provider }: Page, storage: StorageInfo): Promise<void> {
  const kind = await chooseKind(storage);
  if (kind === undefined) return;
  const url = await text({ title: t('Download to {0}', storage.id), prompt: t('Address from which the node downloads'), value: 'https://', required: true });
  if (url === undefined) return;
  const name = await text({ title: t('Download to {0}', storage.id), prompt: t('Name of the file'), value: decodeURIComponent(url.replace(/[?#].*$/, '').split('/').at(-1) ?? ''), required: true });
  if (name !== undefined) await work(parts, t('Downloading {0} to {1}', name, storage.id), async context => provider.storage?.download?.(storage, kind, url, name, context));
}

async function remove({ parts, provider }: Page, storage: StorageInfo, item: StorageItem): Promise<void> {
  const sure = await ask(t('Delete {0} from {1}?', item.name, storage.id), t('It is gone for good.'), [{ title: t('Delete'), value: true }]);
  if (sure) await work(parts, t('Deleting {0}', item.name), async context => provider.storage?.remove?.(storage, item, context));
}

async function chooseKind(storage: StorageInfo): Promise<string | undefined> {
  const kinds = storage.content.filter(kind => kind in extensions);
  return kinds.length === 1 ? kinds[0] : choose(t('What is it?'), kinds.map(kind => ({ label: contentName(kind), detail: (extensions[kind] ?? []).map(one => `.${one}`).join(', '), value: kind })));
}

async function showTaskLog({ parts, provider }: Page, upid: string): Promise<void> {
  const lines = await work(parts, t('Reading the log of the task'), context => provider.cluster.taskLog(upid, context.signal));
  if (!lines) return;
  const document = await vscode.workspace.openTextDocument({ language: 'log', content: `${upid}\n\n${lines.join('\n')}\n` });
  await vscode.window.showTextDocument(document, { preview: true });
}
