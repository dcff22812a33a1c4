// Consoles: the first frame over VNC, a terminal that answers, and the ways in which they are refused.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RfbSession, vncResponse } from '../../proxmox/rfb.ts';
import { TerminalSession } from '../../proxmox/terminalSession.ts';
import { startProxmox, type ProxmoxServer } from '../../proxmox/server.ts';
import { call, finish } from './client.ts';
import { openSocket } from './webSocketClient.ts';

let server: ProxmoxServer;
beforeAll(async () => {
  server = await startProxmox({ nodes: ['pve1', 'pve2'], speed: 5, authDelayMs: 1, guests: [{ vmid: 100, name: 'demo1', status: 'running', config: { serial0: 'socket' } }, { vmid: 101, name: 'off' }, { kind: 'lxc', vmid: 200, name: 'box', status: 'running', node: 'pve2' }] });
});
afterAll(() => server.dispose());

const auth = (): Record<string, string> => ({ Authorization: server.root.authorization });
const proxy = async (path: string, parameters: Record<string, unknown> = {}): Promise<Record<string, string>> => (await call(server, 'POST', path, parameters)).body?.data as Record<string, string>;
const socketPath = (base: string, p: Record<string, string>): string => `${base}/vncwebsocket?port=${p['port'] as string}&vncticket=${encodeURIComponent(p['ticket'] as string)}`;

test('VNC: the handshake, the authentication, the first frame, keys and clipboard', async () => {
  const base = '/nodes/pve1/qemu/100';
  const given = await proxy(`${base}/vncproxy`, { websocket: 1, 'generate-password': 1 });
  expect(typeof given['port']).toBe('string');
  expect(given['ticket']?.startsWith(given['password'] as string)).toBe(true);
  expect(given['user']).toBe('root@pam!gaia');
  const socket = await openSocket(server, socketPath(base, given), auth());
  expect((await socket.read(12)).toString()).toBe('RFB 003.008\n');
  socket.send('RFB 003.008\n');
  expect([...(await socket.read(2))]).toEqual([1, 2]);
  socket.send(Buffer.from([2]));
  socket.send(vncResponse(given['ticket'] as string, await socket.read(16)));
  expect((await socket.read(4)).readUInt32BE(0)).toBe(0);
  socket.send(Buffer.from([1]));
  const init = await socket.read(24);
  const [width, height] = [init.readUInt16BE(0), init.readUInt16BE(2)];
  expect((await socket.read(init.readUInt32BE(20))).toString()).toBe('QEMU (demo1)');
  const ask = Buffer.from([3, 0, 0, 0, 0, 0, width >> 8, width & 255, height >> 8, height & 255]);
  socket.send(ask);
  const frame = await socket.read(16 + width * height * 4);
  expect(frame.readUInt16BE(2)).toBe(1);
  const colours = new Set<number>();
  for (let at = 16; at < frame.length; at += 4) colours.add(frame.readUInt32LE(at));
  expect(colours.size).toBeGreaterThan(100);
  expect(colours.has(0xdcdcdc)).toBe(true);
  socket.send(Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]));
  socket.send(Buffer.concat([Buffer.from([6, 0, 0, 0, 0, 0, 0, 2]), Buffer.from('hi')]));
  socket.send(Buffer.concat([Buffer.from([3, 1]), ask.subarray(2)]));
  await socket.read(16 + width * height * 4);
  const record = server.cluster.consoles.all.find(r => r.upid === given['upid']);
  const session = record?.session;
  expect(session).toBeInstanceOf(RfbSession);
  if (session instanceof RfbSession) {
    expect(session.keys).toEqual([{ down: true, keysym: 0x61 }]);
    expect(session.clipboard).toEqual(['hi']);
  }
  socket.close();
  expect(await finish(server, given['upid'])).toBe('OK');
});

test('a wrong ticket and no login open nothing', async () => {
  const base = '/nodes/pve1/qemu/100';
  const given = await proxy(`${base}/vncproxy`, { websocket: 1 });
  await expect(openSocket(server, socketPath(base, { ...given, ticket: `${given['ticket'] as string}x` }), auth())).rejects.toThrow('401 permission denied - invalid PVEVNC ticket');
  await expect(openSocket(server, socketPath(base, given), {})).rejects.toThrow('401 No ticket');
});

test('nobody connects, or the VM is stopped: 200 first, and the task times out', async () => {
  const given = await proxy('/nodes/pve1/qemu/101/vncproxy', { websocket: 1 });
  expect(await finish(server, given['upid'])).toBe('connection timed out');
});

test.each([
  ['/nodes/pve1/qemu/100', 'demo1'],
  ['/nodes/pve2/lxc/200', 'box'],
  ['/nodes/pve1', 'pve1'],
])('a terminal of %s', async (base, host) => {
  const given = await proxy(`${base}/termproxy`);
  const socket = await openSocket(server, socketPath(base, given), auth());
  socket.send(`${given['user'] as string}:${given['ticket'] as string}\n`);
  expect((await socket.read(2)).toString()).toBe('OK');
  await socket.readUntil(`root@${host}:~# `);
  socket.send('1:120:40:');
  socket.send('0:10:stty size\r');
  expect(await socket.readUntil('40 120\r\n')).toContain('stty size');
  socket.send('2');
  socket.send(`0:${String(Buffer.byteLength('echo grüß\r'))}:echo grüß\r`);
  await socket.readUntil('\r\ngrüß\r\n');
  const session = server.cluster.consoles.all.find(r => r.upid === given['upid'])?.session;
  expect(session instanceof TerminalSession && session.pings).toBe(1);
  socket.send('0:5:exit\r');
  await socket.closed;
  expect(await finish(server, given['upid'])).toBe('OK');
});

test('a VM without a serial port has no terminal', async () => {
  expect((await call(server, 'POST', '/nodes/pve1/qemu/101/termproxy')).reason).toBe('unable to find a serial interface');
});
