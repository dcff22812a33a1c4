// What noVNC takes for a WebSocket: bytes go to the host and come from it as messages, so the page itself opens no connection.
import type { RawChannel } from '@novnc/novnc';

export class ByteChannel implements RawChannel {
  binaryType = 'arraybuffer';
  readonly protocol = 'binary';
  readyState = 'open';
  onopen: RawChannel['onopen'] = null;
  onmessage: RawChannel['onmessage'] = null;
  onerror: RawChannel['onerror'] = null;
  onclose: RawChannel['onclose'] = null;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #ended: () => void;

  /** `send` gets what noVNC says; `ended` is called when noVNC closes it. */
  constructor(send: (bytes: Uint8Array) => void, ended: () => void) {
    this.#send = send;
    this.#ended = ended;
  }

  send(data: ArrayBufferView): void {
    if (this.readyState !== 'open') return;
    // noVNC uses its buffer again: the message needs bytes of its own.
    this.#send(new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice());
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.#ended();
    this.onclose?.({ code: 1000, reason: '', wasClean: true });
  }

  receive(bytes: Uint8Array): void {
    if (this.readyState === 'open') this.onmessage?.({ data: bytes.slice().buffer });
  }

  /** The host's end is gone. */
  lost(reason: string): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.onclose?.({ code: 1006, reason, wasClean: reason === '' });
  }
}
