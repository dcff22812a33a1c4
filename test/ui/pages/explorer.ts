// The explorer: files of the workspace, and their context menu.
import type { Locator, Page } from 'playwright-core';
import { chooseFromMenu } from './treeView.ts';

export class Explorer {
  constructor(private readonly page: Page) {}

  file(name: string): Locator {
    return this.page.locator('.explorer-folders-view .monaco-list-row').filter({ has: this.page.locator('.label-name').getByText(name, { exact: true }) });
  }

  /** Shows the explorer and right-clicks the file; `path` names sub-menus first. */
  async menu(file: string, ...path: string[]): Promise<void> {
    if (!await this.file(file).isVisible()) await this.page.keyboard.press('ControlOrMeta+Shift+E');
    await this.file(file).click({ button: 'right' });
    await chooseFromMenu(this.page, path);
  }
}
