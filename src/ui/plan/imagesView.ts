// What is kept of downloaded boxes and images: listed with size and last use, removed one by one, or pruned by age or size.
import PQueue from 'p-queue';
import * as vscode from 'vscode';
import type { CacheRow, PruneOptions } from '../../images/imageCache.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { formatBytes } from '../words.ts';
import { planFeature } from './feature.ts';

const dayMs = 24 * 60 * 60_000;
const remove: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('trash'), tooltip: t('Remove') };
const open: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('folder-opened'), tooltip: t('Show in the File Manager') };

type Row = vscode.QuickPickItem & { readonly row?: CacheRow; readonly path?: string };

/** A list that stays open: a row's buttons remove it or show it. */
export async function showImages(parts: Parts): Promise<void> {
  const { images } = planFeature(parts);
  const pick = vscode.window.createQuickPick<Row>();
  const prune: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('clear-all'), tooltip: t('Remove What Was Not Used for Long…') };
  pick.title = t('Boxes and Images');
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.buttons = [prune];
  const load = async (): Promise<void> => {
    pick.busy = true;
    const [cached, boxes] = await Promise.all([images.cached(), images.boxes()]);
    const vagrant = boxes.filter(box => box.origin === 'vagrant');
    const total = cached.reduce((sum, row) => sum + row.sizeBytes, 0);
    pick.items = [
      { label: t('Gaia keeps {0}', formatBytes(total)), kind: vscode.QuickPickItemKind.Separator },
      ...cached.map((row): Row => ({ label: `$(${icons[row.state === 'whole' ? row.kind : 'unfinished']}) ${row.label}`, description: formatBytes(row.sizeBytes), detail: rowDetail(row), buttons: row.busy ? [open] : [open, remove], row, path: row.path })),
      { label: t('Vagrant keeps (read in place, removed by “vagrant box remove”)'), kind: vscode.QuickPickItemKind.Separator },
      ...vagrant.map((box): Row => ({ label: `$(package) ${box.name}`, description: box.version, detail: box.folder, buttons: [open], path: box.folder })),
    ];
    if (cached.length + vagrant.length === 0) pick.placeholder = t('Nothing has been downloaded yet.');
    pick.busy = false;
  };
  const guarded = (work: Promise<void>): void => { work.catch((error: unknown) => { void showFailure(parts, asGaiaError(error)); }); };
  pick.onDidTriggerItemButton(({ item, button }) => {
    if (button === open && item.path !== undefined) void vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(item.path));
    const { row } = item;
    if (button === remove && row) guarded(pruneNow(parts, { ids: [row.id] }, [row]).then(load));
  });
  pick.onDidTriggerButton(() => { guarded(pruneImages(parts).then(load)); });
  pick.onDidHide(() => { pick.dispose(); });
  pick.show();
  await load();
}

const icons = { box: 'package', image: 'database', iso: 'record', tarball: 'archive', unfinished: 'cloud-download' } as const;

function rowDetail(row: CacheRow): string {
  const used = t('last used {0}', new Date(row.lastUsedAt).toLocaleDateString(vscode.env.language));
  if (row.state === 'whole') return `${used} · ${row.source}`;
  return row.busy ? t('is being downloaded') : `${t('unfinished: the download goes on from here')} · ${used}`;
}

/** Asks by what, shows what would go, and asks again. */
export async function pruneImages(parts: Parts): Promise<void> {
  const rows = await planFeature(parts).images.cached();
  const choices = [
    { label: t('Not used for 30 days'), options: { unusedForMs: 30 * dayMs } },
    { label: t('Not used for 7 days'), options: { unusedForMs: 7 * dayMs } },
    { label: t('The oldest, until 20 GB are left'), options: { maxBytes: 20 * 10 ** 9 } },
    { label: t('Unfinished downloads'), options: { ids: rows.filter(row => row.state === 'unfinished').map(row => row.id) } },
    { label: t('Everything that no machine uses'), options: { unusedForMs: 0 } },
  ];
  const sized = choices.map(choice => {
    const goes = preview(rows, choice.options);
    return { ...choice, goes, description: goes.length === 0 ? t('nothing') : goes.length === 1 ? t('1 of them, {0}', formatBytes(sizeOf(goes))) : t('{0} of them, {1}', goes.length, formatBytes(sizeOf(goes))) };
  });
  const chosen = await vscode.window.showQuickPick(sized, { title: t('Remove Downloaded Boxes and Images') });
  if (!chosen) return;
  if (chosen.goes.length === 0) {
    void vscode.window.showInformationMessage(t('There is nothing to remove.'));
    return;
  }
  await pruneNow(parts, chosen.options, chosen.goes);
}

function preview(rows: readonly CacheRow[], { ids, unusedForMs, maxBytes }: PruneOptions): readonly CacheRow[] {
  const free = rows.filter(row => !row.busy);
  if (ids) return free.filter(row => ids.includes(row.id));
  if (unusedForMs !== undefined) return free.filter(row => Date.now() - row.lastUsedAt >= unusedForMs);
  let total = sizeOf(rows);
  return [...free].sort((a, b) => a.lastUsedAt - b.lastUsedAt).filter(row => {
    if (maxBytes === undefined || total <= maxBytes) return false;
    total -= row.sizeBytes;
    return true;
  });
}

const sizeOf = (rows: readonly CacheRow[]): number => rows.reduce((sum, row) => sum + row.sizeBytes, 0);

async function pruneNow(parts: Parts, options: PruneOptions, goes: readonly CacheRow[]): Promise<void> {
  const names = goes.slice(0, 12).map(row => `• ${row.label} (${formatBytes(row.sizeBytes)})`);
  const sure = await ask(t('Remove {0} from the cache? They would be downloaded again when needed.', formatBytes(sizeOf(goes))), [...names, ...goes.length > 12 ? ['…'] : []].join('\n'), [{ title: t('Remove'), value: true }]);
  if (!sure) return;
  const pruned = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: t('Removing downloaded boxes and images') }, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => { abort.abort(); });
    progress.report({ message: t('Looking at what machines use') });
    return planFeature(parts).images.prune({ ...options, inUse: await filesInUse(parts, abort.signal) }, abort.signal);
  });
  const kept = pruned.kept.length === 0 ? '' : ` ${t('Kept, because it is in use: {0}.', pruned.kept.map(row => row.label).join(', '))}`;
  void vscode.window.showInformationMessage(`${t('{0} freed.', formatBytes(pruned.freedBytes))}${kept}`);
}

/** Every file that a known machine has in a drive or as a disk. Throws when one cannot be asked: then nothing is removed. */
async function filesInUse(parts: Parts, signal: AbortSignal): Promise<readonly string[]> {
  await parts.ensureProviders();
  await parts.fleet.refresh();
  const local = parts.fleet.entries().filter(entry => entry.provider.connection.id === 'local');
  const queue = new PQueue({ concurrency: 4 });
  const ids: readonly MachineId[] = local.flatMap(entry => entry.machines.map(machine => machine.id));
  const files = await Promise.all(ids.map(id => queue.add(async () => (await parts.registry.of(id)?.describe(id, signal))?.disks.map(disk => disk.location) ?? [])));
  return files.flat().filter(file => typeof file === 'string');
}
