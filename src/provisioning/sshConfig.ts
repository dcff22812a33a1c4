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
  return `# Written by Gaia at every change; edits are lost.\n${hosts.map(hostText).join('\n')}`;
}

/** For a machine that is entered by the person's own keys. */
export function plainHost(name: string, endpoint: { readonly host: string; readonly port: number }, user: string): string {
  return `Host ${hostWord(name)}\n  HostName ${endpoint.host}\n  User ${word(user)}\n  Port ${String(endpoint.port)}\n`;
}

/** One of them, as `vagrant ssh-config` says it. */
export function hostText({ host, target }: SshHost): string {
  const rows: readonly (readonly [string, string])[] = [
    ['HostName', target.host], ['User', word(target.user)], ['Port', String(target.port)], ['UserKnownHostsFile', word(target.knownHostsFile)], ['HostKeyAlias', word(target.alias)],
    ['StrictHostKeyChecking', 'accept-new'], ['PasswordAuthentication', 'no'], ...target.keyFiles.map((file): readonly [string, string] => ['IdentityFile', word(file)]),
    ['IdentitiesOnly', 'yes'], ['LogLevel', 'ERROR'], ['PubkeyAcceptedKeyTypes', '+ssh-rsa'], ['HostKeyAlgorithms', '+ssh-rsa'],
  ];
  return `Host ${host}\n${rows.map(([key, value]) => `  ${key} ${value}\n`).join('')}`;
}

/** Blanks end a value; a quote inside cannot be written, and no path of ours has one. `%` starts a token. */
function word(value: string): string {
  const plain = /^[A-Za-z]:\\|^\\\\/.test(value) ? value.replaceAll('\\', '/') : value;
  const escaped = plain.replaceAll('%', '%%');
  return /[\s#]/.test(escaped) ? `"${escaped}"` : escaped;
}

/** The user's config with our file included first, every line of theirs as it was, line ends too; undefined = it is there already. */
export function withInclude(config: string, file: string): string | undefined {
  const line = `Include ${includeWord(file)}`;
  const end = config.includes('\r\n') ? '\r\n' : '\n';
  return config.split(/\r?\n/).some(one => one.trim() === line) ? undefined : `${line}${end}${config === '' ? '' : `${end}${config}`}`;
}

/** `*`, `?` and `[` would be patterns, `\` escapes: OpenSSH takes `/` on Windows as well. */
function includeWord(file: string): string {
  const plain = /^[A-Za-z]:\\|^\\\\/.test(file) ? file.replaceAll('\\', '/') : file;
  const escaped = plain.replaceAll(/[*?[\]]/g, '\\$&');
  return /\s/.test(escaped) ? `"${escaped}"` : escaped;
}

/** A known hosts file without the lines of one name. Ours is never hashed: each line begins with its alias. */
export function withoutHost(knownHosts: string, alias: string): string {
  return knownHosts.split('\n').filter(line => !line.split(/\s/)[0]?.split(',').includes(alias)).join('\n');
}
