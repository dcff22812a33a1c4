// Addresses and networks.
import { defaultHostOnlyRanges, isAllowedHostOnly, networksConfPath } from '../../machines/hostOnlyRanges.ts';
import { machineKind } from '../kinds.ts';
import type { ConfigPath, MachineConfig } from '../model.ts';
import { phrase } from '../phrase.ts';
import { dotted, ipv4, ipv4Range, isAddress, isIpv6, prefixOf } from '../address.ts';
import type { FileCheck, Finding, HostFacts, MachineCheck } from './check.ts';
import { entries, options, text, type Entry } from './values.ts';

const cards = (config: { readonly [key: string]: unknown }) => entries(config, 'networks').filter(({ entry }) => entry['type'] === 'private_network' || entry['type'] === 'public_network');

export const badAddress: MachineCheck = {
  code: 'bad-address',
  severity: 'error',
  about: 'This is no IP address or netmask, or it is the address of the network itself or its broadcast address.',
  find({ config }) {
    return entries(config, 'networks').flatMap(({ entry, path }): Finding[] => {
      const found: Finding[] = [];
      for (const key of ['ip', 'gateway', 'host_ip', 'guest_ip']) {
        const value = text(entry[key]);
        if (value === undefined || isAddress(value)) continue;
        if (key === 'ip' && /^dhcp$/i.test(value)) {
          found.push({ path: [...path, key], message: 'An address from a DHCP server is written "dhcp": true.', fixes: [{ title: 'Use "dhcp": true', changes: [{ kind: 'remove', path: [...path, key] }, { kind: 'set', path: [...path, 'dhcp'], value: true }], preferred: true }] });
        } else {
          const [address, prefix] = value.split('/');
          const mend = address !== undefined && prefix !== undefined && key === 'ip' && isAddress(address) && prefixOf(prefix) !== undefined;
          found.push({ path: [...path, key], message: '"{0}" is no IP address.', values: [value], fixes: mend ? [{ title: 'Write the length of the network as "netmask"', changes: [{ kind: 'set', path: [...path, 'ip'], value: address }, { kind: 'set', path: [...path, 'netmask'], value: Number(prefix) }], preferred: true }] : [] });
        }
      }
      const mask = entry['netmask'];
      if (mask !== undefined && prefixOf(mask) === undefined && !(typeof mask === 'number' && mask <= 128 && isIpv6(text(entry['ip']) ?? ''))) found.push({ path: [...path, 'netmask'], message: '"{0}" is no netmask: write 255.255.255.0 or 24.', values: [String(mask)] });
      const edge = edgeOf(entry);
      if (edge) found.push({ path: [...path, 'ip'], message: edge, values: [text(entry['ip']) ?? ''] });
      return found;
    });
  },
};

/** The IPv4 network that a card is in, by its own address and mask; undefined where they name none. */
function networkOf(entry: Entry): { readonly address: number; readonly prefix: number; readonly first: number; readonly last: number } | undefined {
  const address = ipv4(text(entry['ip']) ?? '');
  const prefix = prefixOf(entry['netmask'] ?? 24);
  const range = address === undefined || prefix === undefined ? undefined : ipv4Range(`${dotted(address)}/${String(prefix)}`);
  return range && address !== undefined && prefix !== undefined ? { address, prefix, ...range } : undefined;
}

/** A machine cannot have the first or the last address of its network. */
function edgeOf(entry: Entry): string | undefined {
  const network = networkOf(entry);
  if (!network || network.prefix > 30) return undefined;
  if (network.address === network.first) return phrase('{0} is the address of the network itself.');
  if (network.address === network.last) return phrase('{0} is the broadcast address of its network.');
  return undefined;
}

export const badGateway: MachineCheck = {
  code: 'bad-gateway',
  severity: 'warning',
  about: 'The `gateway` of a network card is an address in the network of its `ip`, and needs that `ip`: with DHCP the gateway comes from the server. Some hosters do want one outside; IPv6 has its own in every network (`fe80::1`).',
  find({ config }) {
    return cards(config).flatMap(({ entry, path }): Finding[] => {
      const [ip, gateway] = [text(entry['ip']), text(entry['gateway'])];
      if (gateway === undefined || !isAddress(gateway)) return [];
      const found = (message: string, values: readonly string[], fixes: NonNullable<Finding['fixes']> = []): Finding[] => [{ path: [...path, 'gateway'], message, values, fixes }];
      const remove = { title: 'Remove "{0}"', values: ['gateway'], changes: [{ kind: 'remove' as const, path: [...path, 'gateway'] }] };
      if (ip === undefined) return found(phrase('A gateway is given beside an "ip" only: without one it comes from the network.'), [], [remove]);
      if (!isAddress(ip)) return [];
      const other = ipv4(gateway);
      if ((ipv4(ip) === undefined) !== (other === undefined)) return found(phrase('{0} is no gateway for {1}: one is an IPv4 address, the other one of IPv6.'), [gateway, ip]);
      if (gateway.toLowerCase() === ip.toLowerCase()) return found(phrase('{0} is the address of the machine itself.'), [gateway]);
      const network = networkOf(entry);
      if (!network || other === undefined || (other >= network.first && other <= network.last)) return [];
      return found(phrase('{0} is outside the network of this card ({1}).'), [gateway, `${dotted(network.first)}/${String(network.prefix)}`]);
    });
  },
};

