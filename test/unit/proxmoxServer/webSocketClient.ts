// A bare WebSocket client for the console tests: masks, unmasks nothing, keeps what came.
import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import type { Duplex } from 'node:stream';
import type { ProxmoxServer } from '../../proxmox/server.ts';

export interface Socket {
  send(data: Buffer | string): void;
  /** The next `length` bytes of all frames joined. */
  read(length: number): Promise<Buffer>;
  /** Waits until what came holds `text`. */
  readUntil(text: string): Promise<string>;
  readonly closed: Promise<void>;
  close(): void;
}

/** Rejects with `status reason` when the server does not upgrade. */
export function openSocket(server: ProxmoxServer, path: string, headers: Readonly<Record<string, string>>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent: false, host: server.host, port: server.port, ca: server.ca, path: `/api2/json${path}`, headers: { ...headers, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Protocol': 'binary', 'Sec-WebSocket-Key': randomBytes(16).toString('base64') } });
    asked.on('response', response => {
      response.resume();
      reject(new Error(`${String(response.statusCode)} ${response.statusMessage ?? ''}`));
    });
    asked.on('error', reject);
    asked.on('upgrade', (response, socket, head) => {
      if (response.headers['sec-websocket-protocol'] !== 'binary') return reject(new Error('no protocol was agreed on'));
      resolve(wrap(socket, head));
    });
    asked.end();
  });
}

function wrap(socket: Duplex, head: Buffer): Socket {
  let raw = head;
  let data = Buffer.alloc(0);
  let wake = (): void => undefined;
  let open = true;
  const parse = (): void => {
    while (raw.length >= 2) {
      let length = (raw[1] as number) & 0x7f;
      let at = 2;
      if (length === 126) {
        if (raw.length < 4) return;
        length = raw.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (raw.length < 10) return;
        length = Number(raw.readBigUInt64BE(2));
        at = 10;
      }
      if (raw.length < at + length) return;
      if (((raw[0] as number) & 0x0f) < 3) data = Buffer.concat([data, raw.subarray(at, at + length)]);
      raw = raw.subarray(at + length);
    }
  };
  socket.on('data', (chunk: Buffer) => {
    raw = Buffer.concat([raw, chunk]);
    parse();
    wake();
  });
  const closed = new Promise<void>(resolve => socket.on('close', () => {
    open = false;
    wake();
    resolve();
  }));
  socket.on('error', () => socket.destroy());
  parse();
  const wait = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (!open) throw new Error('closed');
      await new Promise<void>(resolve => (wake = resolve));
    }
  };
  return {
    send: content => {
      const body = Buffer.from(content);
      const mask = randomBytes(4);
      const header = body.length < 126 ? Buffer.from([0x82, 0x80 | body.length]) : Buffer.from([0x82, 0xfe, body.length >> 8, body.length & 0xff]);
      socket.write(Buffer.concat([header, mask, body.map((byte, i) => byte ^ (mask[i % 4] as number))]));
    },
    read: length =>
      wait(() => {
        if (data.length < length) return undefined;
        const taken = data.subarray(0, length);
        data = data.subarray(length);
        return taken;
      }),
    readUntil: text =>
      wait(() => {
        const at = data.indexOf(text);
        if (at < 0) return undefined;
        const taken = data.subarray(0, at + text.length).toString('utf8');
        data = data.subarray(at + text.length);
        return taken;
      }),
    closed,
    close: () => void socket.destroy(),
  };
}
