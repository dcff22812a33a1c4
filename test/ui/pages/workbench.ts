// The workbench of a real VS Code with Gaia in it. Tests reach everything on the screen through this page object and those beside it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, FrameLocator, Page } from 'playwright-core';
import { developExtension, launchBrowser, stopAnimations } from '../../rig/browser.mjs';
import { ensureHost } from '../../rig/host.mjs';
import { startServer, type Server } from '../../rig/server.mjs';
import type { PrivateVirtualBox } from '../../rig/virtualbox.mjs';
import { Dialog } from './dialog.ts';
import { Editor } from './editor.ts';
import { Notifications } from './notifications.ts';
import { QuickInput } from './quickInput.ts';
import { TreeView } from './treeView.ts';
import { findWebview } from './webview.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
/** Screenshots: those of failed tests, and those a test takes to be looked at. */
export const shots = path.join(root, 'out/shots');

/** The colour themes to look at: the name for settings, the name in the picker, and the class on the workbench. */
const themes = {
  dark: { setting: 'Dark Modern', label: 'Dark Modern', css: 'vs-dark' },
  light: { setting: 'Light Modern', label: 'Light Modern', css: 'vs' },
  highContrast: { setting: 'Default High Contrast', label: 'Dark High Contrast', css: 'hc-black' },
  highContrastLight: { setting: 'Default High Contrast Light', label: 'Light High Contrast', css: 'hc-light' },
} as const;
export type Theme = keyof typeof themes;

export interface WorkbenchOptions {
  /** Copied into a temporary folder, which is opened. Default: an empty folder. A record is written as files. */
  workspace?: string | Readonly<Record<string, string>>;
  /** Gaia finds this one by PATH and environment. Without it there is no VirtualBox. */
  virtualBox?: Pick<PrivateVirtualBox, 'variables'>;
  theme?: Theme;
  settings?: Readonly<Record<string, unknown>>;
  env?: Readonly<Record<string, string>>;
  /** Leaves Workspace Trust on (restricted mode). */
  trust?: boolean;
  viewport?: { width: number; height: number };
}

/** The extension's folder, where not the package is tested: `1` is this project. */
const unpacked = process.env['GAIA_UNPACKED'] === '1' ? root : process.env['GAIA_UNPACKED'] ? path.resolve(process.env['GAIA_UNPACKED']) : undefined;

/** Opens VS Code with Gaia. A screenshot of each test that fails is kept in out/shots/. Close it in afterAll. */
export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-ui-'));
  const folder = path.join(home, 'workspace');
  fs.mkdirSync(folder);
  if (typeof options.workspace === 'string') fs.cpSync(options.workspace, folder, { recursive: true });
  for (const [name, text] of Object.entries(typeof options.workspace === 'object' ? options.workspace : {})) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  const vsix = unpacked === undefined ? path.join(root, 'out/gaia.vsix') : undefined;
  const server = await startServer({
    host: await ensureHost(), home, ...(vsix ? { vsix } : {}), trust: options.trust ?? false,
    env: { ...options.virtualBox?.variables, ...options.env },
    settings: { 'workbench.colorTheme': themes[options.theme ?? 'dark'].setting, ...options.settings },
  });
  let context: BrowserContext | undefined;
  try {
    context = await (await theBrowser()).newContext({ viewport: options.viewport ?? { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] });
    return await openWindow(context, server, folder);
  } catch (error) {
    await context?.close();
    await server.stop();
    throw error;
  }
}

async function openWindow(context: BrowserContext, server: Server, folder: string): Promise<Workbench> {
  const page = await context.newPage();
  const log = fs.createWriteStream(path.join(server.home, 'page.log'), { flags: 'a' });
  page.on('console', message => void log.write(`${message.type()} ${message.text()}\n`));
  page.on('pageerror', error => void log.write(`page error ${String(error)}\n`));
  await stopAnimations(page);
  if (unpacked !== undefined) await developExtension(page, { authority: server.authority, extension: unpacked });
  await page.goto(server.folderUrl(folder));
  const workbench = new Workbench(page, server, folder);
  await workbench.ready();
  return workbench;
}

let browser: Promise<Browser> | undefined;

/** One for all tests of this process; each workbench has a context of its own in it, with a storage of its own. */
async function theBrowser(): Promise<Browser> {
  if (!browser || !(await browser).isConnected()) browser = launchBrowser();
  return browser;
}

