// The queue: one operation per machine at a time, others wait their turn; machines side by side. Progress, cancel, log, and a re-read
// of the truth when it has ended, whatever the end.
import PQueue from 'p-queue';
import type { Action } from './actions.ts';
import { verbs } from './actions.ts';
import { sameValue } from './diff.ts';
import { asGaiaError, GaiaError } from './errors.ts';
import { Emitter } from './event.ts';
import type { Fleet } from './fleet.ts';
import type { Machine, MachineId } from './machine.ts';
import { machineId } from './machine.ts';
import { perform } from './perform.ts';
import type { ActionResult } from './perform.ts';
import type { Intent, OperationContext, Provider } from './provider.ts';
import type { ProviderRegistry } from './registry.ts';

export type OperationState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One change to one machine, from the click to the result. A live object: its fields change, `onDidChange` tells when. */
export interface Operation {
  readonly number: number;
  readonly action: Action;
  readonly provider: Provider;
  /** As the person knows it at the time of the click. */
  readonly machineName: string;
  readonly state: OperationState;
  /** The present step: an l10n key with its values. */
  readonly step?: { readonly message: string; readonly values: readonly (string | number)[] };
  /** 0–1; undefined = not known. */
  readonly fraction?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly error?: GaiaError;
  /** Resolves when it has ended and the machine was read again; rejects with a GaiaError (about this machine). */
  readonly result: Promise<ActionResult>;
  /** Ends it, running or waiting. Nothing happens once it has ended. */
  cancel(): void;
}

export interface RunOptions {
  /** Writes down what the operation is about to make (OperationContext.intend). */
  readonly intend?: (intents: readonly Intent[]) => Promise<void>;
}

export interface OperationOutput {
  readonly operation: Operation;
  readonly line: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class Operations {
  readonly #registry: ProviderRegistry;
  readonly #fleet: Fleet;
  readonly #queues = new Map<string, PQueue>();
  readonly #live = new Set<Operation>();
  readonly #changed = new Emitter<Operation>();
  readonly #output = new Emitter<OperationOutput>();
  readonly onDidChange = this.#changed.event;
  readonly onOutput = this.#output.event;
  #count = 0;

  constructor(registry: ProviderRegistry, fleet: Fleet) {
    this.#registry = registry;
    this.#fleet = fleet;
  }

  /** Queued and running ones, oldest first. */
  live(): readonly Operation[] {
    return [...this.#live];
  }

  of(id: MachineId): readonly Operation[] {
    return this.live().filter(operation => operation.action.verb !== 'create' && operation.action.id === id);
  }

  /**
   * Puts `action` into its machine's queue. The same action asked for twice while the first has not ended (a double click) is one
   * operation. Throws GaiaError `notFound` when no provider owns the machine.
   */
  run(action: Action, options: RunOptions = {}): Operation {
    const provider = this.#providerOf(action);
    const twin = this.live().find(operation => sameValue(operation.action, action));
    if (twin) return twin;

    const abort = new AbortController();
    const operation: Writable<Operation> = {
      number: ++this.#count,
      action,
      provider,
      machineName: action.verb === 'create' ? action.spec.name : (this.#fleet.machine(action.id)?.name ?? action.id),
      state: 'queued',
      result: Promise.resolve({}),
      cancel: () => { abort.abort(new GaiaError('cancelled', { message: 'Cancelled.' })); },
    };
    const queue = this.#queueOf(action, provider);
    this.#live.add(operation);
    // Not given to the queue: it would let a cancelled operation end before its work has, and the next one begin beside it.
    const turn = queue.add(() => {
      abort.signal.throwIfAborted();
      return this.#perform(operation, abort.signal, options);
    }).then(result => result as ActionResult);
    operation.result = Promise.race([turn, cancelledInQueue(operation, abort.signal)])
      .catch((thrown: unknown) => {
        const error = abort.signal.aborted && !GaiaError.is(thrown) ? asGaiaError(abort.signal.reason) : asGaiaError(thrown);
        throw error.detail.machine === undefined ? error.about(operation.machineName) : error;
      })
      .then(
        result => {
          this.#end(operation, 'succeeded');
          return result;
        },
        (error: GaiaError) => {
          operation.error = error;
          this.#end(operation, error.code === 'cancelled' ? 'cancelled' : 'failed');
          throw error;
        },
      );
    // Who does not wait for the result still sees the failure through onDidChange.
    operation.result.catch(() => undefined);
    this.#changed.fire(operation);
    return operation;
  }

  async #perform(operation: Writable<Operation>, signal: AbortSignal, { intend }: RunOptions): Promise<ActionResult> {
    const { action, provider } = operation;
    operation.state = 'running';
    operation.startedAt = Date.now();
    const undo = this.#showTransit(operation);
    this.#changed.fire(operation);
    const context: OperationContext = {
      signal,
      progress: step => {
        if (step.message !== undefined) operation.step = { message: step.message, values: step.values ?? [] };
        if (step.fraction === undefined) delete operation.fraction;
        else operation.fraction = Math.min(1, Math.max(0, step.fraction));
        this.#changed.fire(operation);
      },
      output: line => { this.#output.fire({ operation, line }); },
      ...intend ? { intend } : {},
    };
    try {
      return await perform(provider, action, context);
    } finally {
      await this.#fleet.refresh({ providers: [provider], fresh: true });
      undo();
    }
  }

  /** Lays the state in transit over the row, or shows a row for what is being made. Returns what takes it away again. */
  #showTransit(operation: Operation): () => void {
    const { action, provider } = operation;
    const state = verbs[action.verb].transit;
    if (action.verb === 'create') {
      const placeholder: Machine = {
        id: machineId(provider.id, provider.connection.id, `creating-${String(operation.number)}`),
        name: action.spec.name,
        kind: provider.lifecycle?.makes ?? 'vm',
        state: 'creating',
        providerState: 'creating',
      };
      const row = this.#fleet.placeholder(placeholder);
      return () => { row.dispose(); };
    }
    if (state === undefined) return () => undefined;
    const { id } = action;
    this.#fleet.overlay(id, state);
    return () => { this.#fleet.overlay(id, undefined); };
  }

  #end(operation: Writable<Operation>, state: OperationState): void {
    operation.state = state;
    operation.endedAt = Date.now();
    this.#live.delete(operation);
    this.#changed.fire(operation);
  }

  #providerOf(action: Action): Provider {
    const provider = action.verb === 'create' ? this.#registry.meantBy(action.spec) : this.#registry.of(action.id);
    if (provider) return provider;
    throw action.verb === 'create'
      ? new GaiaError('notFound', { message: 'There is no connection for the provider "{0}".', values: [action.spec.provider], machine: action.spec.name })
      : new GaiaError('notFound', { message: 'The connection of this machine is gone.' });
  }

  #queueOf(action: Action, provider: Provider): PQueue {
    // Two creates of one name would race for it; creates of different names run side by side.
    const key = action.verb === 'create' ? `${provider.id}:${provider.connection.id}:create:${action.spec.name}` : action.id;
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = new PQueue({ concurrency: 1 });
      this.#queues.set(key, queue);
      const made = queue;
      queue.on('idle', () => {
        if (this.#queues.get(key) === made) this.#queues.delete(key);
      });
    }
    return queue;
  }
}

/** Rejects at once when it is cancelled before its turn: nobody should wait for the operation in front to learn that. */
function cancelledInQueue(operation: Operation, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => { if (operation.state === 'queued') reject(asGaiaError(signal.reason)); }, { once: true });
  });
}
