// Trouble on demand. A rule says which requests it meets, how often, and what then happens to them.
import type { TaskFate, TaskRecord } from './tasks.ts';

/** Which requests: all conditions that are given must hold. */
export interface Match {
  readonly method?: string;
  /** Decoded path without `/api2/json`: exactly, or a pattern. */
  readonly path?: string | RegExp;
  /** The node the request is for (from the path), else the one it came in on. */
  readonly node?: string;
  /** How many requests in all, then the rule is used up. Default 1; Infinity = until removed. */
  readonly times?: number;
  /** Lets this many matching requests pass first. */
  readonly after?: number;
}

export type Trouble =
  /** The connection is cut before anything was done. */
  | { readonly kind: 'reset' }
  /** The work is done, and its answer never arrives. */
  | { readonly kind: 'lostAnswer' }
  /** Done, but only half of the body is sent, then the connection is cut. */
  | { readonly kind: 'halfBody' }
  /** Done, and sent one byte after the other. */
  | { readonly kind: 'slow'; readonly millisecondsPerByte: number }
  /** Never answered; the connection stays open. */
  | { readonly kind: 'hang' }
  /** Answered late. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Not done; this answer. `done`: the work is done first. */
  | { readonly kind: 'answer'; readonly status: number; readonly reason: string; readonly body?: unknown; readonly done?: boolean; readonly contentType?: string };

interface Rule {
  readonly match: Match;
  readonly trouble: Trouble;
  left: number;
  skip: number;
  hits: number;
}

export type UnauthorizedKind = 'noTicket' | 'invalidTicket' | 'badToken' | 'badCsrf' | 'badPassword';

const unauthorized: Readonly<Record<UnauthorizedKind, { readonly reason: string; readonly body?: unknown }>> = {
  noTicket: { reason: 'No ticket' },
  invalidTicket: { reason: 'permission denied - invalid PVE ticket' },
  badToken: { reason: 'Authentication failed!' },
  badCsrf: { reason: 'Permission denied - invalid csrf token' },
  badPassword: { reason: 'authentication failure', body: { data: null, message: 'authentication failure\n' } },
};

/** What the faults need of the server. */
export interface FaultTargets {
  forgetTickets(): void;
  newCertificate(node: string, options?: { readonly expired?: boolean; readonly otherAuthority?: boolean }): string;
  nodeDown(node: string): Promise<void>;
  nodeUp(node: string): Promise<void>;
  setFate(fate: TaskFate): void;
  cutConnections(): void;
}

export class Faults {
  private rules: Rule[] = [];
  private taskRules: { readonly type: string | RegExp; readonly id: string | undefined; readonly exitstatus: string; readonly log: readonly string[]; readonly done: boolean; left: number }[] = [];
  private dice: (() => Trouble | undefined) | undefined;
  private readonly targets: FaultTargets;

  constructor(targets: FaultTargets) {
    this.targets = targets;
    targets.setFate(task => this.fateOf(task));
  }

  /** Adds a rule; the returned function removes it. */
  add(trouble: Trouble, match: Match = {}): () => void {
    const rule: Rule = { match, trouble, left: match.times ?? 1, skip: match.after ?? 0, hits: 0 };
    this.rules.push(rule);
    return () => void (this.rules = this.rules.filter(r => r !== rule));
  }

