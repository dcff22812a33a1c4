// The page's half of src/ui/webviews/page.ts: says that it is ready, sends and receives messages, keeps state over a reload.

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export class Channel<ToPage extends { readonly type: string }, FromPage extends { readonly type: string }> {
  readonly #api = acquireVsCodeApi();

  /** `receive` gets every message of the host. Call once, when the page can take them. */
  open(receive: (message: ToPage) => void): void {
    window.addEventListener('message', (event: MessageEvent<ToPage>) => {
      if (typeof event.data === 'object' && typeof event.data.type === 'string') receive(event.data);
    });
    this.#api.postMessage({ type: 'ready' });
  }

  send(message: FromPage): void {
    this.#api.postMessage(message);
  }

  /** What survives a reload of the window: the host reads it when it restores the panel. */
  keep(state: unknown): void {
    this.#api.setState(state);
  }

  kept(): unknown {
    return this.#api.getState();
  }
}
