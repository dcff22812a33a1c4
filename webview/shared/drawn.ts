// Remembers what was drawn, so that what did not change is not drawn again: focus, selection and scroll stay where they are.

export class Drawn {
  readonly #texts = new Map<string, string>();

  /** Calls `draw` when `value` differs from what was drawn under `key` the last time. */
  once(key: string, value: unknown, draw: () => void): void {
    const text = JSON.stringify(value);
    if (this.#texts.get(key) === text) return;
    this.#texts.set(key, text);
    draw();
  }

  /** Forgets what was drawn under keys that begin with `prefix`; all of it for ''. */
  forget(prefix = ''): void {
    for (const key of [...this.#texts.keys()]) if (key.startsWith(prefix)) this.#texts.delete(key);
  }
}
