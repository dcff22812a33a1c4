// Gaia's own SSH configuration: one file with a Host for each machine, included by the user's; compatible with `vagrant ssh-config`. Pure.
import type { SshTarget } from '../system/ssh.ts';

export interface SshHost {
  /** What one types: `ssh web`. */
  readonly host: string;
  readonly target: SshTarget;
}

/** A name that ssh takes as one pattern-free word. */
export function hostWord(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replaceAll(/^[-.]+|-+$/g, '') || 'machine';
}

export function sshConfigText(hosts: readonly SshHost[]): string {
  return `# Written by Gaia at every change; edits are lost.\n${hosts.map(block).join('\n')}`;
}

function block({ host, target }: SshHost): string {
  const rows: readonly (readonly [string, string])[] = [
    ['HostName', target.host], ['User', word(target.user)], ['Port', String(target.port)], ['UserKnownHostsFile', word(target.knownHostsFile)], ['HostKeyAlias', word(target.alias)],
    ['StrictHostKeyChecking', 'accept-new'], ['PasswordAuthentication', 'no'], ...target.keyFiles.map((file): readonly [string, string] => ['IdentityFile', word(file)]),
    ['IdentitiesOnly', 'yes'], ['LogLevel', 'ERROR'], ['PubkeyAcceptedKeyTypes', '+ssh-rsa'], ['HostKeyAlgorithms', '+ssh-rsa'],
  ];
  return `Host ${host}\n${rows.map(([key, value]) => `  ${key} ${value}\n`).join('')}`;
}

/** Blanks end a value; a quote inside cannot be written, and no path of ours has one. `%` starts a token. */
function word(value: string): string {
  const escaped = value.replaceAll('%', '%%');
  return /[\s#]/.test(escaped) ? `"${escaped}"` : escaped;
}

/** The user's config with our file included first, every line of theirs as it was; undefined = it is there already. */
export function withInclude(config: string, file: string): string | undefined {
  const line = `Include ${/\s/.test(file) ? `"${file}"` : file}`;
  return config.split(/\r?\n/).some(one => one.trim() === line) ? undefined : `${line}\n${config === '' ? '' : `\n${config}`}`;
}
