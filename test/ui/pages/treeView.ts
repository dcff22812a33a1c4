// One tree view of the side bar: rows, inline actions, context menu, selection.
import type { Locator, Page } from 'playwright-core';

export class TreeView {
  readonly element: Locator;
  readonly rows: Locator;

  constructor(private readonly page: Page, readonly title: string) {
    // The pane that holds the view; where a container shows one view only, its header carries the container's name too.
    this.element = page.locator('.pane').filter({ has: page.locator(`.pane-header[aria-label*="${title}"]`) });
    this.rows = this.element.locator('.monaco-list-row[role="treeitem"]');
  }

  /** The rows whose label is exactly this. Two machines may share a name: `.nth()`. */
  row(label: string): Locator {
    return this.rows.filter({ has: this.page.locator('.monaco-icon-label .label-name').getByText(label, { exact: true }) });
  }

  /** What the rows on the screen say, as `label` or `label description`, from top to bottom. */
  async texts(): Promise<string[]> {
    const texts = await this.rows.evaluateAll(rows => rows
      .map(row => ({ top: row.getBoundingClientRect().top, text: row.querySelector('.monaco-icon-label')?.textContent ?? '' }))
      .sort((a, b) => a.top - b.top).map(row => row.text.replace(/\s+/g, ' ').trim()));
    return texts;
  }

  /** The description beside the label: `running · 2 CPU · 4 GB`. */
  async description(row: Locator): Promise<string> {
    return (await row.locator('.label-description').allInnerTexts()).join('').trim();
  }

  async expand(row: Locator): Promise<void> {
    if (await row.getAttribute('aria-expanded') === 'false') await row.locator('.monaco-tl-twistie').click();
  }

  async select(...rows: Locator[]): Promise<void> {
    for (const [index, row] of rows.entries()) await row.locator('.monaco-icon-label').click(index ? { modifiers: ['ControlOrMeta'] } : {});
  }

  /** Presses an inline action of a row (shown when the mouse is over it). */
  async inline(row: Locator, action: string): Promise<void> {
    await row.hover();
    await row.locator(`.actions .action-label[aria-label^="${action}"]`).click();
  }

  /** Rests the mouse on a row until its tooltip says `text`. One that is drawn anew just then has lost the mouse: it comes once more. */
  async tooltip(row: Locator, text = ''): Promise<void> {
    const said = this.page.locator('.monaco-hover:visible', { hasText: text }).first();
    for (let attempt = 1; ; attempt++) {
      await row.hover();
      try {
        return await said.waitFor({ timeout: 8000 });
      } catch (error) {
        if (attempt === 5) throw error;
        await this.page.mouse.move(700, 500);
      }
    }
  }

  /** The entries of the row's context menu; the menu stays open. */
  async openMenu(row: Locator): Promise<string[]> {
    await row.locator('.monaco-icon-label').click({ button: 'right' });
    await this.menuItems.first().waitFor();
    return (await this.menuItems.locator('.action-label').allInnerTexts()).map(text => text.trim()).filter(Boolean);
  }

  /** Right-click, then an entry; `path` names sub-menus first. */
  async menu(row: Locator, ...path: string[]): Promise<void> {
    await this.openMenu(row);
    await chooseFromMenu(this.page, path);
  }

  async closeMenu(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.menuItems.first().waitFor({ state: 'hidden' });
  }

  /** A button in the view's title bar. */
  async titleAction(label: string): Promise<void> {
    await this.element.hover();
    await this.page.locator(`.sidebar .actions .action-label[aria-label^="${label}"]`).first().click();
  }

  /** A button in the header of this view, where its container holds several. */
  viewButton(label: string): Locator {
    return this.element.locator(`.pane-header .actions .action-label[aria-label^="${label}"]`).first();
  }

  async viewAction(label: string): Promise<void> {
    await this.element.locator('.pane-header').hover();
    await this.viewButton(label).click();
  }

  /** What the view says where it has no rows. */
  async welcome(): Promise<string> {
    return (await this.element.locator('.welcome-view-content').allInnerTexts()).join('\n').trim();
  }

  private get menuItems(): Locator {
    return menuItems(this.page);
  }
}

const menuItems = (page: Page): Locator => page.locator('.context-view .monaco-menu .action-item:not(.disabled) .action-menu-item, .monaco-submenu .action-menu-item');

/** Takes an entry of the menu that is open, or opening; `path` names sub-menus first. */
export async function chooseFromMenu(page: Page, path: readonly string[]): Promise<void> {
  for (const name of path) {
    const item = menuItems(page).filter({ has: page.getByText(name, { exact: true }) }).last();
    // VS Code ignores a click that comes right after the menu opened, as it may be the end of the click that opened it.
    await item.hover();
    await page.waitForTimeout(150);
    await item.click();
  }
}
