// What a connection to a Proxmox VE cluster is, and how people write one: an address, a token id, PROXMOX_* variables or a .env file.
import { GaiaError } from '../../machines/errors.ts';
import type { PinnedCertificate } from '../../system/tls.ts';

export type ProxmoxAuth =
  /** `root@pam!gaia`: user `root@pam`, token `gaia`. Preferred: limited rights, can be revoked, needs no second factor. */
  | { readonly kind: 'token'; readonly user: string; readonly token: string }
  | { readonly kind: 'password'; readonly user: string; readonly realm: string };

/** Public data alone: it may stand in settings. Secrets come through {@link ProxmoxSecrets}. */
export interface ProxmoxConnection {
  readonly id: string;
  readonly label: string;
  /** Host names or addresses of nodes of one cluster, the preferred first; at least one. With its own port where that differs: `pve2:8443`. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly auth: ProxmoxAuth;
  /** Certificates that were trusted by hand or learned from the trusted cluster, by `host:port`. A host without one is checked against the system's authorities. */
  readonly certificates?: Readonly<Record<string, PinnedCertificate>>;
  /** The other nodes, as the trusted cluster last named them: used when none of `hosts` answers. */
  readonly peers?: readonly Peer[];
}

/** A node that the trusted cluster told us of: where it is, and the certificate it will show. */
export interface Peer {
  readonly node: string;
  readonly host: string;
  readonly fingerprint: string;
}

/** Where users are kept: `pam`, `pve`, a directory. */
export interface Realm {
  readonly name: string;
  /** `pam`, `pve`, `ldap`, `ad`, `openid`. */
  readonly type: string;
  readonly comment?: string;
  /** The one that the server's own login form offers first. */
  readonly standard: boolean;
}

export interface ProxmoxSecrets {
  readonly tokenSecret?: string;
  readonly password?: string;
}

/** What the server asks for after the password. */
export interface SecondFactorChallenge {
  readonly totp: boolean;
  readonly recovery: boolean;
  /** Kinds that only a browser can answer: `webauthn`, `u2f`, `yubico`. */
  readonly others: readonly string[];
}
export interface SecondFactor {
  readonly kind: 'totp' | 'recovery';
  readonly value: string;
}

export const defaultPort = 8006;

/** The name of the user on the wire: `root@pam`. */
export function userName(auth: ProxmoxAuth): string {
  return auth.kind === 'token' ? `${auth.user}!${auth.token}` : `${auth.user}@${auth.realm}`;
}

/** `https://pve.lan:8006 · root@pam!gaia`. */
export function describeConnection(connection: ProxmoxConnection): string {
  return `https://${bracket(connection.hosts[0] ?? '')}:${connection.port} · ${userName(connection.auth)}`;
}

/**
 * `pve.lan`, `10.0.0.2:8006`, `[fd00::2]`, `https://pve.lan:8006/#v1:0:18:4` → host and port.
 * Throws GaiaError `invalidInput`, also for `http://`: Proxmox VE speaks HTTPS only.
 */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const given = address.trim();
  if (/^http:/i.test(given)) throw new GaiaError('invalidInput', { message: 'Proxmox VE is reached by https, not http.' });
  const bare = /^(?:[0-9a-f]*:){2,}[0-9a-f.]*$/i.test(given) ? `[${given}]` : given;
  const text = /^https:\/\//i.test(bare) ? bare : `https://${bare}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new GaiaError('invalidInput', { message: '“{0}” is no address of a server.', values: [address], hint: 'Write a host name or IP address, with a port if it is not 8006: pve.lan, 192.168.1.10:8006.' });
  }
  if (url.username !== '' || url.password !== '') throw new GaiaError('invalidInput', { message: 'The address must hold no user or password.' });
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') throw new GaiaError('invalidInput', { message: '“{0}” is no address of a server.', values: [address] });
  // An explicit :443 is dropped by URL: it is the default of https, and a reverse proxy is where it comes from.
  const port = url.port !== '' ? Number(url.port) : /^https:\/\/[^/?#]*:443(?:[/?#]|$)/i.test(text) ? 443 : defaultPort;
  return { host, port };
}

