// A web server for boxes and images that misbehaves on demand: slow, cut off, lying about lengths, changing files, redirecting, signing in.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What one path answers. Functions of the request's number (0 = first request for that path), so that it can change its ways. */
export interface Served {
  readonly body?: Uint8Array | string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: a strong one made of the body. `false`: none. */
  readonly etag?: string | false;
  readonly lastModified?: string;
  /** Default true: answers ranges as HTTP asks. */
  readonly ranges?: boolean;
  /** Answers 206 to any range, whatever If-Range says. */
  readonly ignoreIfRange?: boolean;
  /** Ends the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Sends nothing more after so many bytes, and keeps the connection. */
  readonly stallAfter?: number;
  /** Says this length whatever the body is. `false`: says none (chunked). */
  readonly declaredLength?: number | false;
  readonly chunkBytes?: number;
  readonly delayMs?: number;
}
export type Behaviour = Served | ((request: number, message: IncomingMessage) => Served);

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface ImageServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  serve(path: string, behaviour: Behaviour): string;
  seenAt(path: string): readonly SeenRequest[];
  close(): Promise<void>;
}

export async function startImageServer(): Promise<ImageServer> {
  const behaviours = new Map<string, Behaviour>();
  const seen: SeenRequest[] = [];
  const server = createServer((message, response) => {
    const path = new URL(message.url ?? '/', 'http://x').pathname;
    const number = seen.filter(request => request.path === path && request.method === message.method).length;
    seen.push({ method: message.method ?? '', path, headers: message.headers });
    const behaviour = behaviours.get(path);
    if (!behaviour) {
      response.writeHead(404).end('not here');
      return;
    }
    void answer(message, response, typeof behaviour === 'function' ? behaviour(number, message) : behaviour);
  });
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve); });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    serve: (path, behaviour) => {
      behaviours.set(path, behaviour);
      return `${url}${path}`;
    },
    seenAt: path => seen.filter(request => request.path === path && request.method === 'GET'),
    close: () => new Promise(resolve => {
      server.closeAllConnections();
      server.close(() => { resolve(); });
    }),
  };
}

async function answer(message: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const whole = Buffer.from(served.body ?? '');
  const etag = served.etag === false ? undefined : (served.etag ?? `"${createHash('sha1').update(whole).digest('hex')}"`);
  const headers: Record<string, string> = { ...(etag === undefined ? {} : { etag }), ...(served.lastModified === undefined ? {} : { 'last-modified': served.lastModified }), ...served.headers };
  const range = /^bytes=(\d+)-$/.exec(message.headers.range ?? '');
  const mark = message.headers['if-range'];
  let status = served.status ?? 200;
  let from = 0;
  if (status === 200 && range && served.ranges !== false && (served.ignoreIfRange === true || mark === undefined || mark === etag || mark === served.lastModified)) {
    from = Number(range[1]);
    status = from >= whole.length ? 416 : 206;
    headers['content-range'] = status === 416 ? `bytes */${whole.length}` : `bytes ${from}-${whole.length - 1}/${whole.length}`;
  }
  const body = status === 416 ? Buffer.alloc(0) : whole.subarray(from);
  if (served.declaredLength !== false) headers['content-length'] = String(served.declaredLength ?? body.length);
  response.writeHead(status, headers);
  if (message.method === 'HEAD') {
    response.end();
    return;
  }
  const step = served.chunkBytes ?? 64 * 1024;
  for (let at = 0; at < body.length; at += step) {
    const end = Math.min(at + step, body.length, served.cutAfter ?? Infinity, served.stallAfter ?? Infinity);
    if (end > at) await new Promise<void>(resolve => { response.write(body.subarray(at, end), () => { resolve(); }); });
    if (end === served.cutAfter) {
      response.socket?.end();
      response.socket?.destroySoon();
      return;
    }
    if (end === served.stallAfter || response.destroyed) return;
    if (served.delayMs) await new Promise(resolve => setTimeout(resolve, served.delayMs));
  }
  if (served.declaredLength !== undefined && served.declaredLength !== false && served.declaredLength > body.length) response.socket?.end();
  else response.end();
}
