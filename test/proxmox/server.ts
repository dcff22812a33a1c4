// The stand-in Proxmox VE server: one HTTPS listener a node, every call checked against the official schema, and trouble on demand.
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { ApiError } from './apiError.ts';
import { Unauthorized } from './auth.ts';
import { Answer, type Call } from './call.ts';
import { createAuthority, createNodeCertificate } from './certificates.ts';
import { Cluster } from './cluster.ts';
import { Faults, type Trouble } from './faults.ts';
import type { ClusterState, NodeState } from './model.ts';
import { checkHead, decodeForm, HttpRefusal, receive, type Received } from './readBody.ts';
import type { Identity } from './rights.ts';
import { routes } from './routes.ts';
import { apiSchema, checkParameters, type ApiSchema, type Found } from './schema.ts';
import { createState, rootPassword, rootToken, type ProxmoxOptions } from './seed.ts';
import { acceptWebSocket } from './webSocket.ts';

export interface RequestLog {
  readonly at: number;
  /** The node that was asked. */
  readonly node: string;
  readonly method: string;
  /** Decoded, without `/api2/json`. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly who?: string;
  readonly status: number;
  readonly reason: string;
  readonly milliseconds: number;
  readonly trouble?: Trouble['kind'];
}

/** A call that a real server of this version would refuse as badly formed. Tests of a client expect none. */
export interface Violation {
  readonly method: string;
  readonly path: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly problem: string;
  readonly errors?: Readonly<Record<string, string>>;
}

export interface ProxmoxServer {
  /** Of the first node. */
  readonly url: string;
  readonly urls: Readonly<Record<string, string>>;
  readonly host: string;
  readonly port: number;
  readonly ports: Readonly<Record<string, number>>;
  /** The cluster's CA, PEM. */
  readonly ca: string;
  /** SHA-256 of each node's certificate now. */
  fingerprint(node?: string): string;
  readonly root: { readonly userid: string; readonly password: string; readonly tokenId: string; readonly tokenSecret: string; /** Ready for `Authorization`. */ readonly authorization: string };
  readonly state: ClusterState;
  readonly cluster: Cluster;
  readonly schema: ApiSchema;
  readonly faults: Faults;
  readonly violations: Violation[];
  readonly requests: RequestLog[];
  /** Sockets open now. */
  connections(): number;
  dispose(): Promise<void>;
}

interface Outcome {
  status: number;
  reason: string;
  body: string;
  type: string;
}

const jsonType = 'application/json;charset=UTF-8';
const empty = (status: number, reason: string): Outcome => ({ status, reason, body: '', type: '' });

/** Starts the cluster. Every test that starts one disposes it. */
export async function startProxmox(options: ProxmoxOptions = {}): Promise<ProxmoxServer> {
  const speed = options.speed ?? 1;
  const state = createState(options);
  const cluster = new Cluster(state, speed);
  const schema = apiSchema(state.version);
  const host = options.host ?? '127.0.0.1';
  const authDelayMs = options.authDelayMs ?? 3000 / speed;
  const violations: Violation[] = [];
  const requests: RequestLog[] = [];
  const servers = new Map<string, Server>();
  const sockets = new Map<Duplex, string>();
  const cut = (node?: string): void => {
    for (const [socket, owner] of sockets) if (node === undefined || owner === node) socket.destroy();
  };
  const faults = new Faults({
    forgetTickets: () => cluster.auth.forgetTickets(),
    newCertificate: (name, how = {}) => {
      const node = cluster.nodeNamed(name);
      node.certificate = createNodeCertificate(how.otherAuthority ? createAuthority() : state.authority, name, [host, ...(options.certificateHosts ?? [])], how.expired);
      servers.get(name)?.setSecureContext({ key: node.certificate.key, cert: node.certificate.chain });
      cut(name);
      return node.certificate.fingerprint;
    },
    nodeDown: async name => {
      cluster.nodeNamed(name).online = false;
      const server = servers.get(name);
      cut(name);
      if (server) await new Promise<void>(resolve => server.close(() => resolve()));
    },
    nodeUp: async name => {
      const node = cluster.nodeNamed(name);
      node.online = true;
      await listen(node, node.port);
    },
    setFate: fate => (cluster.tasks.fate = fate),
    cutConnections: () => cut(),
  });

  const keep = options.keepRequests ?? 20_000;
  const remember = (request: RequestLog): void => {
    if (requests.length >= keep) requests.splice(0, Math.ceil(keep / 2));
    requests.push(request);
  };
  const violate = (method: string, path: string, parameters: Readonly<Record<string, unknown>>, problem: string, errors?: Readonly<Record<string, string>>): void =>
    void violations.push({ method, path, parameters, problem, ...(errors === undefined ? {} : { errors }) });

  /** Everything between a request's head and its answer. Throws ApiError, HttpRefusal, Unauthorized. */
  async function perform(entry: NodeState, request: IncomingMessage, path: string, query: string, log: { who?: string; parameters: Record<string, unknown> }): Promise<Outcome> {
    const method = request.method ?? '';
    const found = schema.find(method, path);
    const open = found?.endpoint.permissions?.user === 'world' && (method === 'GET' || path === '/access/ticket');
    const who: Identity = open ? { userid: '' } : identify(method, request);
    log.who = who.tokenid ?? who.userid;
    const received: Received = await receive(request, path, query, cluster.state.uploads);
    log.parameters = received.parameters;
    if (!found) {
      violate(method, path, received.parameters, 'unknown path');
      return refusal(new ApiError(501, `Method '${method} ${path}' not implemented`));
    }
    try {
      return answer(await call(entry, found, who, received, method, path));
    } catch (error) {
      // What was received for a call that is refused is of no use to anybody.
      if (received.upload) cluster.state.uploads.delete(received.upload.temporary);
      throw error;
    }
  }

  function identify(method: string, request: IncomingMessage): Identity {
    return cluster.auth.identify(method, { cookie: request.headers.cookie, authorization: request.headers.authorization, csrf: request.headers['csrfpreventiontoken'] as string | undefined });
  }

  /** Permissions first, then the way to the node, then the parameters, then the work: the order of the real server. */
  function prepare(entry: NodeState, { endpoint, uri }: Found, who: Identity, parameters: Readonly<Record<string, unknown>>, method: string, path: string): Call {
    if (who.tokenid !== undefined && !endpoint.allowtoken) throw new ApiError(403, `Permission check failed (URI '${path}' not available with API token, need proper ticket.)`);
    const all = { ...parameters, ...uri };
    for (const key of Object.keys(uri)) {
      if (parameters[key] !== undefined && parameters[key] !== uri[key]) throw new ApiError(400, 'Parameter verification failed.', { [key]: 'duplicate parameter (already defined in URI)' });
    }
    if (endpoint.permissions?.check) cluster.rights.checkEndpoint(who, endpoint.permissions.check, all);
    const name = uri['node'];
    const node = name === undefined || name === 'localhost' ? entry : cluster.nodeNamed(name);
    if (!node.online && endpoint.path.startsWith('/nodes/{node}/')) throw new ApiError(595, 'No route to host');
    const { values, errors } = checkParameters(endpoint, { ...all, ...(name === undefined ? {} : { node: node.name }) });
    if (Object.keys(errors).length > 0) {
      violate(method, path, parameters, 'parameters', errors);
      throw new ApiError(400, 'Parameter verification failed.', errors);
    }
    return { cluster, endpoint, node, entry, who, p: values };
  }

  async function call(entry: NodeState, found: Found, who: Identity, received: Received, method: string, path: string): Promise<unknown> {
    const prepared = prepare(entry, found, who, received.parameters, method, path);
    const handler = routes[`${found.endpoint.method} ${found.endpoint.path}`];
    if (!handler) {
      violate(method, path, received.parameters, 'the stand-in does not play this path');
      throw new ApiError(500, `the stand-in does not play ${method} ${found.endpoint.path}`);
    }
    return await handler(received.upload === undefined ? prepared : { ...prepared, upload: received.upload });
  }

  function answer(result: unknown): Outcome {
    const body = result instanceof Answer ? { data: result.data, ...result.extra } : { data: result ?? null };
    return { status: 200, reason: 'OK', body: JSON.stringify(body), type: jsonType };
  }

  /** `message` is in the body since pve-http-server 5.2.0, that is in 8.4 and 9. */
  function refusal(error: ApiError): Outcome {
    if (error.status >= 595) return empty(error.status, error.message);
    const reason = (error.message.split('\n')[0] ?? '').trim();
    const message = error.status === 501 ? reason : `${error.message.trimEnd()}\n`;
    const body = { data: null, ...(cluster.atLeast(8) ? { message } : {}), ...(error.errors === undefined ? {} : { errors: error.errors }) };
    return { status: error.status, reason, body: JSON.stringify(body), type: jsonType };
  }

  async function outcomeOf(error: unknown): Promise<Outcome> {
    if (error instanceof Unauthorized) {
      await new Promise(resolve => setTimeout(resolve, authDelayMs));
      return error.body ? refusal(new ApiError(401, error.message)) : empty(401, error.message);
    }
    if (error instanceof HttpRefusal) return { status: error.status, reason: error.message, body: error.body, type: error.body === '' ? '' : 'text/plain;charset=UTF-8' };
    if (error instanceof ApiError) return refusal(error);
    return refusal(new ApiError(500, (error as Error).message));
  }

  async function serve(entry: NodeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = Date.now();
    const [rawPath = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    let path = rawPath;
    const log: { who?: string; parameters: Record<string, unknown> } = { parameters: {} };
    let outcome: Outcome;
    let trouble: Trouble | undefined;
    try {
      path = decodeURIComponent(rawPath);
      checkHead(request);
      if (!path.startsWith('/api2/json')) {
        outcome = path === '/' ? { status: 200, reason: 'OK', body: `<html><head><title>${entry.name} - Proxmox Virtual Environment</title></head></html>`, type: 'text/html' } : empty(404, `no such file '${path}'`);
      } else {
        path = path.slice('/api2/json'.length) || '/';
        trouble = faults.next({ method: request.method ?? '', path, node: /^\/nodes\/([^/]+)/.exec(path)?.[1] ?? entry.name });
        if (trouble?.kind === 'reset') {
          request.socket.destroy();
          note(0, 'reset');
          return;
        }
        if (trouble?.kind === 'hang') {
          note(0, 'hang');
          return;
        }
        if (trouble?.kind === 'delay') await new Promise(resolve => setTimeout(resolve, trouble?.kind === 'delay' ? trouble.milliseconds : 0));
        if (trouble?.kind === 'answer' && !trouble.done) {
          const { parameters, upload } = await receive(request, path, query, cluster.state.uploads);
          if (upload) cluster.state.uploads.delete(upload.temporary);
          log.parameters = parameters;
          outcome = madeUp(trouble);
        } else {
          outcome = await perform(entry, request, path, query, log);
          if (trouble?.kind === 'answer') outcome = madeUp(trouble);
        }
      }
    } catch (error) {
      if (error instanceof HttpRefusal) violate(request.method ?? '', path, decodeForm(query), error.message);
      outcome = await outcomeOf(error);
    }
    note(outcome.status, outcome.reason);
    await write(request, response, outcome, trouble);

    function note(status: number, reason: string): void {
      remember({ at: started, node: entry.name, method: request.method ?? '', path, parameters: log.parameters, ...(log.who === undefined ? {} : { who: log.who }), status, reason, milliseconds: Date.now() - started, ...(trouble === undefined ? {} : { trouble: trouble.kind }) });
    }
  }

  function madeUp(trouble: Extract<Trouble, { kind: 'answer' }>): Outcome {
    const { status, reason, body } = trouble;
    return { status, reason, body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body), type: trouble.contentType ?? (body === undefined ? '' : jsonType) };
  }

  async function write(request: IncomingMessage, response: ServerResponse, outcome: Outcome, trouble: Trouble | undefined): Promise<void> {
    if (!request.complete) request.resume();
    if (trouble?.kind === 'lostAnswer') {
      request.socket.destroy();
      return;
    }
    let body = Buffer.from(outcome.body, 'utf8');
    const headers: Record<string, string | number> = { 'Cache-Control': 'max-age=0', Server: 'pve-api-daemon/3.0', Pragma: 'no-cache' };
    if (outcome.type !== '') headers['Content-Type'] = outcome.type;
    if (body.length > 1024 && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
      body = gzipSync(body, { level: 1 });
      headers['Content-Encoding'] = 'gzip';
    }
    headers['Content-Length'] = body.length;
    // Reasons may be non-ASCII: their UTF-8 bytes go out as they are.
    response.writeHead(outcome.status, Buffer.from(outcome.reason, 'utf8').toString('latin1').replace(/[^\x20-\x7e\x80-\xff]/g, ' '), headers);
    if (trouble?.kind === 'halfBody') {
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
      return;
    }
    if (trouble?.kind === 'slow') {
      for (let at = 0; at < body.length && !response.destroyed; at += 1) {
        response.write(body.subarray(at, at + 1));
        await new Promise(resolve => setTimeout(resolve, trouble.millisecondsPerByte));
      }
      response.end();
      return;
    }
    response.end(body);
  }

  async function upgrade(entry: NodeState, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const [rawPath = '', query = ''] = (request.url ?? '').split(/\?(.*)/s);
    const path = decodeURIComponent(rawPath).replace(/^\/api2\/json/, '');
    const parameters = decodeForm(query);
    const started = Date.now();
    let outcome: Outcome;
    try {
      const trouble = faults.next({ method: 'GET', path, node: /^\/nodes\/([^/]+)/.exec(path)?.[1] ?? entry.name });
      if (trouble?.kind === 'reset') return void socket.destroy();
      const who = identify('GET', request);
      const found = schema.find('GET', path);
      if (!found) {
        violate('GET', path, parameters, 'unknown path');
        throw new ApiError(501, `Method 'GET ${path}' not implemented`);
      }
      const { node, p } = prepare(entry, found, who, parameters, 'GET', path);
      const record = cluster.consoles.find(node.name, Number(p['port']), String(p['vncticket']));
      remember({ at: started, node: entry.name, method: 'GET', path, parameters, who: who.tokenid ?? who.userid, status: 101, reason: 'Switching Protocols', milliseconds: 0 });
      cluster.consoles.connect(record, acceptWebSocket(request, socket, head));
      return;
    } catch (error) {
      outcome = await outcomeOf(error);
    }
    remember({ at: started, node: entry.name, method: 'GET', path, parameters, status: outcome.status, reason: outcome.reason, milliseconds: Date.now() - started });
    socket.end(`HTTP/1.1 ${String(outcome.status)} ${outcome.reason}\r\nConnection: close\r\nContent-Length: ${String(Buffer.byteLength(outcome.body))}\r\n\r\n${outcome.body}`);
  }

  async function listen(node: NodeState, port: number): Promise<void> {
    const server = createServer({ key: node.certificate.key, cert: node.certificate.chain }, (request, response) => void serve(node, request, response));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(node, request, socket, head));
    server.on('connection', (socket: Socket) => {
      sockets.set(socket, node.name);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    server.on('tlsClientError', (_error, socket: Duplex) => void socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    node.port = (server.address() as AddressInfo).port;
    servers.set(node.name, server);
  }

  for (const [index, node] of [...state.nodes.values()].entries()) await listen(node, options.ports?.[index] ?? 0);
  cluster.run();

  const first = [...state.nodes.values()][0] as NodeState;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `https://${shown}:${String(first.port)}`,
    urls: Object.fromEntries([...state.nodes.values()].map(n => [n.name, `https://${shown}:${String(n.port)}`])),
    host,
    port: first.port,
    ports: Object.fromEntries([...state.nodes.values()].map(n => [n.name, n.port])),
    ca: state.authority.certificate,
    fingerprint: (node = first.name) => cluster.nodeNamed(node).certificate.fingerprint,
    root: { userid: 'root@pam', password: rootPassword, tokenId: rootToken.id, tokenSecret: rootToken.secret, authorization: `PVEAPIToken=${rootToken.id}=${rootToken.secret}` },
    state,
    cluster,
    schema,
    faults,
    violations,
    requests,
    connections: () => sockets.size,
    dispose: async () => {
      const ends = [...servers.values()].map(server => new Promise<void>(resolve => (server.listening ? server.close(() => resolve()) : resolve())));
      cut();
      await Promise.all(ends);
      await cluster.dispose();
      // A TLS socket tells of its end a little after its server does.
      for (let tries = 0; sockets.size > 0 && tries < 100; tries += 1) await new Promise(resolve => setTimeout(resolve, 5));
    },
  };
}
