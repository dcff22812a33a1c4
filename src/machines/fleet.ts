// The live list: asks every provider in parallel, each with its own time-out, and tells what changed. The truth is always a full list.
import { diffMachines, isEmptyDiff } from './diff.ts';
import type { MachineDiff } from './diff.ts';
import { asGaiaError, GaiaError } from './errors.ts';
import { Emitter } from './event.ts';
import type { Machine, MachineId, MachineState } from './machine.ts';
import { MachineList } from './machineList.ts';
import type { Diagnosis, Disposable, Provider } from './provider.ts';
import { providerKey } from './registry.ts';
import type { ProviderRegistry } from './registry.ts';

/** `failed` keeps the machines of the last good answer, marked stale. */
export type ConnectionStatus =
  | { readonly kind: 'notAsked' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: GaiaError; readonly diagnosis?: Diagnosis };

export interface FleetEntry {
  readonly provider: Provider;
  readonly status: ConnectionStatus;
  /** As the tree should show them: with the state of a running operation laid over the provider's word. */
  readonly machines: readonly Machine[];
  /** How long the last successful list took, in ms. */
  readonly listDurationMs?: number;
}

export interface FleetChange extends MachineDiff {
  readonly provider: Provider;
  /** The connection's status changed, or it came or went. */
  readonly status: boolean;
}

export interface FleetOptions {
  /** A provider that has not answered by then has failed; its list is aborted. */
  readonly listTimeoutMs: () => number;
}

interface Slot {
  readonly provider: Provider;
  status: ConnectionStatus;
  listed: readonly Machine[];
  shown: MachineList;
  inFlight?: { readonly promise: Promise<void>; readonly abort: AbortController };
  /** Refreshes asked for while one was in flight share this one. */
  next?: Promise<void>;
  listDurationMs?: number;
}

export class Fleet implements Disposable {
  readonly #registry: ProviderRegistry;
  readonly #options: FleetOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #overlay = new Map<MachineId, MachineState>();
  readonly #placeholders = new Map<MachineId, Machine>();
  readonly #changed = new Emitter<FleetChange>();
  readonly #registration: Disposable;
  readonly onDidChange = this.#changed.event;

  constructor(registry: ProviderRegistry, options: FleetOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#syncSlots();
    this.#registration = registry.onDidChange(() => { this.#syncSlots(); });
  }

