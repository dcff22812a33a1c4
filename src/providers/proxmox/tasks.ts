// A task of Proxmox VE from its start to its end: find it when its answer got lost, wait, pass on its log, stop it, judge how it ended.
import { GaiaError } from '../../machines/errors.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { HttpFailure } from '../../system/http.ts';
import { Ambiguous } from './client.ts';
import type { Client } from './client.ts';
import { number, record, rows, text } from './fields.ts';
import { isLockTimeout, problemOf } from './problems.ts';
import { requests } from './requests.ts';
import type { ApiRequest } from './requests.ts';
import { Turns } from './turns.ts';
import { parseUpid } from './upid.ts';
import type { Upid } from './upid.ts';

export interface TaskEnd {
  readonly upid?: Upid;
  /** `OK` or `WARNINGS: n`. */
  readonly exitStatus: string;
  readonly warnings: number;
}

export interface TaskOptions {
  readonly machine?: string;
  readonly uploaded?: (sent: number, total: number) => void;
  /** It was taken: what it makes from here on is ours. */
  readonly started?: (upid: Upid) => void;
  /** How its log tells progress, 0–1. Default: the last percentage in a line. */
  readonly fraction?: (line: string) => number | undefined;
}

/** Nobody answers for this long: the task goes on without us. */
const patienceMs = 120_000;
const cancelPatienceMs = 30_000;
const lockTries = 4;

/** Workers that copy or free whole disks, and how many of them Gaia starts on one node at a time. */
const heavy = /^(?:(?:qm|vz)(?:create|restore|clone|destroy)|qmmove|move_volume|qmigrate|vzmigrate|vzdump|imgcopy|download)$/;
const heavyOnNode = 2;

export class Tasks {
  readonly #client: Client;
  /** UPIDs already accounted for: never taken for the task of a later request. */
  readonly #seen = new Set<string>();
  readonly #turns = new Turns(heavyOnNode);

  constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Sends a request and waits until its task has ended. Also right for calls that are done at once. When the task only failed to get a lock,
   * nothing was done and it is started again. Throws GaiaError: what the task says, `cancelled`, or `didNotAnswer` with `left`.
   */
  async run(request: ApiRequest, context: OperationContext, options: TaskOptions = {}): Promise<TaskEnd> {
    const node = text(request.path['node']);
    if (node === undefined || !request.tasks?.some(type => heavy.test(type))) return this.#run(request, context, options);
    if (!this.#turns.free(node)) context.progress({ message: 'Waiting for other work on {0}', values: [node] });
    const leave = await this.#turns.take(node, context.signal);
    try {
      return await this.#run(request, context, options);
    } finally {
      leave();
    }
  }

  async #run(request: ApiRequest, context: OperationContext, options: TaskOptions): Promise<TaskEnd> {
    for (let attempt = 1; ; attempt++) {
      const upid = await this.#start(request, context, options);
      if (!upid) return { exitStatus: 'OK', warnings: 0 };
      options.started?.(upid);
      try {
        return await this.wait(upid, context, options);
      } catch (error) {
        if (attempt >= lockTries || !isLockTimeout(error)) throw error;
        await this.#client.clock.sleep(1000 * 2 ** attempt, context.signal);
      }
    }
  }

  async #start(request: ApiRequest, context: OperationContext, options: TaskOptions): Promise<Upid | undefined> {
    const since = this.#client.serverNow();
    // An upload that was cut short has started nothing.
    let whole = request.upload === undefined;
    const uploaded = (sent: number, total: number): void => {
      whole ||= sent >= total;
      options.uploaded?.(sent, total);
    };
    try {
      const upid = parseUpid(await this.#client.change(request, context.signal, uploaded));
      if (upid) this.#remember(upid);
      return upid;
    } catch (error) {
      if (whole && request.tasks && wasCutOff(error)) return await this.#cancelled(request, since, options, error);
      if (!(error instanceof Ambiguous)) throw options.machine !== undefined && error instanceof GaiaError ? error.about(options.machine) : error;
      if (!whole) throw error.problem;
      const found = request.tasks ? await this.#findUntilCancelled(request, error, context.signal, options) : undefined;
      if (found) {
        context.output(`The answer to “${request.title}” got lost; its task ${found.text} was found.`);
        return found;
      }
      throw new GaiaError(error.problem.code, {
        ...error.problem.detail,
        ...(options.machine === undefined ? {} : { machine: options.machine }),
        left: request.tasks ? 'No task of it was found on the server, so it was most likely not done.' : 'It is not known whether Proxmox VE did it.',
        cause: error.problem,
      });
    }
  }

