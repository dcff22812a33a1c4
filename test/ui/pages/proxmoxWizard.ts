// "Add Proxmox VE…" from the way to log in to the name, as somebody with a token goes through it.
import type { ProxmoxServer } from '../../proxmox/server.ts';
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

/** A .env of this server, as Packer and others read it: the wizard offers what it says. */
export function envOf({ host, port, root }: ProxmoxServer): string {
  return `PROXMOX_HOST=${host}:${String(port)}\nPROXMOX_USER=${root.tokenId}\nPROXMOX_PASSWORD=${root.tokenSecret}\nPROXMOX_VERIFY_SSL=false\n`;
}

/** Adds the server of the workspace's .env, with all that is offered. */
export async function addFromEnv(workbench: Workbench): Promise<void> {
  await workbench.run('Gaia: Add Proxmox VE…');
  await workbench.quickInput.rows.filter({ hasText: '.env' }).click();
  await workbench.quickInput.answer('Address of one node');
  await trustAndUseToken(workbench);
}
