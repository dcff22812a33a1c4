// Named formats and property strings (`scsi0: local-lvm:32,ssd=1`) of the API description, with the messages of PVE::JSONSchema.
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { checkValue, type Property } from './schema.ts';

type Check = (text: string, path?: string) => string | undefined;

const match =
  (pattern: RegExp, message: (text: string) => string): Check =>
  text =>
    pattern.test(text) ? undefined : message(text);

const configId = match(/^[a-z][a-z0-9_-]+$/i, t => `invalid configuration ID '${t}'\n`);
const dnsName = match(/^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/, () => 'value does not look like a valid DNS name\n');
const volumeId = match(/^[^:\s]+:[^,\s]+$/, t => `unable to parse volume ID '${t}'\n`);
const address: Check = t => (isIP(t) ? undefined : 'value is not a valid IP address\n');
const ipv4Config: Check = t => (t === 'dhcp' || t === 'manual' || isCidr(t, 4) ? undefined : 'value does not look like a valid IPv4 network configuration\n');
const ipv6Config: Check = t => (['auto', 'dhcp', 'manual'].includes(t) || isCidr(t, 6) ? undefined : 'value does not look like a valid IPv6 network configuration\n');
const storageContent = match(/^(?:images|rootdir|vztmpl|iso|backup|snippets|import|none)$/, t => `invalid content type '${t}'\n`);

function isCidr(text: string, family: 0 | 4 | 6): boolean {
  const [ip = '', bits] = text.split('/');
  const known = isIP(ip);
  return known !== 0 && (family === 0 || known === family) && bits !== undefined && /^\d+$/.test(bits) && Number(bits) <= (known === 4 ? 32 : 128);
}

