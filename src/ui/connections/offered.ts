// What PROXMOX_HOST, _USER, _PASSWORD and _VERIFY_SSL say, in the environment and in the .env files of trusted workspaces. Offered, never used silently.
import * as vscode from 'vscode';
import { connectionFromVariables, parseDotEnv } from '../../providers/proxmox/connection.ts';
import type { OfferedConnection } from '../../providers/proxmox/connection.ts';

export interface Offer extends OfferedConnection {
  /** `environment`, or the file's path as the workspace shows it. */
  readonly source: string | undefined;
}

export async function offeredConnections(environment: Readonly<Record<string, string | undefined>>): Promise<readonly Offer[]> {
  const offers: Offer[] = [];
  const consider = (variables: Readonly<Record<string, string | undefined>>, source: string | undefined): void => {
    try {
      const offer = connectionFromVariables(variables);
      if (offer) offers.push({ ...offer, source });
    } catch {
      // A PROXMOX_HOST that is no address is no offer.
    }
  };
  consider(environment, undefined);
  if (vscode.workspace.isTrusted) {
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const file = vscode.Uri.joinPath(folder.uri, '.env');
      try {
        consider(parseDotEnv(new TextDecoder().decode(await vscode.workspace.fs.readFile(file))), vscode.workspace.asRelativePath(file, true));
      } catch {
        // No such file.
      }
    }
  }
  return offers;
}
