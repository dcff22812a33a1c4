// A small RFB 3.8 server: VNC authentication, one picture, raw rectangles, and a note of every key and click.
import { createCipheriv, randomBytes } from 'node:crypto';
import { paintText } from './screenFont.ts';
import type { Peer } from './webSocket.ts';

interface PixelFormat {
  readonly bytes: number;
  readonly bigEndian: boolean;
  readonly max: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

/** DES with one key, as triple DES with three equal ones (plain DES is gone from OpenSSL 3). VNC takes each key byte backwards. */
export function vncResponse(password: string, challenge: Buffer): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password, 'latin1').copy(key, 0, 0, 8);
  const reversed = Buffer.from(key.map(byte => Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)));
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([reversed, reversed, reversed]), null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

export class RfbSession {
  width = 640;
  height = 400;
  readonly keys: { readonly down: boolean; readonly keysym: number }[] = [];
  readonly clicks: { readonly x: number; readonly y: number; readonly buttons: number }[] = [];
  /** What the client put on the clipboard. */
  readonly clipboard: string[] = [];
  framesSent = 0;
  authenticated = false;
  private stage: 'version' | 'security' | 'response' | 'init' | 'running' = 'version';
  private buffer: Buffer = Buffer.alloc(0);
  private format: PixelFormat = { bytes: 4, bigEndian: false, max: [255, 255, 255], shift: [16, 8, 0] };
  private encodings: number[] = [];
  private typed = '';
  private dirty = true;
  private resized = false;
  private waiting = false;
  private readonly challenge = randomBytes(16);
  private readonly peer: Peer;
  private readonly title: string;
  private readonly password: string;

  constructor(peer: Peer, title: string, password: string) {
    this.peer = peer;
    this.title = title;
    this.password = password;
    peer.onData = data => {
      this.buffer = Buffer.concat([this.buffer, data]);
      while (this.step());
    };
    peer.send('RFB 003.008\n');
  }

  dispose(): void {
    this.waiting = false;
  }

  /** The guest changes its resolution. */
  resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.resized = true;
    this.dirty = true;
    this.update();
  }

  /** The guest puts text on the clipboard. */
  cut(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    const head = Buffer.alloc(8);
    head[0] = 3;
    head.writeUInt32BE(bytes.length, 4);
    this.peer.send(Buffer.concat([head, bytes]));
  }

  private take(length: number): Buffer | undefined {
    if (this.buffer.length < length) return undefined;
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    return taken;
  }

  private step(): boolean {
    switch (this.stage) {
      case 'version': {
        if (!this.take(12)) return false;
        this.peer.send(Buffer.from([1, 2]));
        this.stage = 'security';
        return true;
      }
      case 'security': {
        if (!this.take(1)) return false;
        this.peer.send(this.challenge);
        this.stage = 'response';
        return true;
      }
      case 'response': {
        const answer = this.take(16);
        if (!answer) return false;
        if (!answer.equals(vncResponse(this.password, this.challenge))) {
          const reason = Buffer.from('Authentication failed');
          this.peer.send(Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, reason.length]), reason]));
          this.peer.close();
          return false;
        }
        this.authenticated = true;
        this.peer.send(Buffer.from([0, 0, 0, 0]));
        this.stage = 'init';
        return true;
      }
      case 'init': {
        if (!this.take(1)) return false;
        const name = Buffer.from(this.title);
        const head = Buffer.alloc(24);
        head.writeUInt16BE(this.width, 0);
        head.writeUInt16BE(this.height, 2);
        Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]).copy(head, 4);
        head.writeUInt32BE(name.length, 20);
        this.peer.send(Buffer.concat([head, name]));
        this.stage = 'running';
        return true;
      }
      case 'running':
        return this.message();
    }
  }

  private message(): boolean {
    const type = this.buffer[0];
    if (type === undefined) return false;
    const sizes: Readonly<Record<number, number>> = { 0: 20, 3: 10, 4: 8, 5: 6 };
    if (type === 2) {
      if (this.buffer.length < 4) return false;
      const message = this.take(4 + this.buffer.readUInt16BE(2) * 4);
      if (!message) return false;
      this.encodings = Array.from({ length: (message.length - 4) / 4 }, (_, i) => message.readInt32BE(4 + i * 4));
      return true;
    }
    if (type === 6) {
      if (this.buffer.length < 8) return false;
      const length = this.buffer.readInt32BE(4);
      const message = this.take(8 + Math.abs(length));
      if (!message) return false;
      if (length >= 0) this.clipboard.push(message.subarray(8).toString('latin1'));
      return true;
    }
    const size = sizes[type];
    if (size === undefined) {
      this.peer.close(1002);
      return false;
    }
    const message = this.take(size);
    if (!message) return false;
    if (type === 0) this.format = { bytes: (message[4] as number) / 8, bigEndian: message[6] !== 0, max: [message.readUInt16BE(8), message.readUInt16BE(10), message.readUInt16BE(12)], shift: [message[14] as number, message[15] as number, message[16] as number] };
    if (type === 3) {
      this.waiting = true;
      if (message[1] === 0) this.dirty = true;
      this.update();
    }
    if (type === 4) this.key(message[1] !== 0, message.readUInt32BE(4));
    if (type === 5) this.clicks.push({ buttons: message[1] as number, x: message.readUInt16BE(2), y: message.readUInt16BE(4) });
    return true;
  }

  private key(down: boolean, keysym: number): void {
    this.keys.push({ down, keysym });
    if (!down) return;
    if (keysym >= 32 && keysym < 127) this.typed += String.fromCharCode(keysym);
    if (keysym === 0xff08) this.typed = this.typed.slice(0, -1);
    if (keysym === 0xff0d) this.typed = '';
    this.dirty = true;
    this.update();
  }

  private update(): void {
    if (this.stage !== 'running' || !this.waiting || !this.dirty) return;
    this.waiting = false;
    this.dirty = false;
    const rectangles: Buffer[] = [];
    if (this.resized && this.encodings.includes(-223)) {
      rectangles.push(this.rectangle(-223, Buffer.alloc(0)));
    }
    this.resized = false;
    rectangles.push(this.rectangle(0, this.pixels()));
    this.framesSent += 1;
    this.peer.send(Buffer.concat([Buffer.from([0, 0, 0, rectangles.length]), ...rectangles]));
  }

  private rectangle(encoding: number, data: Buffer): Buffer {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(this.width, 4);
    head.writeUInt16BE(this.height, 6);
    head.writeInt32BE(encoding, 8);
    return Buffer.concat([head, data]);
  }

  private pixels(): Buffer {
    const { width, height } = this;
    const rgb = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const at = (y * width + x) * 3;
        rgb[at] = 16 + Math.floor((y / height) * 40);
        rgb[at + 1] = 24 + Math.floor((x / width) * 60);
        rgb[at + 2] = 64 + Math.floor((y / height) * 90);
      }
    }
    const lines = [this.title, 'Debian GNU/Linux 13 tty1', '', `login: ${this.typed}_`];
    lines.forEach((line, index) => paintText(rgb, width, height, 24, 32 + index * 28, 3, line));
    const { bytes, bigEndian, max, shift } = this.format;
    const out = Buffer.alloc(width * height * bytes);
    for (let i = 0; i < width * height; i += 1) {
      const value = [0, 1, 2].reduce((sum, c) => sum + Math.floor(((rgb[i * 3 + c] as number) * (max[c] as number)) / 255) * 2 ** (shift[c] as number), 0);
      if (bigEndian) out.writeUIntBE(value, i * bytes, bytes);
      else out.writeUIntLE(value, i * bytes, bytes);
    }
    return out;
  }
}
