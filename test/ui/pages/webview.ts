// Webviews: two nested frames each, of which there may be several at once.
import type { FrameLocator, Page } from 'playwright-core';

/** The inside of the webview that contains `selector`, once it is there. */
export async function findWebview(page: Page, selector: string, timeoutMs = 30_000): Promise<FrameLocator> {
  const outer = page.locator('iframe.webview.ready');
  for (const end = Date.now() + timeoutMs; Date.now() < end; await page.waitForTimeout(100)) {
    for (let index = 0; index < await outer.count(); index++) {
      const frame = page.frameLocator('iframe.webview.ready').nth(index).frameLocator('iframe#active-frame');
      if (await frame.locator(selector).count().catch(() => 0)) return frame;
    }
  }
  throw new Error(`no webview contains ${selector}`);
}
