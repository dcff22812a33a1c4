// One HTTPS request: time-outs, cancel, upload with progress, and errors that say whether the request had left this computer.
// node:https with TLS options on the request itself: an agent would be dropped inside VS Code (see tls.ts).
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import https from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { basename } from 'node:path';
import { GaiaError } from '../machines/errors.ts';
import type { RequestRecord } from '../machines/provider.ts';
import { mask } from './process.ts';
import { PinMismatch, readCertificate, tlsOptions } from './tls.ts';
import type { TlsTrust } from './tls.ts';

/** A file sent as `multipart/form-data`, streamed from disk. Plain fields come first: Proxmox VE wants the file last. */
export interface FileUpload {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly field: string;
  readonly file: string;
  /** The name the server is told; the file's own by default. */
  readonly fileName?: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly host: string;
  readonly port: number;
  /** With query, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Always sent with its Content-Length: Proxmox VE answers 501 to chunks. */
  readonly body?: string | FileUpload;
  readonly trust: TlsTrust;
  /** From the call to the last byte. */
  readonly timeoutMs: number;
  /** From the call to the end of the TLS handshake; default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Texts never shown. */
  readonly secrets?: readonly string[];
  /** What the log shows in place of method and path. */
  readonly label?: string;
  /** May share a kept-alive connection. Only for requests that may be sent twice: a kept connection can close under a request. */
  readonly reuseConnection?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** The reason phrase: Proxmox VE puts the message there. */
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly durationMs: number;
}

export interface HttpHooks {
  readonly record?: (record: RequestRecord) => void;
  readonly uploaded?: (sentBytes: number, totalBytes: number) => void;
}

export type SendHttp = (request: HttpRequest, signal: AbortSignal, hooks?: HttpHooks) => Promise<HttpResponse>;

/** Why a request ended without a whole answer, as `detail.cause` of the GaiaError. `sent`: the server may have acted on it. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly sent: boolean;
  readonly code: string | undefined;
  constructor(message: string, sent: boolean, cause?: unknown) {
    super(message, { cause });
    this.sent = sent;
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code;
  }
}

/** Did this failed request perhaps reach the server? False only when it surely did not. */
export function mayHaveArrived(error: unknown): boolean {
  return !(error instanceof GaiaError && error.detail.cause instanceof HttpFailure && !error.detail.cause.sent);
}

const maxBodyBytes = 256 * 1024 * 1024;

/**
 * Sends one request. Any HTTP status is an answer. Throws GaiaError `untrusted` (both fingerprints in `values` when a pin did not
 * match), `didNotAnswer` or `cancelled`, each with an {@link HttpFailure} as cause.
 */
export const sendHttp: SendHttp = async (request, signal, hooks = {}) => {
  const startedAt = performance.now();
  const text = mask(request.label ?? `${request.method} ${request.path}`, request.secrets);
  const done = (outcome: RequestRecord['outcome'], status?: number, output?: string): number => {
    const durationMs = performance.now() - startedAt;
    hooks.record?.({ text, durationMs, outcome, ...(status === undefined ? {} : { status }), ...(output === undefined ? {} : { output: mask(output, request.secrets) }) });
    return durationMs;
  };
  const upload = typeof request.body === 'object' ? await prepareUpload(request.body) : undefined;
  const length = upload?.length ?? Buffer.byteLength((request.body as string | undefined) ?? '');
  try {
    const { response, body } = await exchange(request, upload, length, signal, hooks);
    const status = response.statusCode ?? 0;
    const reason = latin1ToUtf8(response.statusMessage ?? '');
    const durationMs = done(status < 400 ? 'ok' : 'failed', status, status < 400 ? undefined : `${reason}\n${body}`.slice(0, 4000));
    return { status, reason, headers: response.headers, body, durationMs };
  } catch (error) {
    const failure = await nameWhatIsShown(asFailure(error, request), request.host, request.port, request.trust);
    done(failure.code === 'cancelled' ? 'cancelled' : isTimeout(failure) ? 'timedOut' : 'failed', undefined, failure.detail.raw ?? failure.message);
    throw failure;
  }
};

