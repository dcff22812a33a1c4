// A WebSocket client (RFC 6455) over the same pinned TLS connection as http.ts: for Proxmox VE's consoles. The global WebSocket cannot be told whom to trust.
import { createHash, randomBytes } from 'node:crypto';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { GaiaError } from '../machines/errors.ts';
import { HttpFailure, explainFailure, nameWhatIsShown } from './http.ts';
import { tlsOptions } from './tls.ts';
import type { TlsTrust } from './tls.ts';

export interface WebSocketRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocol?: string;
  readonly trust: TlsTrust;
  readonly timeoutMs: number;
  readonly secrets?: readonly string[];
}

export interface WebSocketHandlers {
  /** A whole message; text arrives as its UTF-8 bytes. */
  message(bytes: Uint8Array): void;
  closed(reason?: string): void;
}

export interface WebSocketConnection {
  send(bytes: Uint8Array): void;
  close(): void;
}

export type OpenWebSocket = (request: WebSocketRequest, handlers: WebSocketHandlers, signal: AbortSignal) => Promise<WebSocketConnection>;

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const maxMessageBytes = 64 * 1024 * 1024;
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Opens a WebSocket. Throws GaiaError `untrusted`, `didNotAnswer`, `cancelled`, or `unexpected` when the server answers without an upgrade (status in `raw`). */
export const openWebSocket: OpenWebSocket = (request, handlers, signal) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new GaiaError('cancelled', { message: 'Cancelled.' }));
      return;
    }
    const key = randomBytes(16).toString('base64');
    const outgoing = https.request({
      ...tlsOptions(request.trust, request.host),
      method: 'GET',
      host: request.host,
      port: request.port,
      path: request.path,
      agent: false,
      headers: {
        ...request.headers,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': key,
        ...(request.protocol === undefined ? {} : { 'Sec-WebSocket-Protocol': request.protocol }),
      },
    });
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const fail = (error: Error): void => {
      settle(() => {
        outgoing.destroy();
        const problem = explainFailure(error instanceof HttpFailure ? error : new HttpFailure(error.message, true, error), request.host, request.port, request.trust, request.secrets);
        void nameWhatIsShown(problem, request.host, request.port, request.trust).then(reject);
      });
    };
    const onAbort = (): void => { fail(new HttpFailure('cancelled', false)); };
    const timer = setTimeout(() => { fail(new HttpFailure('timed out', false)); }, request.timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    outgoing.on('error', fail);
    outgoing.once('response', response => {
      response.resume();
      settle(() => {
        outgoing.destroy();
        reject(new GaiaError('unexpected', { message: 'The server did not open the console: {0}', values: [`${response.statusCode ?? 0} ${response.statusMessage ?? ''}`.trim()], raw: `${response.statusCode ?? 0} ${response.statusMessage ?? ''}` }));
      });
    });
    outgoing.once('upgrade', (response, socket, head) => {
      const accept = createHash('sha1').update(key + guid).digest('base64');
      if (response.headers['sec-websocket-accept'] !== accept) {
        socket.destroy();
        fail(new HttpFailure('the server answered the upgrade wrongly', true));
        return;
      }
      settle(() => { resolve(connection(socket, head, handlers)); });
    });
    outgoing.end();
  });

