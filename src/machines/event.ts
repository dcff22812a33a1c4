// A listener list for the domain, which may not import vscode. The shape of `event` is that of vscode.Event.
import type { Disposable } from './provider.ts';

export type Listen<T> = (listener: (value: T) => void) => Disposable;

export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<(value: T) => void>();

  readonly event: Listen<T> = listener => {
    // A wrapper, so that the same function listening twice is two listeners.
    const entry = (value: T): void => { listener(value); };
    this.#listeners.add(entry);
    return { dispose: () => { this.#listeners.delete(entry); } };
  };

  /** Every listener is told, even when one before it throws; the first error is thrown at the end. */
  fire(value: T): void {
    const errors: unknown[] = [];
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
