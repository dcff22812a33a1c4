// Networks of the host as VirtualBox lists them.
import type { NetworkInfo } from '../../../machines/provider.ts';
import { inOneNetwork, prefixLength } from '../../../machines/subnet.ts';
import { parseBlocks } from './blocks.ts';

export interface HostInterface {
  readonly name: string;
  readonly ip?: string;
  readonly netmask?: string;
  readonly up: boolean;
  readonly wireless: boolean;
}

/** `list bridgedifs` and `list hostonlyifs`. */
export function parseInterfaces(stdout: string): readonly HostInterface[] {
  return parseBlocks(stdout).flatMap(block => {
    const name = block.get('Name');
    if (!name) return [];
    const ip = block.get('IPAddress');
    const netmask = block.get('NetworkMask');
    return [{ name, ...(ip && ip !== '0.0.0.0' ? { ip } : {}), ...(netmask && netmask !== '0.0.0.0' ? { netmask } : {}), up: block.get('Status') === 'Up', wireless: block.get('Wireless') === 'Yes' }];
  });
}

/** `list hostonlynets` (macOS, 7.0 on). */
export interface HostOnlyNetwork {
  readonly name: string;
  readonly netmask?: string;
  readonly lower?: string;
  readonly upper?: string;
}
export function parseHostOnlyNetworks(stdout: string): readonly HostOnlyNetwork[] {
  return parseBlocks(stdout).flatMap(block => {
    const name = block.get('Name');
    if (!name) return [];
    const [netmask, lower, upper] = [block.get('NetworkMask'), block.get('LowerIP'), block.get('UpperIP')];
    return [{ name, ...(netmask ? { netmask } : {}), ...(lower ? { lower } : {}), ...(upper ? { upper } : {}) }];
  });
}

/** `list natnets`; 6.1 writes `NetworkName:` where 7.x writes `Name:`. */
export function parseNatNetworks(stdout: string): readonly NetworkInfo[] {
  return parseBlocks(stdout).flatMap(block => {
    const name = block.get('Name') ?? block.get('NetworkName');
    if (!name) return [];
    const network = block.get('Network');
    return [{ name, kind: 'natnetwork', ...(network ? { detail: network } : {}) }];
  });
}

/** `list intnets`. */
export function parseInternalNetworks(stdout: string): readonly string[] {
  return parseBlocks(stdout).flatMap(block => [...(block.get('Name')?.split('\n') ?? [])]);
}

/** `list ostypes`: 7.2 writes `ID / Description: Debian_64 -- Debian (64-bit)`, older ones `ID:` and `Description:`. */
export function parseOsTypes(stdout: string): readonly { readonly id: string; readonly description: string }[] {
  return parseBlocks(stdout).flatMap(block => {
    const both = /^(\S+) -- (.*)$/.exec(block.get('ID / Description') ?? '');
    if (both) return [{ id: both[1] as string, description: both[2] as string }];
    const id = block.get('ID');
    return id ? [{ id, description: block.get('Description') ?? id }] : [];
  });
}

/** Is the address in the network of `ip`/`netmask`? IPv4. */
export function inSameNetwork(address: string, ip: string, netmask: string): boolean {
  return inOneNetwork(address, ip, prefixLength(netmask));
}

/** The host's own address in a network, as Vagrant chooses it: the network's first. */
export function firstAddress(address: string, netmask: string): string {
  const parts = address.split('.').map((part, index) => Number(part) & Number(netmask.split('.')[index]));
  return [...parts.slice(0, 3), (parts[3] ?? 0) + 1].join('.');
}

/** The last address a guest can have there. */
export function lastAddress(address: string, netmask: string): string {
  const parts = address.split('.').map((part, index) => (Number(part) & Number(netmask.split('.')[index])) | (255 - Number(netmask.split('.')[index])));
  return [...parts.slice(0, 3), (parts[3] ?? 255) - 1].join('.');
}
