// The Vagrantfile outside of the preview: saved beside the config, open as a read-only editor, checked by the real Vagrant; and files nobody would write.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vagrantMissing } from '../rig/vagrant.mjs';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const web = `{
  "name": "web",
  "provider": "virtualbox",
  "config": {
    "box": "debian/bookworm64",
    "memory": 2048
  }
}
`;
const machineText = '{"name":"a","provider":"virtualbox","config":{"box":"x/y"}}';

describe('the Vagrantfile of a config', () => {
  let workbench: Workbench;
  const inFolder = (name: string): string => path.join(workbench.folder, name);
  const written = (): string | undefined => (fs.existsSync(inFolder('Vagrantfile')) ? fs.readFileSync(inFolder('Vagrantfile'), 'utf8') : undefined);

  beforeAll(async () => {
    workbench = await openWorkbench({
      workspace: {
        'web.gaia.json': web, 'deep.gaia.json': '['.repeat(100_000), 'big.gaia.json': `{"machines":[${Array.from({ length: 90_000 }, () => machineText).join(',\n')}]}`,
        'wrong.gaia.json': web.replace('"memory"', '"hostname": "not_a_name",\n    "memory"'),
      },
    });
    fs.writeFileSync(inFolder('binary.gaia.json'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2, 3, 0]));
    await workbench.editor.open('web.gaia.json');
  });
  afterAll(() => workbench.close());

  it('is written where none is, and opened', async () => {
    await workbench.run('Gaia: Save as Vagrantfile');
    await workbench.editor.tab('Vagrantfile').waitFor();
    expect(written()).toContain('config.vm.box = "debian/bookworm64"');
    await workbench.run('View: Close Editor');
  });

  it('is not written again when nothing has changed', async () => {
    await workbench.editor.open('web.gaia.json');
    await workbench.run('Gaia: Save as Vagrantfile');
    await workbench.notifications.waitFor('Vagrantfile is up to date already.');
    await workbench.notifications.clear();
  });

  it('is shown as a diff where there is another, and replaces it on a yes alone', async () => {
    fs.writeFileSync(inFolder('Vagrantfile'), '# mine\nVagrant.configure("2") { |c| c.vm.box = "mine" }\n');
    await workbench.run('Gaia: Save as Vagrantfile');
    expect(await workbench.dialog.text()).toContain('Replace the present Vagrantfile?');
    await workbench.page.locator('.monaco-diff-editor').waitFor();
    await workbench.screenshot('vagrantfile-diff');
    await workbench.dialog.press('Cancel');
    expect(written()).toContain('# mine');
    await workbench.editor.open('web.gaia.json');
    await workbench.run('Gaia: Save as Vagrantfile');
    await workbench.dialog.text();
    await workbench.dialog.press('Replace');
    await expect.poll(written).toContain('debian/bookworm64');
    expect(written()).not.toContain('# mine');
  });

  it('opens as a read-only editor that follows the config', async () => {
    await workbench.run('View: Close All Editors');
    await workbench.editor.open('web.gaia.json');
    await workbench.run('Gaia: Open Vagrantfile (Read-Only)');
    const shown = workbench.page.locator('.editor-group-container', { has: workbench.page.locator('.tab', { hasText: 'Vagrantfile' }) }).locator('.view-lines');
    await expect.poll(async () => (await shown.innerText()).replaceAll('\u00a0', ' ')).toContain('debian/bookworm64');
    await shown.click();
    await workbench.page.keyboard.type('x');
    await workbench.page.locator('.monaco-editor-overlaymessage', { hasText: /read-only/i }).waitFor();
    await workbench.page.locator('.editor-group-container').first().locator('.view-lines').click();
    await workbench.editor.replaceAll(web.replace('2048', '3072'));
    await expect.poll(async () => (await shown.innerText()).replaceAll('\u00a0', ' ')).toContain('3072');
    await workbench.screenshot('vagrantfile-read-only');
    await workbench.editor.save();
    await workbench.run('View: Close All Editors');
  });

  it.skipIf(vagrantMissing())('is checked by the real Vagrant, which says what it minds', async () => {
    await workbench.editor.open('web.gaia.json');
    await workbench.run('Gaia: Validate with Vagrant');
    await workbench.notifications.waitFor('Vagrant finds nothing wrong.', 60_000);
    await workbench.notifications.clear();
    await workbench.editor.open('wrong.gaia.json');
    await workbench.run('Gaia: Validate with Vagrant');
    await workbench.notifications.waitFor(/Vagrant says: .*(hostname|host name)/i, 60_000);
    await workbench.screenshot('vagrant-says');
    await workbench.notifications.clear();
    expect(fs.readdirSync(workbench.folder)).not.toContain('.vagrant');
    await workbench.run('View: Close All Editors');
  });

  describe('of files nobody would write', () => {
    /** The workbench still answers: the palette opens within two seconds. */
    const answers = async (): Promise<void> => {
      await workbench.page.keyboard.press('F1');
      await workbench.quickInput.input.waitFor({ timeout: 2000 });
      await workbench.quickInput.dismiss();
    };
    it.each([['deep.gaia.json', /nests deeper than 100 levels/], ['big.gaia.json', /larger than 4 MB/]])('%s gets a clear word in editor, preview and form, and nothing freezes', { timeout: 120_000 }, async (name, word) => {
      await workbench.editor.open(name);
      await workbench.page.locator('.statusbar-item', { hasText: /Ln 1, Col/ }).waitFor({ timeout: 30_000 });
      await answers();
      await workbench.run('Gaia: Preview Vagrantfile');
      const frame = await workbench.webview('.status .problem');
      expect(await frame.locator('.problem').first().innerText()).toMatch(word);
      await workbench.screenshot(`odd-${name}`);
      await answers();
      await workbench.run('View: Close All Editors');
      await workbench.editor.open(name);
      await workbench.run('Gaia: Open as Form');
      const form = await workbench.webview('.groups .problem');
      expect(await form.locator('.groups .problem').first().innerText()).toMatch(word);
      await answers();
      await workbench.run('View: Close All Editors');
    });

    it('a binary file is left to VS Code, which says what it is', async () => {
      await workbench.editor.open('binary.gaia.json');
      await workbench.page.locator('.monaco-editor-pane-placeholder, .binary-container', { hasText: /binary/i }).first().waitFor();
      await answers();
      await workbench.run('View: Close All Editors');
    });

    it('a file that changes on disk while it is open is read anew, in the preview as well', async () => {
      await workbench.editor.open('web.gaia.json');
      await workbench.run('Gaia: Preview Vagrantfile');
      const frame = await workbench.webview('.code .line');
      fs.writeFileSync(inFolder('web.gaia.json'), web.replace('debian/bookworm64', 'changed/elsewhere'));
      await expect.poll(async () => (await frame.locator('.line').allInnerTexts()).join('\n'), { timeout: 40_000 }).toContain('changed/elsewhere');
      fs.writeFileSync(inFolder('web.gaia.json'), '{ "name": ');
      await frame.locator('.code.stale').waitFor({ timeout: 40_000 });
      expect((await frame.locator('.line').allInnerTexts()).join('\n')).toContain('changed/elsewhere');
    });
  });
});
