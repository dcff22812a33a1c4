// The palette, quick picks and input boxes at the top of the window.
import type { Locator, Page } from 'playwright-core';

export class QuickInput {
  readonly element: Locator;
  readonly input: Locator;
  readonly rows: Locator;

  constructor(private readonly page: Page) {
    this.element = page.locator('.quick-input-widget:visible');
    this.input = this.element.locator('.quick-input-box input').first();
    this.rows = this.element.locator('.quick-input-list .monaco-list-row');
  }

  /** Filters by `text`, then takes the first entry that has `entry` in it. */
  async choose(text: string, entry: string | RegExp = text, timeout = 30_000): Promise<void> {
    await this.input.fill(text, { timeout });
    await this.rows.filter({ hasText: entry }).first().click({ timeout });
  }

  /** Types a value into an input box and confirms it. The next question stands in the same box: until it does, what is typed would go to this one. */
  async enter(value: string): Promise<void> {
    await this.input.fill(value);
    await this.page.keyboard.press('Enter');
    const still = async (): Promise<boolean> => (await this.input.isVisible()) && (await this.input.inputValue({ timeout: 300 }).catch(() => '')) === value;
    // What is refused stays as it is.
    for (let i = 0; i < 15 && await still(); i++) await this.page.waitForTimeout(100);
  }

  /** Answers the step that says `prompt`, without a value with what stands there: the step before it may still be on the screen. */
  async answer(prompt: string, value?: string): Promise<void> {
    for (const end = Date.now() + 20_000; !(await this.element.locator('.quick-input-message').innerText({ timeout: 1000 }).catch(() => '')).includes(prompt); await this.page.waitForTimeout(50)) {
      if (Date.now() > end) throw new Error(`the step that says “${prompt}” did not come`);
    }
    if (value !== undefined) return this.enter(value);
    await this.page.keyboard.press('Enter');
  }

  /** What the entries say, from top to bottom (those on the screen). */
  async entries(): Promise<string[]> {
    await this.rows.first().waitFor();
    return (await this.rows.locator('.quick-input-list-entry').allInnerTexts()).map(text => text.replace(/\s+/g, ' ').trim());
  }

  /** The title of a step, or what is wrong with what was typed. */
  async message(): Promise<string> {
    return (await this.element.locator('.quick-input-message').innerText()).trim();
  }

  async dismiss(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.element.waitFor({ state: 'hidden' });
  }
}
