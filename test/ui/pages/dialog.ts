// A modal question in the middle of the window.
import type { Locator, Page } from 'playwright-core';

export class Dialog {
  readonly element: Locator;

  constructor(page: Page) {
    this.element = page.locator('.monaco-dialog-box');
  }

  /** Message and detail, once it is open. */
  async text(): Promise<string> {
    await this.element.waitFor();
    return (await this.element.locator('.dialog-message-container').innerText()).trim();
  }

  async buttons(): Promise<string[]> {
    await this.element.waitFor();
    return (await this.element.locator('.dialog-buttons .monaco-button').allInnerTexts()).map(text => text.trim());
  }

  async press(button: string): Promise<void> {
    await this.element.locator('.dialog-buttons .monaco-button').getByText(button, { exact: true }).click();
    await this.element.waitFor({ state: 'hidden' });
  }
}
