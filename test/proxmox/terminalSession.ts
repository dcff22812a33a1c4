// termproxy's protocol: the client says `user:ticket`, hears `OK`, then sends `0:length:text`, `1:columns:rows:` and `2`. Here an echoing shell answers.
import type { Peer } from './webSocket.ts';

export class TerminalSession {
  /** What was typed, in all. */
  typed = '';
  columns = 80;
  rows = 24;
  pings = 0;
  loggedIn = false;
  private line = '';
  private readonly peer: Peer;
  private readonly host: string;

  constructor(peer: Peer, host: string, expected: { readonly user: string; readonly ticket: string }) {
    this.peer = peer;
    this.host = host;
    let buffer: Buffer = Buffer.alloc(0);
    peer.onData = data => {
      buffer = Buffer.concat([buffer, data]);
      if (!this.loggedIn) {
        const end = buffer.indexOf('\n');
        if (end < 0) return;
        const given = buffer.subarray(0, end).toString('utf8');
        buffer = buffer.subarray(end + 1);
        if (given !== `${expected.user}:${expected.ticket}`) return peer.close(1008);
        this.loggedIn = true;
        peer.send('OK');
        this.print(`Linux ${host}\r\n\r\n`);
        this.prompt();
      }
      buffer = this.take(buffer);
    };
  }

  dispose(): void {
    this.line = '';
  }

  /** Something the guest prints by itself. */
  print(text: string): void {
    this.peer.send(text);
  }

  private prompt(): void {
    this.print(`root@${this.host}:~# `);
  }

  private take(source: Buffer): Buffer {
    let rest = source;
    for (;;) {
      const head = rest.subarray(0, 32).toString('latin1');
      const input = /^0:(\d+):/.exec(head);
      const size = /^1:(\d+):(\d+):/.exec(head);
      if (input) {
        const from = input[0].length;
        const to = from + Number(input[1]);
        if (rest.length < to) return rest;
        this.type(rest.subarray(from, to).toString('utf8'));
        rest = rest.subarray(to);
      } else if (size) {
        this.columns = Number(size[1]);
        this.rows = Number(size[2]);
        rest = rest.subarray(size[0].length);
      } else if (head.startsWith('2')) {
        this.pings += 1;
        rest = rest.subarray(1);
      } else return rest;
    }
  }

  private type(text: string): void {
    this.typed += text;
    for (const letter of text) {
      if (letter === '\r' || letter === '\n') {
        const command = this.line.trim();
        this.line = '';
        this.print('\r\n');
        if (command === 'exit') return this.peer.close();
        if (command === 'stty size') this.print(`${String(this.rows)} ${String(this.columns)}\r\n`);
        else if (command !== '') this.print(`${command.replace(/^echo /, '')}\r\n`);
        this.prompt();
      } else if (letter === '\x7f') {
        this.line = this.line.slice(0, -1);
        this.print('\b \b');
      } else {
        this.line += letter;
        this.print(letter);
      }
    }
  }
}
