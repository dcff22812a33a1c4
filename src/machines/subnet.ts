// Addresses and how many bits of them name the network, as far as providers and guests need that. Pure.

/** 255.255.255.0 → 24 */
export function prefixLength(netmask: string): number {
  return netmask.split('.').reduce((bits, part) => bits + Number(part).toString(2).replaceAll('0', '').length, 0);
}

/** `10.0.0.5/24`: the address with the bits of its mask (dotted, or the number itself). Where no mask is given /24, or /64 for IPv6, as Vagrant does. */
export function withPrefix(ip: string, netmask: string | undefined): string {
  if (ip.includes('/')) return ip;
  const usual = ip.includes(':') ? 64 : 24;
  return `${ip}/${netmask === undefined ? usual : /^\d+$/.test(netmask) ? netmask : prefixLength(netmask)}`;
}

/** Are both IPv4 addresses in one network of that many bits? */
export function inOneNetwork(one: string, other: string, prefix: number): boolean {
  const network = (text: string): number => Math.floor(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) / 2 ** (32 - prefix));
  return network(one) === network(other);
}
