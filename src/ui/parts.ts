// What the parts of ui/ share: made once by activate(), handed to every feature that is loaded later.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { systemClock } from '../machines/clock.ts';
import { Fleet } from '../machines/fleet.ts';
import { Operations } from '../machines/operations.ts';
import { Polling } from '../machines/polling.ts';
import type { ByteHandlers, ConsoleTarget } from '../machines/provider.ts';
import { ProviderRegistry } from '../machines/registry.ts';
import type { Machine } from '../machines/machine.ts';
import { Activity } from './activity.ts';
import { Log } from './log.ts';
import { Secrets } from './secrets.ts';
import { Settings } from './settings.ts';
import { Marks } from './marks.ts';
import { BindingStore } from './plan/bindings.ts';
import { MachinesView } from './tree/machinesView.ts';

export type VncTarget = Extract<ConsoleTarget, { kind: 'vnc' }>;
export type { ByteHandlers };

export interface Parts {
  readonly context: vscode.ExtensionContext;
  readonly registry: ProviderRegistry;
  readonly fleet: Fleet;
  readonly operations: Operations;
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly activity: Activity;
  readonly view: MachinesView;
  readonly marks: Marks;
  /** Loads and registers this computer's providers and the saved connections. The first call does it, all share it; never rejects. */
  ensureProviders(): Promise<void>;
  /** Shows a VNC console in a page. Set by the feature that has one. */
  showVnc?: (machine: Machine, target: VncTarget) => Promise<void>;
}

/** Everything but the commands. What it makes is disposed with the context. */
export function createParts(context: vscode.ExtensionContext): Parts {
  const settings = new Settings(context.subscriptions);
  const log = new Log();
  const secrets = new Secrets(context.secrets, message => { log.warn(message); });
  const registry = new ProviderRegistry();
  const fleet = new Fleet(registry, { listTimeoutMs: () => settings.listTimeoutMs });
  const operations = new Operations(registry, fleet);
  const polling = new Polling(fleet, registry, { clock: systemClock, intervalMs: () => settings.refreshIntervalMs });

  let ready: Promise<void> | undefined;
  const ensureProviders = (): Promise<void> => (ready ??= load());
  const load = async (): Promise<void> => {
    try {
      const { registerProviders } = await import('./localProviders.ts');
      context.subscriptions.push(await registerProviders(parts));
    } catch (error) {
      log.error(error);
      void vscode.window.showErrorMessage(vscode.l10n.t('Gaia could not load its providers: {0}', error instanceof Error ? error.message : String(error)));
    }
    await view.loaded();
  };
  const activity = new Activity(polling, ensureProviders);
  const marks = new Marks(new BindingStore({
    folder: path.join(context.globalStorageUri.fsPath, 'bindings'), old: context.globalState,
    show: file => ({ title: 'Open That File', command: 'vscode.open', args: [vscode.Uri.file(file)] }),
  }));
  const view = new MachinesView({
    marks, fleet, operations, activity, state: context.workspaceState,
    migrate: async (nodes, target) => (await import('./commands/migrate.ts')).migrateDropped(parts, nodes, target),
  });
  const parts: Parts = { context, registry, fleet, operations, settings, secrets, log, activity, view, marks, ensureProviders };
  context.subscriptions.push(log, log.follow(operations), fleet, activity, view, marks);
  return parts;
}