  entries(): readonly FleetEntry[] {
    return [...this.#slots.values()].map(slot => entryOf(slot));
  }

  entry(provider: Provider): FleetEntry | undefined {
    const slot = this.#slots.get(providerKey(provider));
    return slot && entryOf(slot);
  }

  machines(): readonly Machine[] {
    return [...this.#slots.values()].flatMap(slot => slot.shown.machines);
  }

  machine(id: MachineId): Machine | undefined {
    for (const slot of this.#slots.values()) {
      const machine = slot.shown.get(id);
      if (machine) return machine;
    }
    return undefined;
  }

  /**
   * Lists again. Shares a list that is already in flight, unless `fresh`: then it waits for that one and lists once more, because an
   * answer that was on its way before a change cannot tell of it. Never rejects: failures are statuses.
   */
  async refresh(options: { readonly providers?: readonly Provider[]; readonly fresh?: boolean } = {}): Promise<void> {
    const wanted = options.providers?.map(providerKey);
    const slots = [...this.#slots.entries()].filter(([key]) => wanted?.includes(key) ?? true).map(([, slot]) => slot);
    await Promise.all(slots.map(slot => this.#refreshSlot(slot, options.fresh ?? false)));
  }

  /** Shows `state` for a machine while an operation works on it; undefined shows the provider's word again. */
  overlay(id: MachineId, state: MachineState | undefined): void {
    if (state === undefined) this.#overlay.delete(id);
    else this.#overlay.set(id, state);
    const slot = this.#slotOf(id);
    if (slot) this.#show(slot);
  }

  /** A row for a machine that is being made and has no id of its own yet. Dispose when it has, or has failed. */
  placeholder(machine: Machine): Disposable {
    this.#placeholders.set(machine.id, machine);
    const show = (): void => {
      const slot = this.#slotOf(machine.id);
      if (slot) this.#show(slot);
    };
    show();
    return {
      dispose: () => {
        this.#placeholders.delete(machine.id);
        show();
      },
    };
  }

  dispose(): void {
    this.#registration.dispose();
    for (const slot of this.#slots.values()) slot.inFlight?.abort.abort();
    this.#slots.clear();
    this.#changed.dispose();
  }

  #slotOf(id: MachineId): Slot | undefined {
    const provider = this.#registry.of(id);
    return provider && this.#slots.get(providerKey(provider));
  }

  #syncSlots(): void {
    const providers = this.#registry.all();
    for (const [key, slot] of this.#slots) {
      if (providers.includes(slot.provider)) continue;
      this.#slots.delete(key);
      slot.inFlight?.abort.abort();
      this.#changed.fire({ provider: slot.provider, status: true, added: [], changed: [], removed: slot.shown.machines });
    }
    for (const provider of providers) {
      const key = providerKey(provider);
      if (this.#slots.has(key)) continue;
      this.#slots.set(key, { provider, status: { kind: 'notAsked' }, listed: [], shown: MachineList.of([]) });
      this.#changed.fire({ provider, status: true, added: [], changed: [], removed: [] });
    }
  }

  async #refreshSlot(slot: Slot, fresh: boolean): Promise<void> {
    if (!slot.inFlight) return this.#list(slot);
    if (!fresh) return slot.inFlight.promise;
    slot.next ??= slot.inFlight.promise.then(() => {
      delete slot.next;
      return this.#list(slot);
    });
    return slot.next;
  }

  #list(slot: Slot): Promise<void> {
    const abort = new AbortController();
    const promise = this.#listNow(slot, abort).finally(() => { delete slot.inFlight; });
    slot.inFlight = { promise, abort };
    return promise;
  }

  async #listNow(slot: Slot, abort: AbortController): Promise<void> {
    if (slot.status.kind === 'notAsked') this.#setStatus(slot, { kind: 'loading' });
    const startedAt = performance.now();
    try {
      const machines = await withTimeout(this.#options.listTimeoutMs(), abort, slot.provider.label, signal => slot.provider.list(signal));
      slot.listDurationMs = performance.now() - startedAt;
      slot.listed = machines;
      this.#show(slot, { kind: 'ready' });
    } catch (thrown) {
      if (!this.#isLive(slot)) return;
      const error = asGaiaError(thrown);
      const diagnosis = await this.#explain(slot.provider);
      this.#show(slot, { kind: 'failed', error, ...(diagnosis ? { diagnosis } : {}) });
    }
  }

  /** What the provider itself says is wrong. Undefined when even that does not answer. */
  async #explain(provider: Provider): Promise<Diagnosis | undefined> {
    try {
      return await withTimeout(this.#options.listTimeoutMs(), new AbortController(), provider.label, signal => provider.diagnose(signal));
    } catch {
      return undefined;
    }
  }

  #isLive(slot: Slot): boolean {
    return this.#slots.get(providerKey(slot.provider)) === slot;
  }

  #setStatus(slot: Slot, status: ConnectionStatus): void {
    slot.status = status;
    this.#changed.fire({ provider: slot.provider, status: true, added: [], removed: [], changed: [] });
  }

  /** Works out what the tree should see, and fires if that is something new. */
  #show(slot: Slot, status: ConnectionStatus = slot.status): void {
    if (!this.#isLive(slot)) return;
    const stale = status.kind === 'failed';
    const diff = diffMachines(slot.shown, this.#wanted(slot, stale));
    const statusChanged = !sameStatus(slot.status, status);
    slot.shown = diff.list;
    slot.status = status;
    if (statusChanged || !isEmptyDiff(diff)) this.#changed.fire({ provider: slot.provider, status: statusChanged, added: diff.added, removed: diff.removed, changed: diff.changed });
  }

  /** The listed machines with overlays, stale marks and placeholders. The list itself when there is nothing to add, which is the common case. */
  #wanted(slot: Slot, stale: boolean): readonly Machine[] {
    const prefix = `${providerKey(slot.provider)}:`;
    const placeholders = [...this.#placeholders.values()].filter(machine => machine.id.startsWith(prefix));
    if (!stale && this.#overlay.size === 0 && placeholders.length === 0) return slot.listed;
    const laidOver = slot.listed.map(machine => {
      const state = this.#overlay.get(machine.id);
      return state === undefined && !stale ? machine : { ...machine, ...(state === undefined ? {} : { state }), ...(stale ? { stale } : {}) };
    });
    return [...laidOver, ...placeholders];
  }
}

function entryOf(slot: Slot): FleetEntry {
  return { provider: slot.provider, status: slot.status, machines: slot.shown.machines, ...(slot.listDurationMs === undefined ? {} : { listDurationMs: slot.listDurationMs }) };
}

function sameStatus(a: ConnectionStatus, b: ConnectionStatus): boolean {
  if (a.kind !== b.kind) return false;
  return a.kind !== 'failed' || b.kind !== 'failed' || (a.error.code === b.error.code && a.error.message === b.error.message && a.diagnosis?.problems[0]?.code === b.diagnosis?.problems[0]?.code);
}

/** Runs `work` with a signal that ends at the time-out, and does not wait for work that ignores it. */
async function withTimeout<T>(timeoutMs: number, abort: AbortController, label: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (error: GaiaError): void => {
      reject(error);
      abort.abort(error);
    };
    timer = setTimeout(() => { fail(new GaiaError('didNotAnswer', { message: '{0} did not answer within {1} seconds.', values: [label, Math.round(timeoutMs / 1000)] })); }, timeoutMs);
    abort.signal.addEventListener('abort', () => { reject(new GaiaError('cancelled', { message: 'Cancelled.' })); }, { once: true });
  });
  try {
    return await Promise.race([work(abort.signal), late]);
  } finally {
    clearTimeout(timer);
    late.catch(() => undefined);
  }
}