interface PreparedUpload {
  readonly type: string;
  readonly head: string;
  readonly tail: string;
  readonly file: string;
  readonly size: number;
  readonly length: number;
}

async function prepareUpload(upload: FileUpload): Promise<PreparedUpload> {
  const size = await stat(upload.file).then(
    info => info.size,
    (error: unknown) => { throw new GaiaError('notFound', { message: 'The file {0} cannot be read.', values: [upload.file], cause: error }); },
  );
  const boundary = `gaia-${crypto.randomUUID()}`;
  const name = (upload.fileName ?? basename(upload.file)).replace(/["\r\n]/g, '_');
  const fields = upload.fields.map(([key, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`).join('');
  const head = `${fields}--${boundary}\r\nContent-Disposition: form-data; name="${upload.field}"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  return { type: `multipart/form-data; boundary=${boundary}`, head, tail, file: upload.file, size, length: Buffer.byteLength(head) + size + Buffer.byteLength(tail) };
}

function exchange(request: HttpRequest, upload: PreparedUpload | undefined, length: number, signal: AbortSignal, hooks: HttpHooks): Promise<{ response: IncomingMessage; body: string }> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new HttpFailure('cancelled', false));
      return;
    }
    let sent = false;
    let settled = false;
    const keepAlive = request.reuseConnection === true;
    const outgoing: ClientRequest = https.request({
      ...tlsOptions(request.trust, request.host),
      method: request.method,
      host: request.host,
      port: request.port,
      path: request.path,
      ...(keepAlive ? {} : { agent: false }),
      headers: {
        Accept: 'application/json',
        ...(keepAlive ? {} : { Connection: 'close' }),
        // A body-less GET or DELETE must not carry one: 501 "Unexpected content for method 'DELETE'".
        ...(request.method === 'POST' || request.method === 'PUT' ? { 'Content-Length': String(length) } : {}),
        ...(upload ? { 'Content-Type': upload.type } : {}),
        ...request.headers,
      },
    });
    const finish = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(total);
      clearTimeout(connect);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const fail = (error: Error): void => {
      finish(() => {
        outgoing.destroy();
        reject(error instanceof HttpFailure ? error : new HttpFailure(error.message, sent, error));
      });
    };
    const onAbort = (): void => { fail(new HttpFailure('cancelled', sent)); };
    const total = setTimeout(() => { fail(new HttpFailure('timed out', sent)); }, request.timeoutMs);
    const connect = setTimeout(() => { fail(new HttpFailure('timed out', false)); }, Math.min(request.connectTimeoutMs ?? 10_000, request.timeoutMs));
    signal.addEventListener('abort', onAbort, { once: true });

    const connected = (): void => {
      sent = true;
      clearTimeout(connect);
    };
    outgoing.once('socket', socket => {
      if (outgoing.reusedSocket) connected();
      else socket.once('secureConnect', connected);
    });
    outgoing.on('error', fail);
    outgoing.once('response', response => {
      // Behind a proxy the socket may have been secured before we saw it.
      connected();
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBodyBytes) fail(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('aborted', () => { fail(new HttpFailure('the connection was closed in the middle of the answer', true)); });
      response.once('end', () => {
        if (response.complete) finish(() => { resolve({ response, body: Buffer.concat(chunks).toString('utf8') }); });
        else fail(new HttpFailure('the connection was closed in the middle of the answer', true));
      });
    });

    if (!upload) {
      outgoing.end(request.body as string | undefined);
      return;
    }
    outgoing.write(upload.head);
    let sentBytes = 0;
    const file = createReadStream(upload.file, { highWaterMark: 256 * 1024 });
    file.on('data', chunk => {
      sentBytes += chunk.length;
      hooks.uploaded?.(sentBytes, upload.size);
    });
    file.once('error', fail);
    file.once('end', () => { outgoing.end(upload.tail); });
    outgoing.once('close', () => { file.destroy(); });
    file.pipe(outgoing, { end: false });
  });
}

