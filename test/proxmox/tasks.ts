// Tasks as Proxmox runs them: an UPID at once, then work that takes time, a log, a stop, and an exit status that may be `WARNINGS: n`.
import type { TestClock } from './clock.ts';

export interface TaskRecord {
  readonly upid: string;
  readonly node: string;
  readonly pid: number;
  readonly pstart: number;
  readonly starttime: number;
  readonly type: string;
  readonly id: string;
  /** User or token id. */
  readonly user: string;
  readonly log: string[];
  readonly done: Promise<void>;
  endtime?: number;
  exitstatus?: string;
  warnings: number;
}

export interface Worker {
  readonly signal: AbortSignal;
  log(text: string): void;
  /** A warning in the log; the task then ends `WARNINGS: n`. */
  warn(text: string): void;
  /** Milliseconds on a real cluster; `speed` shortens them. */
  wait(milliseconds: number): Promise<void>;
}

interface Running extends TaskRecord {
  readonly abort: AbortController;
}

/** Ends tasks in ways their work does not know of; set by the faults. */
export type TaskFate = (task: TaskRecord) => { readonly exitstatus: string; readonly log?: readonly string[]; /** The work is done all the same. */ readonly done?: boolean } | undefined;

export class Tasks {
  readonly all: Running[] = [];
  fate: TaskFate = () => undefined;
  private nextPid = 1200;
  private readonly clock: TestClock;
  private readonly byUpid = new Map<string, Running>();

  constructor(clock: TestClock) {
    this.clock = clock;
  }

  /** Starts `work`; what it throws becomes the exit status. */
  start(options: { readonly node: string; readonly type: string; readonly id: string; readonly user: string }, work: (worker: Worker) => Promise<void>): string {
    this.nextPid += 1 + (this.nextPid % 7);
    const pid = this.nextPid;
    const starttime = this.clock.seconds();
    const pstart = Math.floor(this.clock.now() / 10) % 0x7fffffff;
    const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
    const upid = `UPID:${options.node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${options.type}:${options.id}:${options.user}:`;
    const abort = new AbortController();
    let finished = (): void => undefined;
    const done = new Promise<void>(resolve => (finished = resolve));
    const task: Running = { upid, ...options, pid, pstart, starttime, log: [], warnings: 0, abort, done };
    if (this.all.length >= 4000) this.forgetOld();
    this.all.push(task);
    this.byUpid.set(upid, task);
    const worker: Worker = {
      signal: abort.signal,
      log: text => void task.log.push(...text.split('\n')),
      warn: text => {
        task.warnings += 1;
        task.log.push(`WARN: ${text}`);
      },
      wait: milliseconds => this.clock.wait(milliseconds, abort.signal),
    };
    // The worker is a process of its own: the UPID is known before its work begins.
    queueMicrotask(() => void this.run(task, work, worker).finally(finished));
    return upid;
  }

  private async run(task: Running, work: (worker: Worker) => Promise<void>, worker: Worker): Promise<void> {
    let exitstatus = 'OK';
    try {
      const fate = this.fate(task);
      if (fate) {
        exitstatus = fate.exitstatus;
        // The work runs into the failure at its first step, and so cleans up behind itself as it always does.
        const doomed: Worker = { ...worker, wait: async () => worker.wait(200).then(() => Promise.reject(new Error(fate.exitstatus))) };
        await work(fate.done ? worker : doomed).catch(() => undefined);
        task.log.push(...(fate.log ?? []));
      } else {
        await work(worker);
        if (task.warnings > 0) exitstatus = `WARNINGS: ${String(task.warnings)}`;
      }
    } catch (error) {
      exitstatus = (error as Error).message.split('\n')[0] ?? 'unknown';
    }
    if (exitstatus === 'OK') task.log.push('TASK OK');
    else if (exitstatus.startsWith('WARNINGS')) task.log.push(`TASK ${exitstatus}`);
    else if (exitstatus !== 'unexpected status') task.log.push(`TASK ERROR: ${exitstatus}`);
    task.endtime = this.clock.seconds();
    task.exitstatus = exitstatus;
  }

  /** The archive has an end, as the real one: the oldest finished half goes. */
  private forgetOld(): void {
    const gone = new Set(this.all.filter(task => task.exitstatus !== undefined).slice(0, 2000));
    for (const task of gone) this.byUpid.delete(task.upid);
    const kept = this.all.filter(task => !gone.has(task));
    this.all.splice(0, this.all.length, ...kept);
  }

  get(upid: string): TaskRecord | undefined {
    return this.byUpid.get(upid);
  }

  /** Asks the worker to end; it may still end `OK`. */
  stop(upid: string): void {
    this.byUpid.get(upid)?.abort.abort();
  }

  running(): TaskRecord[] {
    return this.all.filter(task => task.exitstatus === undefined);
  }

  /** Stops everything and waits for the ends. */
  async dispose(): Promise<void> {
    const left = this.running();
    for (const task of left) this.stop(task.upid);
    await Promise.all(left.map(task => task.done));
  }
}

const upidPattern = /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s]+):([^:\s]*):([^:\s]+):$/;

/** Is this an UPID at all, and of which node? */
export function nodeOfUpid(upid: string): string | undefined {
  return upidPattern.exec(upid)?.[1];
}
