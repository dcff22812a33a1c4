// What the sidebar says when there is nothing to show: why, and what to do about it. And what the keyboard and the palette reach.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hostLogsMissing } from '../rig/host.mjs';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import type { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

/** A VBoxManage for these tests: a script in a folder put first in PATH. */
function pretend(script: string): { readonly folder: string; readonly env: Readonly<Record<string, string>> } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-pretend-'));
  const file = path.join(folder, 'VBoxManage');
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`);
  fs.chmodSync(file, 0o755);
  return { folder, env: { PATH: `${folder}:/usr/bin:/bin` } };
}

describe('without VirtualBox', () => {
  let workbench: Workbench;
  let tree: TreeView;
  beforeAll(async () => {
    workbench = await openWorkbench({ env: { PATH: '/usr/bin:/bin' } });
    tree = await workbench.openView();
  });
  afterAll(() => workbench.close());

  it('says that it is not installed, and how to install it here', async () => {
    await expect.poll(() => tree.texts(), { timeout: 40_000 }).toEqual(expect.arrayContaining([expect.stringMatching(/^VirtualBox was not found/), expect.stringMatching(/^Install VirtualBox.*(apt|dnf|zypper|pacman)/), 'Download VirtualBox', 'Try Again']));
    await workbench.screenshot('sidebar-not-installed');
  });

  it('types the install command into a terminal and leaves Enter to the person', async () => {
    await tree.row('Install VirtualBox').click();
    await workbench.page.locator('.terminal-wrapper.active .xterm').waitFor({ timeout: 40_000 });
    await expect.poll(() => workbench.page.locator('.terminal-tabs-entry, .terminal-wrapper.active').count()).toBeGreaterThan(0);
    await workbench.screenshot('sidebar-install-command');
  });

  it('reports what works on this computer', async () => {
    await workbench.run('Gaia: Check This Computer');
    await expect.poll(() => workbench.editor.text(), { timeout: 30_000 }).toContain('❌ VirtualBox');
    expect(await workbench.editor.text()).toContain('virtualbox.notInstalled');
  });
});

describe('with a VirtualBox that this account may not run', () => {
  let workbench: Workbench;
  let tree: TreeView;
  let tool: ReturnType<typeof pretend>;
  beforeAll(async () => {
    tool = pretend('exit 0');
    fs.chmodSync(path.join(tool.folder, 'VBoxManage'), 0o644);
    workbench = await openWorkbench({ env: tool.env });
    tree = await workbench.openView();
  });
  afterAll(async () => {
    await workbench.close();
    fs.rmSync(tool.folder, { recursive: true });
  });

  it('says so, and that is not the same as not installed', async () => {
    await expect.poll(() => tree.texts(), { timeout: 40_000 }).toEqual(['VirtualBox', expect.stringMatching(/No permission to run \/.*VBoxManage\..*Your account must be allowed to run VBoxManage/), 'Try Again']);
    await workbench.screenshot('sidebar-no-permission');
    // The row itself opens the whole of it.
    await tree.rows.nth(1).click();
    expect(await workbench.dialog.text()).toContain('No permission to run');
    await workbench.page.keyboard.press('Escape');
    fs.chmodSync(path.join(tool.folder, 'VBoxManage'), 0o755);
    fs.writeFileSync(path.join(tool.folder, 'VBoxManage'), '#!/bin/sh\necho 6.0.24r1\n');
    await tree.row('Try Again').click();
    await expect.poll(() => tree.texts(), { timeout: 40_000 }).toEqual(['VirtualBox', expect.stringContaining('VirtualBox 6.0.24 is too old: Gaia needs 6.1 or later.'), 'Download VirtualBox', 'Try Again']);
    await workbench.screenshot('sidebar-too-old');
  });
});

describe('with a VirtualBox that does not answer', () => {
  let workbench: Workbench;
  let tree: TreeView;
  let tool: ReturnType<typeof pretend>;
  beforeAll(async () => {
    tool = pretend('if [ "$1" = --version ]; then echo 7.2.22r1; exit 0; fi\nsleep 120');
    workbench = await openWorkbench({ env: tool.env, settings: { 'gaia.listTimeout': 2, 'gaia.refreshInterval': 1 } });
    tree = await workbench.openView();
  });
  afterAll(async () => {
    await workbench.close();
    fs.rmSync(tool.folder, { recursive: true });
  });

  it('says that it looks, then that there was no answer, and recovers by itself', async () => {
    await expect.poll(() => tree.texts(), { timeout: 40_000, interval: 100 }).toContain('Looking for machines…');
    await workbench.screenshot('sidebar-loading');
    await expect.poll(() => tree.texts(), { timeout: 40_000 }).toEqual(expect.arrayContaining([expect.stringMatching(/did not answer within/), 'Try Again']));
    await workbench.screenshot('sidebar-no-answer');
    fs.writeFileSync(path.join(tool.folder, 'VBoxManage'), '#!/bin/sh\nif [ "$1" = --version ]; then echo 7.2.22r1; fi\nexit 0\n');
    // Nobody presses anything: the next look finds it.
    await expect.poll(() => tree.texts(), { timeout: 30_000 }).toEqual(['VirtualBox', 'No machines yet', 'New Machine…']);
    await workbench.screenshot('sidebar-none-yet');
  });
});

describe.skipIf(virtualBoxMissing())('by keyboard and palette', () => {
  let box: PrivateVirtualBox;
  let workbench: Workbench;
  let tree: TreeView;
  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    await box.createVm({ name: 'alpha', memoryMiB: 64 });
    await box.createVm({ name: 'beta', memoryMiB: 64 });
    await box.createVm({ name: 'gamma', memoryMiB: 64 });
    workbench = await openWorkbench({ virtualBox: box, settings: { 'gaia.refreshInterval': 2 } });
    tree = await workbench.openView();
    await tree.row('gamma').waitFor({ timeout: 30_000 });
  });
  afterAll(async () => {
    await workbench.close();
    await box.dispose();
  });

  it('offers only the machines that the command can be done to', async () => {
    if (await box.state('beta') !== 'running') await box.run(['startvm', 'beta', '--type', 'headless']);
    await expect.poll(() => tree.description(tree.row('beta')), { timeout: 40_000 }).toMatch(/^running/);
    await workbench.run('Gaia: Pause');
    await expect.poll(() => workbench.quickInput.entries()).toEqual([expect.stringContaining('beta')]);
    await workbench.page.keyboard.press('Enter');
    await expect.poll(() => box.state('beta'), { timeout: 40_000 }).toBe('paused');
  });

  it('acts on the row that has the focus, also after the arrow keys', async () => {
    await tree.select(tree.row('alpha'));
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.page.keyboard.press('Enter');
    await workbench.editor.tab('gamma').waitFor({ timeout: 40_000 });
    await workbench.run('Focus on Machines View', /Focus on Machines View/);
    await workbench.page.keyboard.press('ArrowUp');
    await workbench.page.keyboard.press('ArrowUp');
    await workbench.page.keyboard.press('F2');
    await workbench.quickInput.enter('alpha-2');
    await tree.row('alpha-2').waitFor({ timeout: 40_000 });
  });

  it('starts several at once from the palette', async () => {
    await workbench.run('Gaia: Start', /Gaia: Start$/);
    await expect.poll(() => workbench.quickInput.entries()).toEqual([expect.stringContaining('alpha-2'), expect.stringContaining('gamma')]);
    for (const row of await workbench.quickInput.rows.all()) await row.locator('.monaco-highlighted-label').first().click();
    await workbench.quickInput.element.getByText('2 Selected').waitFor();
    await workbench.screenshot('sidebar-pick');
    await workbench.quickInput.input.press('Enter');
    for (const name of ['alpha-2', 'gamma']) await expect.poll(() => box.state(name).catch(() => undefined), { timeout: 40_000 }).toBe('running');
  });

  it('shows what takes long, and Cancel ends it and says how the machine is then', async () => {
    await expect.poll(() => tree.description(tree.row('gamma')), { timeout: 40_000 }).toMatch(/^running/);
    await tree.menu(tree.row('gamma'), 'Stop (Shut Down)');
    const progress = await workbench.notifications.waitFor('Shutting down “gamma”');
    await expect.poll(() => tree.description(tree.row('gamma'))).toMatch(/shutting down/);
    await workbench.screenshot('sidebar-progress');
    await progress.hover();
    await progress.getByText('Cancel', { exact: true }).click();
    await workbench.notifications.waitFor('Cancelled. “gamma” is now running.');
    expect(await box.state('gamma')).toBe('running');
    await expect.poll(() => tree.description(tree.row('gamma'))).toMatch(/^running/);
    await workbench.notifications.clear();
  });

  it('asks once when Delete is pressed twice, and deletes the one machine that it named', async () => {
    // A second try finds what the first one made.
    const there = await box.run(['list', 'vms']);
    for (const name of ['twice', 'twin']) if (!there.includes(`"${name}"`)) await box.createVm({ name, memoryMiB: 64 });
    await tree.row('twin').waitFor({ timeout: 40_000 });
    await tree.select(tree.row('twice'));
    await workbench.page.keyboard.press('Delete');
    await workbench.page.keyboard.press('Delete');
    expect(await workbench.dialog.text()).toContain('Delete “twice”?');
    await workbench.dialog.press('Delete');
    await tree.row('twice').waitFor({ state: 'detached', timeout: 40_000 });
    await workbench.page.waitForTimeout(1500);
    expect(await workbench.dialog.element.count()).toBe(0);
    await expect.poll(() => workbench.notifications.texts(), { timeout: 40_000 }).toEqual([]);
    const listed = await box.run(['list', 'vms']);
    expect(listed).not.toContain('"twice"');
    for (const name of ['alpha-2', 'beta', 'gamma', 'twin']) expect(listed).toContain(`"${name}"`);
  });

  it('deletes several at once, naming each', async () => {
    for (const name of ['spare 1', 'spare 2']) await box.createVm({ name, memoryMiB: 64, diskMiB: 8 });
    await tree.row('spare 2').waitFor({ timeout: 40_000 });
    await tree.select(tree.row('spare 1'), tree.row('spare 2'), tree.row('beta'));
    await workbench.page.keyboard.press('Delete');
    const text = await workbench.dialog.text();
    expect(text).toContain('Delete “spare 1” and “spare 2”?');
    expect(text).toMatch(/spare 1: .*disk\.vdi[^]*spare 2: .*disk\.vdi/);
    await workbench.screenshot('sidebar-delete-several');
    await workbench.dialog.press('Delete with Disks');
    await tree.row('spare 1').waitFor({ state: 'detached', timeout: 40_000 });
    await tree.row('spare 2').waitFor({ state: 'detached', timeout: 40_000 });
    expect(await box.run(['list', 'hdds'])).not.toContain('spare');
    expect(await box.state('beta')).toBe('paused');
  });

  it.skipIf(hostLogsMissing())('shows every request with its time and exit code in the log', async () => {
    await workbench.run('Gaia: Show Log');
    // Only the lines on the screen are drawn, and long ones are broken: the filter of the view brings those that are looked for.
    const seen = async (): Promise<string> => (await workbench.page.locator('.part.panel .view-lines').first().innerText()).replaceAll('\u00a0', ' ').replaceAll('\n', '');
    for (const [filter, line] of [['list vms', /VBoxManage list vms → 0 \(\d+ ms\)/], ['pause', /VBoxManage controlvm [0-9a-f-]{36} pause → 0 \(\d+ ms\)/], ['rename', /#\d+ rename "alpha" succeeded \(\d+ ms\)/]] as const) {
      await workbench.page.locator('.part.panel .viewpane-filter-container input, .part.panel input[placeholder^="Filter"]').first().fill(filter);
      await expect.poll(seen, { timeout: 40_000 }).toMatch(line);
    }
    await workbench.screenshot('sidebar-log');
    await workbench.run('View: Hide Panel');
  });

  it('shows the log', async () => {
    await workbench.run('Gaia: Show Log');
    await expect.poll(() => workbench.page.locator('.part.panel .monaco-select-box').first().evaluate(box => (box as unknown as { value: string }).value && box.textContent), { timeout: 40_000 }).toContain('Gaia');
    await workbench.screenshot('sidebar-log');
    await workbench.run('View: Hide Panel');
  });

  it('introduces itself', async () => {
    await workbench.run('Welcome: Open Walkthrough');
    await workbench.quickInput.choose('Get Started with Gaia');
    await workbench.page.getByText('See your machines').first().waitFor({ timeout: 40_000 });
    await workbench.screenshot('walkthrough');
  });
});
