// Sends the requests of requests.ts: credentials, another node when one is down, retries where they cannot do harm, errors made understandable.
import { GaiaError } from '../../machines/errors.ts';
import type { RequestRecord } from '../../machines/provider.ts';
import type { Clock } from '../../machines/clock.ts';
import { HttpFailure, mayHaveArrived } from '../../system/http.ts';
import type { HttpRequest, HttpResponse, SendHttp } from '../../system/http.ts';
import { encodeForm, encodePath } from './encode.ts';
import { record, text } from './fields.ts';
import { isLockTimeout, problemOfAnswer } from './problems.ts';
import { requests } from './requests.ts';
import type { ApiRequest } from './requests.ts';
import type { Hop, Route } from './route.ts';
import { withSignal } from './session.ts';
import type { Session } from './session.ts';
import { dependsOnVersion, forVersion, parseVersion } from './version.ts';
import type { PveVersion } from './version.ts';

export interface ClientDeps {
  readonly route: Route;
  readonly session: Session;
  readonly http: SendHttp;
  readonly clock: Clock;
  readonly record?: (record: RequestRecord) => void;
}

export interface Envelope {
  readonly data: unknown;
  readonly total?: number;
}

/** The end of a changing request is not known: it may have been done. */
export class Ambiguous extends Error {
  override readonly name = 'Ambiguous';
  /** Server time before it was sent, in seconds. */
  readonly since: number;
  constructor(cause: GaiaError, since: number) {
    super(cause.message, { cause });
    this.since = since;
  }
  get problem(): GaiaError {
    return this.cause as GaiaError;
  }
}

const defaultTimeoutMs = 30_000;
const readTries = 3;
const lockTries = 5;

export class Client {
  readonly #deps: ClientDeps;
  #version: PveVersion | undefined;
  #asking: Promise<PveVersion> | undefined;
  /** Server clock minus ours, in ms, from the Date header. */
  #skewMs = 0;

