// What the sidebar says when there is nothing to show: why, and what to do about it. And what the keyboard and the palette reach.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
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
    await expect.poll(() => tree.texts(), { timeout: 20_000 }).toEqual(expect.arrayContaining([expect.stringMatching(/^VirtualBox was not found/), expect.stringMatching(/^Install VirtualBox.*(apt|dnf|zypper|pacman)/), 'Download VirtualBox', 'Try Again']));
    await workbench.screenshot('sidebar-not-installed');
  });

  it('types the install command into a terminal and leaves Enter to the person', async () => {
    await tree.row('Install VirtualBox').click();
    await workbench.page.locator('.terminal-wrapper.active .xterm').waitFor({ timeout: 20_000 });
    await expect.poll(() => workbench.page.locator('.terminal-tabs-entry, .terminal-wrapper.active').count()).toBeGreaterThan(0);
    await workbench.screenshot('sidebar-install-command');
  });

  it('reports what works on this computer', async () => {
    await workbench.run('Gaia: Check This Computer');
    await expect.poll(() => workbench.editor.text(), { timeout: 30_000 }).toContain('❌ VirtualBox');
    expect(await workbench.editor.text()).toContain('virtualbox.notInstalled');
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
    await expect.poll(() => tree.texts(), { timeout: 15_000, interval: 100 }).toContain('Looking for machines…');
    await expect.poll(() => tree.texts(), { timeout: 20_000 }).toEqual(expect.arrayContaining([expect.stringMatching(/did not answer within/), 'Try Again']));
    await workbench.screenshot('sidebar-no-answer');
    fs.writeFileSync(path.join(tool.folder, 'VBoxManage'), '#!/bin/sh\nif [ "$1" = --version ]; then echo 7.2.22r1; fi\nexit 0\n');
    await tree.row('Try Again').first().click();
    await expect.poll(() => tree.texts(), { timeout: 20_000 }).toEqual(['VirtualBox', 'No machines yet', 'New Machine…']);
    await workbench.screenshot('sidebar-none-yet');
  });
});

describe.skipIf(virtualBoxMissing())('by keyboard and palette', () => {
  let box: PrivateVirtualBox;
  let workbench: Workbench;
  let tree: TreeView;
  beforeAll(async () => {
    box = await privateVirtualBox();
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
    await box.run(['startvm', 'beta', '--type', 'headless']);
    await expect.poll(() => tree.description(tree.row('beta')), { timeout: 10_000 }).toMatch(/^running/);
    await workbench.run('Gaia: Pause');
    await expect.poll(() => workbench.quickInput.entries()).toEqual([expect.stringContaining('beta')]);
    await workbench.page.keyboard.press('Enter');
    await expect.poll(() => box.state('beta'), { timeout: 10_000 }).toBe('paused');
  });

  it('acts on the row that has the focus, also after the arrow keys', async () => {
    await tree.select(tree.row('alpha'));
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.page.keyboard.press('Enter');
    await workbench.editor.tab('gamma').waitFor({ timeout: 15_000 });
    await workbench.run('Focus on Machines View', /Focus on Machines View/);
    await workbench.page.keyboard.press('ArrowUp');
    await workbench.page.keyboard.press('ArrowUp');
    await workbench.page.keyboard.press('F2');
    await workbench.quickInput.enter('alpha-2');
    await tree.row('alpha-2').waitFor({ timeout: 15_000 });
  });

  it('starts several at once from the palette', async () => {
    await workbench.run('Gaia: Start', /Gaia: Start$/);
    await expect.poll(() => workbench.quickInput.entries()).toEqual([expect.stringContaining('alpha-2'), expect.stringContaining('gamma')]);
    for (const row of await workbench.quickInput.rows.all()) await row.locator('.monaco-highlighted-label').first().click();
    await workbench.quickInput.element.getByText('2 Selected').waitFor();
    await workbench.screenshot('sidebar-pick');
    await workbench.quickInput.input.press('Enter');
    for (const name of ['alpha-2', 'gamma']) await expect.poll(() => box.state(name).catch(() => undefined), { timeout: 20_000 }).toBe('running');
  });

  it('shows the log', async () => {
    await workbench.run('Gaia: Show Log');
    await expect.poll(() => workbench.page.locator('.part.panel .monaco-select-box').first().evaluate(box => (box as unknown as { value: string }).value && box.textContent), { timeout: 15_000 }).toContain('Gaia');
    await workbench.screenshot('sidebar-log');
    await workbench.run('View: Hide Panel');
  });

  it('introduces itself', async () => {
    await workbench.run('Welcome: Open Walkthrough');
    await workbench.quickInput.choose('Get Started with Gaia');
    await workbench.page.getByText('See your machines').first().waitFor({ timeout: 15_000 });
    await workbench.screenshot('walkthrough');
  });
});
