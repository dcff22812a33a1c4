// One details page: reads the machine while it is seen, and passes on what is clicked.
import * as vscode from 'vscode';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { MachineDetails, MachineId, Snapshot, Usage } from '../../machines/machine.ts';
import { sameValue } from '../../machines/diff.ts';
import type { Provider } from '../../machines/provider.ts';
import type { FromPage, ToPage } from '../../../webview/details/messages.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { Page } from '../webviews/page.ts';
import { errorText } from '../words.ts';
import { edit } from './edits.ts';
import { mergeReadings, plotsOf } from './plots.ts';
import { detailsView } from './view.ts';

const describeEveryMs = 10_000;
const usageEveryMs = 2000;
const screenEveryMs = 3000;
/** The first reading asks for as much of the past as the provider keeps. */
const pastMs = 10 * 60_000;

export class DetailsPanel implements vscode.Disposable {
  readonly #parts: Parts;
  readonly #id: MachineId;
  readonly #panel: vscode.WebviewPanel;
  readonly #page: Page<ToPage, FromPage>;
  readonly #subscriptions: vscode.Disposable[] = [];
  #details: MachineDetails | undefined;
  /** Why there is nothing to show, as of the last look. */
  #trouble: string | undefined;
  #readings: readonly Usage[] = [];
  #looking: AbortController | undefined;
  #again: (() => void) | undefined;
  #lookAtScreen: (() => void) | undefined;

  constructor(parts: Parts, id: MachineId, panel: vscode.WebviewPanel) {
    this.#parts = parts;
    this.#id = id;
    this.#panel = panel;
    this.#page = new Page(parts.context, panel.webview, { view: 'details', title: panel.title }, {
      onReady: () => { this.#showAll(); },
      onMessage: message => { void this.#onMessage(message); },
    });
    this.#subscriptions.push(
      this.#page,
      panel.onDidChangeViewState(() => { this.#look(panel.visible); }),
      parts.fleet.onDidChange(change => {
        if ([...change.added, ...change.removed, ...change.changed.map(one => one.after)].some(machine => machine.id === id)) this.#again?.();
      }),
      panel.onDidDispose(() => { this.dispose(); }),
    );
    this.#look(panel.visible);
  }

  dispose(): void {
    this.#look(false);
    for (const subscription of this.#subscriptions.splice(0)) subscription.dispose();
  }

  /** Reading happens only while the page is seen. */
  #look(visible: boolean): void {
    if (visible === (this.#looking !== undefined)) return;
    this.#looking?.abort();
    this.#looking = undefined;
    if (!visible) return;
    const looking = new AbortController();
    this.#looking = looking;
    const { signal } = looking;
    void this.#every(describeEveryMs, signal, () => this.#describe(signal), wake => { this.#again = wake; });
    void this.#every(usageEveryMs, signal, () => this.#readUsage(signal));
    void this.#every(screenEveryMs, signal, () => this.#readScreen(signal), wake => { this.#lookAtScreen = wake; });
  }

  async #every(pauseMs: number, signal: AbortSignal, work: () => Promise<void>, giveWake: (wake: () => void) => void = () => undefined): Promise<void> {
    while (!signal.aborted) {
      let woken = false;
      let wake = (): void => { woken = true; };
      giveWake(() => { wake(); });
      await work();
      if (woken) continue;
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, pauseMs);
        wake = () => { clearTimeout(timer); resolve(); };
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }

  async #describe(signal: AbortSignal): Promise<void> {
    const provider = this.#parts.registry.of(this.#id);
    if (!provider) {
      this.#showTrouble(t('The connection of this machine was removed.'));
      return;
    }
    try {
      const details = this.#withTransit(await provider.describe(this.#id, signal));
      const before = this.#details;
      const isNew = this.#trouble !== undefined || !sameValue(before, details);
      this.#details = details;
      this.#trouble = undefined;
      this.#panel.title = details.machine.name;
      if (isNew) this.#showDetails(provider);
      if (before?.machine.state !== details.machine.state) this.#lookAtScreen?.();
    } catch (thrown) {
      const error = asGaiaError(thrown);
      if (error.code === 'cancelled' || signal.aborted) return;
      this.#showTrouble(GaiaError.is(error, 'notFound') ? t('This machine no longer exists.') : errorText(error));
    }
  }

  #showTrouble(text: string): void {
    this.#trouble = text;
    this.#page.post({ type: 'gone', text });
  }

