// IPv4 and IPv6 addresses and ranges, as far as checks need them.

/** 32 bits, or undefined. Leading zeros are refused: some systems read them as octal. */
export function ipv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function isIpv6(text: string): boolean {
  const [address = ''] = text.split('%');
  const halves = address.split('::');
  if (halves.length > 2 || !address.includes(':')) return false;
  const groups = halves.flatMap(half => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1);
  const embedded = last?.includes('.') === true;
  if (embedded && ipv4(last ?? '') === undefined) return false;
  const hex = embedded ? groups.slice(0, -1) : groups;
  const count = hex.length + (embedded ? 2 : 0);
  return hex.every(group => /^[0-9a-f]{1,4}$/i.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}

export function isAddress(text: string): boolean {
  return ipv4(text) !== undefined || isIpv6(text);
}

/** Dotted text of 32 bits. */
export function dotted(address: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** The first and last address of `192.168.56.0/21`; undefined for IPv6 and nonsense. */
export function ipv4Range(text: string): { readonly first: number; readonly last: number } | undefined {
  const [address = '', prefixText = '32'] = text.split('/');
  const [base, prefix] = [ipv4(address), Number(prefixText)];
  if (base === undefined || !Number.isInteger(prefix) || prefix < 0 || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const first = Math.floor(base / size) * size;
  return { first, last: first + size - 1 };
}

/** A mask (`255.255.255.0`) or prefix (24, `"24"`) as a prefix length; undefined = neither. */
export function prefixOf(mask: unknown): number | undefined {
  const number = typeof mask === 'number' ? mask : typeof mask === 'string' && /^\d{1,2}$/.test(mask) ? Number(mask) : undefined;
  if (number !== undefined) return Number.isInteger(number) && number >= 0 && number <= 32 ? number : undefined;
  const bits = typeof mask === 'string' ? ipv4(mask) : undefined;
  if (bits === undefined) return undefined;
  const size = 2 ** 32 - bits;
  const prefix = 32 - Math.log2(size);
  return Number.isInteger(prefix) ? prefix : undefined;
}
