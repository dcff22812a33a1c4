// The addresses of network cards, in the words of Proxmox VE: a container's stand with the card itself, a VM's are given to its cloud-init.
import type { MachineSpec } from '../../machines/spec.ts';
import { inOneNetwork, withPrefix } from '../../machines/subnet.ts';
import { parsePropertyString } from './encode.ts';
import { present } from './fields.ts';

/** `ip`: `10.0.0.5/24`, `dhcp` or `manual`; `ip6` the same, or `auto`. */
export interface CardAddress {
  readonly ip?: string;
  readonly gw?: string;
  readonly ip6?: string;
  readonly gw6?: string;
}

/** Of the options of a card, or of `ip_config`. */
export function addressIn({ ip, gw, ip6, gw6 }: Readonly<Record<string, string | undefined>>): CardAddress {
  return present<CardAddress>({ ip, gw, ip6, gw6 });
}

/** What a file says of the address of a card; undefined = nothing. `ip_config` is all of that of the first. */
export function wishedAddress({ networks, cloudInit }: Pick<MachineSpec, 'networks' | 'cloudInit'>, index: number): CardAddress | undefined {
  if (index === 0 && cloudInit?.ipConfig !== undefined) return addressIn(parsePropertyString(cloudInit.ipConfig).options);
  const network = networks[index];
  if (network?.ip !== undefined) {
    const ip = withPrefix(network.ip, network.netmask);
    return network.ip.includes(':') ? present<CardAddress>({ ip6: ip, gw6: network.gateway }) : present<CardAddress>({ ip, gw: network.gateway });
  }
  return network?.dhcp === true ? { ip: 'dhcp' } : undefined;
}

/** A card's address once the wish has come true. What the wish does not name stays, but no gateway that the new address cannot reach. */
export function addressAfter(now: CardAddress, wish: CardAddress): CardAddress {
  const ip = wish.ip ?? now.ip;
  const ip6 = wish.ip6 ?? now.ip6;
  return present<CardAddress>({
    ip,
    gw: wish.gw ?? (ip === now.ip || reaches(ip, now.gw) ? now.gw : undefined),
    ip6,
    // The usual gateway of IPv6 is link-local, and so in no network of the card.
    gw6: wish.gw6 ?? (ip6 === now.ip6 || ip6?.includes('/') ? now.gw6 : undefined),
  });
}

/** Is the gateway in the network of `10.0.0.5/24`? */
function reaches(ip: string | undefined, gateway: string | undefined): boolean {
  const [address, prefix] = ip?.split('/') ?? [];
  return address !== undefined && prefix !== undefined && gateway !== undefined && inOneNetwork(address, gateway, Number(prefix));
}

/** As a person reads it: `10.0.0.5/24 via 10.0.0.1, IPv6 auto`. */
export function addressText({ ip, gw, ip6, gw6 }: CardAddress): string {
  const via = (gateway: string | undefined): string => (gateway === undefined ? '' : ` via ${gateway}`);
  const parts = [
    ...(ip === undefined || ip === 'manual' ? [] : [`${ip === 'dhcp' ? 'DHCP' : ip}${via(gw)}`]),
    ...(ip6 === undefined || ip6 === 'manual' ? [] : [`${ip6 === 'dhcp' ? 'IPv6 DHCP' : ip6 === 'auto' ? 'IPv6 auto' : ip6.toLowerCase()}${via(gw6?.toLowerCase())}`]),
  ];
  return parts.join(', ') || 'no address';
}
