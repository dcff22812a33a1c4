// What checks of a config want to know of this computer: its size, and which ports are in use. Asynchronous, and asks nothing of the network.
import * as net from 'node:net';
import * as os from 'node:os';
import { readText } from './files.ts';

export interface HostResources {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly cpus: number;
  readonly memoryMiB: number;
}

export function hostResources(): HostResources {
  return { platform: process.platform, arch: process.arch, cpus: os.cpus().length || 1, memoryMiB: Math.floor(os.totalmem() / 1024 ** 2) };
}

export interface PortQuestion {
  readonly protocol: string;
  /** '' = all addresses. */
  readonly hostIp: string;
  readonly port: number;
}

/** Those of `wanted` that something listens on: `tcp/8080` on all addresses, `tcp/127.0.0.1:8080` on one. */
export async function takenPorts(wanted: readonly PortQuestion[]): Promise<ReadonlySet<string>> {
  const ports = new Set(wanted.map(q => q.port));
  if (ports.size === 0) return new Set();
  if (process.platform === 'linux') {
    const tables = await Promise.all(['tcp', 'tcp6', 'udp', 'udp6'].map(async table => [table, await readText(`/proc/net/${table}`).catch(() => undefined)] as const));
    if (tables.some(([, text]) => text !== undefined)) return new Set(tables.flatMap(([table, text]) => listening(table.slice(0, 3), text ?? '').filter(l => ports.has(l.port)).map(nameOf)));
  }
  // Elsewhere: is somebody there? (Listening on the port for a moment would raise the firewall's question on Windows.)
  const answers = await Promise.all([...ports].map(async port => ((await somebodyAt(port)) ? [`tcp/127.0.0.1:${String(port)}`, `tcp/${String(port)}`] : [])));
  return new Set(answers.flat());
}

interface Listener {
  readonly protocol: string;
  /** '' = all. */
  readonly address: string;
  readonly port: number;
}

const nameOf = ({ protocol, address, port }: Listener): string => (address === '' ? `${protocol}/${String(port)}` : `${protocol}/${address}:${String(port)}`);

/** The listeners in a table of /proc/net: `sl local_address rem_address st …`, addresses in hexadecimal, least byte first in each word; state 0A = listening, 07 = an open UDP socket. */
export function listening(protocol: string, table: string): readonly Listener[] {
  return table.split('\n').slice(1).flatMap((line): Listener[] => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== (protocol === 'tcp' ? '0A' : '07') || port === '') return [];
    return [{ protocol, address: /^0+$/.test(address) ? '' : address.length === 8 ? ipv4Of(address) : ipv6Of(address), port: parseInt(port, 16) }];
  });
}

function ipv4Of(hex: string): string {
  return [6, 4, 2, 0].map(at => parseInt(hex.slice(at, at + 2), 16)).join('.');
}

/** `::1` as 127.0.0.1 and mapped addresses as IPv4; others in full. */
function ipv6Of(hex: string): string {
  const words = [0, 8, 16, 24].map(at => (hex.slice(at, at + 8).match(/../g) ?? []).reverse().join(''));
  const whole = words.join('').toLowerCase();
  if (whole === `${'0'.repeat(31)}1`) return '127.0.0.1';
  if (whole.startsWith(`${'0'.repeat(20)}ffff`)) return [24, 26, 28, 30].map(at => parseInt(whole.slice(at, at + 2), 16)).join('.');
  return (whole.match(/.{4}/g) ?? []).join(':');
}

function somebodyAt(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    const done = (answer: boolean): void => { socket.destroy(); resolve(answer); };
    socket.setTimeout(300, () => { done(false); });
    socket.once('connect', () => { done(true); });
    socket.once('error', () => { done(false); });
  });
}

/** Names of this computer's network cards, loopback left out, with their first address. */
export function networkInterfaces(): readonly { readonly name: string; readonly address?: string }[] {
  return Object.entries(os.networkInterfaces()).flatMap(([name, addresses]) => {
    if (!addresses || addresses.every(a => a.internal)) return [];
    const address = (addresses.find(a => a.family === 'IPv4') ?? addresses[0])?.address;
    return [{ name, ...(address !== undefined && { address }) }];
  });
}

/** Does an SSH server say hello there? A forwarded port of a machine that is still starting takes connections, and says nothing. */
export function greetsAsSsh(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect({ host, port });
    let said = '';
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => { end(false); });
    socket.on('error', () => { end(false); });
    socket.on('close', () => { end(false); });
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (/^SSH-[12]\./m.test(said)) end(true);
      else if (said.length > 4096) end(false);
    });
  });
}
