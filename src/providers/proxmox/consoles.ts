// Consoles: VNC bytes for noVNC, and terminals (serial line of a VM, console of a container, shell of a node), all over the pinned connection.
import { GaiaError } from '../../machines/errors.ts';
import type { ByteChannel, ByteHandlers, Console, ConsoleTarget, Terminal, TerminalChannel, TerminalTarget } from '../../machines/provider.ts';
import type { OpenWebSocket, WebSocketConnection, WebSocketHandlers } from '../../system/webSocket.ts';
import type { Client } from './client.ts';
import { number, record, text } from './fields.ts';
import { parseSettings } from './parse.ts';
import { readStatus } from './power.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { ApiRequest, Guest } from './requests.ts';

export interface ConsoleDeps extends PartDeps {
  readonly client: Client;
  readonly openWebSocket: OpenWebSocket;
  readonly hidden: () => readonly string[];
}

interface Proxy {
  readonly port: number;
  readonly ticket: string;
  readonly user: string;
  readonly password: string;
}

function parseProxy(data: unknown): Proxy {
  const reply = record(data);
  const port = number(reply['port']);
  const ticket = text(reply['ticket']);
  if (port === undefined || ticket === undefined) throw new GaiaError('unexpected', { message: 'Proxmox VE gave no way to the console.' });
  // Where it generates no password, the VNC password is the ticket itself.
  return { port, ticket, user: text(reply['user']) ?? '', password: text(reply['password']) ?? ticket };
}

/**
 * The target's `connect` may be called once: its ticket is good for one connection and a few seconds. To reconnect (after a migration, a
 * reboot, a lost network) call `open` again.
 */
export function createConsole(deps: ConsoleDeps): Console {
  return {
    open: async (id, context): Promise<ConsoleTarget> => {
      const { guest, machine } = await deps.directory.find(deps.calls, id, context.signal);
      // On a stopped machine the proxy answers 200 and its task dies ten seconds later.
      await mustRun(deps, guest, machine.name, context.signal);
      const proxy = parseProxy(await deps.calls.change(requests.vncProxy(guest), context.signal));
      return { kind: 'vnc', password: proxy.password, connect: handlers => connectBytes(deps, requests.vncWebSocket(guest, proxy), proxy, handlers) };
    },
  };
}

export function createTerminal(deps: ConsoleDeps): Terminal {
  return {
    open: async (id, signal): Promise<TerminalTarget> => {
      const { guest, machine } = await deps.directory.find(deps.calls, id, signal);
      await mustRun(deps, guest, machine.name, signal);
      if (guest.kind === 'qemu') {
        const settings = parseSettings((await deps.calls.get(requests.config(guest, { current: true }), signal)).data);
        if (!Object.keys(settings).some(key => /^serial[0-3]$/.test(key) && settings[key] === 'socket')) {
          throw new GaiaError('notSupported', { message: '{0} has no serial console.', values: [machine.name], machine: machine.name, hint: 'Set its serial0 to “socket” and let the guest log in on ttyS0 (console=ttyS0). Or connect by SSH.' });
        }
      }
      const proxy = parseProxy(await deps.calls.change(requests.termProxy(guest), signal));
      return terminal(deps, requests.vncWebSocket(guest, proxy), proxy);
    },
  };
}

/** A shell on a node: needs Sys.Console. */
export async function openNodeTerminal(deps: ConsoleDeps, node: string, signal: AbortSignal): Promise<TerminalTarget> {
  const proxy = parseProxy(await deps.calls.change(requests.nodeTermProxy(node), signal));
  return terminal(deps, requests.nodeVncWebSocket(node, proxy), proxy);
}

async function mustRun(deps: PartDeps, guest: Guest, name: string, signal: AbortSignal): Promise<void> {
  if (!(await readStatus(deps, guest, signal)).running) throw new GaiaError('wrongState', { message: '{0} does not run, so it has no console.', values: [name], machine: name, hint: 'Start it first.' });
}

/** Opens in the background; what is sent before it is open waits. */
function connectBytes(deps: ConsoleDeps, request: ApiRequest, proxy: Proxy, handlers: ByteHandlers): ByteChannel {
  const stop = new AbortController();
  const waiting: Uint8Array[] = [];
  let connection: WebSocketConnection | undefined;
  let over = false;
  const closed = (reason?: string): void => {
    if (over) return;
    over = true;
    handlers.closed(reason);
  };
  open(deps, request, proxy, { message: bytes => { if (!over) handlers.data(bytes); }, closed }, stop.signal).then(
    opened => {
      connection = opened;
      if (over) opened.close();
      else for (const bytes of waiting.splice(0)) opened.send(bytes);
    },
    (error: unknown) => { closed(error instanceof Error ? error.message : String(error)); },
  );
  return {
    send: bytes => {
      if (over) return;
      if (connection) connection.send(bytes);
      else waiting.push(bytes);
    },
    dispose: () => {
      if (over) return;
      over = true;
      stop.abort();
      connection?.close();
    },
  };
}

async function open(deps: ConsoleDeps, request: ApiRequest, proxy: Proxy, handlers: WebSocketHandlers, signal: AbortSignal): Promise<WebSocketConnection> {
  const { hop, path, headers } = await deps.client.prepared(request, signal);
  return deps.openWebSocket({ host: hop.host, port: hop.port, trust: hop.trust, path, headers, protocol: 'binary', timeoutMs: 20_000, secrets: [...deps.hidden(), proxy.ticket, encodeURIComponent(proxy.ticket)] }, handlers, signal);
}

const pingMs = 30_000;

/** termproxy's protocol: `user:ticket` first, `OK` back, then `0:<bytes>:<text>` for keys, `1:<columns>:<rows>:` for the size, `2` to stay alive. */
function terminal(deps: ConsoleDeps, request: ApiRequest, proxy: Proxy): TerminalTarget {
  return {
    kind: 'stream',
    connect: (size, handlers): TerminalChannel => {
      const decoder = new TextDecoder();
      const encoder = new TextEncoder();
      let greeted = false;
      let over = false;
      let ping: ReturnType<typeof setInterval> | undefined;
      const stopPing = (): void => { if (ping) clearInterval(ping); };
      const bytes = connectBytes(deps, request, proxy, {
        data: chunk => {
          let rest = chunk;
          if (!greeted) {
            greeted = true;
            // "OK" may share its frame with the first output.
            if (chunk[0] === 0x4f && chunk[1] === 0x4b) rest = chunk.subarray(2);
            send(sizeMessage(size));
            ping = setInterval(() => { send('2'); }, pingMs);
          }
          const said = decoder.decode(rest, { stream: true });
          if (said !== '' && !over) handlers.data(said);
        },
        closed: reason => {
          stopPing();
          if (over) return;
          over = true;
          handlers.closed(reason);
        },
      });
      const send = (message: string): void => { bytes.send(encoder.encode(message)); };
      send(`${proxy.user}:${proxy.ticket}\n`);
      return {
        send: said => { send(keysMessage(said)); },
        resize: next => { send(sizeMessage(next)); },
        dispose: () => {
          over = true;
          stopPing();
          bytes.dispose();
        },
      };
    },
  };
}

/** The length counts bytes, not characters. */
export function keysMessage(said: string): string {
  return `0:${new TextEncoder().encode(said).length}:${said}`;
}
function sizeMessage(size: { readonly columns: number; readonly rows: number }): string {
  return `1:${size.columns}:${size.rows}:`;
}
