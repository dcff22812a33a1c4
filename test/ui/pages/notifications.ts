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

  /** Waits for it, also behind the bell: a toast stays ten seconds, which a busy machine may need to get here. */
  async waitFor(text: string | RegExp, timeoutMs = 30_000): Promise<Locator> {
    const item = this.page.locator('.notifications-toasts .notification-list-item, .notifications-center .notification-list-item').filter({ hasText: text }).first();
    for (const end = Date.now() + timeoutMs; ;) {
      const left = end - Date.now();
      const found = await item.waitFor({ timeout: Math.max(1, Math.min(left, 9000)) }).then(() => true, () => false);
      if (found) return item;
      if (left <= 9000) throw new Error(`no notification says ${String(text)}; there are: ${(await this.texts()).join(' | ') || 'none'}`);
      if (await this.page.locator('.statusbar-item .codicon-bell-dot').isVisible()) await this.page.locator('.statusbar-item:has(.codicon-bell-dot)').click();
    }
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
