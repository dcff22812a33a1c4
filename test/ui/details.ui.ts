// The details page of a real VirtualBox machine: it shows what VBoxManage says, its buttons do what they say, and all of it is reached by keyboard.
import fs from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import { axeProblems } from './pages/axe.ts';
import type { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const name = 'web <b>"1"</b>';

describe.skipIf(virtualBoxMissing())('the details page', () => {
  let box: PrivateVirtualBox;
  let workbench: Workbench;
  let tree: TreeView;
  let page: FrameLocator;
  let id = '';
  let shared = '';

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    shared = path.join(box.folder, 'shared & safe');
    fs.mkdirSync(shared);
    id = await box.createVm({ name, group: '/lab', cpus: 2, memoryMiB: 64, diskMiB: 16, modify: [
      '--description', 'The shop.\nSecond line.', '--nic1', 'nat', '--nicproperty1', 'x=y', '--natpf1', 'ssh,tcp,127.0.0.1,2222,,22', '--natpf1', 'dns,udp,,5353,10.0.2.15,53', '--nic2', 'null', '--macaddress2', '080027ABCDEF',
    ] });
    await box.run(['storageattach', id, '--storagectl', 'SATA', '--port', '1', '--device', '0', '--type', 'dvddrive', '--medium', 'emptydrive']);
    await box.run(['sharedfolder', 'add', id, '--name', 'docs', '--hostpath', shared, '--readonly', '--automount', '--auto-mount-point', '/srv/docs']);
    await box.run(['snapshot', id, 'take', 'as installed', '--description', 'before the "web" server']);
    await box.run(['snapshot', id, 'take', 'with nginx']);
    workbench = await openWorkbench({ virtualBox: box, settings: { 'gaia.refreshInterval': 2 }, viewport: { width: 1400, height: 1000 } });
    tree = await workbench.openView();
    await tree.row(name).waitFor({ timeout: 30_000 });
    await tree.menu(tree.row(name), 'Show Details');
    page = await workbench.webview('.sections section');
  });

  afterAll(async () => {
    await workbench.close();
    await box.dispose();
  });

  const cells = async (section: string): Promise<string[][]> => {
    const rows = await page.locator(`#section-${section} tbody tr`).all();
    return Promise.all(rows.map(async row => (await row.locator('th, td:not(.row-actions)').allInnerTexts()).map(text => text.trim())));
  };
  const key = (text: string): Locator => page.locator(`[data-key="${text}"]`);
  const subtitle = (): Promise<string> => page.locator('.subtitle').innerText();
  const says = async (key: string): Promise<string | undefined> => new RegExp(`^"?${key}"?="?(.*?)"?$`, 'm').exec(await box.run(['showvminfo', id, '--machinereadable']))?.[1];

  it('shows the machine as VBoxManage describes it', async () => {
    expect(await page.locator('h1').innerText()).toBe(name);
    expect(await subtitle()).toBe('stopped · 2 CPU · 64 MB');
    const facts = await page.locator('#section-facts').innerText();
    for (const part of ['VirtualBox', 'poweroff', 'lab', 'The shop.\nSecond line.', id]) expect(facts).toContain(part);
    const disk = (await says('SATA-0-0')) as string;
    expect(await cells('disks')).toEqual([[expect.stringMatching(/^SATA 0:0/), '16 MB', expect.stringMatching(/^\d+(\.\d+)? [MK]B$/), disk], [expect.stringMatching(/^SATA 1:0.*CD\/DVD/), '', '', 'empty']]);
    const mac = (await says('macaddress1')) as string;
    expect(await cells('adapters')).toEqual([[expect.stringMatching(/^1/), expect.stringMatching(/^nat/), mac.replace(/..(?!$)/g, '$&:'), ''], [expect.stringMatching(/^2/), expect.any(String), '08:00:27:AB:CD:EF', '']]);
    expect(await cells('forwards')).toEqual([['dns', '5353', '10.0.2.15:53', 'UDP'], ['ssh', '127.0.0.1:2222', '22', 'TCP']]);
    expect(await cells('folders')).toEqual([['docs', shared, '/srv/docs', 'read-only, auto-mount']]);
    const snapshots = page.locator('#section-snapshots');
    expect(await snapshots.locator('.tree > li > .node .name').allInnerTexts()).toEqual(['as installed']);
    expect(await snapshots.locator('.tree > li > ul > li > .node .name').allInnerTexts()).toEqual(['with nginx']);
    expect(await snapshots.locator('[aria-current="true"] > .node .name').allInnerTexts()).toEqual(['with nginx']);
    expect(await snapshots.innerText()).toContain('before the "web" server');
    await workbench.screenshot('details-stopped');
  });

  it('starts the machine, and then shows its screen and what it uses', async () => {
    await key('action-start').click();
    await expect.poll(subtitle, { timeout: 30_000 }).toMatch(/^running/);
    expect(await box.state(id)).toBe('running');
    const screen = page.locator('.screen img');
    await screen.waitFor({ timeout: 40_000 });
    expect(await screen.evaluate(img => (img as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThanOrEqual(320);
    const first = await screen.getAttribute('src');
    await expect.poll(() => screen.getAttribute('src'), { timeout: 40_000 }).not.toBe(first);
    await expect.poll(() => page.locator('.plot figcaption').allInnerTexts(), { timeout: 40_000 }).toEqual([expect.stringMatching(/^CPU: \d+ %/), expect.stringMatching(/^Memory: [\d.]+ MB/), expect.stringMatching(/^Disk: Read .*\/s · Written .*\/s/), expect.stringMatching(/^Network: In .*\/s · Out .*\/s/)]);
    expect(await page.locator('.plot canvas').count()).toBe(4);
    expect(await key('action-start').count()).toBe(0);
    expect(await page.locator('#section-facts').innerText()).toContain('Runs since');
  });

  it('is legible in every theme, and accessible', async () => {
    for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const) {
      await workbench.setTheme(theme);
      await workbench.page.waitForTimeout(2500);
      await workbench.screenshot(`details-${theme}`);
      expect(await axeProblems(page)).toEqual([]);
    }
    await workbench.setTheme('dark');
    await page.locator('#section-snapshots').scrollIntoViewIfNeeded();
    await workbench.screenshot('details-dark-below');
  });

  it('adds and removes a port forward of the running machine', async () => {
    await key('forwards-addForward').click();
    await workbench.quickInput.input.fill('2222');
    await expect.poll(() => workbench.quickInput.message()).toContain('as in 8080:80');
    await workbench.quickInput.enter('127.0.0.1:18080:80');
    await expect.poll(() => cells('forwards'), { timeout: 40_000 }).toContainEqual(['tcp18080', '127.0.0.1:18080', '80', 'TCP']);
    expect(await box.run(['showvminfo', id, '--machinereadable'])).toMatch(/="tcp18080,tcp,127\.0\.0\.1,18080,,80"/);
    await key('forwards-1/tcp18080-remove').click();
    await expect.poll(async () => (await cells('forwards')).length, { timeout: 40_000 }).toBe(2);
    expect(await box.run(['showvminfo', id, '--machinereadable'])).not.toContain('tcp18080');
  });

  it('is worked by keyboard alone', async () => {
    await page.locator('h1').click();
    const focused = (): Promise<string | undefined> => page.locator('body').evaluate(() => (globalThis as unknown as { document: { activeElement: { dataset: Record<string, string> } | null } }).document.activeElement?.dataset['key']);
    const reached: string[] = [];
    for (let i = 0; i < 60 && !reached.includes('snapshots-snapshot'); i++) {
      await workbench.page.keyboard.press('Tab');
      const at = await focused();
      if (at !== undefined) reached.push(at);
    }
    expect(reached).toEqual(expect.arrayContaining(['action-stop', 'action-pause', 'action-powerOff', 'disks-addDisk', 'forwards-addForward', 'forwards-1/ssh-remove', 'folders-docs-remove', 'snapshots-snapshot']));
    expect(reached[0]).toBe('action-stop');
    await key('action-pause').focus();
    await workbench.page.keyboard.press('Enter');
    await expect.poll(() => box.state(id), { timeout: 40_000 }).toBe('paused');
    await expect.poll(subtitle, { timeout: 40_000 }).toMatch(/^paused/);
    await key('action-resume').focus();
    await workbench.page.keyboard.press('Space');
    await expect.poll(() => box.state(id), { timeout: 40_000 }).toBe('running');
  });

  it('asks before it powers off, and says when the machine is gone', async () => {
    await key('action-powerOff').click();
    expect(await workbench.dialog.text()).toContain(`Power off “${name}”?`);
    await workbench.dialog.press('Power Off');
    await expect.poll(subtitle, { timeout: 30_000 }).toMatch(/^stopped/);
    await expect.poll(() => box.state(id), { timeout: 40_000 }).toBe('poweroff');
    await expect.poll(() => page.locator('.screen').innerText(), { timeout: 40_000 }).toContain('shows no screen');
    await box.run(['unregistervm', id]);
    await page.locator('.gone p').waitFor({ timeout: 30_000 });
    expect(await page.locator('.gone').innerText()).toContain('no longer exists');
    await workbench.screenshot('details-gone');
  });
});
