// The addresses VirtualBox lets host-only networks have: /etc/vbox/networks.conf on Linux, macOS and Solaris, since 6.1.28. Windows has no such rule.
// The single most repeated complaint about VirtualBox networks (facts/virtualbox.md, V3). Pure: the checks of .gaia.json and the provider share it.

/** The file. Not `network.conf`, which many make by mistake and nothing reads. */
export const networksConfPath = '/etc/vbox/networks.conf';

export interface AddressRange {
  /** As written: `192.168.56.0/21`. */
  readonly text: string;
  readonly address: bigint;
  readonly prefix: number;
  readonly version: 4 | 6;
}

export interface HostOnlyRanges {
  readonly ranges: readonly AddressRange[];
  /** Lines (from 1) that say something which is not understood. VirtualBox allows nothing but what it understands. */
  readonly badLines: readonly number[];
}

/** What holds when there is no file. */
export const defaultHostOnlyRanges: HostOnlyRanges = { ranges: ['192.168.56.0/21', 'fe80::/10'].map(text => parseRange(text) as AddressRange), badLines: [] };

/** `text` = content of networks.conf, undefined = there is none. Entries are lines that begin with `*`, several ranges a line, `#` comments. */
export function parseNetworksConf(text: string | undefined): HostOnlyRanges {
  if (text === undefined) return defaultHostOnlyRanges;
  const ranges: AddressRange[] = [];
  const badLines: number[] = [];
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.replace(/#.*$/, '').trim();
    if (line === '') continue;
    const words = line.startsWith('*') ? line.slice(1).trim().split(/[\s,]+/).filter(word => word !== '') : [];
    const parsed = words.map(parseRange);
    if (words.length === 0 || parsed.includes(undefined)) badLines.push(index + 1);
    ranges.push(...parsed.filter(range => range !== undefined));
  }
  return { ranges, badLines };
}

/** May a host-only network have this address? undefined = `address` is no IP address. */
export function isAllowedHostOnly(address: string, { ranges }: HostOnlyRanges): boolean | undefined {
  const ip = parseAddress(address);
  if (!ip) return undefined;
  return ranges.some(range => range.version === ip.version && sameNetwork(range, ip.address));
}

function sameNetwork(range: AddressRange, address: bigint): boolean {
  const shift = BigInt((range.version === 4 ? 32 : 128) - range.prefix);
  return range.address >> shift === address >> shift;
}

function parseRange(text: string): AddressRange | undefined {
  const [address, prefix] = text.split('/');
  const ip = parseAddress(address ?? '');
  if (!ip || prefix === undefined || !/^\d+$/.test(prefix)) return undefined;
  const bits = Number(prefix);
  return bits <= (ip.version === 4 ? 32 : 128) ? { text, address: ip.address, prefix: bits, version: ip.version } : undefined;
}

function parseAddress(text: string): { readonly address: bigint; readonly version: 4 | 6 } | undefined {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    return parts.every(part => part < 256) ? { address: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n), version: 4 } : undefined;
  }
  if (!text.includes(':') || !/^[0-9a-f:]+$/i.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map(half => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => '0'), ...tail];
  if (!groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return { address: groups.reduce((sum, group) => sum * 65536n + BigInt(Number.parseInt(group, 16)), 0n), version: 6 };
}