  reset(match?: Match): () => void {
    return this.add({ kind: 'reset' }, match);
  }
  lostAnswer(match?: Match): () => void {
    return this.add({ kind: 'lostAnswer' }, match);
  }
  halfBody(match?: Match): () => void {
    return this.add({ kind: 'halfBody' }, match);
  }
  slow(millisecondsPerByte = 1, match?: Match): () => void {
    return this.add({ kind: 'slow', millisecondsPerByte }, match);
  }
  hang(match?: Match): () => void {
    return this.add({ kind: 'hang' }, match);
  }
  delay(milliseconds: number, match?: Match): () => void {
    return this.add({ kind: 'delay', milliseconds }, match);
  }
  /** 595–599: what the node that proxies says when the other one fails it. `done`: the other one did the work all the same. */
  proxyError(status: 595 | 596 | 597 | 599, match: Match = {}, done = false): () => void {
    const reasons = { 595: 'No route to host', 596: 'Connection timed out', 597: 'Broken pipe', 599: 'Too many redirections' } as const;
    return this.add({ kind: 'answer', status, reason: reasons[status], done }, match);
  }
  unauthorized(kind: UnauthorizedKind, match?: Match): () => void {
    return this.add({ kind: 'answer', status: 401, ...unauthorized[kind] }, match);
  }
  /** The lock of a guest's configuration (or of a storage) was not to be had in time. */
  lockTimeout(match: Match = {}, file = '/var/lock/qemu-server/lock-100.conf'): () => void {
    const reason = `can't lock file '${file}' - got timeout`;
    return this.add({ kind: 'answer', status: 500, reason, body: { data: null, message: `${reason}\n` } }, match);
  }
  serverError(reason: string, match?: Match): () => void {
    return this.add({ kind: 'answer', status: 500, reason, body: { data: null, message: `${reason}\n` } }, match);
  }
  /** The next task(s) of this type end with this status instead of doing their work. `unexpected status` = its worker died. `done`: the work is done, and yet that is the status. */
  taskFails(type: string | RegExp, exitstatus: string, options: { readonly id?: string | number; readonly times?: number; readonly log?: readonly string[]; readonly done?: boolean } = {}): void {
    this.taskRules.push({ type, id: options.id === undefined ? undefined : String(options.id), exitstatus, log: options.log ?? [], done: options.done ?? false, left: options.times ?? 1 });
  }
  /** Every ticket given out so far is refused. */
  expireTickets(): void {
    this.targets.forgetTickets();
  }
  /** The node shows another certificate from now on, and open connections are cut. Gives the new fingerprint. */
  newCertificate(node: string, options?: { readonly expired?: boolean; readonly otherAuthority?: boolean }): string {
    return this.targets.newCertificate(node, options);
  }
  nodeDown(node: string): Promise<void> {
    return this.targets.nodeDown(node);
  }
  nodeUp(node: string): Promise<void> {
    return this.targets.nodeUp(node);
  }
  /** Cuts every open connection now. */
  cutConnections(): void {
    this.targets.cutConnections();
  }
  /** Meets requests by chance, the same ones for the same seed and order. `rate` 0–1. */
  random(seed: number, rate: number, kinds: readonly Trouble[]): void {
    let state = seed >>> 0 || 1;
    const next = (): number => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    this.dice = () => (next() < rate ? kinds[Math.floor(next() * kinds.length)] : undefined);
  }
  /** No rule, no chance, any more. Nodes that are down stay down. */
  clear(): void {
    this.rules = [];
    this.taskRules = [];
    this.dice = undefined;
  }

  /** The trouble for this request, if any; counts it. */
  next(request: { readonly method: string; readonly path: string; readonly node: string }): Trouble | undefined {
    for (const rule of this.rules) {
      const { match } = rule;
      if (rule.left <= 0) continue;
      if (match.method !== undefined && match.method !== request.method) continue;
      if (match.node !== undefined && match.node !== request.node) continue;
      if (typeof match.path === 'string' && match.path !== request.path) continue;
      if (match.path instanceof RegExp && !match.path.test(request.path)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      rule.left -= 1;
      rule.hits += 1;
      return rule.trouble;
    }
    return this.dice?.();
  }

  private fateOf(task: TaskRecord): ReturnType<TaskFate> {
    const rule = this.taskRules.find(r => r.left > 0 && (typeof r.type === 'string' ? r.type === task.type : r.type.test(task.type)) && (r.id === undefined || r.id === task.id));
    if (!rule) return undefined;
    rule.left -= 1;
    return { exitstatus: rule.exitstatus, log: rule.log, done: rule.done };
  }
}