  /** The answer got lost. Given up while it is looked for, it may run as well as before. */
  async #findUntilCancelled(request: ApiRequest, { since, problem }: Ambiguous, signal: AbortSignal, options: TaskOptions): Promise<Upid | undefined> {
    try {
      return await this.#find(request, since, signal, [0, 1000, 3000, 6000]);
    } catch (error) {
      if (!signal.aborted) throw error;
      return this.#cancelled(request, since, options, new GaiaError('cancelled', { message: 'Cancelled.', cause: problem }));
    }
  }

  /** Cancelled before the answer came: the task may run all the same. Gives it to be stopped. */
  async #cancelled(request: ApiRequest, since: number, options: TaskOptions, error: GaiaError): Promise<Upid> {
    const found = await this.#find(request, since, AbortSignal.timeout(cancelPatienceMs), [0, 500, 2000]).catch(() => undefined);
    if (found) return found;
    throw new GaiaError('cancelled', { ...error.detail, ...(options.machine === undefined ? {} : { machine: options.machine }), left: 'No task of it was found on the server, so it was most likely not done.' });
  }

  /** Looks into the task list for what a lost answer started. Several looks: a proxied request may still be on its way. */
  async #find(request: ApiRequest, since: number, signal: AbortSignal, waitsMs: readonly number[]): Promise<Upid | undefined> {
    const node = text(request.path['node']);
    if (node === undefined) return undefined;
    const wanted = text(request.path['vmid']) ?? text(request.params['vmid'] as string | number | undefined);
    const user = new Set<string>();
    for (const waitMs of waitsMs) {
      await this.#client.clock.sleep(waitMs, signal);
      let data: unknown;
      try {
        data = (await this.#client.get(requests.nodeTasks(node, { source: 'all', since: since - 2, limit: 500, ...(wanted === undefined ? {} : { vmid: Number(wanted) }) }), signal)).data;
      } catch (error) {
        if (GaiaError.is(error, 'cancelled')) throw error;
        continue;
      }
      for (const row of rows(data)) {
        const upid = parseUpid(row['upid']);
        if (!upid || this.#seen.has(upid.text) || upid.startTime < since - 2 || !request.tasks?.includes(upid.type)) continue;
        if (wanted !== undefined && upid.id !== '' && upid.id !== wanted) continue;
        user.add(upid.user);
        this.#remember(upid);
        return upid;
      }
    }
    return undefined;
  }

  #remember(upid: Upid): void {
    this.#seen.add(upid.text);
    if (this.#seen.size > 5000) this.#seen.delete(this.#seen.values().next().value as string);
  }

  /** Waits for a task that runs already. */
  async wait(upid: Upid, context: OperationContext, options: TaskOptions = {}): Promise<TaskEnd> {
    const { clock } = this.#client;
    const startedAt = clock.now();
    const log = new LogReader(this.#client, upid, context, options.fraction ?? percentage);
    let answeredAt = startedAt;
    let exit: string | undefined;
    for (let round = 0; exit === undefined; round++) {
      const elapsed = clock.now() - startedAt;
      try {
        await clock.sleep(round === 0 ? 50 : elapsed < 2000 ? 150 : elapsed < 15_000 ? 500 : 1000, context.signal);
        const status = record((await this.#client.get(requests.taskStatus(upid.node, upid.text), context.signal)).data);
        answeredAt = clock.now();
        if (text(status['status']) === 'stopped') {
          await log.read(context.signal, true);
          exit = text(status['exitstatus']) ?? '';
        } else if (elapsed > 1500) await log.read(context.signal, false);
      } catch (error) {
        if (context.signal.aborted) return await this.#stop(upid, log, options);
        // While the node is away its task may well go on: wait for it to come back.
        if (!GaiaError.is(error)) throw error;
        if (error.code !== 'didNotAnswer' || clock.now() - answeredAt > patienceMs) {
          throw new GaiaError(error.code, { ...error.detail, ...(options.machine === undefined ? {} : { machine: options.machine }), left: 'The task may still run on the server; its end is not known.', cause: error });
        }
        await clock.sleep(1000, context.signal).catch(() => undefined);
      }
    }
    return judge(upid, exit, options.machine, log.error);
  }

  /** Cancel: stops the task, waits for its true end. It may still have ended well: then it is done. */
  async #stop(upid: Upid, log: LogReader, options: TaskOptions): Promise<TaskEnd> {
    const { clock } = this.#client;
    const until = clock.now() + cancelPatienceMs;
    const own = (): AbortSignal => AbortSignal.timeout(Math.max(1000, until - clock.now()));
    try {
      await this.#client.change(requests.stopTask(upid.node, upid.text), own());
    } catch (error) {
      throw new GaiaError('cancelled', { message: 'Cancelled.', left: 'The task could not be stopped; it goes on on the server.', raw: error instanceof GaiaError ? (error.detail.raw ?? error.message) : String(error), cause: error });
    }
    while (clock.now() < until) {
      await clock.sleep(300);
      const status = record((await this.#client.get(requests.taskStatus(upid.node, upid.text), own()).catch(() => ({ data: {} }))).data);
      if (text(status['status']) !== 'stopped') continue;
      await log.read(own(), true).catch(() => undefined);
      const exit = text(status['exitstatus']) ?? '';
      if (succeeded(exit)) return judge(upid, exit, options.machine);
      throw new GaiaError('cancelled', { message: 'Cancelled.', raw: exit, left: 'The task was stopped on the server.', ...(options.machine === undefined ? {} : { machine: options.machine }) });
    }
    throw new GaiaError('cancelled', { message: 'Cancelled.', left: 'The task was told to stop but still runs on the server.', ...(options.machine === undefined ? {} : { machine: options.machine }) });
  }
}

/** Was it cancelled when the server may have had it already? */
function wasCutOff(error: unknown): error is GaiaError {
  return GaiaError.is(error, 'cancelled') && error.detail.cause instanceof HttpFailure && error.detail.cause.sent;
}

function succeeded(exitStatus: string): boolean {
  return exitStatus === 'OK' || /^WARNINGS: \d+$/.test(exitStatus);
}

/** Ends that say no more than that it failed: why stands in the log. */
const bare = /^(?:migration aborted|migration problems|job errors|clone failed|storage migration failed|unexpected status)$/;

function judge(upid: Upid, exitStatus: string, machine: string | undefined, logged?: string): TaskEnd {
  if (succeeded(exitStatus)) return { upid, exitStatus, warnings: Number(/^WARNINGS: (\d+)$/.exec(exitStatus)?.[1] ?? 0) };
  const said = logged !== undefined && bare.test(exitStatus) ? logged : exitStatus;
  throw problemOf(said, machine === undefined ? {} : { machine });
}

/** Passes on the lines of a task's log as they come. */
class LogReader {
  #next = 0;
  /** What the last line that speaks of an error says, without time and dressing. */
  error: string | undefined;
  readonly #client: Client;
  readonly #upid: Upid;
  readonly #context: OperationContext;
  readonly #fraction: (line: string) => number | undefined;

  constructor(client: Client, upid: Upid, context: OperationContext, fraction: (line: string) => number | undefined) {
    this.#client = client;
    this.#upid = upid;
    this.#context = context;
    this.#fraction = fraction;
  }

  /** Never fails the operation: the log is a comfort. `whole` reads to the end. */
  async read(signal: AbortSignal, whole: boolean): Promise<void> {
    try {
      for (let page = 0; page < (whole ? 40 : 1); page++) {
        const { data, total } = await this.#client.get(requests.taskLog(this.#upid.node, this.#upid.text, this.#next, 500), signal);
        const lines = rows(data).filter(row => (number(row['n']) ?? 0) > this.#next);
        if (lines.length === 0) return;
        for (const row of lines) this.#pass(text(row['t']) ?? '');
        this.#next = number(lines.at(-1)?.['n']) ?? this.#next + lines.length;
        if (total !== undefined && this.#next >= total) return;
      }
    } catch (error) {
      if (GaiaError.is(error, 'cancelled') && signal.aborted && !whole) throw error;
    }
  }

  #pass(line: string): void {
    // An empty log has one row that says so.
    if (line === 'no content') return;
    this.#context.output(line);
    // `2026-11-25 02:00:00 ERROR: migration aborted (duration 00:00:01): can't migrate …`
    const error = /\bERROR: (?:migration aborted \([^)]*\): |Backup of VM \d+ failed - )?(.+)$/.exec(line)?.[1];
    if (error !== undefined && !bare.test(error)) this.error = error;
    const fraction = this.#fraction(line);
    if (fraction !== undefined) this.#context.progress({ fraction });
  }
}

/** `transferred 1.5 GiB of 32.0 GiB (4.69%)`, `status: 47%`, `(10.00/100%)`. */
export function percentage(line: string): number | undefined {
  const match = /\((\d+(?:\.\d+)?)\/100%\)|(\d{1,3}(?:\.\d+)?)\s?%/.exec(line);
  const value = Number(match?.[1] ?? match?.[2]);
  return Number.isFinite(value) && value <= 100 ? value / 100 : undefined;
}