function asFailure(error: unknown, request: HttpRequest): GaiaError {
  if (error instanceof GaiaError) return error;
  const failure = error instanceof HttpFailure ? error : new HttpFailure(String(error), true, error);
  return explainFailure(failure, request.host, request.port, request.trust, request.secrets);
}

/** The GaiaError for a connection that failed. Shared with the WebSocket client. */
export function explainFailure(failure: HttpFailure, host: string, port: number, trust: TlsTrust, secrets: readonly string[] = []): GaiaError {
  const address = `${host}:${port}`;
  if (failure.message === 'cancelled') return new GaiaError('cancelled', { message: 'Cancelled.', cause: failure });
  const cause = failure.cause;
  const raw = mask([failure.code, failure.message].filter(Boolean).join(': '), secrets);
  if (cause instanceof PinMismatch) return changedCertificate(address, cause.expected, cause.seen, failure);
  if (isCertificateError(failure.code)) {
    if (trust.kind === 'pinned') return changedCertificate(address, trust.certificate.fingerprint, undefined, failure);
    return new GaiaError('untrusted', {
      message: 'The certificate of {0} is not one that this computer trusts.',
      values: [address],
      hint: 'Compare its SHA-256 fingerprint with the one Proxmox VE shows under node → System → Certificates, and trust it.',
      raw,
      cause: failure,
    });
  }
  if (failure.message === 'timed out') return new GaiaError('didNotAnswer', { message: '{0} did not answer in time.', values: [address], raw, cause: failure });
  const known = connectProblems[failure.code ?? ''];
  return new GaiaError('didNotAnswer', { message: known ?? 'The connection to {0} broke.', values: [address], raw, cause: failure });
}

/**
 * Adds the fingerprint that the server shows now to a refusal by pin: TLS itself only says that the chain is wrong. A look by a bare
 * handshake; nothing is sent. Any other error comes back as it is.
 */
export async function nameWhatIsShown(error: GaiaError, host: string, port: number, trust: TlsTrust): Promise<GaiaError> {
  const { cause, values } = error.detail;
  if (error.code !== 'untrusted' || trust.kind !== 'pinned' || values?.length !== 2 || !(cause instanceof HttpFailure)) return error;
  try {
    const seen = await readCertificate(host, port, AbortSignal.timeout(5000), 5000);
    return changedCertificate(String(values[0]), trust.certificate.fingerprint, seen.fingerprint, cause);
  } catch {
    return error;
  }
}

const connectProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nobody listens at {0}.',
  ENOTFOUND: 'The name of {0} is not known.',
  EAI_AGAIN: 'The name of {0} could not be looked up.',
  EHOSTUNREACH: '{0} cannot be reached from here.',
  ENETUNREACH: '{0} cannot be reached from here.',
  ETIMEDOUT: '{0} did not answer in time.',
  EPROTO: '{0} does not speak TLS.',
  ERR_SSL_WRONG_VERSION_NUMBER: '{0} does not speak TLS.',
};

function changedCertificate(address: string, expected: string, seen: string | undefined, failure: HttpFailure): GaiaError {
  return new GaiaError('untrusted', {
    message: seen === undefined ? '{0} shows another certificate than the trusted one ({1}).' : '{0} shows the certificate {2}, but {1} is the trusted one.',
    values: seen === undefined ? [address, expected] : [address, expected, seen],
    hint: 'If the certificate was renewed on purpose, compare the fingerprints and trust the new one. Nothing was sent.',
    raw: failure.message,
    cause: failure,
  });
}

function isCertificateError(code: string | undefined): boolean {
  return code !== undefined && (/CERT|SIGNATURE|_CRL|ISSUER/.test(code) || code === 'SELF_SIGNED_CERT_IN_CHAIN' || code === 'HOSTNAME_MISMATCH');
}

function isTimeout(error: GaiaError): boolean {
  return error.detail.cause instanceof HttpFailure && error.detail.cause.message === 'timed out';
}

/** Node reads header bytes as Latin-1; Proxmox VE writes its reason phrases in UTF-8. */
function latin1ToUtf8(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}
