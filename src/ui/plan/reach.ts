// Into a machine that Gaia has let itself into before: by the word its own SSH configuration has for it, which `ssh`, scp and Remote-SSH understand alike.
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { MachineDetails, MachineId } from '../../machines/machine.ts';
import { withInclude } from '../../provisioning/sshConfig.ts';
import { fileInfo, readText, replaceKeepingMode } from '../../system/files.ts';
import { sshEndpoints } from '../endpoint.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { hostOf, loginOf, rememberLogin, sshConfigFile } from './machineSsh.ts';

/** The word for it, with the address it has now. undefined = Gaia has no login for it, or it tells no address. */
export async function knownHost(parts: Parts, id: MachineId, details: MachineDetails): Promise<string | undefined> {
  const login = await loginOf(parts, id);
  const endpoints = sshEndpoints(details);
  const now = endpoints.find(one => one.host === login?.host && one.port === login.port) ?? endpoints[0];
  if (!login || !now) return undefined;
  if (now.host !== login.host || now.port !== login.port || details.machine.name !== login.name) await rememberLogin(parts, id, { ...login, ...now, name: details.machine.name });
  else if (!await fileInfo(sshConfigFile(parts))) await rememberLogin(parts, id, login);
  return (await hostOf(parts, id))?.host;
}

/** Arguments for `ssh` into it. */
export function sshArguments(parts: Parts, host: string): readonly string[] {
  return ['-F', sshConfigFile(parts), host];
}

const refusedKey = 'gaia.sshIncludeRefused';

/**
 * Makes the words of our configuration known to everything that reads ~/.ssh/config, by one line at its top, asked for once. No other line is
 * touched. False = the person does not want it.
 */
export async function includeConfig(parts: Parts): Promise<boolean> {
  const file = path.join(os.homedir(), '.ssh', 'config');
  const before = await readText(file) ?? '';
  const next = withInclude(before, sshConfigFile(parts));
  if (next === undefined) return true;
  if (parts.context.globalState.get<boolean>(refusedKey) === true) return false;
  const add = t('Add the Line');
  const never = t('Never');
  const detail = t('Remote-SSH takes user, key and port from there. Gaia would add this as the first line of {0} and changes nothing else in it:\n\n{1}', file, next.split('\n')[0] ?? '');
  const answer = await vscode.window.showInformationMessage(t('Let ~/.ssh/config include the machines of Gaia?'), { modal: true, detail }, add, never);
  if (answer === never) await parts.context.globalState.update(refusedKey, true);
  if (answer !== add) return false;
  // Somebody may have edited it while the question stood there.
  const now = withInclude(await readText(file) ?? '', sshConfigFile(parts));
  if (now !== undefined) await replaceKeepingMode(file, now);
  return true;
}
