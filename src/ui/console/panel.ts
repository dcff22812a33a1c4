// One console: the host holds the provider's (pinned) connection and hands its bytes to the page and back. A lost one is opened again.
import * as vscode from 'vscode';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { ByteChannel } from '../../machines/provider.ts';
import type { ConsoleLabels, FromPage, ToPage } from '../../../webview/console/messages.ts';
import { t } from '../l10n.ts';
import type { Parts, VncTarget } from '../parts.ts';
import { Page } from '../webviews/page.ts';
import { errorText } from '../words.ts';

/** Waits before another try, in ms: a migration or a reboot of the node takes a moment. */
const retries = [500, 1000, 2000, 4000, 8000] as const;

export class ConsolePanel implements vscode.Disposable {
  readonly #parts: Parts;
  readonly #id: MachineId;
  readonly #name: string;
  readonly #page: Page<ToPage, FromPage>;
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #stop = new AbortController();
  /** Fresh, not used yet: a target connects once. */
  #target: VncTarget | undefined;
  #channel: ByteChannel | undefined;
  #session = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #pageReady = false;

  constructor(parts: Parts, id: MachineId, name: string, panel: vscode.WebviewPanel, target: VncTarget | undefined) {
    this.#parts = parts;
    this.#id = id;
    this.#name = name;
    this.#target = target;
    this.#page = new Page(parts.context, panel.webview, { view: 'console', title: panel.title }, {
      onReady: () => { this.#onReady(); },
      onMessage: message => { void this.#onMessage(message); },
    });
    this.#subscriptions.push(
      this.#page,
      // The machine was started again: its screen comes back by itself.
      parts.fleet.onDidChange(change => {
        const now = change.changed.find(({ after }) => after.id === id);
        if (now && now.after.state === 'running' && now.before.state !== 'running' && !this.#channel) void this.#connect();
      }),
      panel.onDidDispose(() => { this.dispose(); }),
    );
  }

  /** A newly opened target takes the place of what is there. */
  use(target: VncTarget): void {
    this.#target = target;
    this.#failures = 0;
    if (this.#pageReady) void this.#connect();
  }

  dispose(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#end();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #onReady(): void {
    this.#pageReady = true;
    this.#page.post({ type: 'setUp', id: this.#id, name: this.#name, labels: labels() });
    void this.#connect();
  }

  async #onMessage(message: FromPage): Promise<void> {
    switch (message.type) {
      case 'data': if (message.session === this.#session) this.#channel?.send(bytesOf(message.bytes)); break;
      case 'connected': this.#failures = 0; break;
      case 'ended': if (message.session === this.#session) this.#end(); break;
      case 'reconnect':
        this.#failures = 0;
        await this.#connect();
        break;
      case 'paste': this.#page.post({ type: 'clipboard', text: await vscode.env.clipboard.readText() }); break;
      case 'copy': await vscode.env.clipboard.writeText(message.text); break;
      case 'wide': await vscode.commands.executeCommand('workbench.action.toggleZenMode'); break;
    }
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    this.#end();
    const session = ++this.#session;
    try {
      const target = this.#target ?? await this.#open();
      this.#target = undefined;
      if (session !== this.#session || this.#stop.signal.aborted) return;
      this.#page.post({ type: 'open', session, ...(target.password === undefined ? {} : { password: target.password }) });
      this.#channel = target.connect({
        // A plain array of its own: VS Code hands over no Buffer, and a view would take the whole pool behind it along.
        data: bytes => { if (session === this.#session) this.#page.post({ type: 'data', session, bytes: new Uint8Array(bytes) }); },
        closed: reason => { this.#lost(session, reason ?? ''); },
      });
    } catch (thrown) {
      const error = asGaiaError(thrown);
      if (error.code === 'cancelled' || session !== this.#session) return;
      this.#page.post({ type: 'open', session });
      this.#page.post({ type: 'closed', session, reason: errorText(error) });
      if (GaiaError.is(error, 'didNotAnswer', 'locked')) this.#later();
    }
  }

  async #open(): Promise<VncTarget> {
    const target = await this.#parts.registry.of(this.#id)?.console?.open(this.#id, { signal: this.#stop.signal, progress: () => undefined, output: () => undefined });
    if (target?.kind !== 'vnc') throw new GaiaError('notFound', { message: 'The connection of this machine was removed.' });
    return target;
  }

  #lost(session: number, reason: string): void {
    if (session !== this.#session) return;
    this.#channel = undefined;
    this.#page.post({ type: 'closed', session, reason });
    if (this.#parts.fleet.machine(this.#id)?.state === 'running') this.#later();
  }

  #later(): void {
    const wait = retries[this.#failures++];
    if (wait === undefined || this.#stop.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { void this.#connect(); }, wait);
  }

  #end(): void {
    this.#channel?.dispose();
    this.#channel = undefined;
  }
}

/** VS Code brings typed arrays over as they are; an ArrayBuffer where it does not. */
function bytesOf(value: Uint8Array | ArrayBuffer): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}

function labels(): ConsoleLabels {
  return {
    connecting: t('Connecting…'), closed: t('The connection has ended.'), ctrlAltDel: t('Ctrl+Alt+Del'), sendKeys: t('Send keys…'), paste: t('Type the Clipboard into the Machine'), keyboard: t('Keyboard that the machine is set to, for typing the clipboard'),
    unsure: t('The keyboard “{1}” has no key for {0}. If they are missing in the machine, choose the keyboard it is set to.', '{0}', '{1}'), copy: t('Copy the Machine’s Clipboard'),
    scale: t('Fit to the Page'), resize: t('Let the Machine’s Screen Follow the Page'), reconnect: t('Reconnect'), wide: t('Hide Everything Else (Zen Mode)'), screen: t('Screen of the machine'),
    release: t('Ctrl+Alt+Shift gives the keyboard back'), refused: t('The console refused the connection.'),
  };
}