/** Those open now: keepShots.ts takes a picture of each when a test fails. */
export const openWorkbenches = new Set<Workbench>();

export class Workbench {
  readonly quickInput: QuickInput;
  readonly notifications: Notifications;
  readonly dialog: Dialog;
  readonly editor: Editor;

  constructor(readonly page: Page, readonly server: Server, /** The open folder. */ readonly folder: string) {
    this.quickInput = new QuickInput(page);
    this.notifications = new Notifications(page);
    this.dialog = new Dialog(page);
    this.editor = new Editor(page);
    openWorkbenches.add(this);
  }

  /** Waits for the workbench and for Gaia's icon: before that the palette does not know Gaia's commands. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    await this.page.locator('.activitybar .action-label[aria-label^="Gaia"]').waitFor({ timeout: 60_000 });
  }

  /** Shows a view and returns it. By the palette: a click on the icon of a visible view hides the side bar. */
  async openView(title = 'Machines', container = 'Gaia'): Promise<TreeView> {
    await this.run(`Focus on ${title} View`, new RegExp(`${container}.*Focus on ${title} View|View: Focus on ${title} View`));
    const view = new TreeView(this.page, title);
    await view.element.waitFor();
    return view;
  }

  /** Runs a command through the palette, by its title. */
  async run(title: string, entry: string | RegExp = title): Promise<void> {
    // The palette's list is made when it opens: a command whose `when` has just come true may be missing from it, so it is opened again.
    for (let attempt = 1; ; attempt++) {
      await this.page.keyboard.press('F1');
      // A webview that is just opening swallows the key.
      if (attempt < 3 && !await this.quickInput.input.waitFor({ timeout: 3000 }).then(() => true, () => false)) continue;
      try {
        // Something that takes the focus just then closes the palette again.
        await this.quickInput.choose(`>${title}`, entry, attempt < 3 ? 3000 : 30_000);
        return;
      } catch (error) {
        if (attempt === 3) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** The inside of the webview that contains `selector`. */
  async webview(selector = 'body'): Promise<FrameLocator> {
    return findWebview(this.page, selector);
  }

  async setTheme(theme: Theme): Promise<void> {
    const { label, css } = themes[theme];
    await this.run('Preferences: Color Theme');
    const picker = this.quickInput.element.locator('input[placeholder^="Select Color Theme"]');
    await picker.waitFor();
    await picker.fill(label);
    await this.page.keyboard.press('Enter');
    await this.quickInput.element.waitFor({ state: 'hidden' });
    await this.page.locator(`.monaco-workbench.${css}`).waitFor();
    // Webviews follow a moment later.
    await this.page.waitForTimeout(300);
  }

  /** Pictures `NAME-dark`, `-light` … of what `show` brings on the screen, to be looked at; where nobody looks (CI) the first theme is enough. */
  async inThemes(name: string, show: () => Promise<void> = () => Promise.resolve(), list: readonly Theme[] = ['dark', 'light', 'highContrast']): Promise<void> {
    const looked = process.env['CI'] ? list.slice(0, 1) : list;
    for (const theme of looked) {
      if (theme !== 'dark') await this.setTheme(theme);
      await show();
      await this.screenshot(`${name}-${theme}`);
    }
    if (looked.length > 1) await this.setTheme('dark');
  }

  /** Loads the window anew, as `Developer: Reload Window` does. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /** A second window of the same VS Code, on the same folder. It is closed with this one. */
  async secondWindow(): Promise<Workbench> {
    return openWindow(this.page.context(), this.server, this.folder);
  }

  async clipboard(): Promise<string> {
    return this.page.evaluate('navigator.clipboard.readText()');
  }

  /** Keeps a picture in out/shots/, to be looked at. Where nobody looks (CI) only those that say `always`: the ones of failures. */
  async screenshot(name: string, { always = false } = {}): Promise<string> {
    const file = path.join(shots, `${name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 100)}.png`);
    if (process.env['CI'] && !always) return file;
    fs.mkdirSync(shots, { recursive: true });
    await this.page.screenshot({ path: file });
    return file;
  }

  async close(): Promise<void> {
    for (const workbench of openWorkbenches) if (workbench.server === this.server) openWorkbenches.delete(workbench);
    await this.page.context().close();
    await this.server.stop();
    fs.rmSync(this.server.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
