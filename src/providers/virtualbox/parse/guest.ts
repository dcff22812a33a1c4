// What the guest itself told VirtualBox: `guestproperty enumerate`, in the spelling of 7.x and in that of 6.1.
import type { GuestInfo } from '../../../machines/machine.ts';
import type { VmInfo } from './info.ts';

export function parseGuestProperties(stdout: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const match = /^(\/\S+)\s+= '(.*)'\s+@ \S+/.exec(line) ?? /^Name: (\/.*?), value: (.*), timestamp: \d+, flags: .*$/.exec(line);
    if (match) found.set(match[1] as string, match[2] as string);
  }
  return found;
}

// VirtualBox's own numbers (IGuest: AdditionsRunLevelType).
const runLevels = ['none', 'system', 'userland', 'desktop'];

/** undefined = no Guest Additions have ever spoken in this machine. */
export function guestOf(info: VmInfo, properties: ReadonlyMap<string, string>): GuestInfo | undefined {
  const version = info.get('GuestAdditionsVersion') || properties.get('/VirtualBox/GuestAdd/Version') || undefined;
  const level = Number(info.get('GuestAdditionsRunLevel') ?? 0);
  if (version === undefined && level === 0) return undefined;
  const count = Number(properties.get('/VirtualBox/GuestInfo/Net/Count') ?? 0);
  const addresses = Array.from({ length: count }, (_, index) => properties.get(`/VirtualBox/GuestInfo/Net/${String(index)}/V4/IP`)).filter((ip): ip is string => Boolean(ip));
  const osName = [properties.get('/VirtualBox/GuestInfo/OS/Product'), properties.get('/VirtualBox/GuestInfo/OS/Release')].filter(Boolean).join(' ');
  const hostname = properties.get('/VirtualBox/GuestInfo/OS/HostName');
  return {
    ...(version === undefined ? {} : { agentVersion: version }),
    agentRunning: level > 0,
    runLevel: runLevels[level] ?? String(level),
    ...(osName ? { osName } : {}),
    ...(hostname ? { hostname } : {}),
    addresses: level > 0 ? addresses : [],
  };
}

/** Addresses by the adapter's MAC (without colons, upper case), as the guest reports them. */
export function addressesByMac(properties: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [key, mac] of properties) {
    const index = /^\/VirtualBox\/GuestInfo\/Net\/(\d+)\/MAC$/.exec(key)?.[1];
    const ip = index === undefined ? undefined : properties.get(`/VirtualBox/GuestInfo/Net/${index}/V4/IP`);
    if (ip) found.set(mac.toUpperCase(), [...(found.get(mac.toUpperCase()) ?? []), ip]);
  }
  return found;
}
