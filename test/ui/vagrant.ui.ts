// What only Vagrant can do is run by Vagrant, as a task; its machine shows in the tree as Vagrant's, found by Vagrant's own index. Real Vagrant.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBox } from '../contract/plan/makeBox.ts';
import { privateVagrant, vagrantMissing } from '../rig/vagrant.mjs';
import type { PrivateVagrant } from '../rig/vagrant.mjs';
import { privateVirtualBox, virtualBoxMissing } from '../rig/virtualbox.mjs';
import type { PrivateVirtualBox } from '../rig/virtualbox.mjs';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

describe.skipIf(virtualBoxMissing() ?? vagrantMissing())('run with Vagrant', () => {
  let box: PrivateVirtualBox;
  let vagrant: PrivateVagrant;
  let folder: string;
  let workbench: Workbench;

  beforeAll(async () => {
    box = await privateVirtualBox({ service: 'stays' });
    vagrant = privateVagrant({ virtualBox: box });
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-run-vagrant-'));
    const file = await makeBox(box, folder, 'Vagrant.configure("2") { |config| config.vm.boot_timeout = 5 }\n');
    await vagrant.run(['box', 'add', '--name', 'gaia/tiny', file]);
    const { HOME: _, ...env } = Object.fromEntries(Object.entries(vagrant.env).filter(([key]) => /^(VAGRANT|VBOX|PATH$)/.test(key))) as Record<string, string>;
    workbench = await openWorkbench({
      env: env as Record<string, string>, viewport: { width: 1280, height: 900 }, settings: { 'gaia.refreshInterval': 2, 'terminal.integrated.gpuAcceleration': 'off' },
      workspace: { 'pup.gaia.json': JSON.stringify({ name: 'pup', provider: 'virtualbox', config: { box: 'gaia/tiny', cpus: 1, memory: 512, provisioners: [{ type: 'puppet', manifests_path: 'manifests' }], provider_config: { 'vm-execution-engine': 'interpreter' } } }, null, 2), 'manifests/default.pp': '' },
    });
  });
  afterAll(async () => {
    await workbench.close();
    vagrant.dispose();
    await box.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('writes the Vagrantfile and runs `vagrant up` beside it, in a task', async () => {
    await workbench.editor.open('pup.gaia.json');
    await workbench.run('Gaia: Run with Vagrant');
    const terminal = workbench.page.locator('.terminal-wrapper.active');
    await terminal.waitFor({ timeout: 30_000 });
    await workbench.editor.tab('Vagrantfile').waitFor();
    expect(fs.readFileSync(path.join(workbench.folder, 'Vagrantfile'), 'utf8')).toContain('puppet');
    await expect.poll(() => terminal.innerText(), { timeout: 60_000 }).toMatch(/Bringing machine 'pup' up/);
    await workbench.screenshot('vagrant-task');
  });

  it('shows the machine in the tree, as Vagrant\'s', async () => {
    const tree = await workbench.openView();
    const index = path.join(vagrant.home, 'data/machine-index/index');
    await expect.poll(() => (fs.existsSync(index) ? fs.readFileSync(index, 'utf8') : ''), { timeout: 120_000 }).toContain('"pup"');
    await expect.poll(async () => (await tree.texts()).some(text => / · Vagrant · /.test(text)), { timeout: 60_000 }).toBe(true);
    await tree.tooltip(tree.rows.filter({ hasText: 'Vagrant' }).first(), workbench.folder);
    await workbench.screenshot('vagrant-linked');
  });
});
