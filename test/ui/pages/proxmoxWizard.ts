// "Add Proxmox VE…" from the way to log in to the name, as somebody with a token goes through it.
import type { Workbench } from './workbench.ts';

export interface TokenSteps {
  /** Typed or pasted; without it the one that is offered. */
  readonly token?: string;
  /** Name of the connection; without it the one that is offered. */
  readonly label?: string;
  /** While the secret is asked for: nothing has been sent yet. */
  beforeSecret?(): Promise<void> | void;
}

/** With the certificate's question on the screen: trusts it and logs in with a token. */
export async function trustAndUseToken({ dialog, quickInput, page }: Workbench, { token, label, beforeSecret }: TokenSteps = {}): Promise<void> {
  await dialog.press('Trust This Certificate');
  await quickInput.rows.filter({ hasText: 'API token' }).first().click();
  await quickInput.answer('Id of the token', token);
  await page.locator('.quick-input-widget:visible input[type="password"]').waitFor();
  await beforeSecret?.();
  await quickInput.answer('Secret of the token');
  await quickInput.answer('Name of the connection', label);
}
