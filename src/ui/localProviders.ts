// Registers the providers that this computer and the saved connections give. Loaded when machines are first needed. A new provider adds one entry here.
import * as vscode from 'vscode';
import type { Disposable, Provider } from '../machines/provider.ts';
import type { Parts } from './parts.ts';

type Factory = (parts: Parts) => Promise<readonly Provider[]>;

/** Provider id → what makes its local connection; [] = it has no place on this computer (no row then). Order is the order of the tree. */
const factories: Readonly<Record<string, Factory>> = {
  virtualbox: async ({ settings, log }) => {
    const { createVirtualBoxProvider } = await import('../providers/virtualbox/provider.ts');
    const vboxManage = (): { executable?: string } => (settings.virtualBoxPath === undefined ? {} : { executable: settings.virtualBoxPath });
    return [createVirtualBoxProvider({ settings: vboxManage, record: log.record })];
  },
};

/** Provider id → what opens its saved connections, and follows them until disposed. After those of this computer. */
const connected: Readonly<Record<string, (parts: Parts) => Promise<Disposable>>> = {
  proxmox: async parts => (await import('./connections/connections.ts')).connectionsOf(parts).open(),
};

/** Registers what is not hidden, and follows `gaia.hiddenProviders` from then on. */
export async function registerProviders(parts: Parts): Promise<vscode.Disposable> {
  const registered = new Map<string, Disposable[]>();
  const sync = async (): Promise<void> => {
    const hidden = parts.settings.hiddenProviders;
    for (const [id, disposables] of registered) {
      if (!hidden.includes(id)) continue;
      registered.delete(id);
      for (const disposable of disposables) disposable.dispose();
    }
    for (const id of [...Object.keys(factories), ...Object.keys(connected)]) {
      if (hidden.includes(id) || registered.has(id)) continue;
      const own: Disposable[] = [];
      registered.set(id, own);
      try {
        for (const provider of (await factories[id]?.(parts)) ?? []) own.push(parts.registry.register(provider));
        const open = await connected[id]?.(parts);
        if (open) own.push(open);
      } catch (error) {
        // One that cannot be loaded leaves the others working.
        parts.log.error(error);
        void vscode.window.showErrorMessage(vscode.l10n.t('Gaia could not load the provider “{0}”: {1}', id, error instanceof Error ? error.message : String(error)));
      }
    }
  };
  await sync();
  const follow = parts.settings.onDidChange(event => {
    if (event.affectsConfiguration('gaia.hiddenProviders')) sync().catch((error: unknown) => { parts.log.error(error); });
  });
  return new vscode.Disposable(() => {
    follow.dispose();
    for (const disposable of [...registered.values()].flat()) disposable.dispose();
  });
}
