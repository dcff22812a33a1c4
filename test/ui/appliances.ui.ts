// Machines out to an appliance and in from one, through the dialogs, on a real VirtualBox; and what the log says of it.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostLogsMissing } from '../rig/host.mjs';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import type { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe.skipIf(virtualBoxMissing())('appliances of a real VirtualBox', () => {
  let box: PrivateVirtualBox;
  let workbench: Workbench;
  let tree: TreeView;
  let file = '';
  let id = '';

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    file = path.join(box.folder, 'shop 1.ova');
    id = await box.createVm({ name: 'shop', cpus: 1, memoryMiB: 64, diskMiB: 16 });
    await box.createVm({ name: 'runs', memoryMiB: 64 });
    await box.run(['startvm', 'runs', '--type', 'headless']);
    workbench = await openWorkbench({ virtualBox: box, settings: { 'gaia.refreshInterval': 2, 'gaia.notifyAfter': 0 } });
    tree = await workbench.openView();
    await tree.row('shop').waitFor({ timeout: 30_000 });
  });
  afterAll(async () => {
    await workbench.close();
    await box.dispose();
  });

  const fileDialog = async (value: string): Promise<void> => {
    const { element, input } = workbench.quickInput;
    await element.locator('.quick-input-title', { hasText: /Appliance/ }).waitFor();
    // The dialog writes its own proposal first, and then looks up what is typed.
    await expect.poll(() => input.inputValue()).toContain('/');
    await workbench.page.waitForTimeout(300);
    await input.fill(value);
    await workbench.page.waitForTimeout(500);
    await workbench.page.keyboard.press('Enter');
  };

  it('exports what is shut down, and only that', async () => {
    await workbench.run('Gaia: Export as Appliance…');
    await expect.poll(() => workbench.quickInput.entries()).toEqual([expect.stringContaining('shop')]);
    await workbench.page.keyboard.press('Enter');
    await fileDialog(file);
    await workbench.notifications.waitFor(`Exported to ${file}.`);
    await workbench.screenshot('appliance-exported');
    expect(fs.statSync(file).size).toBeGreaterThan(1000);
    expect(await box.run(['import', file, '--dry-run'])).toMatch(/Suggested VM name "shop( 1)?"/);
    await workbench.notifications.clear();
  });

  it('replaces a file when that was agreed to, once the new one is whole', async () => {
    fs.writeFileSync(file, 'old');
    await tree.menu(tree.row('shop'), 'Export as Appliance…');
    await fileDialog(file);
    await expect.poll(() => workbench.quickInput.element.innerText()).toContain('already exists');
    await workbench.page.keyboard.press('Enter');
    await workbench.notifications.waitFor(`Exported to ${file}.`);
    expect(await box.run(['import', file, '--dry-run'])).toMatch(/Suggested VM name "shop( 1)?"/);
    expect(fs.readdirSync(box.folder).filter(name => name.endsWith('.ova'))).toEqual(['shop 1.ova']);
    await workbench.notifications.clear();
  });

  it('imports it beside the first, under a free name', async () => {
    await workbench.run('Gaia: Import Appliance…');
    await fileDialog(file);
    await workbench.notifications.waitFor('Imported “shop 1”.', 60_000);
    await tree.row('shop 1').waitFor({ timeout: 40_000 });
    const listed = await box.run(['list', 'vms']);
    expect(listed).toContain(`"shop" {${id}}`);
    expect(listed).toContain('"shop 1"');
    await workbench.notifications.clear();
  });

  it('says what is wrong with a file that holds no machine, and changes nothing', async () => {
    const broken = path.join(box.folder, 'broken.ova');
    fs.writeFileSync(broken, 'not an archive');
    const before = await box.run(['list', 'vms']);
    await workbench.run('Gaia: Import Appliance…');
    await fileDialog(broken);
    await expect.poll(() => workbench.notifications.texts(), { timeout: 30_000 }).not.toEqual([]);
    await workbench.screenshot('appliance-broken');
    expect(await box.run(['list', 'vms'])).toBe(before);
    await workbench.notifications.clear();
  });

  it.skipIf(hostLogsMissing())('has every request in the log, with its time and exit code', async () => {
    await workbench.run('Gaia: Show Log');
    const log = workbench.page.locator('.part.panel .view-lines');
    // Only the lines on the screen are drawn: the filter of the view brings those that are looked for.
    const seen = async (): Promise<string> => (await log.first().innerText()).replaceAll('\u00a0', ' ').replaceAll('\n', '');
    for (const [filter, line] of [['dry-run', /VBoxManage import \S+broken\.ova --dry-run → failed 1 \(\d+ ms\)/], ['export', /VBoxManage export [0-9a-f-]{36} --output .*shop 1\.ova'? → 0 \(\d+ ms\)/], ['list', /VBoxManage list vms → 0 \(\d+ ms\)/]] as const) {
      await workbench.page.locator('.part.panel input[placeholder^="Filter"], .part.panel .viewpane-filter-container input').first().fill(filter);
      await expect.poll(seen, { timeout: 40_000 }).toMatch(line);
    }
    await workbench.screenshot('log-requests');
  });
});
