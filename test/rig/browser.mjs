// The browser that shows the workbench, and how an unpacked extension and its tests get into it.
import { chromium } from 'playwright-core';
import { ensureChromium } from './chromium.mjs';

/** A headless Chromium that reaches 127.0.0.1 only. */
export async function launchBrowser() {
  return chromium.launch({
    executablePath: await ensureChromium(), headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
}

/**
 * Stops what turns and moves in the workbench: spinners and progress bars, drawn 60 times a second without a graphics card, cost a fifth of
 * the processor of a test. (VS Code's reduced motion leaves them.) @param {import('playwright-core').Page} page before it goes anywhere
 */
export async function stopAnimations(page) {
  await page.addInitScript(() => {
    if (window !== top) return;
    document.addEventListener('DOMContentLoaded', () => {
      const style = document.createElement('style');
      style.textContent = '.codicon, .codicon::before, .progress-bit, .progress-bit::after { animation: none !important }';
      document.head.append(style);
    });
  });
}

/**
 * Makes the workbench of this page load an unpacked extension (development mode) and, with `tests`, run that module in the extension host.
 * The page's configuration is changed the moment it is parsed, before the workbench's deferred script reads it, as @vscode/test-web does.
 * (?payload= in the address is ignored by built products, and Playwright's route.fulfill makes Chromium block the page's WebSocket.)
 * @param {import('playwright-core').Page} page @param {{authority: string, extension: string, tests?: string}} options absolute paths
 */
export async function developExtension(page, { authority, extension, tests }) {
  await page.addInitScript(({ authority, extension, tests }) => {
    if (window !== top) return;
    const uri = path => ({ scheme: 'vscode-remote', authority, path });
    new MutationObserver((_, observer) => {
      const meta = document.getElementById('vscode-workbench-web-configuration');
      if (!meta) return;
      observer.disconnect();
      const configuration = JSON.parse(meta.getAttribute('data-settings'));
      configuration.developmentOptions = { ...configuration.developmentOptions, extensions: [uri(extension)], ...tests ? { extensionTestsPath: uri(tests) } : {} };
      meta.setAttribute('data-settings', JSON.stringify(configuration));
    }).observe(document, { childList: true, subtree: true });
  }, { authority, extension, tests });
}