const bootOrder = match(/^(?:(?:legacy=)?[acdn]{1,4}|order=(?:[a-z]+\d+(?:;[a-z]+\d+)*)?)$/, () => "invalid boot format\n");
const checks: Readonly<Record<string, Check>> = {
  'pve-node': match(/^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/, () => 'value does not look like a valid node name\n'),
  'pve-vmid': match(/^[1-9][0-9]{2,8}$/, () => 'value does not look like a valid VM ID\n'),
  'pve-storage-id': match(/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i, t => `storage ID '${t}' contains illegal characters\n`),
  'pve-configid': configId,
  'pve-poolid': match(/^(?:[A-Za-z0-9._-]+)(?:\/[A-Za-z0-9._-]+){0,2}$/, t => `pool name '${t}' contains invalid characters\n`),
  'pve-userid': match(/^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/, t => `value '${t}' does not look like a valid user name\n`),
  'pve-realm': match(/^[A-Za-z][A-Za-z0-9.\-_]+$/, () => 'value does not look like a valid realm\n'),
  'pve-tokenid': match(/^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+$/, t => `value '${t}' does not look like a valid token ID\n`),
  'pve-groupid': match(/^[A-Za-z0-9.\-_]+$/, t => `group name '${t}' contains invalid characters\n`),
  'pve-roleid': match(/^[A-Za-z0-9.\-_]+$/, t => `role name '${t}' contains invalid characters\n`),
  'pve-priv': match(/^[A-Za-z]+\.[A-Za-z.]+$/, t => `invalid privilege '${t}'\n`),
  'pve-iface': match(/^[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?$/i, t => `invalid network interface name '${t}'\n`),
  'pve-bridge-id': match(/^[-_.\w]+$/, t => `invalid bridge ID '${t}'\n`),
  'pve-sdn-vnet-id': match(/^[a-zA-Z][a-zA-Z0-9]{0,7}$/, t => `vnet ID '${t}' contains illegal characters\n`),
  'pve-volume-id': volumeId,
  'pve-volume-id-or-qm-path': t => (t === 'none' || t === 'cdrom' || t.startsWith('/') ? undefined : volumeId(t)),
  'pve-volume-id-or-absolute-path': t => (t.startsWith('/') ? undefined : volumeId(t)),
  'pve-tag': match(/^[a-z0-9_][a-z0-9_\-+.]*$/i, t => `invalid characters in tag '${t}'\n`),
  'pve-storage-content': storageContent,
  'pve-storage-path': match(/^\//, () => 'value does not look like a valid absolute path\n'),
  'pve-ha-resource-id': match(/^[a-z]+:\S+$/, t => `invalid HA resource ID '${t}'\n`),
  'pve-ha-resource-or-vm-id': match(/^(?:[a-z]+:\S+|\d+)$/, t => `invalid HA resource ID '${t}'\n`),
  'pve-ha-node': match(/^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::\d+)?$/, t => `value '${t}' does not look like a valid ha-group-node\n`),
  'pve-qm-boot': bootOrder,
  'pve-qm-bootdisk': match(/^(?:ide|sata|scsi|virtio)\d+$/, () => 'invalid boot disk format\n'),
  'pve-startup-order': match(/^(?:(?:order=)?\d+|up=\d+|down=\d+)(?:,(?:order=\d+|up=\d+|down=\d+))*$/, t => `unable to parse startup options '${t}'\n`),
  'pve-hotplug-features': match(/^(?:[01]|(?:network|disk|cpu|memory|usb|cloudinit)(?:,(?:network|disk|cpu|memory|usb|cloudinit))*)$/, t => `unable to parse hotplug option '${t}'\n`),
  'pve-cpuset': match(/^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/, t => `invalid cpuset '${t}'\n`),
  'pve-qm-ipconfig': (t, path) => checkPropertyString({ ip: { format: 'pve-ipv4-config', optional: 1, type: 'string' }, gw: { format: 'ipv4', optional: 1, type: 'string', requires: 'ip' }, ip6: { format: 'pve-ipv6-config', optional: 1, type: 'string' }, gw6: { format: 'ipv6', optional: 1, type: 'string', requires: 'ip6' } }, t, path),
  'pve-qm-cicustom': match(/^(?:(?:meta|network|user|vendor)=[^:\s]+:\S+)(?:,(?:meta|network|user|vendor)=[^:\s]+:[^,\s]+)*$/, () => 'format error\n'),
  'pve-qm-smbios1': match(/^(?:base64|family|manufacturer|product|serial|sku|uuid|version)=[^,]*(?:,(?:base64|family|manufacturer|product|serial|sku|uuid|version)=[^,]*)*$/, () => 'format error\n'),
  'pve-qm-watchdog': match(/^(?:model=)?(?:i6300esb|ib700)(?:,action=(?:reset|shutdown|poweroff|pause|debug|none))?$/, () => 'format error\n'),
  'pve-vm-cpu-conf': match(/^(?:cputype=)?[-\w.]+(?:,(?:flags|hidden|hv-vendor-id|phys-bits|reported-model|guest-phys-bits)=[^,]+)*$/, () => 'format error\n'),
  'pve-command-batch': () => undefined,
  'pve-ipv4-config': ipv4Config,
  'pve-ipv6-config': ipv6Config,
  'dns-name': dnsName,
  'email-opt': match(/^$|^\S+@\S+$/, () => 'value does not look like a valid email address\n'),
  'mac-addr': match(/^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i, () => 'value does not look like a valid unicast MAC address\n'),
  'disk-size': match(/^\d+(?:\.\d+)?[KMGT]?$/, () => "value does not look like a valid disk size: \n"),
  'storage-pair': match(/^(?:[a-z][a-z0-9\-_.]*[a-z0-9])(?::[a-z][a-z0-9\-_.]*[a-z0-9])?$/i, t => `invalid format for storage pair '${t}'\n`),
  'bridge-pair': match(/^[-_.\w]+(?::[-_.\w]+)?$/, t => `invalid format for bridge pair '${t}'\n`),
  'pve-task-status-type': match(/^(?:ok|error|warning|unknown)$/i, t => `invalid status type '${t}'\n`),
  urlencoded: match(/^(?:[-A-Za-z0-9_.!~*'()]|%[0-9A-Fa-f]{2})*$/, () => 'value is not a valid urlencoded string\n'),
  ip: address,
  address: t => (isIP(t) ? undefined : dnsName(t)),
  ipv4: t => (isIPv4(t) ? undefined : 'value is not a valid IPv4 address\n'),
  ipv6: t => (isIPv6(t) ? undefined : 'value is not a valid IPv6 address\n'),
  CIDR: t => (isCidr(t, 0) ? undefined : 'value does not look like a valid CIDR network\n'),
  CIDRv4: t => (isCidr(t, 4) ? undefined : 'value does not look like a valid IPv4 network\n'),
  CIDRv6: t => (isCidr(t, 6) ? undefined : 'value does not look like a valid IPv6 network\n'),
};

/** Property strings that the description names without saying what they hold. */
const anyText = new Set(['pve-qm-ide', 'pve-qm-hostpci', 'pve-qm-rng', 'pve-qemu-sev-fmt', 'pve-qemu-tdx-fmt']);

/** What is wrong with `text`, ending in a newline as Perl's die does; undefined = nothing (or a format not modelled here). */
export function checkFormat(format: string | Readonly<Record<string, Property>>, text: string, path = ''): string | undefined {
  if (typeof format !== 'string') return checkPropertyString(format, text, path);
  const own = checks[format];
  if (own) return own(text, path);
  if (anyText.has(format)) return undefined;
  const list = /^(.*)-(?:list|alist)$/.exec(format)?.[1];
  const one = list === undefined ? undefined : checks[list];
  if (one === undefined) return undefined;
  for (const item of text.split(/[,;\s\0]+/)) {
    if (item === '') continue;
    const wrong = one(item);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Takes `virtio=BC:…,bridge=vmbr0` apart by its description; aliases become what they stand for. Throws the text of the error. */
export function parsePropertyString(format: Readonly<Record<string, Property>>, text: string): Record<string, string> {
  const result: Record<string, string> = {};
  const defaultKey = Object.entries(format).find(([, p]) => p.default_key)?.[0];
  for (const part of text.split(',')) {
    if (part === '') continue;
    const cut = part.indexOf('=');
    if (cut > 0) {
      const name = part.slice(0, cut);
      const value = part.slice(cut + 1);
      const property = format[name];
      if (property?.keyAlias !== undefined) result[property.keyAlias] = name;
      const key = property?.alias ?? name;
      if (result[key] !== undefined) throw new Error(`duplicate key in comma-separated list property: ${key}\n`);
      result[key] = value;
    } else {
      const alias = format[part];
      if (alias?.keyAlias !== undefined) result[alias.keyAlias] = part;
      else if (defaultKey === undefined) throw new Error('value without key, but schema does not define a default key\n');
      else if (result[defaultKey] !== undefined) throw new Error('duplicate key in comma-separated list property: ' + defaultKey + '\n');
      else result[defaultKey] = part;
    }
  }
  return result;
}

function checkPropertyString(format: Readonly<Record<string, Property>>, text: string, path = ''): string | undefined {
  let parts: Record<string, string>;
  try {
    parts = parsePropertyString(format, text);
  } catch (error) {
    return (error as Error).message;
  }
  const errors: Record<string, string> = {};
  for (const [key, value] of Object.entries(parts)) {
    const property = format[key];
    if (property === undefined) errors[key] = 'property is not defined in schema and the schema does not allow additional properties';
    else {
      checkValue(key, property, value, {}, errors);
      if (property.requires !== undefined && parts[property.requires] === undefined) errors[property.requires] = `missing property - '${key}' requires this property`;
    }
  }
  for (const [key, property] of Object.entries(format)) {
    if (!property.optional && property.alias === undefined && parts[key] === undefined) errors[key] = 'property is missing and it is not optional';
  }
  const lines = Object.entries(errors);
  return lines.length === 0 ? undefined : `format error\n${lines.map(([key, message]) => `${path === '' ? '' : `${path}.`}${key}: ${message}\n`).join('')}`;
}
