// When to list again: only while active (a view visible and the window focused), soon after a hint, quickly while something is in
// transit, and never so often that listing becomes the computer's main work.
import type { Clock } from './clock.ts';
import type { Fleet } from './fleet.ts';
import { isInTransit } from './machine.ts';
import type { Disposable, Provider } from './provider.ts';
import { providerKey } from './registry.ts';
import type { ProviderRegistry } from './registry.ts';

export interface PollingOptions {
  readonly clock: Clock;
  /** Between two lists of a quiet provider. 0 = never by itself. */
  readonly intervalMs: () => number;
}

export const fastMs = 1000;
export const hintDebounceMs = 300;
/** A list may take at most this share of the time. */
const maxShare = 0.05;
const slowestMs = 60_000;

export class Polling implements Disposable {
  readonly #fleet: Fleet;
  readonly #registry: ProviderRegistry;
  readonly #options: PollingOptions;
  #running: AbortController | undefined;

  constructor(fleet: Fleet, registry: ProviderRegistry, options: PollingOptions) {
    this.#fleet = fleet;
    this.#registry = registry;
    this.#options = options;
  }

  /** Active: list now, watch for hints and keep listing. Inactive: nothing at all. */
  setActive(active: boolean): void {
    if (active === (this.#running !== undefined)) return;
    this.#running?.abort();
    this.#running = undefined;
    if (!active) return;
    const running = new AbortController();
    this.#running = running;
    const loops = new Map<string, AbortController>();
    const sync = (): void => {
      const wanted = new Map(this.#registry.all().map(provider => [providerKey(provider), provider]));
      for (const [key, loop] of loops) if (!wanted.has(key)) { loop.abort(); loops.delete(key); }
      for (const [key, provider] of wanted) {
        if (loops.has(key)) continue;
        const loop = new AbortController();
        loops.set(key, loop);
        void this.#loop(provider, loop.signal);
      }
    };
    const registration = this.#registry.onDidChange(sync);
    running.signal.addEventListener('abort', () => {
      registration.dispose();
      for (const loop of loops.values()) loop.abort();
    }, { once: true });
    sync();
  }

  dispose(): void {
    this.setActive(false);
  }

  async #loop(provider: Provider, signal: AbortSignal): Promise<void> {
    let wake: (() => void) | undefined;
    let hinted = false;
    const watcher = provider.watch?.(() => {
      hinted = true;
      wake?.();
    });
    let failures = 0;
    try {
      while (!signal.aborted) {
        hinted = false;
        await this.#fleet.refresh({ providers: [provider] });
        const entry = this.#fleet.entry(provider);
        failures = entry?.status.kind === 'failed' ? failures + 1 : 0;
        if (!hinted) {
          const nap = new AbortController();
          wake = () => { nap.abort(); };
          await this.#options.clock.sleep(this.#pause(provider, failures), AbortSignal.any([signal, nap.signal])).catch(() => undefined);
          wake = undefined;
        }
        // A burst of hints is one refresh. (Set by the watcher meanwhile, which the checker cannot see.)
        if (hinted as boolean && !signal.aborted) await this.#options.clock.sleep(hintDebounceMs, signal).catch(() => undefined);
      }
    } finally {
      watcher?.dispose();
    }
  }

  #pause(provider: Provider, failures: number): number {
    const interval = this.#options.intervalMs();
    if (interval <= 0) return 2 ** 31 - 1;
    const entry = this.#fleet.entry(provider);
    const cost = (entry?.listDurationMs ?? 0) / maxShare;
    const busy = entry?.machines.some(machine => isInTransit(machine.state)) ?? false;
    const wanted = failures > 0 ? interval * 2 ** Math.min(failures, 5) : busy ? fastMs : interval;
    return Math.min(Math.max(wanted, Math.min(cost, slowestMs)), Math.max(slowestMs, interval));
  }
}
