// From nothing to a config: the wizard, a Vagrantfile that is there already, and templates of every kind.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const vagrantfile = `Vagrant.configure("2") do |config|
  # the shop
  config.vm.box = "debian/bookworm64"
  %w[web db].each_with_index do |name, i|
    config.vm.define name do |node|
      node.vm.network "private_network", ip: "192.168.56.#{10 + i}"
    end
  end
  config.vm.provision "shell", inline: "hostname -f"
  config.vm.hostname = \`hostname\`
end
`;
const web = `{
  "name": "web",
  "provider": "virtualbox",
  "config": {
    "box": "debian/bookworm64", // pinned
    "memory": 2048,
    "tags": ["shop"]
  }
}
`;
const yaml = `name: Origin box
description: From the origin project
provider: virtualbox
tags: [origin]
config:
  box: debian/bookworm64
  memory: 1024 # enough
`;

describe('a machine from nothing', () => {
  let workbench: Workbench;
  const text = (): Promise<string> => workbench.editor.text();
  const inFolder = (...names: string[]): string => path.join(workbench.folder, ...names);
  /** VS Code's own file dialog: it fills in a folder first, and lists it. */
  const chooseFile = async (name: string): Promise<void> => {
    await expect.poll(() => workbench.quickInput.input.inputValue()).toContain(workbench.folder);
    await workbench.quickInput.rows.first().waitFor();
    await workbench.quickInput.input.fill(inFolder(name));
    await expect.poll(() => workbench.quickInput.input.inputValue()).toBe(inFolder(name));
    await workbench.page.waitForTimeout(500);
    await workbench.page.keyboard.press('Enter');
  };
  const revert = async (): Promise<void> => { await workbench.run('View: Revert and Close Editor'); };

  beforeAll(async () => { workbench = await openWorkbench({ workspace: { 'web.gaia.json': web, Vagrantfile: vagrantfile, 'origin.yaml': yaml } }); });
  afterAll(() => workbench.close());

  it('asks a few questions, one may go back, and ends in a commented file that is not saved', async () => {
    const { quickInput } = workbench;
    await workbench.run('Gaia: New Machine…', /^Gaia: New Machine…/);
    // The palette's own entries are on the screen until the extension has started.
    await expect.poll(() => quickInput.entries(), { timeout: 30_000 }).toEqual(expect.arrayContaining([expect.stringContaining('VirtualBox'), expect.stringContaining('Proxmox VE')]));
    await workbench.screenshot('wizard-provider');
    await quickInput.choose('VirtualBox');
    await expect.poll(() => quickInput.entries()).toEqual(expect.arrayContaining([expect.stringContaining('Docker in a machine of its own')]));
    await workbench.screenshot('wizard-source');
    await quickInput.element.locator('.quick-input-titlebar .codicon-quick-input-back, .quick-input-titlebar .codicon-arrow-left').first().click();
    await expect.poll(() => quickInput.entries()).toEqual(expect.arrayContaining([expect.stringContaining('Hyper-V')]));
    await quickInput.choose('VirtualBox');
    await quickInput.choose('A Vagrant box');
    await quickInput.input.waitFor();
    await quickInput.enter('debian/bookworm64');
    await expect.poll(() => quickInput.message()).toContain('What shall it be called?');
    await quickInput.input.fill('a/b');
    await expect.poll(() => quickInput.message()).toContain('cannot hold');
    await workbench.screenshot('wizard-name-refused');
    await quickInput.enter('fresh');
    await quickInput.rows.first().waitFor();
    await workbench.screenshot('wizard-size');
    await quickInput.choose('', '1 GB');
    await workbench.editor.tab('fresh.gaia.json').waitFor();
    await expect.poll(text).toContain('"name": "fresh"');
    expect(await text()).toMatch(/"box": "debian\/bookworm64"[^]*"memory": 1024[^]*\/\/ "networks"/);
    expect(fs.existsSync(inFolder('fresh.gaia.json'))).toBe(false);
    await workbench.screenshot('wizard-result');
    await revert();
  });

  it('reads a Vagrantfile, and says what it could not know', async () => {
    await workbench.editor.open('Vagrantfile');
    await workbench.run('Gaia: Import Vagrantfile…');
    await workbench.editor.tab('.gaia.json').waitFor({ timeout: 30_000 });
    await expect.poll(text).toContain('"machines"');
    const read = await text();
    expect(read).toMatch(/"name": "web"[^]*192\.168\.56\.10[^]*"name": "db"[^]*192\.168\.56\.11/);
    await workbench.screenshot('import-result');
    await workbench.notifications.press('One place of the Vagrantfile was not understood.', 'Show What');
    expect((await workbench.quickInput.entries()).join()).toContain('Line 10');
    await workbench.quickInput.choose('', 'Line 10');
    await workbench.page.locator('.statusbar-item', { hasText: /Ln 10, Col/ }).waitFor();
    await workbench.notifications.clear();
    await revert();
  });

  it('keeps a machine as a template of the workspace, and finds it by its tag', async () => {
    const { quickInput } = workbench;
    await workbench.editor.open('web.gaia.json');
    await workbench.run('Gaia: Save as Template…');
    await expect.poll(() => quickInput.input.inputValue()).toBe('web');
    await quickInput.enter('Shop server');
    await expect.poll(() => quickInput.message()).toContain('Description');
    await quickInput.enter('What the shop runs on');
    await expect.poll(() => quickInput.message()).toContain('Tags');
    await quickInput.enter('shop, lab');
    await quickInput.choose('', 'This workspace');
    await workbench.notifications.waitFor('The template “Shop server” was saved.');
    const [file] = fs.readdirSync(inFolder('.gaia/templates'));
    expect(fs.readFileSync(inFolder('.gaia/templates', file ?? ''), 'utf8')).toContain('// pinned');
    await workbench.notifications.clear();

    await workbench.run('Gaia: New Machine from a Template…', /New Machine from a Template…/);
    await expect.poll(() => quickInput.entries()).toEqual(expect.arrayContaining([expect.stringContaining('Shop')]));
    await workbench.screenshot('templates-gallery');
    await quickInput.input.fill('#lab');
    await expect.poll(async () => (await quickInput.entries()).length).toBe(1);
    await workbench.screenshot('templates-by-tag');
    await quickInput.choose('#lab', '#lab');
    await expect.poll(() => quickInput.message()).toContain('Name of the machine');
    await quickInput.enter('shop2');
    await workbench.editor.tab('shop2.gaia.json').waitFor();
    await expect.poll(text).toMatch(/"name": "shop2"[^]*"box": "debian\/bookworm64", \/\/ pinned/);
    await revert();
  });

  it('keeps one for the person, and asks before it replaces one', async () => {
    const { quickInput } = workbench;
    const save = async (): Promise<void> => {
      await workbench.editor.open('web.gaia.json');
      await workbench.run('Gaia: Save as Template…');
      await expect.poll(() => quickInput.input.inputValue()).toBe('web');
      await quickInput.enter('Mine');
      await expect.poll(() => quickInput.message()).toContain('Description');
      await quickInput.enter('');
      await expect.poll(() => quickInput.message()).toContain('Tags');
      await quickInput.enter('');
      await quickInput.choose('', 'My templates');
    };
    await save();
    await workbench.notifications.waitFor('The template “Mine” was saved.');
    await workbench.notifications.clear();
    await save();
    expect(await workbench.dialog.text()).toContain('Replace the template “Mine”?');
    await workbench.dialog.press('Cancel');
  });

  it('shows the gallery in every theme, the built-in ones found by what they are for', async () => {
    const { quickInput } = workbench;
    const show = async (): Promise<void> => {
      await workbench.run('Gaia: New Machine from a Template…', /New Machine from a Template…/);
      await workbench.page.locator('.quick-input-widget input[placeholder^="Search by name"]').waitFor();
      await quickInput.rows.filter({ hasText: 'Alpine' }).first().waitFor();
    };
    await workbench.inThemes('templates', show);
    await show();
    await quickInput.input.fill('kubernetes');
    await expect.poll(async () => (await quickInput.entries()).join('\n')).toMatch(/k3s/i);
    await quickInput.input.fill('docker');
    await expect.poll(async () => (await quickInput.entries()).length).toBeGreaterThan(0);
    await quickInput.dismiss();
  });

  it('reads YAML of the origin project, keeps its comments, and writes it again', async () => {
    await workbench.run('Gaia: Import Template (YAML)…');
    await chooseFile('origin.yaml');
    await workbench.editor.tab('Origin box.gaia.json').waitFor();
    await expect.poll(text).toMatch(/"memory": 1024 \/\/ enough/);
    await workbench.screenshot('template-imported');
    await workbench.notifications.clear();
    await workbench.run('Gaia: Export as YAML…');
    await chooseFile('again.yaml');
    await workbench.editor.tab('again.yaml').waitFor();
    await expect.poll(() => fs.existsSync(inFolder('again.yaml'))).toBe(true);
    const again = fs.readFileSync(inFolder('again.yaml'), 'utf8');
    expect(again).toMatch(/name: Origin box[^]*provider: virtualbox[^]*box: debian\/bookworm64[^]*memory: 1024/);
  });
});
