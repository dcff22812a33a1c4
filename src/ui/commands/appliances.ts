// OVA and OVF: machines out to a file, and in from one.
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { GaiaError } from '../../machines/errors.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { OperationContext, Provider } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import { sayResult, showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { connectionLabel } from '../tree/forest.ts';
import { choose } from './inputs.ts';
import type { Arguments } from './targets.ts';
import { isNode, targetsOf } from './targets.ts';

/** All chosen machines of one connection go into one file. */
export async function exportAppliance(parts: Parts, args: Arguments): Promise<void> {
  const targets = await targetsOf(parts, { ability: 'exportAppliance', title: t('Export as Appliance'), many: true }, args);
  const first = targets[0];
  if (!first) return;
  const { provider } = first;
  const together = targets.filter(target => target.provider === provider);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = `${first.machine.name.replace(/[^\p{L}\p{N}._-]+/gu, '_')}.ova`;
  const file = await vscode.window.showSaveDialog({ title: t('Export as Appliance'), ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}), filters: { [t('Appliance')]: ['ova', 'ovf'] } });
  if (!file) return;
  await working(parts, t('Exporting {0}', together.map(target => `“${target.machine.name}”`).join(', ')), async context => {
    await replacing(file, path => provider.appliances?.export(together.map(target => target.machine.id), path, context) ?? Promise.resolve());
    return t('Exported to {0}.', file.fsPath);
  });
}

/** The dialog has asked whether a file that is there may be replaced: it goes only when the new one is whole. */
async function replacing(file: vscode.Uri, write: (path: string) => Promise<void>): Promise<void> {
  const ending = /\.\w+$/.exec(file.path)?.[0] ?? '';
  // An .ovf names its disks' files after itself, so it cannot be written under another name.
  if (ending === '.ovf' || !await vscode.workspace.fs.stat(file).then(() => true, () => false)) {
    await write(file.fsPath);
    return;
  }
  const beside = file.with({ path: `${file.path.slice(0, -ending.length)}.${Date.now().toString(36)}${ending}` });
  await write(beside.fsPath);
  await vscode.workspace.fs.rename(beside, file, { overwrite: true });
}

export async function importAppliance(parts: Parts, args: Arguments): Promise<void> {
  await parts.ensureProviders();
  const provider = await importingProvider(parts, args);
  if (!provider) return;
  const [file] = (await vscode.window.showOpenDialog({ title: t('Import Appliance'), canSelectMany: false, filters: { [t('Appliance')]: ['ova', 'ovf'] } })) ?? [];
  if (!file) return;
  const name = path.basename(file.fsPath).replace(/\.ov[af]$/i, '');
  const { writtenDown } = await import('./writtenDown.ts');
  await writtenDown(parts, provider, name, (reserved, intend) => working(parts, t('Importing {0}', file.fsPath), async context => {
    const ids = (await provider.appliances?.import(file.fsPath, { reserved }, { ...context, intend })) ?? [];
    await parts.fleet.refresh({ providers: [provider], fresh: true });
    const names = ids.map(id => parts.fleet.machine(id)?.name ?? id).map(name => `“${name}”`).join(', ');
    if (ids[0] !== undefined) await parts.view.reveal(ids[0]);
    return t('Imported {0}.', names);
  }));
}

async function importingProvider(parts: Parts, [node]: Arguments): Promise<Provider | undefined> {
  if (isNode(node) && node.kind === 'connection') return node.provider;
  const able = parts.registry.all().filter(provider => provider.appliances !== undefined);
  if (able.length === 0) void vscode.window.showInformationMessage(t('No provider here can import appliances.'));
  return able.length === 1 ? able[0] : choose(t('Import where?'), able.map(provider => ({ label: connectionLabel(provider), detail: '', value: provider })));
}

/** `work` resolves with what is said when it is done: aloud after long work, else in the status bar. Resolves with the failure, which was told. */
async function working(parts: Parts, title: string, work: (context: OperationContext) => Promise<string>): Promise<GaiaError | undefined> {
  const startedAt = Date.now();
  const abort = new AbortController();
  try {
    const done = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title }, async (progress, token) => {
      const cancel = token.onCancellationRequested(() => { abort.abort(); });
      let percent = 0;
      try {
        return await work({
          signal: abort.signal,
          progress: step => {
            const now = Math.floor((step.fraction ?? 0) * 100);
            progress.report({ ...(step.message === undefined ? {} : { message: t(step.message, ...(step.values ?? [])) }), ...(now > percent ? { increment: now - percent } : {}) });
            percent = Math.max(percent, now);
          },
          output: line => { parts.log.info(line); },
        });
      } finally {
        cancel.dispose();
      }
    });
    sayResult(parts, done, Date.now() - startedAt);
    return undefined;
  } catch (thrown) {
    const error = asGaiaError(thrown);
    void showFailure(parts, error);
    return error;
  }
}
