// When Gaia may work by itself: while one of its views is visible and the window has the focus. Nothing is listed, and no provider's code is loaded, before that.
import * as vscode from 'vscode';
import type { Polling } from '../machines/polling.ts';

export class Activity implements vscode.Disposable {
  readonly #polling: Polling;
  readonly #prepare: () => Promise<void>;
  readonly #held = new Set<object>();
  readonly #subscription: vscode.Disposable;

  /** `prepare` is awaited before the first list: it registers the local providers. */
  constructor(polling: Polling, prepare: () => Promise<void>) {
    this.#polling = polling;
    this.#prepare = prepare;
    this.#subscription = vscode.window.onDidChangeWindowState(() => { this.#update(); });
  }

  /** Something visible needs machines, until it is disposed: the tree, a details page. */
  hold(): vscode.Disposable {
    const holder = {};
    this.#held.add(holder);
    this.#update();
    return {
      dispose: () => {
        this.#held.delete(holder);
        this.#update();
      },
    };
  }

  dispose(): void {
    this.#held.clear();
    this.#subscription.dispose();
    this.#polling.dispose();
  }

  #update(): void {
    const wanted = (): boolean => this.#held.size > 0 && vscode.window.state.focused;
    if (!wanted()) {
      this.#polling.setActive(false);
      return;
    }
    void this.#prepare().then(() => { if (wanted()) this.#polling.setActive(true); });
  }
}
