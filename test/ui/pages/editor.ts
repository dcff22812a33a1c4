// The text editor in front: open a file, read and type, complaints, completions, code lenses.
import type { Locator, Page } from 'playwright-core';

export class Editor {
  /** The focused group's text editor. */
  readonly element: Locator;
  readonly tabs: Locator;

  constructor(private readonly page: Page) {
    this.element = page.locator('.editor-group-container.active .monaco-editor').first();
    this.tabs = page.locator('.tabs-container .tab');
  }

  /** Opens a file of the workspace by its name. */
  async open(name: string): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+P');
    const input = this.page.locator('.quick-input-widget .quick-input-box input').first();
    await input.fill(name);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
    await this.tab(name).waitFor();
  }

  tab(name: string): Locator {
    return this.tabs.filter({ hasText: name }).first();
  }

  /** The lines on the screen. */
  async text(): Promise<string> {
    const lines = await this.element.locator('.view-lines .view-line').evaluateAll(nodes => nodes
      .map(node => ({ top: node.getBoundingClientRect().top, text: node.textContent ?? '' })).sort((a, b) => a.top - b.top).map(line => line.text));
    return lines.join('\n').replaceAll('\u00a0', ' ');
  }

  /** Replaces everything by a paste: typing would add the editor's own closing brackets. */
  async replaceAll(text: string): Promise<void> {
    await this.element.locator('.view-lines').click();
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.evaluate(`{
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', ${JSON.stringify(text)});
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }`);
  }

  async goToLine(line: number, column = 1): Promise<void> {
    await this.page.keyboard.press('Control+G');
    const input = this.page.locator('.quick-input-widget .quick-input-box input').first();
    await input.fill(`:${line}:${column}`);
    // Enter does nothing before the box has read what was typed.
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: `line ${line}` }).first().waitFor();
    await this.page.keyboard.press('Enter');
    // Keys typed before the box is gone would go to it.
    await this.page.locator('.quick-input-widget:visible').waitFor({ state: 'hidden' });
  }

  async save(): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+S');
    await this.page.locator('.editor-group-container.active .tab.active:not(.dirty)').waitFor();
  }

  /** Squiggles on the screen: `error`, `warning` or `info`. */
  squiggles(severity: 'error' | 'warning' | 'info'): Locator {
    return this.element.locator(`.squiggly-${severity}`);
  }

  /** Asks for completions; what is offered. */
  async suggestions(): Promise<string[]> {
    await this.page.keyboard.press('Control+Space');
    const rows = this.page.locator('.suggest-widget.visible .monaco-list-row');
    await rows.first().waitFor();
    return rows.locator('.label-name').allInnerTexts();
  }

  codeLens(text: string): Locator {
    return this.element.locator('.codelens-decoration a', { hasText: text });
  }
}
