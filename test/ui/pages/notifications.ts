// Toasts in the corner, with their buttons and progress.
import type { Locator, Page } from 'playwright-core';

export class Notifications {
  readonly toasts: Locator;

  constructor(private readonly page: Page) {
    this.toasts = page.locator('.notifications-toasts .notification-list-item');
  }

  /** The toast that says this. */
  toast(text: string | RegExp): Locator {
    return this.toasts.filter({ hasText: text }).first();
  }

  async waitFor(text: string | RegExp, timeoutMs = 30_000): Promise<Locator> {
    const toast = this.toast(text);
    await toast.waitFor({ timeout: timeoutMs });
    return toast;
  }

  /** Presses a button of the toast that says `text`. */
  async press(text: string | RegExp, button: string): Promise<void> {
    await (await this.waitFor(text)).locator('.notification-list-item-buttons-container').getByText(button, { exact: true }).click();
  }

  async texts(): Promise<string[]> {
    return (await this.toasts.locator('.notification-list-item-message').allInnerTexts()).map(text => text.trim());
  }

  async clear(): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget .quick-input-box input').first();
    await input.fill('>Notifications: Clear All Notifications');
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Clear All Notifications' }).first().click();
  }
}
