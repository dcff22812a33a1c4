// The days after the first: another login with a second factor, files on storages, backups, shells, high availability, and what is there again after a reload.
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addGuest } from '../proxmox/seed.ts';
import { startProxmox } from '../proxmox/server.ts';
import type { ProxmoxServer } from '../proxmox/server.ts';
import { developExtension } from '../rig/browser.mjs';
import { axeProblems } from './pages/axe.ts';
import { TreeView } from './pages/treeView.ts';
import { findWebview } from './pages/webview.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe('daily work on a Proxmox VE cluster', () => {
  let server: ProxmoxServer;
  let workbench: Workbench;
  let tree: TreeView;

  beforeAll(async () => {
    server = await startProxmox({
      version: '9.1', nodes: ['pve1', 'pve2'], speed: 30,
      users: [{ userid: 'ann@pve', password: 'secret of ann', totp: 'JBSWY3DPEHPK3PXP' }, { userid: 'eve@pve', password: 'eve' }],
      acl: [{ path: '/', who: 'ann@pve', role: 'Administrator' }, { path: '/vms/100', who: 'eve@pve', role: 'PVEAuditor' }],
    });
    addGuest(server.state, { vmid: 100, name: 'web', node: 'pve1', status: 'running', agent: true });
    addGuest(server.state, { vmid: 101, name: 'db', node: 'pve2', status: 'stopped', storage: 'shared' });
    addGuest(server.state, { vmid: 102, name: 'mail', node: 'pve2', status: 'running', storage: 'shared', ha: 'started' });
    server.cluster.broadcast();
    workbench = await openWorkbench({ workspace: { 'tiny.iso': 'not much of an image' }, settings: { 'gaia.refreshInterval': 1 } });
    tree = await workbench.openView();
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.dispose();
  });

  /** Up to the way to log in. */
  const beginWizard = async (certificate: 'asked' | 'known' = 'asked'): Promise<void> => {
    const { quickInput, dialog } = workbench;
    await workbench.run('Gaia: Add Proxmox VE…');
    await answer('Address of one node', `${server.host}:${String(server.port)}`);
    if (certificate === 'asked') await dialog.press('Trust This Certificate');
    await quickInput.rows.filter({ hasText: 'User and password' }).first().click();
  };
  const answer = (prompt: string, value: string): Promise<void> => workbench.quickInput.answer(prompt, value);
  /** One of several that can be ticked. */
  const tick = async (label: string): Promise<void> => {
    const { quickInput } = workbench;
    await quickInput.rows.filter({ hasText: label }).first().waitFor();
    await quickInput.input.fill(label);
    await quickInput.element.locator('[role="checkbox"], input[type="checkbox"]').first().click();
    await expect.poll(() => quickInput.element.innerText()).toContain('1 Selected');
    await quickInput.input.press('Enter');
  };
  const page = async () => findWebview(workbench.page, '.nodes');
  /** At once: the page draws itself anew while it is shown, and Playwright's own way waits for an element that keeps still. */
  const bring = async (section: Locator): Promise<void> => section.evaluate(element => { (element as unknown as { scrollIntoView(): void }).scrollIntoView(); });

  it('logs in with user, realm, password and the code of an app, asked for once', async () => {
    const { quickInput } = workbench;
    await beginWizard();
    await answer('User name', 'ann');
    await quickInput.rows.filter({ hasText: 'Linux PAM' }).waitFor();
    expect(await quickInput.entries()).toEqual([expect.stringMatching(/^pve Proxmox VE authentication server/), expect.stringMatching(/^pam Linux PAM standard authentication/)]);
    expect(server.requests.map(request => request.path), 'the realms are all that was asked for').toEqual(['/access/domains']);
    await workbench.screenshot('proxmox-daily-realms');
    await quickInput.rows.filter({ hasText: 'pve' }).first().click();
    await answer('Password of ann@pve', 'secret of ann');
    await answer('Name of the connection', 'home');
    await expect.poll(() => quickInput.message(), { timeout: 40_000 }).toContain('authenticator app');
    await workbench.screenshot('proxmox-daily-second-factor');
    await quickInput.enter(server.cluster.auth.totpOf('ann@pve'));
    await workbench.notifications.waitFor(/“home” works: Proxmox VE 9\.1/);
    await tree.row('web').waitFor({ timeout: 30_000 });
    expect(await workbench.notifications.texts()).not.toContainEqual(expect.stringContaining('second factor'));
    expect(server.requests.filter(request => request.path === '/access/ticket' && request.status === 200)).toHaveLength(2);
    await workbench.notifications.clear();
  });

  it('shows the load of the nodes over time, groups, rules and pools', async () => {
    await tree.menu(tree.row('home'), 'Show Cluster');
    const frame = await page();
    await expect.poll(() => frame.locator('.node-plot').count(), { timeout: 40_000 }).toBe(2);
    expect(await frame.locator('.node-plot svg').first().getAttribute('aria-label')).toMatch(/^CPU \d+–\d+ % · Memory \d+–\d+ %$/);
    await frame.locator('.span select').selectOption('day');
    await expect.poll(() => server.requests.some(request => request.path.endsWith('/nodes/pve1/rrddata') && request.parameters['timeframe'] === 'day')).toBe(true);
    await frame.locator('#section-pools').waitFor();
    await workbench.inThemes('proxmox-daily-cluster');
    expect(await axeProblems(frame)).toEqual([]);
  });

  it('makes a rule of high availability and a pool', async () => {
    const { quickInput } = workbench;
    await tree.menu(tree.row('home'), 'Show Cluster');
    const frame = await page();
    await frame.locator('[data-key="rules-add"]').click();
    await quickInput.rows.filter({ hasText: 'Keep machines on nodes' }).click();
    await answer('Name: a letter', 'near');
    await tick('pve1');
    await quickInput.rows.filter({ hasText: 'These nodes only' }).click();
    await tick('mail');
    await frame.locator('#section-rules th', { hasText: 'near' }).waitFor();
    expect(server.state.haRules.get('near')).toMatchObject({ type: 'node-affinity', nodes: 'pve1', resources: 'vm:102' });
    await frame.locator('[data-key="pools-add"]').click();
    await answer('Name of the pool', 'lab');
    await answer('Comment', 'for trying');
    await frame.locator('#section-pools th', { hasText: 'lab' }).waitFor();
    await bring(frame.locator('#section-rules'));
    await workbench.inThemes('proxmox-daily-rules');
  });

  it('takes a machine into high availability and out of it', async () => {
    const { quickInput, dialog } = workbench;
    await tree.menu(tree.row('db'), 'High Availability…');
    await quickInput.rows.filter({ hasText: 'Add, “stopped”' }).click();
    await expect.poll(() => server.state.haResources.get('vm:101')?.state).toBe('stopped');
    await expect.poll(() => tree.description(tree.row('db')), { timeout: 40_000 }).toMatch(/HA/);
    await tree.menu(tree.row('db'), 'High Availability…');
    await quickInput.rows.filter({ hasText: 'Request “started”' }).waitFor();
    await workbench.screenshot('proxmox-daily-ha');
    await quickInput.rows.filter({ hasText: 'Take Out' }).click();
    await dialog.press('Take Out');
    await expect.poll(() => server.state.haResources.has('vm:101')).toBe(false);
  });

  it('says in the question why high availability keeps a machine where it is', async () => {
    await expect.poll(() => tree.description(tree.row('mail')), { timeout: 30_000 }).toMatch(/HA started/);
    server.state.haRules.set('near', { rule: 'near', type: 'node-affinity', resources: 'vm:102', nodes: 'pve2', strict: 1 });
    await tree.row('mail').dragTo(tree.row('pve1'));
    expect(await workbench.dialog.text()).toContain('High availability keeps it on pve2 (near).');
    await workbench.screenshot('proxmox-daily-ha-refused');
    await workbench.page.keyboard.press('Escape');
  });

  it('uploads, downloads and deletes content of a storage', async () => {
    const { quickInput, dialog } = workbench;
    const frame = await page();
    const content = () => server.state.volumes.map(volume => volume.volid);
    // A second try begins as the first did.
    for (const made of ['local:iso/tiny.iso', 'local:iso/other.iso']) if (content().includes(made)) server.state.volumes.splice(content().indexOf(made), 1);
    await workbench.page.keyboard.press('Escape');
    await frame.locator('[data-key="storage-pve1/local-upload"]').click();
    await quickInput.rows.filter({ hasText: 'ISO image' }).click();
    await expect.poll(() => quickInput.input.inputValue()).toContain('/');
    // The dialog looks into the folder first; Enter before that is a word about no file.
    await quickInput.input.fill(`${workbench.folder}/`);
    await quickInput.rows.filter({ hasText: 'tiny.iso' }).click();
    await expect.poll(content, { timeout: 40_000 }).toContain('local:iso/tiny.iso');
    server.state.web.set('https://images.example/other.iso', { size: 4096, filename: 'other.iso' });
    await frame.locator('[data-key="storage-pve1/local-download"]').click();
    await quickInput.rows.filter({ hasText: 'ISO image' }).click();
    await answer('Address from which', 'https://images.example/other.iso');
    await answer('Name of the file', 'other.iso');
    await expect.poll(content, { timeout: 40_000 }).toContain('local:iso/other.iso');
    if (await frame.locator('table.content').count() === 0) await frame.locator('[data-storage="pve1/local"] .twistie').click();
    await frame.locator('table.content th', { hasText: 'tiny.iso' }).waitFor();
    await bring(frame.locator('[data-storage="pve1/local"]'));
    await workbench.inThemes('proxmox-daily-storage');
    await frame.locator('[data-key="content-pve1/local-local:iso/tiny.iso"]').click();
    expect(await dialog.text()).toContain('Delete tiny.iso from local?');
    await dialog.press('Delete');
    await expect.poll(content, { timeout: 40_000 }).not.toContain('local:iso/tiny.iso');
  });

  it('backs a machine up and restores it beside the present one', async () => {
    const { quickInput } = workbench;
    await tree.menu(tree.row('db'), 'More', 'Back Up Now');
    await answer('Storage for the backup', 'local');
    await expect.poll(() => server.state.volumes.some(volume => volume.content === 'backup' && volume.vmid === 101), { timeout: 30_000 }).toBe(true);
    await workbench.run('Gaia: Restore Backup');
    await quickInput.rows.filter({ hasText: 'db' }).first().click();
    await quickInput.rows.filter({ hasText: 'As a new machine' }).waitFor();
    await workbench.screenshot('proxmox-daily-restore');
    await quickInput.rows.filter({ hasText: 'As a new machine' }).click();
    await quickInput.rows.filter({ hasText: 'pve2' }).first().click();
    await expect.poll(() => [...server.state.guests.values()].filter(guest => String(guest.config['name']).startsWith('db')).length, { timeout: 30_000 }).toBe(2);
  });

  it('shows the log of a task', async () => {
    await tree.menu(tree.row('home'), 'Show Cluster');
    const frame = await page();
    const row = frame.locator('#section-tasks tr', { hasText: /Back up .*\(101\)/ }).first();
    await row.locator('.row-actions vscode-button').first().click();
    await expect.poll(() => workbench.editor.text(), { timeout: 40_000 }).toContain('TASK OK');
    await workbench.screenshot('proxmox-daily-task-log');
  });

  it('opens a shell on a node', async () => {
    await tree.menu(tree.row('pve1'), 'Open Shell of Node');
    await workbench.page.locator('.terminal-wrapper.active .xterm').waitFor({ timeout: 30_000 });
    await expect.poll(() => workbench.page.locator('.terminal-wrapper.active').count()).toBe(1);
    await workbench.page.keyboard.type('hostname\n');
    await workbench.page.waitForTimeout(1500);
    await workbench.screenshot('proxmox-daily-shell');
    expect(server.requests.some(request => request.path === '/nodes/pve1/termproxy')).toBe(true);
  });

  it('types a text by the keyboard of the machine, and brings the console back after a reload', async () => {
    await tree.menu(tree.row('web'), 'Open Console');
    let frame = await findWebview(workbench.page, '.toolbar');
    await expect.poll(() => frame.locator('#root').getAttribute('data-state'), { timeout: 40_000 }).toBe('connected');
    await frame.locator('select.keys').nth(1).selectOption('de');
    await frame.locator('.screen canvas').click();
    await workbench.page.keyboard.press('Control+Alt+Shift');
    await expect.poll(() => frame.locator('[data-key="cad"]').evaluate(element => element.matches(':focus'))).toBe(true);
    await workbench.inThemes('proxmox-daily-console');
    expect(await axeProblems(frame)).toEqual([]);
    // In a browser VS Code writes down what views remember only every few seconds.
    await workbench.page.waitForTimeout(8000);
    await workbench.reload();
    // The new extension host logs in anew, and asks for the code before it does. Until then the tree says what it waits for, at once.
    await workbench.notifications.waitFor(/asks for the code of your second factor/);
    await tree.row('Enter Code…').waitFor({ timeout: 10_000 });
    expect(await tree.texts()).toEqual(expect.arrayContaining([expect.stringMatching(/^The login needs a second factor/)]));
    await workbench.inThemes('proxmox-daily-code-awaited');
    const logins = (): number => server.requests.filter(request => request.path === '/access/ticket').length;
    const before = logins();
    await tree.row('Enter Code…').click();
    await answer('authenticator app', server.cluster.auth.totpOf('ann@pve'));
    await tree.row('web').waitFor({ timeout: 30_000 });
    // The toast is still there, but there is nothing more to ask.
    await workbench.notifications.press(/asks for the code of your second factor/, 'Enter Code');
    await workbench.page.waitForTimeout(1000);
    expect(await workbench.quickInput.element.isVisible()).toBe(false);
    expect(logins()).toBe(before + 1);
    frame = await findWebview(workbench.page, '.toolbar');
    await expect.poll(() => frame.locator('#root').getAttribute('data-state'), { timeout: 60_000 }).toBe('connected');
    expect(await frame.locator('select.keys').nth(1).inputValue()).toBe('de');
    // The console has the keyboard; the next test wants it back.
    await tree.row('web').click();
  });

  it('shows what was changed in one window in the other as well', async () => {
    const other = await workbench.page.context().newPage();
    try {
      const unpacked = process.env['GAIA_UNPACKED'];
      if (unpacked) await developExtension(other, { authority: workbench.server.authority, extension: path.resolve(unpacked === '1' ? '.' : unpacked) });
      await other.goto(workbench.server.folderUrl(workbench.folder));
      const view = new TreeView(other, 'Machines');
      await other.locator('.activitybar .action-label[aria-label^="Gaia"]').waitFor({ timeout: 60_000 });
      if (!await view.element.isVisible()) await other.locator('.activitybar .action-label[aria-label^="Gaia"]').click();
      await view.row('home').waitFor({ timeout: 60_000 });
      await workbench.page.bringToFront();
      await workbench.page.evaluate('window.focus()');
      const label = 'home of ann';
      await tree.menu(tree.row('home'), 'Edit Connection…');
      await answer('Address of one node', `${server.host}:${String(server.port)}`);
      await workbench.quickInput.rows.filter({ hasText: 'User and password' }).first().click();
      await answer('User name', 'ann@pve');
      await answer('Password of ann@pve', '');
      await answer('Name of the connection', label);
      await answer('authenticator app', server.cluster.auth.totpOf('ann@pve'));
      await tree.row(label).waitFor({ timeout: 30_000 });
      await other.bringToFront();
      await view.row(label).waitFor({ timeout: 30_000 });
      await other.screenshot({ path: 'out/shots/proxmox-daily-second-window.png' });
    } finally {
      await other.close();
      await workbench.page.bringToFront();
    }
  });

  it('explains a missing privilege with its path', async () => {
    await beginWizard();
    await answer('User name', 'eve@pve');
    await answer('Password of eve@pve', 'eve');
    await answer('Name of the connection', 'eve');
    const text = await workbench.dialog.text();
    expect(text).toContain('VM.PowerMgmt on /vms');
    await workbench.screenshot('proxmox-daily-few-rights');
    await workbench.dialog.press('Save');
    await expect.poll(() => tree.row('web').count(), { timeout: 30_000 }).toBe(2);
    await tree.menu(tree.row('web').nth(1), 'Power', 'Power Off');
    if (await workbench.dialog.element.isVisible({ timeout: 2000 }).catch(() => false) || await workbench.dialog.element.waitFor({ timeout: 2000 }).then(() => true, () => false)) await workbench.dialog.press('Power Off');
    const toast = await workbench.notifications.waitFor(/VM\.PowerMgmt/);
    expect(await toast.innerText()).toContain('/vms/100');
    await workbench.screenshot('proxmox-daily-no-permission');
    expect(server.violations).toEqual([]);
  });
});
