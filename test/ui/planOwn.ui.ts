// The machines of a file, one by one and by one window at a time: destroyed, released, adopted; and what a plan says of what will run in them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import { Explorer } from './pages/explorer.ts';
import { file, machine } from './pages/smallMachine.ts';
import { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe.skipIf(virtualBoxMissing())('the machines of a file', () => {
  let box: PrivateVirtualBox;
  let folder: string;
  let workbench: Workbench;
  let tree: TreeView;
  let plan: TreeView;
  let explorer: Explorer;
  /** While this file is there, VBoxManage waits before it makes a machine. */
  let slow: string;

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-own-'));
    slow = path.join(folder, 'slow');
    fs.writeFileSync(path.join(folder, 'VBoxManage'), `#!/bin/bash\nif [ "$1" = createvm ]; then while [ -e '${slow}' ]; do touch '${slow}.waiting'; sleep 0.1; done; fi\nexec '${box.vboxmanage}' "$@"\n`, { mode: 0o755 });
    workbench = await openWorkbench({
      virtualBox: { variables: { ...box.variables, PATH: `${folder}${path.delimiter}${box.variables.PATH}` } }, viewport: { width: 1280, height: 900 }, settings: { 'gaia.refreshInterval': 2 },
      workspace: {
        'lab.gaia.json': file(machine('one'), machine('two')),
        'boxed.gaia.json': file({ name: 'boxed', provider: 'virtualbox', config: { box: 'debian/bookworm64', memory: 1024, provisioners: [{ type: 'shell', path: './setup.sh' }, { type: 'shell', name: 'packages', inline: ['apt-get update', 'apt-get install -y nginx'] }, { type: 'ansible', playbook: 'site.yml' }, { type: 'puppet' }] } }),
        'cluster.gaia.json': file({ name: 'node', provider: 'proxmox', config: { clone_from: 'base' } }),
        'setup.sh': 'true\n', 'site.yml': '---\n', 'manifests/default.pp': '\n',
      },
    });
    explorer = new Explorer(workbench.page);
    tree = new TreeView(workbench.page, 'Machines');
    plan = new TreeView(workbench.page, 'Plan');
  });
  afterAll(async () => {
    fs.rmSync(slow, { force: true });
    await workbench.close();
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const says = async (row: string, text: string | RegExp, of = plan): Promise<void> => {
    await expect.poll(() => of.description(of.row(row)), { timeout: 60_000, interval: 150 }).toMatch(text);
  };
  const names = async (): Promise<string[]> => [...(await box.run(['list', 'vms'])).matchAll(/^"(.*)" \{/gm)].map(match => match[1] ?? '').sort();

  it('shows what will run in a machine, and what of it Gaia leaves to Vagrant', async () => {
    await explorer.menu('boxed.gaia.json', 'Plan');
    await says('boxed', 'will be created');
    await expect.poll(() => plan.texts(), { timeout: 30_000 }).toEqual(expect.arrayContaining([
      'Gaia does not run puppet: Vagrant can.', 'provisioner 1shell: ./setup.sh', 'provisioner 2shell packages: apt-get update …', 'provisioner 3ansible: site.yml', 'provisioner 4puppet: manifests/default.pp',
    ]));
    await plan.row('provisioner 2').click();
    await expect.poll(() => workbench.page.locator('.editor-status-selection, #status\\.editor\\.selection').first().innerText()).toMatch(/Ln 21, .* selected/);
    await workbench.inThemes('own-provisioners');
  });

  it('says why a machine cannot be planned, with what to do about it as a row to click', async () => {
    await explorer.menu('cluster.gaia.json', 'Plan');
    await says('node', 'cannot be planned');
    await expect.poll(() => plan.texts()).toEqual(['nodecannot be planned', 'There is no connection for the provider "proxmox".', 'Add Connection…']);
    await workbench.inThemes('own-blocked');
    await plan.row('Add Connection…').click();
    await workbench.quickInput.element.waitFor();
    await workbench.page.keyboard.press('Escape');
  });

  it('are destroyed one by one from the row\'s menu, asked for by name', async () => {
    await workbench.notifications.clear();
    await explorer.menu('lab.gaia.json', 'Apply');
    await workbench.notifications.waitFor(/Done: “one” and “two”\./, 90_000);
    const menu = await plan.openMenu(plan.row('one'));
    expect(menu).toEqual(expect.arrayContaining(['Destroy This Machine…', 'Release This Machine…']));
    await workbench.inThemes('own-menu', async () => {
      await plan.closeMenu();
      await plan.openMenu(plan.row('one'));
    }, ['dark']);
    await plan.closeMenu();
    await plan.menu(plan.row('one'), 'Destroy This Machine…');
    expect(await workbench.dialog.text()).toMatch(/Delete “one” with all disks\?\s+• one: stopped\s+This cannot be undone\. The file stays\./);
    await workbench.screenshot('own-destroy');
    await workbench.dialog.press('Cancel');
    expect(await names()).toEqual(['one', 'two']);
    await plan.menu(plan.row('one'), 'Destroy This Machine…');
    await workbench.dialog.press('Delete');
    await expect.poll(names, { timeout: 60_000 }).toEqual(['two']);
    await says('one', 'will be created');
    await says('two', 'is as the file says');
  });

  it('are released, which changes nothing about them, and adopted again', async () => {
    await plan.menu(plan.row('two'), 'Release This Machine…');
    expect(await workbench.dialog.text()).toMatch(/Release the machine of “two” from lab\.gaia\.json\?/);
    await workbench.screenshot('own-release');
    await workbench.dialog.press('Release');
    await says('two', 'is in the way');
    await expect.poll(() => tree.description(tree.row('two'))).not.toContain('lab.gaia.json');
    expect(await names()).toEqual(['two']);
    await plan.inline(plan.row('two'), 'Adopt a Machine');
    await workbench.quickInput.choose('two');
    await says('two', 'is as the file says');
  });

  it('are made by one window at a time: the second one says so, changes nothing, and sees what came of it', async () => {
    const second = await workbench.secondWindow();
    await second.openView();
    const other = new TreeView(second.page, 'Plan');
    const files = new Explorer(second.page);
    await files.menu('lab.gaia.json', 'Plan');
    await says('one', 'will be created', other);
    fs.writeFileSync(slow, '');
    await workbench.notifications.clear();
    await plan.viewAction('Apply This Plan');
    await expect.poll(() => fs.existsSync(`${slow}.waiting`), { timeout: 60_000 }).toBe(true);

    for (const entry of ['Apply', 'Destroy the Machines of This File…']) {
      await files.menu('lab.gaia.json', entry);
      const toast = await second.notifications.waitFor(/“lab\.gaia\.json” is being applied in another window\./);
      expect(await toast.innerText()).toContain('Nothing was changed here.');
      if (entry === 'Apply') await second.screenshot('own-two-windows');
      await second.notifications.clear();
    }
    await second.openView('Plan');
    await other.menu(other.row('two'), 'Release This Machine…');
    await second.notifications.waitFor(/is being applied in another window\./);
    expect(await names()).toEqual(['two']);

    fs.rmSync(slow);
    await workbench.notifications.waitFor(/Done: “one”\./, 90_000);
    expect(await names()).toEqual(['one', 'two']);
    // By the files they share: nobody has told the second window.
    const machines = await second.openView();
    await expect.poll(() => machines.description(machines.row('one')), { timeout: 60_000 }).toContain('lab.gaia.json');
    await second.notifications.clear();
    await files.menu('lab.gaia.json', 'Apply');
    await second.notifications.waitFor('Everything is as the file says.');
    expect(await names()).toEqual(['one', 'two']);
  }, 240_000);

  it('are left alone while what is remembered of them cannot be read, which is said', async () => {
    const remembered = fs.readdirSync(workbench.server.home, { recursive: true }).map(String).filter(one => /bindings[\\/][0-9a-f]{64}\.json$/.test(one)).map(one => path.join(workbench.server.home, one));
    expect(remembered.length).toBe(1);
    const [at = ''] = remembered;
    const before = fs.readFileSync(at, 'utf8');
    await workbench.notifications.clear();
    fs.writeFileSync(at, before.slice(0, 40));
    const toast = await workbench.notifications.waitFor(/Gaia remembers in .* which machines belong to a file, and cannot read it\./);
    expect(await toast.innerText()).toContain('Open That File');
    await workbench.screenshot('own-damaged');
    await workbench.notifications.clear();
    for (const entry of ['Apply', 'Destroy the Machines of This File…']) {
      await explorer.menu('lab.gaia.json', entry);
      await workbench.notifications.waitFor(/Which machines belong to “lab\.gaia\.json” is not known: .* cannot be read\. Nothing was changed\./);
      await workbench.notifications.clear();
    }
    expect(await names()).toEqual(['one', 'two']);
    fs.writeFileSync(at, before);
    await explorer.menu('lab.gaia.json', 'Plan');
    await says('one', 'is as the file says');
    expect(await names()).toEqual(['one', 'two']);
  });
});
