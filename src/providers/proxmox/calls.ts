// What the parts of the provider do their work with. Live it acts; dry it reads, and writes down what it would have changed: so
// "Show commands" goes through the very same code as the real thing and cannot tell another story.
import { GaiaError } from '../../machines/errors.ts';
import type { CommandText, OperationContext } from '../../machines/provider.ts';
import { Ambiguous, describeRequest } from './client.ts';
import type { Client, Envelope } from './client.ts';
import type { ApiRequest } from './requests.ts';
import type { TaskEnd, TaskOptions, Tasks } from './tasks.ts';
import type { Upid } from './upid.ts';
import type { PveVersion } from './version.ts';

export interface Calls {
  version(signal: AbortSignal): Promise<PveVersion>;
  get(request: ApiRequest, signal: AbortSignal): Promise<Envelope>;
  /** A change that is done when it is answered. */
  change(request: ApiRequest, signal: AbortSignal): Promise<unknown>;
  /** A change that may be a task: resolves when the task has ended well. */
  run(request: ApiRequest, context: OperationContext, options?: TaskOptions): Promise<TaskEnd>;
  /** Waits for a task that something else started, as `run` waits for its own. */
  follow(upid: Upid, context: OperationContext, options?: TaskOptions): Promise<TaskEnd>;
  /** Asks again until `done` says so. false = not within the time. */
  until(done: (signal: AbortSignal) => Promise<boolean>, timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  readonly dry: boolean;
}

export class LiveCalls implements Calls {
  readonly dry = false;
  readonly #client: Client;
  readonly #tasks: Tasks;
  constructor(client: Client, tasks: Tasks) {
    this.#client = client;
    this.#tasks = tasks;
  }
  version(signal: AbortSignal): Promise<PveVersion> {
    return this.#client.version(signal);
  }
  get(request: ApiRequest, signal: AbortSignal): Promise<Envelope> {
    return this.#client.get(request, signal);
  }
  async change(request: ApiRequest, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#client.change(request, signal);
    } catch (error) {
      if (!(error instanceof Ambiguous)) throw error;
      throw new GaiaError(error.problem.code, { ...error.problem.detail, left: 'It is not known whether Proxmox VE did it.', cause: error.problem });
    }
  }
  run(request: ApiRequest, context: OperationContext, options?: TaskOptions): Promise<TaskEnd> {
    return this.#tasks.run(request, context, options);
  }
  follow(upid: Upid, context: OperationContext, options?: TaskOptions): Promise<TaskEnd> {
    return this.#tasks.wait(upid, context, options);
  }
  async until(done: (signal: AbortSignal) => Promise<boolean>, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#client;
    const end = clock.now() + timeoutMs;
    for (let waitMs = 200; ; waitMs = Math.min(waitMs * 1.5, 2000)) {
      if (signal.aborted) throw new GaiaError('cancelled', { message: 'Cancelled.' });
      if (await done(signal)) return true;
      if (clock.now() >= end) return false;
      await clock.sleep(waitMs, signal);
    }
  }
}

export class DryCalls implements Calls {
  readonly dry = true;
  readonly commands: CommandText[] = [];
  readonly #client: Client;
  constructor(client: Client) {
    this.#client = client;
  }
  version(signal: AbortSignal): Promise<PveVersion> {
    return this.#client.version(signal);
  }
  get(request: ApiRequest, signal: AbortSignal): Promise<Envelope> {
    return this.#client.get(request, signal);
  }
  change(request: ApiRequest): Promise<unknown> {
    this.#note(request);
    return Promise.resolve(null);
  }
  run(request: ApiRequest): Promise<TaskEnd> {
    this.#note(request);
    return Promise.resolve({ exitStatus: 'OK', warnings: 0 });
  }
  follow(upid: Upid): Promise<TaskEnd> {
    return Promise.resolve({ upid, exitStatus: 'OK', warnings: 0 });
  }
  until(): Promise<boolean> {
    return Promise.resolve(true);
  }
  #note(request: ApiRequest): void {
    this.commands.push({ text: describeRequest(request), language: 'http', ...(request.tasks ? { comment: `${request.title}, then wait for its task` } : { comment: request.title }) });
  }
}
