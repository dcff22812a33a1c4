// Runs inside a network namespace of its own, so that the server's address is not exempt from VS Code's proxy patching as localhost is.
// Prints one JSON line a case: what came of it, and whether anything of a request reached the other side. Started by tls.test.ts.
import https from 'node:https';
import tls from 'node:tls';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { GaiaError } from '../../../src/machines/errors.ts';
import { createProxmoxProvider } from '../../../src/providers/proxmox/provider.ts';
import { sendHttp } from '../../../src/system/http.ts';
import { pinOf, readCertificate } from '../../../src/system/tls.ts';
import type { TlsTrust } from '../../../src/system/tls.ts';
import { openWebSocket } from '../../../src/system/webSocket.ts';
import { createAuthority, createNodeCertificate } from '../../proxmox/certificates.ts';

const [address, mode] = process.argv.slice(2) as [string, 'plain' | 'patched'];
const secret = 'PVEAPIToken=root@pam!gaia=very-secret';

if (mode === 'patched') {
  const agent = createRequire(join(process.cwd(), 'package.json'))('@vscode/proxy-agent') as Record<string, (...args: unknown[]) => Record<string, unknown>>;
  const log = { trace: () => undefined, debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const params = {
    resolveProxy: () => Promise.resolve('DIRECT'),
    getProxyURL: () => undefined,
    getProxySupport: () => 'override',
    getNoProxyConfig: () => [],
    isAdditionalFetchSupportEnabled: () => true,
    isWebSocketPatchEnabled: () => true,
    addCertificatesV1: () => false,
    addCertificatesV2: () => true,
    loadSystemCertificatesFromNode: () => true,
    loadAdditionalCertificates: () => Promise.resolve([]),
    log,
    getLogLevel: () => 0,
    proxyResolveTelemetry: () => undefined,
    isUseHostProxyEnabled: () => true,
    env: {},
  };
  const { resolveProxyWithRequest } = agent['createProxyResolver']!(params) as { resolveProxyWithRequest: unknown };
  Object.assign(https, agent['createHttpPatch']!(params, { ...https }, resolveProxyWithRequest));
  Object.assign(tls, agent['createTlsPatch']!(params, { ...tls }));
  Object.assign(net, agent['createNetPatch']!(params, { ...net }));
}

interface Peer {
  readonly port: number;
  /** Every decrypted byte that ever arrived. */
  seen(): string;
  close(): void;
}

async function peer(certificate: { chain: string; key: unknown }): Promise<Peer> {
  let seen = '';
  const sockets = new Set<net.Socket>();
  const server = https.createServer({ cert: certificate.chain, key: certificate.key as string }, (_request, response) => {
    const body = JSON.stringify({ data: [] });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    response.end(body);
  });
  server.on('secureConnection', socket => {
    sockets.add(socket);
    const emit = socket.emit.bind(socket);
    socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (event === 'data') seen += String(args[0]);
      return emit(event, ...args);
    };
  });
  server.on('request', request => { seen += `${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.headers)}`; });
  server.on('upgrade', (request, socket) => { seen += `UPGRADE ${JSON.stringify(request.headers)}`; socket.destroy(); });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>(resolve => server.listen(0, address, resolve));
  return { port: (server.address() as AddressInfo).port, seen: () => seen, close: () => { server.close(); for (const socket of sockets) socket.destroy(); } };
}

const authority = createAuthority();
const other = createAuthority();
const own = createNodeCertificate(authority, 'pve1', [address]);
const sibling = createNodeCertificate(authority, 'pve2', [address]);
const forged = createNodeCertificate(other, 'pve1', [address]);
// As a node serves it when only its own certificate is installed.
const right = await peer({ chain: own.certificate, key: own.key });
const withChain = await peer(own);
const impostor = await peer({ chain: forged.certificate, key: forged.key });
const impostorOfCluster = await peer({ chain: sibling.certificate, key: sibling.key });

const pin: TlsTrust = { kind: 'pinned', certificate: pinOf(own.certificate) };
const otherPin: TlsTrust = { kind: 'pinned', certificate: pinOf(sibling.certificate) };
const signal = new AbortController().signal;

async function attempt(name: string, where: Peer, act: () => Promise<unknown>): Promise<void> {
  const before = where.seen().length;
  let outcome = 'ok';
  let values: readonly unknown[] = [];
  try {
    await act();
  } catch (error) {
    outcome = error instanceof GaiaError ? error.code : String(error);
    values = error instanceof GaiaError ? (error.detail.values ?? []) : [];
  }
  await new Promise(resolve => setTimeout(resolve, 50));
  const arrived = where.seen().slice(before);
  process.stdout.write(`${JSON.stringify({ name, outcome, values, arrived: arrived.length > 0, secret: arrived.includes('very-secret') })}\n`);
}

const request = (where: Peer, trust: TlsTrust, method: 'GET' | 'POST' = 'GET', reuse = false) => () =>
  sendHttp({ method, host: address, port: where.port, path: '/api2/json/version', headers: { Authorization: secret }, trust, timeoutMs: 5000, reuseConnection: reuse, ...(method === 'POST' ? { body: 'password=very-secret' } : {}) }, signal);

await attempt('right peer, pinned', right, request(right, pin));
await attempt('right peer with its chain, pinned', withChain, request(withChain, pin));
await attempt('right peer, kept alive', right, request(right, pin, 'GET', true));
await attempt('right peer, kept alive, other pin', right, request(right, otherPin, 'GET', true));
await attempt('right peer, other pin again', right, request(right, otherPin, 'GET', true));
await attempt('right peer, POST', right, request(right, pin, 'POST'));
await attempt('right peer, system authorities', right, request(right, { kind: 'system' }));
await attempt('impostor, pinned', impostor, request(impostor, pin));
await attempt('impostor, pinned, POST', impostor, request(impostor, pin, 'POST'));
await attempt('impostor, system authorities', impostor, request(impostor, { kind: 'system' }));
await attempt('impostor signed by the same cluster, pinned', impostorOfCluster, request(impostorOfCluster, pin));
await attempt('looking at a certificate', impostor, async () => {
  const seen = await readCertificate(address, impostor.port, signal);
  if (seen.trustedBySystem || seen.fingerprint !== pinOf(forged.certificate).fingerprint) throw new Error(`saw ${seen.fingerprint}`);
});
const socket = (where: Peer) => () => openWebSocket({ host: address, port: where.port, path: '/x', headers: { Authorization: secret }, trust: pin, timeoutMs: 5000 }, { message: () => undefined, closed: () => undefined }, signal);
await attempt('impostor, WebSocket', impostor, socket(impostor));
const provider = (where: Peer, auth: 'token' | 'password') =>
  createProxmoxProvider({
    connection: { id: 'lab', label: 'Lab', hosts: [address], port: where.port, auth: auth === 'token' ? { kind: 'token', user: 'root@pam', token: 'gaia' } : { kind: 'password', user: 'root', realm: 'pam' }, certificates: { [`${address}:${where.port}`]: pinOf(own.certificate) } },
    secrets: () => Promise.resolve({ tokenSecret: 'very-secret', password: 'very-secret' }),
  });
await attempt('impostor, provider with a token', impostor, () => provider(impostor, 'token').list(signal));
await attempt('impostor, provider with a password', impostor, () => provider(impostor, 'password').list(signal));
await attempt('right peer, provider with a token', right, () => provider(right, 'token').list(signal));
for (const one of [right, withChain, impostor, impostorOfCluster]) one.close();
// The proxy agent keeps a timer.
process.stdout.write('', () => { process.exit(0); });
