// The server's side of a WebSocket: the handshake and the frames, as far as consoles need them.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export interface Peer {
  send(data: Uint8Array | string): void;
  close(code?: number): void;
  /** Cuts the connection without a word. */
  destroy(): void;
  onData: (data: Buffer) => void;
  onClose: () => void;
}

export function acceptWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer): Peer {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const wanted = String(request.headers['sec-websocket-protocol'] ?? '').split(/,\s*/);
  const protocol = wanted.includes('binary') ? 'Sec-WebSocket-Protocol: binary\r\n' : '';
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol}\r\n`);
  return framed(socket, head);
}

function framed(socket: Duplex, head: Buffer): Peer {
  let rest = head;
  let parts: Buffer[] = [];
  let closed = false;
  const write = (opcode: number, data: Buffer): void => {
    if (closed || socket.destroyed) return;
    const { length } = data;
    const header = length < 126 ? Buffer.from([0x80 | opcode, length]) : length < 65536 ? Buffer.from([0x80 | opcode, 126, length >> 8, length & 0xff]) : Buffer.concat([Buffer.from([0x80 | opcode, 127]), wide(length)]);
    socket.write(Buffer.concat([header, data]));
  };
  const end = (): void => {
    if (closed) return;
    closed = true;
    peer.onClose();
  };
  const peer: Peer = {
    send: data => write(2, Buffer.from(data)),
    close: (code = 1000) => {
      write(8, Buffer.from([code >> 8, code & 0xff]));
      socket.end();
      end();
    },
    destroy: () => {
      socket.destroy();
      end();
    },
    onData: () => undefined,
    onClose: () => undefined,
  };
  const read = (): void => {
    for (;;) {
      if (rest.length < 2) return;
      const [first = 0, second = 0] = rest;
      let length = second & 0x7f;
      let at = 2;
      if (length === 126) {
        if (rest.length < 4) return;
        length = rest.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (rest.length < 10) return;
        length = Number(rest.readBigUInt64BE(2));
        at = 10;
      }
      // A client must mask; one that does not is cut off.
      if ((second & 0x80) === 0) return peer.destroy();
      if (rest.length < at + 4 + length) return;
      const mask = rest.subarray(at, at + 4);
      const data = Buffer.from(rest.subarray(at + 4, at + 4 + length));
      for (let i = 0; i < data.length; i += 1) data[i] = (data[i] as number) ^ (mask[i % 4] as number);
      rest = rest.subarray(at + 4 + length);
      const opcode = first & 0x0f;
      if (opcode === 8) return peer.close();
      if (opcode === 9) write(10, data);
      if (opcode > 2) continue;
      parts.push(data);
      if ((first & 0x80) !== 0) {
        const whole = Buffer.concat(parts);
        parts = [];
        peer.onData(whole);
      }
    }
  };
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    read();
  });
  socket.on('close', end);
  socket.on('error', end);
  if (head.length > 0) setImmediate(read);
  return peer;
}

function wide(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}
