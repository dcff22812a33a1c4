// What plan and reach keep of machines follows the machines: forgotten when Gaia deletes one, told when a create was interrupted, linked to
// Vagrant's projects, and compared with their files. Light: everything else is loaded when there is something to do.
import * as vscode from 'vscode';
import type { MachineId } from '../../machines/machine.ts';
import type { Operation } from '../../machines/operations.ts';
import type { Parts } from '../parts.ts';
import type { DriftWatch } from './drift.ts';

const linkPauseMs = 500;

export function watchMachines(parts: Parts): void {
  let linkTimer: NodeJS.Timeout | undefined;
  const asked = new Set<string>();
  const guarded = (work: () => Promise<void>): void => { work().catch((error: unknown) => { parts.log.error(error); }); };
  const link = (): void => {
    linkTimer ??= setTimeout(() => {
      linkTimer = undefined;
      guarded(async () => {
        const { readVagrantLinks } = await import('./vagrantLinks.ts');
        const links = await readVagrantLinks();
        if (links) parts.marks.setVagrant(links);
      });
    }, linkPauseMs);
  };
  const { bindings } = parts.marks;
  let drift: Promise<DriftWatch> | undefined;
  // Nobody has made a machine of a file yet: then there is nothing to compare, and nothing is loaded for it.
  const compare = (): void => {
    if (bindings.files().length > 0) guarded(async () => (await (drift ??= loadDrift(parts))).look());
  };
  parts.context.subscriptions.push(
    bindings.onDidChange(compare),
    bindings.onDidFail(error => { guarded(async () => { await (await import('../notify.ts')).showFailure(parts, error); }); }),
    vscode.workspace.onDidSaveTextDocument(document => { if (bindings.of(document.uri.toString()).size > 0) compare(); }),
    // A file that is renamed or moved keeps its machines.
    vscode.workspace.onDidRenameFiles(({ files }) => {
      guarded(async () => { for (const { oldUri, newUri } of files) await bindings.move(oldUri.toString(), newUri.toString()); });
    }),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (!focused) return;
      // Where folders cannot be watched, this is when another window's work is seen.
      bindings.reread();
      if (drift) compare();
    }),
    parts.operations.onDidChange(operation => {
      const id = deletedBy(operation);
      if (id !== undefined) guarded(() => forgetMachine(parts, id));
    }),
    vscode.tasks.onDidEndTask(({ execution }) => { if (execution.task.definition.type === 'gaia') link(); }),
    parts.fleet.onDidChange(({ provider, added, removed, changed }) => {
      if (parts.fleet.entry(provider)?.status.kind !== 'ready') return;
      compare();
      // Vagrant writes an id down only some time after the machine shows: the next change finds it.
      if (added.length > 0 || removed.length > 0 || changed.length > 0) link();
      if (asked.has(provider.id)) return;
      asked.add(provider.id);
      guarded(async () => {
        const { offerLeftovers } = await import('./leftovers.ts');
        await offerLeftovers(parts, provider.id);
      });
    }),
    new vscode.Disposable(() => { clearTimeout(linkTimer); }),
  );
}

async function loadDrift(parts: Parts): Promise<DriftWatch> {
  const { DriftWatch } = await import('./drift.ts');
  const drift = new DriftWatch(parts);
  parts.context.subscriptions.push(drift);
  return drift;
}

function deletedBy({ action, state, endedAt }: Operation): MachineId | undefined {
  const deletes = action.verb === 'delete' || (action.verb === 'extra' && action.extra === 'deleteWithAllVolumes');
  return deletes && state === 'succeeded' && endedAt !== undefined ? action.id : undefined;
}

/**
 * Only what Gaia itself deleted, and was told so: a machine that is merely missing from a list (a disk not plugged in, another home folder)
 * may come back, and its key would be lost.
 */
async function forgetMachine(parts: Parts, id: MachineId): Promise<void> {
  const { loginOf, rememberLogin } = await import('./machineSsh.ts');
  const { unfinishedOf } = await import('./feature.ts');
  const { bindings } = parts.marks;
  if (await loginOf(parts, id)) await rememberLogin(parts, id, undefined);
  await unfinishedOf(parts).forget(id);
  await bindings.fresh();
  const owner = bindings.ownerOf(id);
  if (owner) await bindings.bind(owner.file, owner.name, undefined);
}
