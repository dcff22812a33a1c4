// The preview beside the editor: follows the keystrokes, maps both ways, keeps the last good rendering, survives a reload.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeProblems } from './pages/axe.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const web = `{
  // the web server of the shop
  "name": "web",
  "provider": "virtualbox",
  "config": {
    "box": "debian/bookworm64",
    "cpus": 2,
    "memory": 2048,
    "networks": [
      { "type": "private_network", "ip": "192.168.56.10" },
      { "type": "forwarded_port", "guest_port": 80, "host_port": 8080 }
    ],
    "provisioners": [
      { "type": "shell", "inline": ["apt-get update", "apt-get install -y nginx"] }
    ]
  }
}
`;
const dev = '{ "name": "dev", "provider": "wsl", "config": { "base_distro": "Ubuntu", "default_user": "me" } }\n';

describe('the preview', () => {
  let workbench: Workbench;
  const frame = () => workbench.webview('.code');
  const lines = async (): Promise<string[]> => (await frame()).locator('.line').allInnerTexts();

  beforeAll(async () => {
    workbench = await openWorkbench({ workspace: { 'web.gaia.json': web, 'dev.gaia.json': dev } });
    await workbench.editor.open('web.gaia.json');
    await workbench.run('Gaia: Preview Vagrantfile');
    await (await frame()).locator('.line').first().waitFor();
  });
  afterAll(() => workbench.close());

  it('shows the Vagrantfile with colours and numbers, in every theme', async () => {
    expect((await lines()).join('\n')).toContain('config.vm.box = "debian/bookworm64"');
    expect(await (await frame()).locator('.hljs-string').count()).toBeGreaterThan(0);
    await workbench.inThemes('preview', undefined, ['dark', 'light', 'highContrast', 'highContrastLight']);
    expect(await axeProblems(await frame())).toEqual([]);
  });

  it('lights the lines of the place where the cursor is', async () => {
    await workbench.editor.element.locator('.view-line', { hasText: '"ip"' }).click();
    await expect.poll(async () => (await frame()).locator('.line.marked').allInnerTexts()).toEqual([expect.stringContaining('192.168.56.10')]);
    await workbench.screenshot('preview-marked');
  });

  it('goes to the key of a line that is clicked', async () => {
    await (await frame()).locator('.line', { hasText: 'debian/bookworm64' }).click();
    await workbench.page.locator('.statusbar-item', { hasText: /Ln 6, Col/ }).waitFor();
  });

  it('goes there by the keyboard as well', async () => {
    const code = (await frame()).locator('.code');
    await code.focus();
    await code.press('Home');
    for (const line of await lines()) {
      if (line.includes('8080')) break;
      await code.press('ArrowDown');
    }
    await code.press('Enter');
    await workbench.page.locator('.statusbar-item', { hasText: /Ln 11, Col/ }).waitFor();
  });

  it('renders with each keystroke, only the lines that changed', async () => {
    const boxLine = (await frame()).locator('.line', { hasText: 'debian/bookworm64' });
    await boxLine.evaluate(element => { element.parentElement?.setAttribute('data-seen', '1'); });
    await workbench.editor.replaceAll(web.replace('"cpus": 2', '"cpus": 7'));
    await expect.poll(async () => (await lines()).join('\n')).toMatch(/cpus\s*=\s*7/);
    expect(await (await frame()).locator('.line.changed').count()).toBeLessThanOrEqual(2);
  });

  it('keeps the last good rendering of a broken file, dimmed, and says what is wrong', async () => {
    await workbench.editor.replaceAll(web.replace('"cpus": 2,', '"cpus": '));
    await (await frame()).locator('.code.stale').waitFor();
    expect(await (await frame()).locator('.problem').innerText()).toMatch(/Line \d+:/);
    expect((await lines()).join('\n')).toMatch(/cpus\s*=\s*7/);
    await workbench.screenshot('preview-broken');
    await workbench.editor.replaceAll(web);
    await expect.poll(async () => (await frame()).locator('.code.stale').count()).toBe(0);
  });

  it('says what the Vagrantfile cannot, and goes there', async () => {
    await workbench.editor.replaceAll(web.replace('"box": "debian/bookworm64"', '"iso": "./debian.iso"'));
    const summary = (await frame()).locator('.notes summary');
    await expect.poll(() => summary.innerText()).toContain('1 remark on the Vagrantfile');
    await summary.click();
    await workbench.screenshot('preview-remarks');
    await (await frame()).locator('.notes li button', { hasText: '"iso"' }).click();
    await workbench.page.locator('.statusbar-item', { hasText: /Ln 6, Col/ }).waitFor();
    expect(await axeProblems(await frame())).toEqual([]);
    await workbench.editor.replaceAll(web);
    await expect.poll(() => summary.count()).toBe(0);
  });

  it('follows another file and has a tab for its setup script', async () => {
    await workbench.editor.save();
    await workbench.editor.open('dev.gaia.json');
    await (await frame()).locator('.tab', { hasText: 'setup-dev.ps1' }).click();
    await expect.poll(async () => (await lines()).join('\n')).toContain('wsl.exe');
    await workbench.screenshot('preview-script');
  });

  it('is there again after the window was loaded anew', async () => {
    await workbench.reload();
    await expect.poll(async () => (await lines()).length, { timeout: 30_000 }).toBeGreaterThan(3);
  });
});
