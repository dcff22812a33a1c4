// A webview and what is said between it and the host. Messages to the page wait until it has said that it is ready; after a reload it
// says so again, and is told everything anew by `onReady`.
import * as vscode from 'vscode';
import { makeNonce, pageHtml } from './html.ts';

export interface PageOptions {
  /** Folder in webview/, and so the file names in dist/webview/. */
  readonly view: string;
  readonly title: string;
}

/** `ToPage` and `FromPage` are unions of messages with a `type`; the page's half is webview/shared/channel.ts. */
export class Page<ToPage extends { readonly type: string }, FromPage extends { readonly type: string }> implements vscode.Disposable {
  readonly #webview: vscode.Webview;
  readonly #subscriptions: vscode.Disposable[] = [];
  readonly #handlers: { onReady(): void; onMessage(message: FromPage): void };
  #waiting: ToPage[] = [];
  #ready = false;

  constructor(context: vscode.ExtensionContext, webview: vscode.Webview, options: PageOptions, handlers: { onReady(): void; onMessage(message: FromPage): void }) {
    this.#webview = webview;
    this.#handlers = handlers;
    const dist = vscode.Uri.joinPath(context.extensionUri, 'dist', 'webview');
    const uri = (file: string): string => webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    this.#subscriptions.push(webview.onDidReceiveMessage((message: unknown) => { this.#receive(message); }));
    webview.html = pageHtml({
      title: options.title, language: vscode.env.language, nonce: makeNonce(), cspSource: webview.cspSource,
      script: uri(`${options.view}.js`), styles: [uri('codicon.css'), uri(`${options.view}.css`)],
    });
  }

  post(message: ToPage): void {
    if (this.#ready) void this.#webview.postMessage(message);
    else this.#waiting.push(message);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#waiting = [];
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('type' in message)) return;
    if (message.type !== 'ready') {
      this.#handlers.onMessage(message as FromPage);
      return;
    }
    this.#ready = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#handlers.onReady();
    for (const one of waiting) this.post(one);
  }
}
