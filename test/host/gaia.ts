// For host tests: Gaia's API, a provider kept in memory, and waiting.
/// <reference types="mocha" />
import * as vscode from 'vscode';
import type { GaiaApi } from '../../src/api.ts';
import type { FakeProvider } from '../unit/machines/builders.ts';
import { aProvider } from '../unit/machines/builders.ts';
import type { Machine } from '../../src/machines/machine.ts';
import { machineId } from '../../src/machines/machine.ts';
import type { Disposable } from '../../src/machines/provider.ts';

export async function gaia(): Promise<GaiaApi> {
  const extension = vscode.extensions.getExtension<GaiaApi>('haa-gaia.gaia');
  if (!extension) throw new Error('haa-gaia.gaia is not installed');
  return extension.activate();
}

/** A provider with an id of its own, registered by the public API, as another extension would. */
export async function withProvider(id: string, machines: readonly Partial<Machine>[]): Promise<{ api: GaiaApi; provider: FakeProvider; ids: readonly string[] } & Disposable> {
  const api = await gaia();
  const made = machines.map((machine, index): Machine => ({ id: machineId(id, 'local', `m${String(index)}`), name: `m${String(index)}`, kind: 'vm', state: 'stopped', providerState: 'off', ...machine }));
  const provider = aProvider(made, { id });
  const registration = api.registerProvider(provider);
  await api.refresh();
  return { api, provider, ids: made.map(machine => machine.id), dispose: () => { registration.dispose(); } };
}

/** Waits until `condition` holds; fails after `timeoutMs`. */
export async function eventually(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

export async function setting(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('gaia').update(key, value, vscode.ConfigurationTarget.Workspace);
}
