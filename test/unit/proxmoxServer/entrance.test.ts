// Getting in: tokens, tickets, CSRF, the second factor, certificates, and each refusal with its own reason.
import { connect } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import type { ProxmoxOptions } from '../../proxmox/seed.ts';
import { call, encode, type Reply } from './client.ts';

let server: ProxmoxServer | undefined;
const start = async (options: ProxmoxOptions = {}): Promise<ProxmoxServer> => (server = await startProxmox({ nodes: ['pve1', 'pve2'], speed: 200, authDelayMs: 1, users: [{ userid: 'ann@pve', password: 'secret', totp: 'JBSWY3DPEHPK3PXP' }, { userid: 'bob@pve', password: 'pass' }], acl: [{ path: '/', who: 'bob@pve', role: 'PVEVMAdmin' }], ...options }));
afterEach(async () => {
  await server?.dispose();
  server = undefined;
});

const withTicket = (ticket: string, csrf?: string) => ({ authorization: null, headers: { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}`, ...(csrf === undefined ? {} : { CSRFPreventionToken: csrf }) } });
const login = async (s: ProxmoxServer, username: string, password: string, more: Record<string, string> = {}): Promise<Reply> => call(s, 'POST', '/access/ticket', { username, password, ...more }, { authorization: null });
const dataOf = (reply: Reply): Record<string, unknown> => reply.body?.data as Record<string, unknown>;

describe('certificates', () => {
  test('each node shows its own one, signed by the cluster CA, with the fingerprint that /nodes tells', async () => {
    const s = await start();
    const nodes = (await call(s, 'GET', '/nodes')).body?.data as { node: string; ssl_fingerprint: string }[];
    for (const { node, ssl_fingerprint } of nodes) {
      const shown = await new Promise<{ fingerprint256: string; authorized: boolean }>((resolve, reject) => {
        const socket = connect({ host: s.host, port: s.ports[node] as number, ca: s.ca, servername: node }, () => {
          const { fingerprint256 } = socket.getPeerCertificate();
          resolve({ fingerprint256, authorized: socket.authorized });
          socket.destroy();
        });
        socket.on('error', reject);
      });
      expect(shown).toEqual({ fingerprint256: ssl_fingerprint, authorized: true });
    }
    expect(nodes[0]?.ssl_fingerprint).not.toBe(nodes[1]?.ssl_fingerprint);
    const ca = new X509Certificate(s.ca);
    expect(ca.ca).toBe(true);
    expect(new X509Certificate(s.cluster.nodeNamed('pve1').certificate.certificate).verify(ca.publicKey)).toBe(true);
  });

  test('a changed certificate is another one, and a foreign CA is not trusted', async () => {
    const s = await start();
    const before = s.fingerprint('pve1');
    const after = s.faults.newCertificate('pve1', { otherAuthority: true });
    expect(after).not.toBe(before);
    await expect(call(s, 'GET', '/version')).rejects.toThrow(/self.signed|unable to verify|unable to get/i);
  });
});

describe('the 401s', () => {
  test('nothing sent: No ticket, empty body', async () => {
    const reply = await call(await start(), 'GET', '/version', {}, { authorization: null });
    expect([reply.status, reply.reason, reply.text]).toEqual([401, 'No ticket', '']);
  });
  test('a wrong token: Authentication failed!, empty body', async () => {
    const reply = await call(await start(), 'GET', '/version', {}, { authorization: 'PVEAPIToken=root@pam!gaia=wrong' });
    expect([reply.status, reply.reason, reply.text]).toEqual([401, 'Authentication failed!', '']);
  });
  test('a blank in place of the equals sign is no token at all', async () => {
    const s = await start();
    const reply = await call(s, 'GET', '/version', {}, { authorization: s.root.authorization.replace('=', ' ') });
    expect(reply.reason).toBe('No ticket');
  });
  test('a wrong password: authentication failure, with a body, after the delay', async () => {
    const s = await start({ authDelayMs: 60 });
    const began = Date.now();
    const reply = await login(s, 'bob@pve', 'bad');
    expect([reply.status, reply.reason, reply.body]).toEqual([401, 'authentication failure', { data: null, message: 'authentication failure\n' }]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(55);
  });
  test('a ticket without its CSRF token may read and not write', async () => {
    const s = await start();
    const { ticket, CSRFPreventionToken } = dataOf(await login(s, 'bob@pve', 'pass')) as Record<string, string>;
    expect((await call(s, 'GET', '/nodes', {}, withTicket(ticket as string))).status).toBe(200);
    const bare = await call(s, 'POST', '/pools', { poolid: 'x' }, withTicket(ticket as string));
    expect([bare.status, bare.reason, bare.text]).toEqual([401, 'Permission denied - invalid csrf token', '']);
    expect((await call(s, 'POST', '/pools', { poolid: 'x' }, withTicket(ticket as string, CSRFPreventionToken))).status).toBe(403);
  });
  test('a ticket lives two hours, and an old one that still lives buys a new one', async () => {
    const s = await start();
    const first = dataOf(await login(s, 'bob@pve', 'pass'))['ticket'] as string;
    s.cluster.clock.advance(110 * 60_000);
    const second = dataOf(await login(s, 'bob@pve', first))['ticket'] as string;
    s.cluster.clock.advance(20 * 60_000);
    expect((await call(s, 'GET', '/version', {}, withTicket(first))).reason).toBe('permission denied - invalid PVE ticket');
    expect((await call(s, 'GET', '/version', {}, withTicket(second))).status).toBe(200);
    s.faults.expireTickets();
    expect((await call(s, 'GET', '/version', {}, withTicket(second))).status).toBe(401);
  });
  test('the cookie wins over the token', async () => {
    const s = await start();
    const reply = await call(s, 'GET', '/version', {}, { headers: { Cookie: 'PVEAuthCookie=PVE%3Anobody%40pam%3A00000000%3A%3Aaa' } });
    expect(reply.status).toBe(401);
  });
});

describe('a second factor', () => {
  test('is asked for, and a half ticket opens nothing', async () => {
    const s = await start();
    const half = dataOf(await login(s, 'ann@pve', 'secret'));
    expect(half['NeedTFA']).toBe(1);
    expect(half['ticket']).toMatch(/^PVE:!tfa!%7B%22totp%22%3Atrue%7D:/);
    expect((await call(s, 'GET', '/version', {}, withTicket(half['ticket'] as string))).status).toBe(401);
    const bad = await login(s, 'ann@pve', 'totp:000000', { 'tfa-challenge': half['ticket'] as string });
    expect(bad.status).toBe(401);
    const good = dataOf(await login(s, 'ann@pve', `totp:${s.cluster.auth.totpOf('ann@pve')}`, { 'tfa-challenge': half['ticket'] as string }));
    expect(good['NeedTFA']).toBeUndefined();
    expect((await call(s, 'GET', '/version', {}, withTicket(good['ticket'] as string))).status).toBe(200);
  });
});

describe('the way in which a call is written', () => {
  test.each([
    ['chunked', 'POST', '/pools', { 'Transfer-Encoding': 'chunked' }, 501, 'chunked transfer encoding not supported'],
    ['a body on DELETE', 'DELETE', '/pools', { 'Content-Length': '5' }, 501, "Unexpected content for method 'DELETE'"],
    ['HEAD', 'HEAD', '/version', {}, 501, "method 'HEAD' not available"],
  ])('%s is refused', async (_name, method, path, headers, status, reason) => {
    const s = await start();
    const raw = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: s.host, port: s.port, ca: s.ca }, () => {
        socket.write(`${method} /api2/json${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${s.root.authorization}\r\n${Object.entries(headers).map(([k, v]) => `${k}: ${v}\r\n`).join('')}Connection: close\r\n\r\n${'Content-Length' in headers ? 'a=b&c' : 'Transfer-Encoding' in headers ? '0\r\n\r\n' : ''}`);
      });
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(raw.split('\r\n')[0]).toBe(`HTTP/1.1 ${String(status)} ${reason}`);
    expect(s.violations).toHaveLength(1);
  });

  test('a form that is too long, a JSON that is none, a type that is neither', async () => {
    const s = await start();
    const post = (body: string, type: string) => call(s, 'POST', '/pools', {}, { rawBody: body, headers: { 'Content-Type': type } });
    const long = await post(`poolid=${'x'.repeat(520 * 1024)}`, 'application/x-www-form-urlencoded');
    expect([long.status, long.reason]).toEqual([501, 'for data too large']);
    const broken = await post('{"poolid":', 'application/json');
    expect([broken.status, broken.headers['content-type']]).toEqual([500, 'text/plain;charset=UTF-8']);
    expect((await post('x', 'text/xml')).status).toBe(506);
    expect((await post('{"poolid":"lab"}', 'application/json')).status).toBe(200);
  });

  test('repeated keys make an array and `;` separates too', async () => {
    const s = await start();
    await call(s, 'POST', '/pools', {}, { rawBody: `${encode({ poolid: 'a' })};comment=b` });
    expect(s.state.pools.get('a')?.comment).toBe('b');
  });

  test('gzip is served when it is asked for', async () => {
    const s = await start();
    const reply = await call(s, 'GET', '/access/permissions', {}, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(reply.headers['content-encoding']).toBe('gzip');
  });
});