export const gatewayAddress: MachineCheck = {
  code: 'gateway-address',
  severity: 'warning',
  about: 'An address that ends in `.1` usually belongs to this computer in a private network, so the machine would not be reachable.',
  find({ config }) {
    return cards(config).flatMap(({ entry, path }): Finding[] => {
      const ip = text(entry['ip']) ?? '';
      if (entry['type'] !== 'private_network' || ipv4(ip) === undefined || !ip.endsWith('.1') || entry['internal'] !== undefined) return [];
      const other = ip.replace(/\.1$/, '.10');
      return [{ path: [...path, 'ip'], message: '{0} is usually the address of this computer in that network.', values: [ip], fixes: [{ title: 'Use {0}', values: [other], changes: [{ kind: 'set', path: [...path, 'ip'], value: other }], preferred: true }] }];
    });
  },
};

export const duplicateAddress: FileCheck = {
  code: 'duplicate-address',
  severity: 'error',
  about: 'Two network cards of a file have one fixed address.',
  compare(machines) {
    const first = new Map<string, { machine: number; path: readonly (string | number)[] }>();
    const all = machines.map(m => addressesOf(m.config));
    const taken = new Set(all.flat().map(({ ip }) => ip));
    return all.flatMap((list, machine) => list.flatMap(({ ip, path }) => {
      const place = { machine, path: [...path, 'ip'] };
      const earlier = first.get(ip.toLowerCase());
      if (!earlier) { first.set(ip.toLowerCase(), place); return []; }
      const free = freeAddress(ip, taken);
      return [{
        ...place, message: 'The address {0} belongs to "{1}" already.', values: [ip, machines[earlier.machine]?.name ?? ''],
        related: [{ ...earlier, message: 'The first use of this address' }],
        fixes: free === undefined ? [] : [{ title: 'Use {0}', values: [free], changes: [{ kind: 'set', path: place.path, value: free }], preferred: true }],
      }];
    }));
  },
};

/** By config object, which stays the same while the machine does. */
const remembered = new WeakMap<MachineConfig, readonly { readonly ip: string; readonly path: ConfigPath }[]>();
function addressesOf(config: MachineConfig): readonly { readonly ip: string; readonly path: ConfigPath }[] {
  let found = remembered.get(config);
  if (!found) {
    found = cards(config).flatMap(({ entry, path }) => { const ip = text(entry['ip']); return ip !== undefined && isAddress(ip) ? [{ ip, path }] : []; });
    remembered.set(config, found);
  }
  return found;
}

function freeAddress(ip: string, taken: ReadonlySet<string>): string | undefined {
  const address = ipv4(ip);
  if (address === undefined) return undefined;
  const network = address - (address % 256);
  for (let step = 1; step < 256; step++) {
    const host = (address % 256 + step) % 256;
    if (host > 1 && host < 255 && !taken.has(dotted(network + host))) return dotted(network + host);
  }
  return undefined;
}

export const hostOnlyRange: MachineCheck = {
  code: 'host-only-range',
  severity: 'error',
  about: 'VirtualBox, since 6.1.28, allows host-only networks only in the ranges of `/etc/vbox/networks.conf`, or in 192.168.56.0/21 where there is no such file. Windows has no such limit, nor has macOS from VirtualBox 7.0 on. Use an address inside, or let an administrator add a line `* 10.0.0.0/8` to that file.',
  find(machine, facts) {
    if (!machineKind(machine.provider).hostOnlyRanges || !limited(facts)) return [];
    const allowed = facts.hostOnlyNetworks ?? defaultHostOnlyRanges;
    const names = allowed.ranges.map(range => range.text).join(', ');
    return cards(machine.config).flatMap(({ entry, path }): Finding[] => {
      const ip = text(entry['ip']);
      const internal = entry['internal'] !== undefined && entry['internal'] !== false;
      if (entry['type'] !== 'private_network' || ip === undefined || internal || isAllowedHostOnly(ip, allowed) !== false) return [];
      // An address like it in the first allowed network.
      const home = allowed.ranges.filter(range => range.version === 4 && range.prefix <= 24).flatMap(range => ipv4Range(range.text) ?? [])[0];
      const address = ipv4(ip);
      const other = home && address !== undefined ? dotted(home.first + Math.max(2, address % 256)) : undefined;
      return [{
        path: [...path, 'ip'],
        message: names === '' ? '{2} allows VirtualBox no host-only network at all.' : '{0} is outside the ranges that VirtualBox may use for host-only networks: {1}. An administrator can add others to {2}.', values: [ip, names, networksConfPath],
        fixes: other === undefined ? [] : [{ title: 'Use {0}', values: [other], changes: [{ kind: 'set', path: [...path, 'ip'], value: other }], preferred: true }],
      }];
    });
  },
};

