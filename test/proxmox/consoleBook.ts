// Consoles asked for by vncproxy and termproxy: a port, a ticket, a task that waits ten seconds for the WebSocket.
import { createHmac, randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import { ApiError, die } from './apiError.ts';
import type { Call } from './call.ts';
import type { Cluster } from './cluster.ts';
import { durations } from './cluster.ts';
import type { GuestState } from './model.ts';
import { nameOf } from './rights.ts';
import { RfbSession } from './rfb.ts';
import { TerminalSession } from './terminalSession.ts';
import type { Peer } from './webSocket.ts';

export interface ConsoleRecord {
  readonly kind: 'vnc' | 'term';
  readonly node: string;
  readonly guest: GuestState | undefined;
  readonly port: number;
  readonly ticket: string;
  readonly password: string | undefined;
  readonly user: string;
  readonly upid: string;
  /** What was spoken, once connected. */
  session?: RfbSession | TerminalSession;
  peer?: Peer;
}

export class ConsoleBook {
  private readonly cluster: Cluster;
  private readonly secret = randomBytes(16);
  private nextPort = 5900;
  /** A real machine whose screen and keyboard stand in for those of all guests: the socket of its VNC server, and how its password is set, as Proxmox VE does for each console. */
  real: { readonly screen: string; setPassword(password: string): Promise<void> } | undefined;
  /** Every console asked for, oldest first. */
  readonly all: ConsoleRecord[] = [];

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Opens a console; gives what the API answers. */
  open(call: Call, kind: 'vnc' | 'term', guest: GuestState | undefined, options: { readonly password?: boolean; readonly taskType: string }): { readonly record: ConsoleRecord; readonly user: string } {
    const { cluster } = this;
    const port = this.nextPort;
    this.nextPort = this.nextPort >= 5999 ? 5900 : this.nextPort + 1;
    const user = nameOf(call.who);
    const time = cluster.clock.seconds().toString(16).toUpperCase();
    const path = guest ? `/vms/${String(guest.vmid)}` : `/nodes/${call.node.name}`;
    const mac = createHmac('sha512', this.secret).update(`${user}:${path}:${time}:${String(port)}`).digest('base64');
    const password = options.password ? Array.from(randomBytes(8), b => String.fromCharCode(33 + (b % 90))).join('').replace(/[\\"]/g, 'x') : undefined;
    const ticket = `${password === undefined ? '' : `${password}:`}PVEVNC:${time}::${(mac + mac + mac + mac).replaceAll('=', 'A').slice(0, 342)}==`;
    let connected = (): void => undefined;
    let left = (): void => undefined;
    const arrival = new Promise<void>(resolve => (connected = resolve));
    const departure = new Promise<void>(resolve => (left = resolve));
    const upid = cluster.task(call, options.taskType, guest?.vmid ?? '', async worker => {
      worker.log(`starting ${kind === 'vnc' ? 'vnc' : 'term'} proxy ${upid}`);
      const patience = new AbortController();
      const stopped = new Promise<void>(resolve => worker.signal.addEventListener('abort', () => resolve()));
      const came = await Promise.race([arrival.then(() => true), stopped.then(() => true), cluster.clock.wait(durations.consoleWait, patience.signal).then(() => false, () => true)]);
      patience.abort();
      if (!came) die('connection timed out');
      if (worker.signal.aborted) return;
      await Promise.race([departure, stopped]);
    });
    const record: ConsoleRecord = { kind, node: call.node.name, guest, port, ticket, password, user, upid };
    if (this.all.length >= 500) for (const old of this.all.splice(0, 250)) this.ends.delete(old);
    this.all.push(record);
    this.ends.set(record, { connected, left });
    return { record, user };
  }

  private readonly ends = new Map<ConsoleRecord, { connected: () => void; left: () => void }>();

  /** The record for a WebSocket request, or the real refusal. */
  find(node: string, port: number, ticket: string): ConsoleRecord {
    const record = this.all.findLast(r => r.node === node && r.port === port);
    if (record?.ticket !== ticket) throw new ApiError(401, 'permission denied - invalid PVEVNC ticket');
    return record;
  }

  connect(record: ConsoleRecord, peer: Peer): void {
    record.peer = peer;
    this.ends.get(record)?.connected();
    if (record.kind === 'vnc' && record.guest?.status === 'stopped') {
      peer.close(1001);
      return;
    }
    if (record.kind === 'vnc' && this.real) {
      void this.relay(record, peer, this.real);
      return;
    }
    const title = record.guest ? `QEMU (${String(record.guest.config['name'] ?? `VM ${String(record.guest.vmid)}`)})` : record.node;
    record.session = record.kind === 'vnc' ? new RfbSession(peer, title, record.password ?? record.ticket) : new TerminalSession(peer, record.guest ? String(record.guest.config['name'] ?? record.guest.config['hostname'] ?? record.guest.vmid) : record.node, record);
    peer.onClose = () => {
      record.session?.dispose();
      this.ends.get(record)?.left();
    };
  }

  private async relay(record: ConsoleRecord, peer: Peer, real: NonNullable<ConsoleBook['real']>): Promise<void> {
    const early: Buffer[] = [];
    peer.onData = data => void early.push(data);
    await real.setPassword((record.password ?? record.ticket).slice(0, 8));
    const socket = createConnection(real.screen);
    peer.onData = data => void socket.write(data);
    for (const data of early) socket.write(data);
    socket.on('data', data => { peer.send(data); });
    socket.on('error', () => { peer.destroy(); });
    socket.on('close', () => { peer.close(); });
    peer.onClose = () => {
      socket.destroy();
      this.ends.get(record)?.left();
    };
  }

  dispose(): void {
    for (const { peer } of this.all) peer?.destroy();
    for (const end of this.ends.values()) end.left();
  }
}
