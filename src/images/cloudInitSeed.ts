// What cloud-init reads at a machine's first start (data source NoCloud): user-data, meta-data, network-config, as one small volume `cidata`. Pure.
import { stringify } from 'yaml';
import { GaiaError } from '../machines/errors.ts';
import { buildIso } from './iso9660.ts';

/** What the seed says; paths, environment and hashes are resolved already (`prepareSeed`). */
export interface SeedContent {
  /** A new one makes cloud-init do its first-start work again. */
  readonly instanceId: string;
  readonly hostname?: string;
  readonly user?: string;
  /** As `$6$…`. */
  readonly passwordHash?: string;
  readonly sshKeys?: readonly string[];
  readonly packages?: readonly string[];
  /** Used in place of what is made from the rest. */
  readonly userData?: string;
  readonly networkConfig?: string;
  readonly network?: SeedNetwork;
}

export interface SeedNetwork {
  /** Each card of the machine. Then `ipConfig` beside it is not asked. */
  readonly cards?: readonly SeedCard[];
  /** Of the one card, the first of each name that begins with `e`. As Proxmox writes it: `ip=10.0.0.5/24,gw=10.0.0.1,ip6=auto`; default `ip=dhcp`. */
  readonly ipConfig?: string;
  readonly nameservers?: readonly string[];
  readonly searchDomains?: readonly string[];
}

export interface SeedCard {
  readonly mac: string;
  readonly ipConfig: string;
  /** The start does not wait for it. */
  readonly optional?: boolean;
}

/** The volume's bytes: an ISO image, to be inserted as a CD. */
export function seedVolume(content: SeedContent, date: Date): Uint8Array {
  return buildIso('cidata', Object.entries(seedFiles(content)).map(([name, text]) => ({ name, bytes: Buffer.from(text, 'utf8') })), date);
}

/** The files by their names on the volume. */
export function seedFiles(content: SeedContent): Readonly<Record<string, string>> {
  const network = content.networkConfig ?? networkConfig(content.network);
  return { 'user-data': content.userData ?? userData(content), 'meta-data': metaData(content), ...(network === undefined ? {} : { 'network-config': network }) };
}

/** A `#cloud-config` document. */
export function userData(content: SeedContent): string {
  const keys = content.sshKeys ?? [];
  const access = { ...(keys.length > 0 ? { ssh_authorized_keys: keys } : {}) };
  const password = content.passwordHash;
  return `#cloud-config\n${yaml({
    ...(content.hostname === undefined ? {} : { hostname: content.hostname.split('.')[0] ?? content.hostname, ...(content.hostname.includes('.') ? { fqdn: content.hostname } : {}), manage_etc_hosts: true }),
    ...(content.user === undefined
      ? { ...access, ...(password === undefined ? {} : { password, chpasswd: { expire: false } }) }
      : { users: [{ name: content.user, sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', lock_passwd: password === undefined, ...(password === undefined ? {} : { passwd: password }), ...access }] }),
    ...(password === undefined ? {} : { ssh_pwauth: true }),
    ...(content.packages === undefined || content.packages.length === 0 ? {} : { package_update: true, packages: content.packages }),
  })}`;
}

export function metaData(content: SeedContent): string {
  return yaml({ 'instance-id': content.instanceId, ...(content.hostname === undefined ? {} : { 'local-hostname': content.hostname }) });
}

/** Version 2 of cloud-init's network configuration; undefined = nothing is asked for, DHCP is cloud-init's own default. Throws GaiaError `invalidInput`. */
export function networkConfig(network: SeedNetwork | undefined): string | undefined {
  const { cards, ipConfig, nameservers = [], searchDomains = [] } = network ?? {};
  const names = nameservers.length + searchDomains.length > 0 ? { nameservers: { ...(nameservers.length > 0 ? { addresses: nameservers } : {}), ...(searchDomains.length > 0 ? { search: searchDomains } : {}) } } : {};
  const plain = cards?.every(card => card.ipConfig === 'ip=dhcp') ?? ipConfig === undefined;
  if (plain && (cards?.length ?? 1) === 1 && nameservers.length + searchDomains.length === 0) return undefined;
  const ethernets = cards
    ? cards.map((card, index) => [index === 0 ? 'primary' : `card${String(index + 1)}`, { match: { macaddress: macText(card.mac) }, ...addressesOf(card.ipConfig), ...(card.optional ? { optional: true } : {}), ...(index === 0 ? names : {}) }])
    : [['primary', { match: { name: 'e*' }, ...addressesOf(ipConfig ?? 'ip=dhcp'), ...names }]];
  return yaml({ version: 2, ethernets: Object.fromEntries(ethernets) });
}

function addressesOf(ipConfig: string): Readonly<Record<string, unknown>> {
  const parts = new Map(ipConfig.split(',').map(part => part.trim()).filter(part => part !== '').map(part => {
    const [key = '', value = ''] = part.split('=', 2).map(text => text.trim());
    if (!['ip', 'gw', 'ip6', 'gw6'].includes(key) || value === '') throw new GaiaError('invalidInput', { message: '{0} is no address of a network card.', values: [part], hint: 'Write ip=dhcp, or ip=10.0.0.5/24,gw=10.0.0.1.' });
    return [key, value];
  }));
  const [ip, ip6, gateway, gateway6] = ['ip', 'ip6', 'gw', 'gw6'].map(key => parts.get(key));
  const addresses = [ip, ip6].filter(address => address !== undefined && !['dhcp', 'auto', 'manual'].includes(address));
  const routes = [...(gateway === undefined ? [] : [{ to: '0.0.0.0/0', via: gateway }]), ...(gateway6 === undefined ? [] : [{ to: '::/0', via: gateway6 }])];
  return {
    dhcp4: ip === 'dhcp' || (ip === undefined && ip6 === undefined),
    ...(ip6 === 'dhcp' ? { dhcp6: true } : ip6 === 'auto' ? { 'accept-ra': true } : {}),
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(routes.length > 0 ? { routes } : {}),
  };
}

/** `080027AABBCC` → `08:00:27:aa:bb:cc` */
function macText(mac: string): string {
  return mac.replaceAll(/[^0-9a-f]/gi, '').replaceAll(/(..)(?=.)/g, '$1:').toLowerCase();
}

/** Every text in double quotes: `yes`, `1:30` and `0123` mean themselves to a reader of YAML 1.1, as cloud-init's is. */
function yaml(value: unknown): string {
  const text = stringify(value, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', aliasDuplicateObjects: false });
  // Characters that PyYAML refuses or takes for line ends; they can only stand within the quotes, where an escape means them.
  return text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