function connection(socket: Duplex, head: Buffer, handlers: WebSocketHandlers): WebSocketConnection {
  let open = true;
  const end = (reason?: string): void => {
    if (!open) return;
    open = false;
    socket.destroy();
    handlers.closed(reason);
  };
  const reader = new FrameReader((opcode, payload) => {
    if (opcode === opcodes.ping) socket.write(encodeFrame(opcodes.pong, payload));
    else if (opcode === opcodes.close) {
      if (open) socket.write(encodeFrame(opcodes.close, payload.subarray(0, 2)));
      end(payload.length > 2 ? new TextDecoder().decode(payload.subarray(2)) : undefined);
    } else if (opcode !== opcodes.pong) handlers.message(payload);
  });
  const read = (chunk: Uint8Array): void => {
    if (!open) return;
    try {
      reader.push(chunk);
    } catch (error) {
      end(error instanceof Error ? error.message : String(error));
    }
  };
  socket.on('data', read);
  socket.once('error', error => { end(error.message); });
  socket.once('close', () => { end(); });
  // After the caller has the connection in hand: the first frame may have come with the upgrade.
  if (head.length > 0) queueMicrotask(() => { read(head); });
  return {
    send: bytes => {
      if (open) socket.write(encodeFrame(opcodes.binary, bytes));
    },
    close: () => {
      if (!open) return;
      open = false;
      socket.end(encodeFrame(opcodes.close, Uint8Array.of(0x03, 0xe8)));
      const timer = setTimeout(() => { socket.destroy(); }, 500);
      socket.once('close', () => { clearTimeout(timer); });
      handlers.closed();
    },
  };
}

/** One masked client frame. */
export function encodeFrame(opcode: number, payload: Uint8Array, mask: Uint8Array = randomBytes(4)): Uint8Array {
  const short = payload.length < 126;
  const header = Buffer.alloc(short ? 2 : payload.length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  if (short) header[1] = 0x80 | payload.length;
  else if (header.length === 4) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(payload.length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  const body = Buffer.from(payload);
  for (let i = 0; i < body.length; i++) body[i] = (body[i] as number) ^ (mask[i & 3] as number);
  return Buffer.concat([header, mask, body]);
}

/** Takes bytes in any cut and gives whole messages and control frames. Throws on a broken stream. */
export class FrameReader {
  readonly #emit: (opcode: number, payload: Uint8Array) => void;
  #buffer = Buffer.alloc(0);
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Bytes without which there is no use in looking again: a long frame in small pieces is put together once. */
  #need = 2;
  #parts: Buffer[] = [];
  #opcode = 0;

  constructor(emit: (opcode: number, payload: Uint8Array) => void) {
    this.#emit = emit;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#need) return;
    this.#buffer = Buffer.concat(this.#chunks);
    while (this.#frame());
    this.#chunks = this.#buffer.length === 0 ? [] : [this.#buffer];
    this.#size = this.#buffer.length;
  }

  #frame(): boolean {
    const buffer = this.#buffer;
    const wait = (bytes: number): false => {
      this.#need = bytes;
      return false;
    };
    if (buffer.length < 2) return wait(2);
    const first = buffer[0] as number;
    const second = buffer[1] as number;
    const masked = (second & 0x80) !== 0;
    let length = second & 0x7f;
    let offset = 2;
    if (length === 126) {
      if (buffer.length < 4) return wait(4);
      length = buffer.readUInt16BE(2);
      offset = 4;
    } else if (length === 127) {
      if (buffer.length < 10) return wait(10);
      length = Number(buffer.readBigUInt64BE(2));
      offset = 10;
    }
    if (length > maxMessageBytes) throw new Error('a WebSocket frame is too large');
    const end = offset + (masked ? 4 : 0) + length;
    if (buffer.length < end) return wait(end);
    const payload = Buffer.from(buffer.subarray(end - length, end));
    if (masked) for (let i = 0; i < length; i++) payload[i] = (payload[i] as number) ^ (buffer[offset + (i & 3)] as number);
    this.#buffer = buffer.subarray(end);
    this.#need = 2;
    this.#take(first & 0x0f, (first & 0x80) !== 0, payload);
    return true;
  }

  #take(opcode: number, last: boolean, payload: Buffer): void {
    if (opcode >= 8) {
      this.#emit(opcode, payload);
      return;
    }
    if (opcode !== opcodes.continuation) {
      this.#opcode = opcode;
      this.#parts = [];
    }
    this.#parts.push(payload);
    if (!last) return;
    const message = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#emit(this.#opcode, message);
  }
}
