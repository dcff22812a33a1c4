// The settings under gaia.*, typed, with their units in the names. Read at each use: a changed setting counts at once.
import * as vscode from 'vscode';
import type { StartMode } from '../machines/provider.ts';

export type DefaultStartMode = 'provider' | StartMode;

export class Settings {
  readonly onDidChange: vscode.Event<vscode.ConfigurationChangeEvent>;

  constructor(subscriptions: vscode.Disposable[]) {
    const changed = new vscode.EventEmitter<vscode.ConfigurationChangeEvent>();
    this.onDidChange = changed.event;
    subscriptions.push(changed, vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('gaia')) changed.fire(event);
    }));
  }

  /** Between two looks at a quiet provider; 0 = only when something hints at a change. */
  get refreshIntervalMs(): number {
    return this.#seconds('refreshInterval', 5, 0);
  }

  get listTimeoutMs(): number {
    return this.#seconds('listTimeout', 30, 1);
  }

  get shutDownTimeoutMs(): number {
    return this.#seconds('shutdownTimeout', 60, 1);
  }

  get notifyAfterMs(): number {
    return this.#seconds('notifyAfter', 10, 0);
  }

  get confirmPowerOff(): boolean {
    return this.get('confirmPowerOff', true);
  }

  get confirmShutDown(): boolean {
    return this.get('confirmShutDown', false);
  }

  get defaultStartMode(): DefaultStartMode {
    return this.get('defaultStartMode', 'provider');
  }

  /** Ids of providers that the person does not want to see. */
  get hiddenProviders(): readonly string[] {
    return this.get<readonly string[]>('hiddenProviders', []);
  }

  /** Path of VBoxManage; undefined = look for it. */
  get virtualBoxPath(): string | undefined {
    return this.path('virtualbox.path');
  }

  /** A setting that holds a path or a command; '' counts as not set. Its key stands in restrictedConfigurations. */
  path(key: string): string | undefined {
    const text = this.get(key, '').trim();
    return text === '' ? undefined : text;
  }

  /** `key` without the `gaia.`. */
  get<T>(key: string, fallback: T): T {
    return vscode.workspace.getConfiguration('gaia').get<T>(key) ?? fallback;
  }

  async hideProvider(id: string): Promise<void> {
    await vscode.workspace.getConfiguration('gaia').update('hiddenProviders', [...new Set([...this.hiddenProviders, id])], vscode.ConfigurationTarget.Global);
  }

  #seconds(key: string, fallback: number, least: number): number {
    const value = this.get<unknown>(key, fallback);
    return Math.max(least, typeof value === 'number' && Number.isFinite(value) ? value : fallback) * 1000;
  }
}
