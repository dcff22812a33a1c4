// HTTP GET and HEAD for files and catalogues of the open web, by node-fetch, so that VS Code's proxy settings hold.
// Redirects are followed here, one by one: never to a less safe scheme, and credentials stay with the host they were meant for.
import { GaiaError } from '../machines/errors.ts';
import type { RequestRecord } from '../machines/provider.ts';

/** The part of fetch that is used; tests and the host put theirs here. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;
export interface FetchInit {
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
  /** False: bytes as they were sent, so that ranges and checksums are of the file itself. */
  readonly compress: boolean;
}
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array | string> | null;
}

export interface WebRequest {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WebAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** Where the redirects led. */
  readonly url: string;
}

const maxRedirects = 10;

/** node-fetch, loaded when first used. */
export const webFetch: Fetch = async (url, init) => {
  const { default: fetch } = await import('node-fetch');
  return (await fetch(url, init)) as unknown as FetchResponse;
};

/** Sends one request and follows its redirects. Any status is an answer. Throws GaiaError, or the signal's reason. */
export async function sendWebRequest(request: WebRequest, fetch: Fetch, signal: AbortSignal, record: (record: RequestRecord) => void): Promise<WebAnswer> {
  const method = request.method ?? 'GET';
  let url = webUrl(request.url);
  let headers: Record<string, string> = { 'user-agent': 'Gaia', 'accept-encoding': 'identity', ...request.headers };
  for (let hop = 0; ; hop++) {
    const credentials = url.username === '' ? undefined : `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`;
    const plain = new URL(url);
    plain.username = plain.password = '';
    const startedAt = performance.now();
    const text = `${method} ${displayUrl(url)}`;
    let response: FetchResponse;
    try {
      response = await fetch(plain.href, { method, headers: credentials ? { ...headers, authorization: credentials } : headers, redirect: 'manual', signal, compress: false });
    } catch (error) {
      record({ text, durationMs: performance.now() - startedAt, outcome: signal.aborted ? 'cancelled' : 'failed', output: error instanceof Error ? error.message : String(error) });
      throw webProblem(error, url, signal);
    }
    record({ text, durationMs: performance.now() - startedAt, status: response.status, outcome: response.status < 400 ? 'ok' : 'failed' });
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      return { status: response.status, header: name => response.headers.get(name) ?? undefined, body: bytesOf(response.body, url, signal), url: url.href };
    }
    await discard(response.body);
    if (hop === maxRedirects) throw new GaiaError('invalidInput', { message: '{0} leads from one address to the next without end.', values: [displayUrl(webUrl(request.url))] });
    const next = webUrl(location, url);
    if (url.protocol === 'https:' && next.protocol === 'http:') {
      throw new GaiaError('untrusted', {
        message: '{0} leads to an address without encryption, {1}, and was not followed.',
        values: [displayUrl(url), displayUrl(next)],
        hint: 'Use the https address of the file itself.',
      });
    }
    if (next.origin !== url.origin) headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !['authorization', 'cookie'].includes(name.toLowerCase())));
    url = next;
  }
}

/** The whole body as text, at most `maxBytes` of it: more throws GaiaError `invalidInput`. */
export async function readBody(answer: WebAnswer, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > maxBytes) throw new GaiaError('invalidInput', { message: '{0} answered with more than {1} bytes.', values: [displayUrl(new URL(answer.url)), maxBytes] });
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** An address as it may be shown and logged: without password and without signed or secret parameters. */
export function displayUrl(url: URL | string): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  for (const name of [...shown.searchParams.keys()]) {
    if (/sig|token|key|secret|password|credential|auth/i.test(name)) shown.searchParams.set(name, '***');
  }
  return decodeURI(shown.href.replaceAll('%', '%25')).replaceAll('%25', '%');
}

/** What the status of a failed request means to a person. */
export function statusProblem(answer: { readonly status: number; readonly url: string }): GaiaError {
  const values = [displayUrl(answer.url), answer.status];
  switch (answer.status) {
    case 401:
    case 403:
      return new GaiaError('unauthenticated', { message: '{0} may not be read without signing in ({1}).', values, hint: 'Download the file yourself and name it by its path, or use an address that carries the right to read it.' });
    case 407:
      return new GaiaError('unauthenticated', { message: 'The proxy asks for a user and password before it lets {0} through.', values, hint: 'Set them in VS Code’s proxy settings (http.proxy).' });
    case 404:
    case 410:
      return new GaiaError('notFound', { message: 'There is nothing at {0} ({1}).', values, hint: 'Check the address, the name and the version.' });
    default:
      return new GaiaError(answer.status >= 500 || answer.status === 408 || answer.status === 429 ? 'didNotAnswer' : 'unexpected', { message: '{0} answered with status {1}.', values });
  }
}

function webUrl(text: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw new GaiaError('invalidInput', { message: '{0} is not an address.', values: [text] });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new GaiaError('invalidInput', { message: '{0} is not a web address (http or https).', values: [displayUrl(url)] });
  return url;
}

async function* bytesOf(body: FetchResponse['body'], url: URL, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  try {
    for await (const chunk of body) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  } catch (error) {
    throw webProblem(error, url, signal);
  }
}

/** Ends a body that nobody reads, so that its connection is free. */
async function discard(body: FetchResponse['body']): Promise<void> {
  if (body === null) return;
  const iterator = body[Symbol.asyncIterator]();
  await iterator.return?.().catch(() => undefined);
}

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS/;

function webProblem(error: unknown, url: URL, signal: AbortSignal): unknown {
  if (signal.aborted) {
    const reason = signal.reason as unknown;
    return reason instanceof Error && reason.name === 'TimeoutError' ? new GaiaError('didNotAnswer', { message: '{0} did not answer in time.', values: [url.host], hint: 'Check the network, and VS Code’s proxy settings (http.proxy).', cause: reason }) : reason;
  }
  if (error instanceof GaiaError || !(error instanceof Error)) return error;
  const code = String((error as NodeJS.ErrnoException).code ?? '');
  const detail = { values: [url.host], raw: error.message, cause: error };
  if (certificateCodes.test(code)) {
    return new GaiaError('untrusted', { message: 'The certificate of {0} is not trusted.', hint: 'If a proxy of your network opens encrypted connections, its certificate must be known to this system.', ...detail });
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new GaiaError('didNotAnswer', { message: 'The address of {0} was not found.', hint: 'Check the network, and VS Code’s proxy settings (http.proxy).', ...detail });
  }
  return new GaiaError('didNotAnswer', { message: 'The connection to {0} failed.', hint: 'Check the network, and VS Code’s proxy settings (http.proxy).', ...detail });
}
