// Files in a machine's folder that were made for it alone and that VirtualBox does not take along: its seed, and the answers of its installer.
import * as path from 'node:path';
import type { OperationContext } from '../../machines/provider.ts';
import { seedName } from './create.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';

export function isOwnFile(name: string, uuid: string): boolean {
  return name === seedName || name.startsWith(`Unattended-${uuid}-`);
}

/** After the machine is gone. `seed`: the one there was in its drive, so it is not somebody's file of that name. The folder goes as well, if nothing else is in it. */
export async function removeOwnFiles(tool: Tool, folder: string, { uuid, seed }: { readonly uuid: string; readonly seed: boolean }, context: OperationContext): Promise<void> {
  const { files } = tool.doors;
  const entries = (await files.listFolder(folder).catch(() => undefined)) ?? [];
  for (const { name } of entries.filter(entry => entry.kind === 'file' && isOwnFile(entry.name, uuid) && (seed || entry.name !== seedName))) {
    const file = path.join(folder, name);
    if (/\.v?iso$/i.test(name)) await tool.change(requests.forgetMedium('dvd', file), context).catch(() => undefined);
    await files.removeAll(file);
  }
  if ((await files.listFolder(folder).catch(() => undefined))?.length === 0) await files.removeAll(folder);
}
