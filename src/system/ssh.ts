// The system's own ssh and scp: argument arrays, no config of the user's, no questions, keys by file only.
import * as path from 'node:path';
import type { ProcessRequest } from './process.ts';

export interface SshTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Tried in order. */
  readonly keyFiles: readonly string[];
  /** Gaia's own: the first key a machine shows is remembered under `alias`, another one later is refused. */
  readonly knownHostsFile: string;
  /** Names the machine in the known hosts file: ports are reused by other machines, ids are not. */
  readonly alias: string;
}

/** Options shared by ssh and scp. ssh-rsa is allowed because many boxes speak nothing newer. */
export function sshOptions(target: SshTarget): readonly string[] {
  const options: readonly (readonly [string, string])[] = [
    ['BatchMode', 'yes'], ['IdentitiesOnly', 'yes'], ['PasswordAuthentication', 'no'], ['StrictHostKeyChecking', 'accept-new'],
    ['UserKnownHostsFile', quoted(target.knownHostsFile)], ['GlobalKnownHostsFile', 'none'], ['HostKeyAlias', target.alias], ['ConnectTimeout', '8'],
    ['ServerAliveInterval', '15'], ['ServerAliveCountMax', '4'], ['LogLevel', 'ERROR'], ['HostKeyAlgorithms', '+ssh-rsa'], ['PubkeyAcceptedKeyTypes', '+ssh-rsa'],
  ];
  return ['-F', process.platform === 'win32' ? 'NUL' : '/dev/null', ...options.flatMap(([key, value]) => ['-o', `${key}=${value}`]), ...target.keyFiles.flatMap(file => ['-i', file])];
}

/** One command in the machine. `command` is shell text: make it with the encoder of provisioning/posix.ts. */
export function sshRequest(ssh: string, target: SshTarget, command: string, more: { readonly stdin?: string | Uint8Array; readonly timeoutMs: number; readonly secrets?: readonly string[] }): ProcessRequest {
  return { file: ssh, args: [...sshOptions(target), '-p', String(target.port), `${target.user}@${target.host}`, command], ...more };
}

/** Copies a file or folder of this computer into the machine. `to`: a path there. */
export function scpRequest(scp: string, target: SshTarget, from: string, to: string, timeoutMs: number): ProcessRequest {
  // A relative path that looks like `host:path` must not be taken for one.
  return { file: scp, args: [...sshOptions(target), '-r', '-P', String(target.port), '--', path.resolve(from), `${target.user}@${target.host}:${to}`], timeoutMs };
}

/** In option values a blank ends the first file name. */
function quoted(file: string): string {
  return /\s/.test(file) ? `"${file}"` : file;
}
