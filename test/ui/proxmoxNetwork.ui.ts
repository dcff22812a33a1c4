// The certificate, in a real extension host: at an address that VS Code's proxy code does not spare as it spares localhost, and with a proxy in
// between that writes down all it is given. The file runs itself again in a network namespace of its own, where such addresses can be had.
import { execFile, spawnSync } from 'node:child_process';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addGuest } from '../proxmox/seed.ts';
import { startProxmox } from '../proxmox/server.ts';
import type { ProxmoxServer } from '../proxmox/server.ts';
import type { TreeView } from './pages/treeView.ts';
import { findWebview } from './pages/webview.ts';
import { trustAndUseToken } from './pages/proxmoxWizard.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const inside = process.env['GAIA_OWN_NETWORK'] === '1';
const nodeAddress = '10.99.0.1';
const proxyAddress = '10.99.0.2';
const possible = inside || (process.platform === 'linux' && spawnSync('unshare', ['-n', 'ip', 'link', 'set', 'lo', 'up']).status === 0);

if (!inside) describe('certificates at an address that is not spared', () => {
  if (possible) it('passes in a network of its own', { timeout: 400_000 }, async () => {
    const up = `ip link set lo up && ip addr add ${nodeAddress}/24 dev lo && ip addr add ${proxyAddress}/24 dev lo && exec "$0" "$@"`;
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.ui.config.ts', fileURLToPath(import.meta.url)];
    const { code, output } = await new Promise<{ code: number; output: string }>(resolve => {
      execFile('unshare', ['-n', 'sh', '-c', up, process.execPath, ...vitest], { env: { ...process.env, GAIA_OWN_NETWORK: '1', NO_COLOR: '1' }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => { resolve({ code: error ? 1 : 0, output: stdout + stderr }); });
    });
    console.log(output);
    expect(output).toMatch(/Tests +\d+ passed/);
    expect(code, output).toBe(0);
  });
  else it('was not tried: no network namespace can be made here', ({ skip }) => { skip(); });
});

/** An HTTP proxy that tunnels, and keeps what went through from VS Code's side and who was asked for. */
interface Recorder {
  readonly url: string;
  readonly asked: string[];
  sent(): string;
  close(): void;
}

async function startProxy(): Promise<Recorder> {
  const asked: string[] = [];
  const pieces: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  const proxy = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(502).end();
  });
  proxy.on('connect', (request, client: net.Socket, head: Buffer) => {
    asked.push(request.url ?? '');
    pieces.push(Buffer.from(JSON.stringify(request.headers)), head);
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const server = net.connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.write(head);
      server.pipe(client);
      client.on('data', (data: Buffer) => { pieces.push(data); server.write(data); });
    });
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => { client.destroy(); server.destroy(); });
    }
  });
  await new Promise<void>(resolve => proxy.listen(0, proxyAddress, resolve));
  return {
    url: `http://${proxyAddress}:${String((proxy.address() as AddressInfo).port)}`,
    asked,
    sent: () => Buffer.concat(pieces).toString('latin1'),
    close: () => { proxy.close(); for (const socket of sockets) socket.destroy(); },
  };
}

if (inside) describe.each(['direct', 'proxy'] as const)('%s', way => {
  let server: ProxmoxServer;
  let proxy: Recorder;
  let workbench: Workbench;
  let tree: TreeView;

  beforeAll(async () => {
    server = await startProxmox({ version: '9.1', nodes: ['pve1'], host: nodeAddress, speed: 30 });
    addGuest(server.state, { vmid: 100, name: 'web', node: 'pve1', status: 'running' });
    server.cluster.broadcast();
    proxy = await startProxy();
    workbench = await openWorkbench({ settings: { 'gaia.refreshInterval': 1, 'http.proxySupport': 'override', ...(way === 'proxy' ? { 'http.proxy': proxy.url } : {}) } });
    tree = await workbench.openView();
  });

  afterAll(async () => {
    await workbench?.close();
    proxy?.close();
    await server?.dispose();
  });

  const secretsSeen = (): string[] => [server.root.tokenSecret, 'PVEAPIToken', '/api2/json'].filter(secret => proxy.sent().includes(secret));

  it('shows the fingerprint of a certificate that no authority vouches for, and sends nothing before it is trusted', async () => {
    const { quickInput, dialog } = workbench;
    await workbench.run('Gaia: Add Proxmox VE…');
    await quickInput.answer('Address of one node', `${server.host}:${String(server.port)}`);
    expect(await dialog.text()).toContain(server.fingerprint('pve1'));
    expect(server.requests).toEqual([]);
    await trustAndUseToken(workbench, { token: `${server.root.tokenId}=${server.root.tokenSecret}`, label: 'home', beforeSecret: () => { expect(server.requests, 'the token has not gone out yet').toEqual([]); } });
    await workbench.notifications.waitFor(/“home” works: Proxmox VE 9\.1/);
    await workbench.screenshot(`proxmox-network-${way}`);
  });

  it(way === 'proxy' ? 'works pinned, through the proxy that VS Code is set to, which sees nothing but TLS' : 'works pinned', async () => {
    await tree.row('web').waitFor({ timeout: 30_000 });
    if (way === 'proxy') expect(proxy.asked).toContain(`${server.host}:${String(server.port)}`);
    else expect(proxy.asked).toEqual([]);
    expect(secretsSeen()).toEqual([]);
  });

  it('shows the screen of a machine over the pinned connection', async () => {
    await tree.menu(tree.row('web'), 'Open Console');
    const frame = await findWebview(workbench.page, '.toolbar');
    await expect.poll(() => frame.locator('#root').getAttribute('data-state'), { timeout: 40_000 }).toBe('connected');
    expect(secretsSeen()).toEqual([]);
  });

  it('refuses a changed certificate with both fingerprints, and gives the new server nothing', async () => {
    const before = server.fingerprint('pve1');
    server.faults.newCertificate('pve1', { otherAuthority: true });
    const sent = server.requests.length;
    const row = tree.rows.filter({ hasText: 'Review Certificate' });
    await row.waitFor({ timeout: 40_000 });
    await row.locator('.monaco-icon-label').click();
    const text = await workbench.dialog.text();
    expect(text).toContain(before);
    expect(text).toContain(server.fingerprint('pve1'));
    expect(server.requests.slice(sent), 'nothing reached the new server').toEqual([]);
    await workbench.screenshot(`proxmox-network-${way}-changed`);
    await workbench.dialog.press('Cancel');
    await workbench.page.waitForTimeout(3000);
    expect(server.requests.slice(sent), 'nor later').toEqual([]);
    expect(secretsSeen()).toEqual([]);
    expect(server.violations).toEqual([]);
  });
});