  /** While an operation works on it, the row's state is what the page shows as well. */
  #withTransit(details: MachineDetails): MachineDetails {
    const row = this.#parts.fleet.machine(this.#id);
    return row && this.#parts.operations.of(this.#id).length > 0 ? { ...details, machine: { ...details.machine, state: row.state } } : details;
  }

  async #readUsage(signal: AbortSignal): Promise<void> {
    const provider = this.#parts.registry.of(this.#id);
    if (!provider?.usage || this.#details?.machine.state !== 'running') return;
    try {
      const since = this.#readings.at(-1)?.at ?? Date.now() - pastMs;
      this.#readings = mergeReadings(this.#readings, await provider.usage.read(this.#id, since, signal));
      this.#showUsage();
    } catch (error) {
      if (!signal.aborted) this.#parts.log.channel.debug(String(error));
    }
  }

  async #readScreen(signal: AbortSignal): Promise<void> {
    const provider = this.#parts.registry.of(this.#id);
    if (!provider?.screenshot) return;
    if (this.#details?.machine.state !== 'running' && this.#details?.machine.state !== 'paused') {
      this.#page.post({ type: 'screen' });
      return;
    }
    try {
      const png = await provider.screenshot.take(this.#id, signal);
      this.#page.post({ type: 'screen', png: Buffer.from(png).toString('base64') });
    } catch (error) {
      if (!signal.aborted) this.#parts.log.channel.debug(String(error));
    }
  }

  #showAll(): void {
    const provider = this.#parts.registry.of(this.#id);
    if (provider) this.#showDetails(provider);
    this.#showUsage();
    if (this.#trouble !== undefined) this.#showTrouble(this.#trouble);
  }

  #showDetails(provider: Provider): void {
    if (this.#details) this.#page.post({ type: 'details', view: detailsView(this.#details, provider, vscode.env.language) });
  }

  #showUsage(): void {
    if (this.#readings.length > 0) this.#page.post({ type: 'usage', ...plotsOf(this.#readings) });
  }

  async #onMessage(message: FromPage): Promise<void> {
    if (message.type === 'copy') {
      await vscode.env.clipboard.writeText(message.text);
      return;
    }
    const provider = this.#parts.registry.of(this.#id);
    const details = this.#details;
    if (!provider || !details) return;
    const snapshotCommand = { restoreSnapshot: 'gaia.snapshot.restore', renameSnapshot: 'gaia.snapshot.rename', deleteSnapshot: 'gaia.snapshot.delete' }[message.id];
    if (snapshotCommand !== undefined && message.row !== undefined) {
      const snapshot = findSnapshot(details.snapshots, message.row);
      const owner = { kind: 'machine', id: this.#id, machine: details.machine, provider };
      if (snapshot) await vscode.commands.executeCommand(snapshotCommand, { kind: 'snapshot', id: `${this.#id}/${snapshot.id}`, owner, snapshot });
    } else if (message.section === undefined || message.section === 'snapshots') {
      await vscode.commands.executeCommand(`gaia.machine.${message.id}`, this.#id);
    } else {
      await edit(this.#parts, details, message.id, message.section, message.row);
    }
    this.#again?.();
  }
}

function findSnapshot(snapshots: readonly Snapshot[], id: string): Snapshot | undefined {
  for (const snapshot of snapshots) {
    const found = snapshot.id === id ? snapshot : findSnapshot(snapshot.children, id);
    if (found) return found;
  }
  return undefined;
}
