// What plan and reach keep of machines follows the machines: forgotten when Gaia deletes one, told when a create was interrupted, linked to
// Vagrant's projects. Light: everything else is loaded when there is something to do.
import * as vscode from 'vscode';
import type { MachineId } from '../../machines/machine.ts';
import type { Operation } from '../../machines/operations.ts';
import type { Parts } from '../parts.ts';

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
  parts.context.subscriptions.push(
    parts.operations.onDidChange(operation => {
      const id = deletedBy(operation);
      if (id !== undefined) guarded(() => forgetMachine(parts, id));
    }),
    parts.fleet.onDidChange(({ provider, added, removed }) => {
      if (parts.fleet.entry(provider)?.status.kind !== 'ready') return;
      if (added.length > 0 || removed.length > 0) link();
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
  const { planFeature } = await import('./feature.ts');
  const { bindings, unfinished } = planFeature(parts);
  if (loginOf(parts, id)) await rememberLogin(parts, id, undefined);
  await unfinished.forget(id);
  const owner = bindings.ownerOf(id);
  if (owner) await bindings.bind(owner.file, owner.name, undefined);
}
