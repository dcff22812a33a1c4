// A config as a person writes it: help at every key, a problem mended by the light bulb, the form on the same document, undo.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeProblems } from './pages/axe.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const web = `{
  // the shop
  "name": "web",
  "provider": "virtualbox",
  "config": {
    "box": "debian/bookworm64",
    "cpus": 2,
    "memory": 1024,
    "provider_config": { "vramm": 32 }
  }
}
`;

describe('a config as a person writes it', () => {
  let workbench: Workbench;
  const form = () => workbench.webview('.groups');
  const onDisk = (): string => fs.readFileSync(path.join(workbench.folder, 'web.gaia.json'), 'utf8');

  beforeAll(async () => {
    workbench = await openWorkbench({ workspace: { 'web.gaia.json': web } });
    await workbench.editor.open('web.gaia.json');
  });
  afterAll(() => workbench.close());

  it('offers the keys that may stand here', async () => {
    await workbench.editor.goToLine(7, 8);
    await workbench.page.keyboard.press('End');
    await workbench.page.keyboard.press('Enter');
    const offered = await workbench.editor.suggestions();
    expect(offered).toContain('hostname');
    expect(offered).not.toContain('cpus');
    await workbench.screenshot('config-completion');
    await workbench.page.keyboard.press('Escape');
  });

  it('underlines a misspelt key and mends it by the light bulb', async () => {
    await workbench.editor.replaceAll(web);
    await workbench.page.locator('.squiggly-warning, .squiggly-error').first().waitFor({ timeout: 40_000 });
    await workbench.editor.goToLine(9, 28);
    await workbench.page.keyboard.press('ControlOrMeta+.');
    const fix = workbench.page.locator('.action-widget .monaco-list-row', { hasText: 'vram' }).first();
    await fix.waitFor();
    await workbench.screenshot('config-quick-fix');
    await fix.click();
    await expect.poll(() => workbench.editor.text()).toContain('"vram": 32');
  });

  it('shows a line over the machine with what one does next', async () => {
    await workbench.editor.codeLens('Create').waitFor({ timeout: 40_000 });
    await workbench.screenshot('config-codelens');
    await workbench.editor.save();
  });

  it('opens as a form, in every theme', async () => {
    await workbench.run('Gaia: Open as Form');
    await (await form()).locator('section h2').first().waitFor();
    await workbench.inThemes('form');
    expect(await axeProblems(await form())).toEqual([]);
  });

  it('writes a change as the smallest edit, and undo takes it back', async () => {
    const cpus = (await form()).locator('[data-key="config.cpus"] input');
    await cpus.fill('4');
    await cpus.press('Tab');
    await workbench.page.locator('.tab.active.dirty').waitFor();
    await workbench.page.keyboard.press('ControlOrMeta+S');
    await expect.poll(onDisk).toBe(web.replace('vramm', 'vram').replace('"cpus": 2', '"cpus": 4'));
    await workbench.run('Undo');
    await expect.poll(async () => cpus.inputValue()).toBe('2');
  });

  it('refuses what cannot be, with a word at the field, and changes nothing', async () => {
    const cpus = (await form()).locator('[data-key="config.cpus"] input');
    await cpus.fill('999');
    await cpus.press('Tab');
    await (await form()).locator('[data-field="config.cpus"] .refused').waitFor();
    await workbench.screenshot('form-refused');
  });

  it('adds a network and a provisioner by the keyboard', async () => {
    const add = (await form()).locator('[data-key="add-config.networks-private_network"]');
    await add.focus();
    await workbench.page.keyboard.press('Enter');
    await (await form()).locator('fieldset legend', { hasText: 'Private network' }).waitFor();
    await workbench.screenshot('form-network');
  });

  it('moves and removes entries by the keyboard, and undo brings them back', async () => {
    const page = await form();
    const legends = async (): Promise<string[]> => page.locator('#group-networks fieldset legend').allInnerTexts();
    const press = async (key: string): Promise<void> => {
      await page.locator(`[data-key="${key}"]`).focus();
      await workbench.page.keyboard.press('Enter');
    };
    await press('add-config.networks-forwarded_port');
    await expect.poll(legends).toEqual(['Private network', 'Port 8080 → 80']);
    await press('up-config.networks-1');
    await expect.poll(legends).toEqual(['Port 8080 → 80', 'Private network']);
    await press('remove-config.networks-0');
    await expect.poll(legends).toEqual(['Private network']);
    await workbench.run('Undo');
    await expect.poll(legends).toEqual(['Port 8080 → 80', 'Private network']);
    await workbench.run('Undo');
    await expect.poll(legends).toEqual(['Private network', 'Port 8080 → 80']);
    await workbench.run('Redo');
    await expect.poll(legends).toEqual(['Port 8080 → 80', 'Private network']);
  });

  it('shows scripts of triggers as fields, and writes them', async () => {
    const page = await form();
    await page.locator('[data-key="add-config.triggers-after"]').focus();
    await workbench.page.keyboard.press('Enter');
    const inline = page.locator('[data-field="config.triggers.0.run_remote.inline"] textarea');
    await inline.fill('sync');
    await inline.press('Tab');
    await workbench.page.keyboard.press('ControlOrMeta+S');
    await expect.poll(onDisk).toMatch(/"triggers": \[\s*\{\s*"after": "up",\s*"run_remote": \{\s*"inline": \["sync"\]/);
    await page.locator('#group-triggers').scrollIntoViewIfNeeded();
    await workbench.screenshot('form-trigger');
    expect(onDisk()).toContain('// the shop');
  });

  it('follows the text, when that is changed beside it', async () => {
    const page = await form();
    fs.writeFileSync(path.join(workbench.folder, 'web.gaia.json'), web.replace('"cpus": 2', '"cpus": 3'));
    await expect.poll(() => page.locator('[data-key="config.cpus"] input').inputValue(), { timeout: 40_000 }).toBe('3');
  });
});
