// How Gaia itself gets into a machine: address, user, keys. The keys lie in the extension's own storage, one folder a machine.
import * as path from 'node:path';
import { GaiaError } from '../../machines/errors.ts';
import { systemClock } from '../../machines/clock.ts';
import type { MachineDetails, MachineId } from '../../machines/machine.ts';
import type { SessionDoors } from '../../provisioning/session.ts';
import { insecurePrivateKey } from '../../provisioning/insecureKey.ts';
import { hostWord, sshConfigText, withoutHost } from '../../provisioning/sshConfig.ts';
import type { SshHost } from '../../provisioning/sshConfig.ts';
import { fileInfo, makeFolder, readText, removeAll, writeWhole } from '../../system/files.ts';
import { firstFile, onPath } from '../../system/findProgram.ts';
import { thisPlatform, variable } from '../../system/platform.ts';
import { runProcess } from '../../system/process.ts';
import type { SshTarget } from '../../system/ssh.ts';
import { sshEndpoints } from '../endpoint.ts';
import type { Parts } from '../parts.ts';
import { Records } from './records.ts';

/** What is remembered of a machine that Gaia made or let itself into. */
export interface KnownLogin {
  readonly user: string;
  readonly keyFile: string;
  readonly host: string;
  readonly port: number;
  readonly name: string;
}

type Logins = ReadonlyMap<string, KnownLogin>;
let logins: Records<KnownLogin> | undefined;

/** One store, as its writes follow each other. */
function loginsOf(parts: Parts): Records<KnownLogin> {
  return logins ??= new Records({
    folder: path.join(storage(parts), 'logins'), old: parts.context.globalState, oldKey: 'gaia.logins',
    is: (value): value is KnownLogin => {
      const { user, keyFile, host, port, name } = (value ?? {}) as Partial<KnownLogin>;
      return [user, keyFile, host, name].every(one => typeof one === 'string') && typeof port === 'number';
    },
  });
}

export async function loginOf(parts: Parts, id: MachineId): Promise<KnownLogin | undefined> {
  return loginsOf(parts).get(id);
}

/** Remembers it and writes the SSH configuration anew. `undefined` forgets it, with its key. */
export async function rememberLogin(parts: Parts, id: MachineId, login: KnownLogin | undefined): Promise<void> {
  await loginsOf(parts).change(id, () => login, async (before, all) => {
    // Only what Gaia made for this machine alone: the login may also stand on a key of the person's own, or the one of all boxes.
    if (!login && before) await removeAll(path.dirname(keyFileOf(parts, id)));
    if (!login && before) await forgetHostKey(parts, id);
    await writeWhole(sshConfigFile(parts), sshConfigText(hostsOf(parts, all)));
  });
}

async function forgetHostKey(parts: Parts, id: MachineId): Promise<void> {
  const file = path.join(storage(parts), 'known_hosts');
  const text = await readText(file);
  if (text !== undefined) await writeWhole(file, withoutHost(text, aliasOf(id)));
}

/** One host word a machine; namesakes get a number. */
function hostsOf(parts: Parts, logins: Logins): readonly SshHost[] {
  const taken = new Set<string>();
  return [...logins].map(([id, login]) => {
    let host = hostWord(login.name);
    for (let number = 2; taken.has(host); number++) host = `${hostWord(login.name)}-${String(number)}`;
    taken.add(host);
    return { host, target: targetOf(parts, id as MachineId, login) };
  });
}

export async function hostOf(parts: Parts, id: MachineId): Promise<SshHost | undefined> {
  return hostsOf(parts, await loginsOf(parts).all()).find(host => host.target.alias === aliasOf(id));
}

export function targetOf(parts: Parts, id: MachineId, login: Pick<KnownLogin, 'host' | 'port' | 'user' | 'keyFile'>): SshTarget {
  return { host: login.host, port: login.port, user: login.user, keyFiles: [login.keyFile], knownHostsFile: path.join(storage(parts), 'known_hosts'), alias: aliasOf(id) };
}

function aliasOf(id: MachineId): string {
  return `gaia-${id.replaceAll(/[^A-Za-z0-9.-]+/g, '-')}`;
}

export function storage(parts: Parts): string {
  return path.join(parts.context.globalStorageUri.fsPath, 'ssh');
}

export function sshConfigFile(parts: Parts): string {
  return path.join(storage(parts), 'config');
}

export function keyFileOf(parts: Parts, id: MachineId): string {
  return path.join(storage(parts), aliasOf(id), 'id_ed25519');
}

/** The public insecure key of Vagrant boxes, as a file that ssh takes. */
export async function insecureKeyFile(parts: Parts): Promise<string> {
  const file = path.join(storage(parts), 'insecure_private_key');
  if (!await fileInfo(file)) {
    await makeFolder(storage(parts));
    await writeWhole(file, insecurePrivateKey);
  }
  return file;
}

/** Where it answers now. Throws `notReady` when no address is known. */
export function endpointOf(details: MachineDetails): { readonly host: string; readonly port: number } {
  const [best] = sshEndpoints(details);
  if (best) return best;
  throw new GaiaError('notReady', { message: 'No address of this machine is known.', machine: details.machine.name, hint: 'Forward a port of this computer to its port 22, or install the guest tools in it so that it tells its addresses.' });
}

/** Throws `notInstalled` where there is no ssh. */
export async function sessionDoors(parts: Parts): Promise<SessionDoors> {
  const platform = thisPlatform();
  const find = (program: string): Promise<string | undefined> => {
    const windows = variable(platform, 'SystemRoot');
    return firstFile([...onPath([program], platform), ...platform.os === 'win32' && windows !== undefined ? [path.win32.join(windows, 'System32', 'OpenSSH', `${program}.exe`)] : []], fileInfo);
  };
  const [ssh, scp] = await Promise.all([find('ssh'), find('scp')]);
  if (ssh === undefined || scp === undefined) {
    throw new GaiaError('notInstalled', { message: 'The OpenSSH client is not installed, or not on the PATH.', hint: 'Gaia reaches machines by ssh and scp of this computer.', actions: [{ title: 'How to Install It', url: 'https://code.visualstudio.com/docs/remote/troubleshooting#_installing-a-supported-ssh-client' }] });
  }
  return {
    ssh, scp, clock: systemClock,
    run: (request, signal, hooks) => runProcess(request, signal, { record: parts.log.record, ...hooks }),
    readFile: readText,
    writeFile: async (file, text) => {
      await makeFolder(path.dirname(file));
      await writeWhole(file, text);
    },
    removeFile: removeAll,
    ansible: () => find('ansible-playbook'),
  };
}
