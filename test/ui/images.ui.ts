// Boxes and images that were downloaded: seen with their size and use, removed one by one or by age, never what a machine uses.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startImageServer } from '../rig/imageServer.ts';
import type { ImageServer } from '../rig/imageServer.ts';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import { makeBox } from '../contract/plan/makeBox.ts';
import { Explorer } from './pages/explorer.ts';
import { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe.skipIf(virtualBoxMissing())('boxes and images', () => {
  let box: PrivateVirtualBox;
  let server: ImageServer;
  let folder: string;
  let cache: string;
  let workbench: Workbench;

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-images-'));
    cache = path.join(folder, 'cache');
    const vagrantHome = path.join(folder, 'vagrant');
    const kept = path.join(vagrantHome, 'boxes/hashicorp-VAGRANTSLASH-tiny/1.2.0/virtualbox');
    fs.mkdirSync(kept, { recursive: true });
    fs.writeFileSync(path.join(kept, 'metadata.json'), '{"provider":"virtualbox"}');
    server = await startImageServer();
    const image = path.join(folder, 'cloud.vdi');
    await box.run(['createmedium', 'disk', '--filename', image, '--size', '16', '--format', 'VDI', '--variant', 'Fixed']);
    await box.run(['closemedium', 'disk', image]);
    const url = server.serve('/cloud.vdi', request => ({ body: fs.readFileSync(image), ...request === 0 ? { chunkBytes: 1 << 19, delayMs: 60 } : {} }));
    const tiny = server.serve('/tiny.box', { body: fs.readFileSync(await makeBox(box, folder)) });
    const machine = (name: string, config: Record<string, unknown>): unknown => ({ name, provider: 'virtualbox', config: { memory: 512, start: false, ...config } });
    workbench = await openWorkbench({
      virtualBox: box, env: { VAGRANT_HOME: vagrantHome }, viewport: { width: 1280, height: 900 }, settings: { 'gaia.images.folder': cache },
      workspace: { 'lab.gaia.json': JSON.stringify({ machines: [machine('cloud', { image: url }), machine('boxed', { box: 'gaia/tiny', box_url: tiny })] }, null, 2) },
    });
  });
  afterAll(async () => {
    await workbench.close();
    await box.dispose();
    await server.close();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const show = async (): Promise<string[]> => {
    await workbench.run('Gaia: Boxes and Images');
    await workbench.quickInput.element.locator('.quick-input-title', { hasText: 'Boxes and Images' }).waitFor();
    await expect.poll(() => workbench.quickInput.entries(), { timeout: 40_000 }).toContainEqual(expect.stringContaining('hashicorp/tiny'));
    return workbench.quickInput.entries();
  };

  it('shows the way of a download, in the plan and in the notification', async () => {
    const plan = new TreeView(workbench.page, 'Plan');
    await new Explorer(workbench.page).menu('lab.gaia.json', 'Apply');
    await expect.poll(() => plan.description(plan.row('cloud')), { timeout: 60_000, interval: 30 }).toMatch(/\d+ %/);
    await workbench.screenshot('images-download');
    await workbench.notifications.waitFor(/Done: “cloud” and “boxed”\./, 90_000);
    await workbench.notifications.clear();
  });

  it('lists what is kept, with size and last use, and what Vagrant keeps', async () => {
    const entries = await show();
    expect(entries).toEqual([expect.stringMatching(/cloud\.vdi.* MB.*last used.*Gaia keeps/), expect.stringMatching(/gaia\/tiny.*last used/), expect.stringMatching(/hashicorp\/tiny ?1\.2\.0.*Vagrant keeps/)]);
    await workbench.inThemes('images', async () => {
      // The theme picker takes the place of the list.
      await show();
      await workbench.quickInput.rows.first().hover();
      await workbench.page.waitForTimeout(400);
    });
    await workbench.quickInput.dismiss();
  });

  it('removes one by its button, after a question, and the list stays', async () => {
    await show();
    const row = workbench.quickInput.rows.filter({ hasText: 'gaia/tiny' }).first();
    await row.hover();
    await row.locator('.action-label[aria-label="Remove"]').click();
    expect(await workbench.dialog.text()).toMatch(/Remove .* from the cache\? They would be downloaded again when needed\.[^]*gaia\/tiny/);
    await workbench.screenshot('images-remove');
    await workbench.dialog.press('Remove');
    await workbench.notifications.waitFor(/ freed\./);
    expect(await show()).not.toContainEqual(expect.stringContaining('gaia/tiny'));
    await workbench.quickInput.dismiss();
    // The machine that was made of it is a copy, and whole.
    expect(await box.run(['list', 'vms'])).toContain('"boxed"');
  });

  it('prunes by age or size, saying first how much each choice frees', async () => {
    await workbench.notifications.clear();
    await workbench.run('Gaia: Remove Downloaded Boxes and Images');
    const entries = (): Promise<string[]> => workbench.quickInput.entries();
    await expect.poll(entries).toContainEqual(expect.stringMatching(/^Everything that no machine uses ?1 of them, \d/));
    expect(await entries()).toContainEqual(expect.stringMatching(/^Not used for 30 days ?nothing$/));
    await workbench.screenshot('images-prune');
    await workbench.quickInput.choose('Everything');
    await workbench.dialog.press('Remove');
    await workbench.notifications.waitFor(/ freed\./);
    await workbench.screenshot('images-pruned');
    // What Vagrant keeps is Vagrant's.
    expect(fs.existsSync(path.join(folder, 'vagrant/boxes/hashicorp-VAGRANTSLASH-tiny/1.2.0/virtualbox/metadata.json'))).toBe(true);
    await workbench.run('Gaia: Remove Downloaded Boxes and Images');
    await workbench.quickInput.choose('Everything');
    await workbench.notifications.waitFor('There is nothing to remove.');
  });
});