/**
 * `root@pam!gaia`, or the whole `root@pam!gaia=1b2c…` / `PVEAPIToken=root@pam!gaia=1b2c…` as a person copies it. undefined when it is none of these.
 */
export function parseToken(input: string): { readonly user: string; readonly token: string; readonly secret?: string } | undefined {
  const match = /^(?:PVEAPIToken[=\s])?([^\s:/@!]+@[A-Za-z][\w.-]+)!([A-Za-z][\w.-]+)(?:[=:\s]\s*(\S+))?$/.exec(input.trim());
  if (!match) return undefined;
  return { user: match[1] as string, token: match[2] as string, ...(match[3] === undefined ? {} : { secret: match[3] }) };
}

/** `anna@pve` → user and realm; without a realm it is `pam`. */
export function parseUser(input: string): { readonly user: string; readonly realm: string } {
  const text = input.trim();
  const split = text.lastIndexOf('@');
  return split > 0 ? { user: text.slice(0, split), realm: text.slice(split + 1) } : { user: text, realm: 'pam' };
}

/** What PROXMOX_HOST, _USER, _PASSWORD and _VERIFY_SSL say. Offered to the person, never used silently. */
export interface OfferedConnection {
  readonly host: string;
  readonly port: number;
  readonly auth?: ProxmoxAuth;
  readonly secrets: ProxmoxSecrets;
  /** `false` asks for trust on first use. It never turns the check off. */
  readonly verifySsl: boolean;
}

/** undefined when PROXMOX_HOST is not set. Throws GaiaError `invalidInput` when it is no address. */
export function connectionFromVariables(variables: Readonly<Record<string, string | undefined>>): OfferedConnection | undefined {
  const host = variables['PROXMOX_HOST']?.trim();
  if (host === undefined || host === '') return undefined;
  const user = variables['PROXMOX_USER']?.trim() ?? '';
  const password = variables['PROXMOX_PASSWORD'];
  const token = parseToken(user);
  const secret = token?.secret ?? password;
  const auth: ProxmoxAuth | undefined = token ? { kind: 'token', user: token.user, token: token.token } : user === '' ? undefined : { kind: 'password', ...parseUser(user) };
  return {
    ...parseAddress(host),
    ...(auth ? { auth } : {}),
    secrets: secret === undefined || secret === '' ? {} : token ? { tokenSecret: secret } : { password: secret },
    verifySsl: !/^(?:0|false|no|off)$/i.test(variables['PROXMOX_VERIFY_SSL']?.trim() ?? ''),
  };
}

/** The variables of a `.env` text: `KEY=value`, `export KEY="quoted"`, `#` comments. Nothing is expanded or run. */
export function parseDotEnv(source: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const line of source.replace(/^\ufeff/, '').split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (!match) continue;
    const value = match[2] as string;
    const quoted = /^"((?:[^"\\]|\\.)*)"|^'([^']*)'/.exec(value);
    if (quoted?.[1] !== undefined) variables[match[1] as string] = quoted[1].replace(/\\([nrt"\\$])/g, (_whole, char: string) => ({ n: '\n', r: '\r', t: '\t' })[char] ?? char);
    else if (quoted?.[2] !== undefined) variables[match[1] as string] = quoted[2];
    else variables[match[1] as string] = value.replace(/\s+#.*$/, '');
  }
  return variables;
}

/** An entry of `hosts`: `pve.lan`, `fd00::2`, `pve.lan:8443`, `[fd00::2]:8443`. */
export function endpointOf(entry: string, port: number): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(entry);
  return match ? { host: (match[1] ?? match[2]) as string, port: Number(match[3]) } : { host: entry.replace(/^\[|\]$/g, ''), port };
}

export function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
