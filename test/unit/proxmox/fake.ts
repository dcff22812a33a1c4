// A Proxmox VE that answers from a table: recorded answers, a fake clock, every request kept. For tests without a socket.
import { createProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import type { ProxmoxProviderDeps } from '../../../src/providers/proxmox/provider.ts';
import type { Clock } from '../../../src/machines/clock.ts';
import type { OperationContext, RequestRecord } from '../../../src/machines/provider.ts';
import type { HttpRequest, HttpResponse, SendHttp } from '../../../src/system/http.ts';
import { GaiaError } from '../../../src/machines/errors.ts';
import { HttpFailure } from '../../../src/system/http.ts';

export interface Reply {
  readonly status?: number;
  readonly reason?: string;
  readonly data?: unknown;
  readonly total?: number;
  readonly body?: string;
  readonly errors?: Readonly<Record<string, string>>;
  readonly message?: string;
  /** No answer: broke before or after it was sent. */
  readonly broken?: 'before' | 'after';
}
export type Answering = Reply | ((request: SentRequest) => Reply | Promise<Reply>);

export interface SentRequest {
  readonly method: string;
  readonly host: string;
  /** Decoded, without /api2/json and query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly http: HttpRequest;
}

/** Time that only moves when somebody sleeps. */
export function fakeClock(start = 1_795_465_043_000): Clock & { advance(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    advance: ms => { now += ms; },
    sleep: (ms, signal) => {
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      now += ms;
      return new Promise((resolve, reject) => setImmediate(() => { if (signal?.aborted) reject(signal.reason as Error); else resolve(); }));
    },
  };
}

export function fakeServer(table: Record<string, Answering> = {}): { answers: Record<string, Answering>; sent: SentRequest[]; http: SendHttp; records: RequestRecord[] } {
  const sent: SentRequest[] = [];
  const records: RequestRecord[] = [];
  const answers: Record<string, Answering> = { 'GET /version': { data: { version: '9.1.3', release: '9.1' } }, ...table };
  const http: SendHttp = async (request, signal, hooks) => {
    if (signal.aborted) throw new GaiaError('cancelled', { message: 'Cancelled.', cause: new HttpFailure('cancelled', false) });
    const [rawPath, query] = request.path.replace('/api2/json', '').split('?');
    const path = decodeURIComponent(rawPath as string);
    const body = typeof request.body === 'string' ? request.body : '';
    const params = Object.fromEntries(new URLSearchParams(query ?? body));
    const one: SentRequest = { method: request.method, host: request.host, path, params, headers: request.headers ?? {}, http: request };
    sent.push(one);
    const answer = answers[`${request.method} ${path}`] ?? answers[`${request.method} ${path.replace(/UPID:[^/]*/, '{upid}')}`] ?? answers[`${request.host}`] ?? answers['*'];
    if (answer === undefined) return { status: 501, reason: `Method '${request.method} ${path}' not implemented`, headers: {}, body: '{"data":null}', durationMs: 1 };
    const reply = typeof answer === 'function' ? await answer(one) : answer;
    if (reply.broken) {
      hooks?.record?.({ text: request.label ?? path, durationMs: 1, outcome: 'failed' });
      throw new GaiaError('didNotAnswer', { message: 'The connection to {0} broke.', values: [request.host], cause: new HttpFailure('ECONNRESET', reply.broken === 'after') });
    }
    const response: HttpResponse = {
      status: reply.status ?? 200,
      reason: reply.reason ?? 'OK',
      headers: {},
      durationMs: 1,
      body: reply.body ?? JSON.stringify({ data: reply.data ?? null, ...(reply.total === undefined ? {} : { total: reply.total }), ...(reply.errors ? { errors: reply.errors } : {}), ...(reply.message === undefined ? {} : { message: reply.message }) }),
    };
    hooks?.record?.({ text: request.label ?? path, durationMs: 1, status: response.status, outcome: response.status < 400 ? 'ok' : 'failed' });
    return response;
  };
  return { answers, sent, http, records };
}

export function fakeProvider(server: ReturnType<typeof fakeServer>, more: Partial<ProxmoxProviderDeps> = {}) {
  const clock = fakeClock();
  const provider = createProxmoxProvider({
    connection: { id: 'lab', label: 'Lab', hosts: ['pve1'], port: 8006, auth: { kind: 'token', user: 'root@pam', token: 'gaia' } },
    secrets: () => Promise.resolve({ tokenSecret: 'the-secret-of-the-token' }),
    http: server.http,
    record: record => server.records.push(record),
    clock,
    ...more,
  });
  return { provider, clock };
}

export function context(signal: AbortSignal = new AbortController().signal): OperationContext & { lines: string[]; steps: unknown[] } {
  const lines: string[] = [];
  const steps: unknown[] = [];
  return { signal, lines, steps, progress: step => { steps.push(step); }, output: line => { lines.push(line); } };
}

export const noSignal = (): AbortSignal => new AbortController().signal;

/** A task that answers with a UPID and has ended so. */
export function task(type: string, exitstatus: string, id = '100'): Record<string, Answering> {
  const upid = `UPID:pve1:00005695:0008502E:6B049F53:${type}:${id}:root@pam!gaia:`;
  return {
    [`GET /nodes/pve1/tasks/${upid}/status`]: { data: { upid, status: 'stopped', exitstatus, type } },
    [`GET /nodes/pve1/tasks/${upid}/log`]: { data: [{ n: 1, t: exitstatus === 'OK' ? 'TASK OK' : `TASK ERROR: ${exitstatus}` }], total: 1 },
  };
}
export const upidOf = (type: string, id = '100'): string => `UPID:pve1:00005695:0008502E:6B049F53:${type}:${id}:root@pam!gaia:`;
