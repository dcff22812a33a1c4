import type { Browser, Page } from 'playwright-core';

/** A headless Chromium that reaches 127.0.0.1 only. */
export function launchBrowser(): Promise<Browser>;
/** Stops spinners and progress bars of the workbench: they cost a fifth of the processor. Before the page goes anywhere. */
export function stopAnimations(page: Page): Promise<void>;
/** Makes the workbench of this page load an unpacked extension and, with `tests`, run that module in the extension host. Absolute paths. */
export function developExtension(page: Page, options: { authority: string; extension: string; tests?: string }): Promise<void>;
