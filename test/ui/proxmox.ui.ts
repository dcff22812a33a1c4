// What the owner of a Proxmox VE cluster does, on a stand-in server: add it with an unknown certificate, see it, drag a machine to another node, look at its screen.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addGuest } from '../proxmox/seed.ts';
import { startProxmox } from '../proxmox/server.ts';
import type { ProxmoxServer } from '../proxmox/server.ts';
import { qemuMissing, startQemu } from '../rig/qemu.mjs';
import { axeProblems } from './pages/axe.ts';
import type { TreeView } from './pages/treeView.ts';
import { findWebview } from './pages/webview.ts';
import { envOf, trustAndUseToken } from './pages/proxmoxWizard.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe('a Proxmox VE cluster in the workbench', () => {
  let server: ProxmoxServer;
  let workbench: Workbench;
  let tree: TreeView;
  /** SHA-256 of the certificate that was trusted when the cluster was added. */
  let trusted: string;

  beforeAll(async () => {
    server = await startProxmox({ version: '9.1', nodes: ['pve1', 'pve2', 'pve3'], speed: 30, users: [{ userid: 'ann@pve', password: 'ann' }], tokens: [{ id: 'ann@pve!blind', secret: '11111111-2222-4333-8444-555555555555' }], acl: [{ path: '/', who: 'ann@pve', role: 'PVEAdmin' }] });
    trusted = server.fingerprint('pve1');
    addGuest(server.state, { vmid: 100, name: 'web', node: 'pve1', status: 'running', tags: 'prod', agent: true });
    addGuest(server.state, { vmid: 101, name: 'db', node: 'pve2', status: 'running', ha: 'started' });
    addGuest(server.state, { vmid: 102, kind: 'lxc', name: 'proxy', node: 'pve2', status: 'stopped' });
    addGuest(server.state, { vmid: 103, name: 'mail', node: 'pve2', status: 'running' });
    addGuest(server.state, { vmid: 9000, name: 'debian-template', node: 'pve1', template: true });
    server.cluster.broadcast();
    workbench = await openWorkbench({
      workspace: { '.env': envOf(server) },
      settings: { 'gaia.refreshInterval': 1 },
    });
    tree = await workbench.openView();
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.dispose();
  });

  const says = async (name: string, text: string | RegExp): Promise<void> => {
    await expect.poll(() => tree.description(tree.row(name)), { timeout: 30_000, interval: 150 }).toMatch(text);
  };

  it('is added by a wizard that offers what .env says, shows the SHA-256 and tests the connection', async () => {
    const { quickInput, dialog } = workbench;
    await workbench.run('Gaia: Add Proxmox VE…');
    await quickInput.rows.filter({ hasText: '.env' }).waitFor();
    expect(await quickInput.entries()).toEqual([expect.stringContaining('.env'), expect.stringContaining('Enter Another Address')]);
    expect(server.requests).toEqual([]);
    await workbench.screenshot('proxmox-wizard-offer');
    await quickInput.rows.filter({ hasText: '.env' }).click();
    await expect.poll(() => quickInput.input.inputValue()).toBe(`${server.host}:${String(server.port)}`);
    await quickInput.answer('Address of one node');
    expect(await dialog.text()).toContain(server.fingerprint('pve1'));
    await workbench.screenshot('proxmox-wizard-certificate');
    expect(server.requests, 'nothing is sent before the certificate is trusted').toEqual([]);
    await trustAndUseToken(workbench, { label: 'home' });
    await workbench.notifications.waitFor(/“home” works: Proxmox VE 9\.1.*nodes: 3, machines: 5/);
    await workbench.screenshot('proxmox-added');
  });

  it('shows nodes with their load, also the empty one, guests, and what is special about them', async () => {
    await tree.row('web').waitFor({ timeout: 30_000 });
    await says('pve1', /^2 · CPU \d+ % · memory \d+ %$/);
    await says('pve3', /^0 · CPU \d+ %/);
    await says('web', /^running · .*100/);
    await says('db', /HA started/);
    await says('debian-template', /^template/);
    await workbench.notifications.clear();
    // VirtualBox is not there, and nobody misses it.
    await expect.poll(async () => (await tree.texts()).at(-1)).toBe('VirtualBoxnot installed');
    await tree.expand(tree.row('VirtualBox'));
    await expect.poll(() => tree.texts()).toContainEqual(expect.stringMatching(/^VirtualBox was not found/));
    await tree.row('VirtualBox').locator('.monaco-tl-twistie').click();
    await expect.poll(async () => (await tree.texts()).at(-1)).toBe('VirtualBoxnot installed');
    await workbench.inThemes('proxmox-tree');
  });

  it('shows the first frame of the console, takes keys, and comes back after a lost connection', async () => {
    await tree.menu(tree.row('web'), 'Open Console');
    const frame = await findWebview(workbench.page, '.toolbar');
    await expect.poll(() => frame.locator('#root').getAttribute('data-state'), { timeout: 40_000 }).toBe('connected');
    const colours = (): Promise<number> => frame.locator('.screen canvas').evaluate(element => {
      const canvas = element as unknown as { width: number; height: number; getContext(kind: '2d'): { getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray } } };
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
    await expect.poll(colours, { timeout: 40_000 }).toBeGreaterThan(1);
    await frame.locator('.screen canvas').click();
    await workbench.page.keyboard.type('hello');
    await workbench.page.waitForTimeout(500);
    expect(await axeProblems(frame)).toEqual([]);
    server.faults.cutConnections();
    await expect.poll(() => frame.locator('#root').getAttribute('data-state'), { timeout: 40_000 }).toBe('connected');
    // The machine has the keyboard, F1 included, until it is asked back.
    await frame.locator('.screen canvas').click();
    await workbench.page.keyboard.press('Control+Alt+Shift');
    await expect.poll(() => frame.locator('[data-key="cad"]').evaluate(element => element.matches(':focus'))).toBe(true);
    await workbench.inThemes('proxmox-console');
  });

  it.skipIf(qemuMissing())('types a text into a real QEMU as the keys of the keyboard that the machine is set to', async () => {
    const closeConsole = async (name: string): Promise<void> => {
      const button = workbench.page.locator('.tab', { hasText: `Console: ${name}` }).locator('.tab-actions .action-label');
      if (await button.count() > 0) await button.click();
    };
    await closeConsole('web');
    const machine = await startQemu();
    try {
      server.cluster.consoles.real = machine;
      await tree.menu(tree.row('mail'), 'Open Console');
      const frame = await findWebview(workbench.page, '.toolbar');
      await expect.poll(() => frame.locator('#root').getAttribute('data-state'), { timeout: 40_000 }).toBe('connected');
      await frame.locator('select[aria-label^="Keyboard"]').selectOption('de');
      await workbench.page.evaluate(`navigator.clipboard.writeText('yZ/@ß')`);
      await frame.locator('[data-key="paste"]').click();
      const altGr = [0xe0, 0x38], shift = [0x2a];
      const up = (keys: readonly number[]): number[] => keys.map((code, index) => (index === keys.length - 1 ? code | 0x80 : code));
      const typed = (key: number, ...held: readonly (readonly number[])[]): number[] => [...held.flat(), key, key | 0x80, ...held.map(up).reverse().flat()];
      // On a German keyboard: the key of z, that of y with Shift, Shift with 7, AltGr with q, and the key right of 0.
      await expect.poll(() => machine.scanCodes(), { timeout: 20_000 }).toEqual([...typed(0x2c), ...typed(0x15, shift), ...typed(0x08, shift), ...typed(0x10, altGr), ...typed(0x0c)]);
    } finally {
      server.cluster.consoles.real = undefined;
      await machine.stop();
      await closeConsole('mail');
    }
  });

  it('migrates by drag and drop, after a question', async () => {
    await tree.row('web').dragTo(tree.row('pve3'));
    expect(await workbench.dialog.text()).toContain('Migrate “web” to pve3?');
    await workbench.screenshot('proxmox-migrate');
    await workbench.dialog.press('Migrate');
    await expect.poll(() => server.state.guests.get(100)?.node, { timeout: 30_000 }).toBe('pve3');
    await says('pve3', /^1 ·/);
  });

  it('migrates several one after the other, by one question', async () => {
    await tree.select(tree.row('mail'), tree.row('proxy'));
    await tree.row('proxy').dragTo(tree.row('pve1'));
    expect(await workbench.dialog.text()).toContain('Migrate “mail” and “proxy” to pve1, one after the other?');
    await workbench.dialog.press('Migrate');
    await expect.poll(() => [103, 102].map(vmid => server.state.guests.get(vmid)?.node), { timeout: 40_000 }).toEqual(['pve1', 'pve1']);
  });

  it('shows the cluster: nodes, storages with their content, tasks with their logs', async () => {
    await tree.menu(tree.row('home'), 'Show Cluster');
    const frame = await findWebview(workbench.page, '.nodes');
    await expect.poll(() => frame.locator('.node').count()).toBe(3);
    await frame.locator('[data-storage="pve1/local"] .twistie').click();
    await frame.locator('table.content').waitFor();
    await frame.locator('#section-tasks th', { hasText: 'Migrate web (100)' }).waitFor();
    await workbench.inThemes('proxmox-cluster');
    expect(await axeProblems(frame)).toEqual([]);
  });

  it('refuses a changed certificate with both fingerprints, and trusts the new one only when told', async () => {
    for (const node of ['pve2', 'pve3']) await server.faults.nodeDown(node);
    server.faults.newCertificate('pve1', { otherAuthority: true });
    server.faults.cutConnections();
    const row = tree.rows.filter({ hasText: 'Review Certificate' });
    await row.waitFor({ timeout: 40_000 });
    await row.locator('.monaco-icon-label').click();
    const text = await workbench.dialog.text();
    expect(text).toContain(trusted);
    expect(text).toContain(server.fingerprint('pve1'));
    await workbench.screenshot('proxmox-certificate-changed');
    await workbench.dialog.press('Trust the New Certificate');
    await row.waitFor({ state: 'detached', timeout: 40_000 });
    for (const node of ['pve2', 'pve3']) await server.faults.nodeUp(node);
  });

  it('explains a token that sees nothing, in the wizard itself', async () => {
    const { quickInput, dialog } = workbench;
    await workbench.run('Gaia: Add Proxmox VE…');
    await quickInput.rows.filter({ hasText: 'Enter Another Address' }).first().click();
    await quickInput.answer('Address of one node', `${server.host}:${String(server.port)}`);
    await trustAndUseToken(workbench, { token: 'ann@pve!blind=11111111-2222-4333-8444-555555555555', label: 'blind' });
    const text = await dialog.text();
    expect(text).toContain('may see nothing');
    expect(text).toContain('privilege separation');
    await workbench.screenshot('proxmox-blind');
    await dialog.press('Cancel');
    expect(server.violations).toEqual([]);
  });
});