function limited({ platform, virtualboxVersion }: HostFacts): boolean {
  const [major = 7, minor = 0, patch = 0] = (virtualboxVersion ?? '').split('.').map(part => parseInt(part, 10)).filter(n => !Number.isNaN(n));
  const known = virtualboxVersion !== undefined;
  if (platform === 'linux') return !known || major > 6 || (major === 6 && (minor > 1 || (minor === 1 && patch >= 28)));
  return platform === 'darwin' && known && major === 6 && minor === 1 && patch >= 28;
}

export const defaultSwitchAddress: MachineCheck = {
  code: 'default-switch-address',
  severity: 'warning',
  about: "Hyper-V's Default Switch gives its addresses by DHCP, from a network that changes at every start of Windows. A fixed address does not work there; make an internal switch with NAT and name it in `bridge`.",
  find({ provider, config }) {
    if (provider !== 'hyperv') return [];
    const usual = text(options(config)['switch']) ?? 'Default Switch';
    return cards(config).flatMap(({ entry, path }): Finding[] => {
      const bridge = text(Array.isArray(entry['bridge']) ? (entry['bridge'] as unknown[])[0] : entry['bridge']) ?? usual;
      if (text(entry['ip']) === undefined || bridge.toLowerCase() !== 'default switch') return [];
      return [{ path: [...path, 'ip'], message: 'A fixed address does not work on the Default Switch: its network changes at every start of Windows.', fixes: [{ title: 'Take the address that the switch gives', changes: [{ kind: 'remove', path: [...path, 'ip'] }, { kind: 'set', path: [...path, 'dhcp'], value: true }], preferred: true }] }];
    });
  },
};

export const missingAddress: MachineCheck = {
  code: 'missing-address',
  severity: 'warning',
  about: 'A private network needs to know where the machine gets its address from: `ip` or `dhcp`. Vagrant refuses one with neither.',
  find({ provider, config }) {
    if (provider !== 'virtualbox') return [];
    return cards(config).flatMap(({ entry, path }): Finding[] => {
      if (entry['type'] !== 'private_network') return [];
      if (entry['ip'] !== undefined && entry['dhcp'] === true) return [{ path: [...path, 'dhcp'], atKey: true, message: '"ip" and "dhcp" exclude each other.', fixes: [{ title: 'Remove "dhcp"', changes: [{ kind: 'remove', path: [...path, 'dhcp'] }], preferred: true }, { title: 'Remove "ip"', changes: [{ kind: 'remove', path: [...path, 'ip'] }] }] }];
      if (entry['ip'] !== undefined || entry['dhcp'] === true) return [];
      return [{ path: [...path, 'type'], message: 'Where does the address come from? Set "ip" or "dhcp".', fixes: [{ title: 'Use "dhcp": true', changes: [{ kind: 'set', path: [...path, 'dhcp'], value: true }], preferred: true }] }];
    });
  },
};

export const ignoredNetwork: MachineCheck = {
  code: 'ignored-network',
  severity: 'information',
  about: 'The provider has no such thing: Hyper-V has no port forwarding by itself, WSL shares the ports of its distributions with Windows, and Proxmox VE machines have addresses of their own.',
  find({ provider, config }) {
    if (provider !== 'hyperv' && provider !== 'wsl' && provider !== 'proxmox') return [];
    const why = { hyperv: phrase('Hyper-V forwards no ports: use the address of the machine.'), wsl: phrase('WSL shows the ports of a distribution on localhost without forwarding.'), proxmox: phrase('Proxmox VE forwards no ports: use the address of the machine.') }[provider];
    return entries(config, 'networks').filter(({ entry }) => entry['type'] === 'forwarded_port').map(({ path }) => ({ path: [...path, 'type'], message: why, fixes: [{ title: 'Remove the forwarded port', changes: [{ kind: 'remove', path }] }] }));
  },
};