  constructor(deps: ClientDeps) {
    this.#deps = deps;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }
  /** Seconds since 1970 by the server's clock. */
  serverNow(): number {
    return Math.floor((this.#deps.clock.now() + this.#skewMs) / 1000);
  }

  forgetVersion(): void {
    this.#version = undefined;
  }

  async version(signal: AbortSignal): Promise<PveVersion> {
    if (this.#version) return this.#version;
    // One question for all who wait: the first of them that gives up does not end it for the others.
    this.#asking ??= this.#read(requests.version(), new AbortController().signal)
      .then(envelope => (this.#version = parseVersion(envelope.data)))
      .finally(() => {
        this.#asking = undefined;
      });
    return withSignal(this.#asking, signal);
  }

  /** Reads. Tried again on another node, or after a pause, when no whole answer came. */
  async get(request: ApiRequest, signal: AbortSignal): Promise<Envelope> {
    return this.#read(await this.#known(request, signal), signal);
  }

  /**
   * Changes something. A lock that the server could not get is asked for again; nothing else is ever sent twice unless the request says
   * it is `repeatable`. Throws {@link Ambiguous} when the request may have been done.
   */
  async change(request: ApiRequest, signal: AbortSignal, uploaded?: (sent: number, total: number) => void): Promise<unknown> {
    const known = await this.#known(request, signal);
    /** An earlier try of a repeatable request, whose answer got lost. */
    let unclear: GaiaError | undefined;
    const pause = (attempt: number): Promise<void> => this.#pause(attempt, signal).catch((error: unknown) => { throw unclear ? maybeDone(unclear) : error; });
    for (let attempt = 1; ; attempt++) {
      const since = this.serverNow();
      try {
        return (await this.#anyHost(known, signal, uploaded)).data;
      } catch (error) {
        if (unclear && signal.aborted) throw maybeDone(unclear);
        if (attempt < lockTries && isLockTimeout(error)) await pause(attempt);
        else if (isUnclear(error)) {
          if (!known.repeatable || attempt >= readTries) throw known.repeatable ? error : new Ambiguous(error, since);
          unclear = error;
          await pause(attempt);
        } else throw error;
      }
    }
  }

  /** Sends without credentials: for the login itself and for what anybody may ask. */
  async anonymous(request: ApiRequest, signal: AbortSignal): Promise<unknown> {
    return (await this.#anyHost(request, signal, undefined, true)).data;
  }

  /** The request as HTTP for a given node: for WebSockets, which go another way. */
  async prepared(request: ApiRequest, signal: AbortSignal): Promise<{ readonly hop: Hop; readonly path: string; readonly headers: Readonly<Record<string, string>> }> {
    const [host] = this.#deps.route.hosts();
    const hop = await this.#deps.route.hop(host as string, signal);
    return { hop, path: pathOf(request), headers: await this.#deps.session.headers(request.method, signal) };
  }

  async #known(request: ApiRequest, signal: AbortSignal): Promise<ApiRequest> {
    return dependsOnVersion(request) ? forVersion(request, await this.version(signal)) : request;
  }

  async #read(request: ApiRequest, signal: AbortSignal): Promise<Envelope> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#anyHost(request, signal);
      } catch (error) {
        // A node that is down (595) stays down for a while: its guests are told so at once, instead of waiting three times.
        const again = isLockTimeout(error) || (isUnclear(error) && !error.detail.raw?.startsWith('595'));
        if (attempt >= readTries || !again) throw error;
        await this.#pause(attempt, signal);
      }
    }
  }

  #pause(attempt: number, signal: AbortSignal): Promise<void> {
    return this.#deps.clock.sleep(Math.min(250 * 4 ** (attempt - 1), 10_000), signal);
  }

  /** The first node that can be reached. Goes on to the next only while nothing can have arrived. */
  async #anyHost(request: ApiRequest, signal: AbortSignal, uploaded?: (sent: number, total: number) => void, anonymous = false): Promise<Envelope> {
    const { route } = this.#deps;
    let first: unknown;
    const hosts = route.hosts();
    for (const host of hosts) {
      let hop: Hop;
      try {
        hop = await route.hop(host, signal);
      } catch (error) {
        if (GaiaError.is(error, 'cancelled')) throw error;
        first ??= error;
        route.down(host);
        continue;
      }
      try {
        const envelope = await this.#authorised(request, hop, signal, uploaded, anonymous);
        route.up(host);
        return envelope;
      } catch (error) {
        // A wrong certificate is never stepped around: the person must hear of it.
        if (!GaiaError.is(error, 'didNotAnswer') || !(error.detail.cause instanceof HttpFailure)) throw error;
        route.down(host);
        if (mayHaveArrived(error) && request.method !== 'GET') throw error;
        first ??= error;
      }
    }
    if (hosts.length > 1 && GaiaError.is(first, 'didNotAnswer')) {
      throw new GaiaError('didNotAnswer', { ...first.detail, message: 'None of the {0} known nodes answered.', values: [hosts.length], raw: [first.message, first.detail.raw].filter(Boolean).join('\n') });
    }
    throw first;
  }

  async #authorised(request: ApiRequest, hop: Hop, signal: AbortSignal, uploaded: ((sent: number, total: number) => void) | undefined, anonymous: boolean): Promise<Envelope> {
    if (anonymous) return this.#answered(request, await this.#send(request, hop, {}, signal, uploaded), true);
    for (let attempt = 1; ; attempt++) {
      const headers = await this.#deps.session.headers(request.method, signal);
      const response = await this.#send(request, hop, headers, signal, uploaded);
      // A 401 comes before anything is done, so even a POST may be sent again with a new ticket.
      if (response.status !== 401 || !(await this.#deps.session.refused(headers)) || attempt >= 2) return this.#answered(request, response, false);
    }
  }

  async #send(request: ApiRequest, hop: Hop, headers: Readonly<Record<string, string>>, signal: AbortSignal, uploaded?: (sent: number, total: number) => void): Promise<HttpResponse> {
    const response = await this.#deps.http(httpRequest(request, hop, headers, this.#deps.session.hidden), signal, {
      ...(this.#deps.record ? { record: this.#deps.record } : {}),
      ...(uploaded ? { uploaded } : {}),
    });
    const date = Date.parse(String(response.headers['date'] ?? ''));
    if (Number.isFinite(date)) this.#skewMs = date - this.#deps.clock.now();
    return response;
  }

  #answered(request: ApiRequest, response: HttpResponse, anonymous: boolean): Envelope {
    const body = parseBody(response.body);
    if (response.status < 400 && body) return { data: body['data'], ...(typeof body['total'] === 'number' ? { total: body['total'] } : {}) };
    if (response.status < 400) {
      throw new GaiaError('unexpected', { message: 'This is not the answer of Proxmox VE.', hint: 'Is there another server or a login page of a proxy at this address?', raw: `${response.status} ${response.reason}` });
    }
    const message = text(body?.['message']);
    const errors = record(body?.['errors']);
    throw problemOfAnswer(
      { status: response.status, reason: response.reason, ...(message === undefined ? {} : { message }), errors: Object.fromEntries(Object.entries(errors).map(([key, value]) => [key, String(value)])) },
      { title: request.title, token: this.#deps.session.isToken && !anonymous },
    );
  }
}

/** No whole answer, or one of a gateway: the request may have been done. */
function isUnclear(error: unknown): error is GaiaError {
  return GaiaError.is(error, 'didNotAnswer') && (error.detail.cause instanceof HttpFailure ? true : /^(?:59[5-9]|50[234])/.test(error.detail.raw ?? ''));
}

/** Given up after a try whose answer got lost. */
function maybeDone(unclear: GaiaError): GaiaError {
  return new GaiaError('cancelled', { message: 'Cancelled.', left: 'It is not known whether Proxmox VE did it.', cause: unclear });
}

export function pathOf(request: ApiRequest): string {
  const path = `/api2/json${encodePath(request.template, request.path)}`;
  const query = request.method === 'GET' || request.method === 'DELETE' ? encodeForm(request.params) : '';
  return query === '' ? path : `${path}?${query}`;
}

/** The HTTP form of a request. */
export function httpRequest(request: ApiRequest, hop: Hop, headers: Readonly<Record<string, string>>, hidden: readonly string[]): HttpRequest {
  const withBody = request.method === 'POST' || request.method === 'PUT';
  const secrets = [...hidden, ...secretsOf(request)];
  return {
    method: request.method,
    host: hop.host,
    port: hop.port,
    path: pathOf(request),
    trust: hop.trust,
    timeoutMs: request.timeoutMs ?? defaultTimeoutMs,
    secrets,
    reuseConnection: request.method === 'GET',
    label: describeRequest(request),
    headers: withBody && !request.upload ? { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' } : headers,
    ...(request.upload
      ? { body: { fields: Object.entries(request.params).filter(([name, value]) => name !== 'filename' && value !== undefined).map(([name, value]) => [name, String(value)] as const), field: 'filename', file: request.upload.file, fileName: request.upload.fileName } }
      : withBody
        ? { body: encodeForm(request.params) }
        : {}),
  };
}

/** As a person reads it: `POST /nodes/pve1/qemu/100/clone newid=101 name=web`, secrets as `***`. */
export function describeRequest(request: ApiRequest): string {
  const path = request.template.replace(/\{(\w+)\}/g, (_whole, name: string) => String(request.path[name] ?? `<${name}>`));
  const params = Object.entries(request.params).filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${request.secret?.includes(key) ? '***' : quote(typeof value === 'boolean' ? (value ? '1' : '0') : String(value))}`);
  return [request.method, path, ...params].join(' ');
}

function quote(value: string): string {
  return /[\s'"]/.test(value) || value === '' ? JSON.stringify(value) : value;
}

function secretsOf(request: ApiRequest): string[] {
  return (request.secret ?? []).flatMap(name => {
    const value = request.params[name];
    return typeof value === 'string' && value !== '' ? [value, encodeURIComponent(value)] : [];
  });
}

function parseBody(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && 'data' in parsed ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
