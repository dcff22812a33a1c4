// A plain HTTPS client for the stand-in's own tests.
import { request as send, type Agent } from 'node:https';
import type { ProxmoxServer } from '../../proxmox/server.ts';

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body; undefined when it is no JSON. */
  readonly body: { readonly data?: unknown; readonly message?: string; readonly errors?: Readonly<Record<string, string>>; readonly total?: number } | undefined;
}

export interface CallOptions {
  readonly authorization?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly ca?: string;
  /** Default: a connection of its own for every call. */
  readonly agent?: Agent;
  /** Sent as it is, in place of the parameters. */
  readonly rawBody?: string | Buffer;
}

export const encode = (parameters: Readonly<Record<string, unknown>>): string => Object.entries(parameters).map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(String(v))}`).join('&');

/** One call with the root token, unless told otherwise. */
export function call(server: ProxmoxServer, method: string, path: string, parameters: Readonly<Record<string, unknown>> = {}, options: CallOptions = {}): Promise<Reply> {
  const inBody = method === 'POST' || method === 'PUT';
  const form = encode(parameters);
  const body = options.rawBody ?? (inBody ? form : '');
  const port = options.node === undefined ? server.port : (server.ports[options.node] as number);
  return new Promise((resolve, reject) => {
    const request = send(
      {
        host: server.host,
        port,
        method,
        path: `/api2/json${path}${!inBody && form !== '' ? `?${form}` : ''}`,
        ca: options.ca ?? server.ca,
        headers: {
          ...(options.authorization === null ? {} : { Authorization: options.authorization ?? server.root.authorization }),
          ...(inBody ? { 'Content-Length': Buffer.byteLength(body), ...(body.length > 0 ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}) } : {}),
          ...options.headers,
        },
        agent: options.agent ?? false,
      },
      response => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          let parsed: Reply['body'];
          try {
            parsed = JSON.parse(text) as Reply['body'];
          } catch {
            parsed = undefined;
          }
          resolve({ status: response.statusCode ?? 0, reason: Buffer.from(response.statusMessage ?? '', 'latin1').toString('utf8'), headers: response.headers, text, body: parsed });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Polls a task to its end; gives its exit status. */
export async function finish(server: ProxmoxServer, upid: unknown, agent?: Agent): Promise<string> {
  const node = String(upid).split(':')[1] ?? '';
  for (;;) {
    const { body } = await call(server, 'GET', `/nodes/${node}/tasks/${encodeURIComponent(String(upid))}/status`, {}, agent === undefined ? {} : { agent });
    const data = body?.data as { status?: string; exitstatus?: string } | undefined;
    if (data?.status === 'stopped') return data.exitstatus ?? '';
    if (data === undefined) throw new Error(`no such task ${String(upid)}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
