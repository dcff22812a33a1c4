// Where a machine can be reached by SSH, from what is known of it. Pure.
import type { MachineDetails } from '../machines/machine.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Best first: a forwarded port 22 always answers from here; then the guest's own addresses, IPv4 before IPv6, never loopback or link-local. */
export function sshEndpoints(details: Pick<MachineDetails, 'portForwards' | 'guest' | 'adapters'>): readonly Endpoint[] {
  const forwarded = details.portForwards
    .filter(forward => forward.protocol === 'tcp' && forward.guestPort === 22)
    .map(forward => ({ host: isAnyAddress(forward.hostIp) ? '127.0.0.1' : (forward.hostIp as string), port: forward.hostPort }));
  return [...forwarded, ...addressesOf(details).map(host => ({ host, port: 22 }))];
}

/** The addresses worth copying, each once. Behind NAT (`10.0.2.x` of VirtualBox) they answer only inside the machine's own network, and come last. */
export function addressesOf(details: Pick<MachineDetails, 'guest' | 'adapters'>): readonly string[] {
  const natted = new Set(details.adapters.filter(adapter => adapter.mode === 'nat').flatMap(adapter => adapter.addresses ?? []));
  const all = [...(details.guest?.addresses ?? []), ...details.adapters.flatMap(adapter => adapter.addresses ?? [])]
    .map(address => address.replace(/\/\d+$/, ''))
    .filter(address => address !== '' && !/^(127\.|0\.|169\.254\.|::1$|fe80:)/i.test(address));
  const rank = (address: string): number => (address.includes(':') ? 1 : 0) + (natted.has(address) || /^10\.0\.2\./.test(address) ? 2 : 0);
  return [...new Set(all)].sort((a, b) => rank(a) - rank(b));
}

/** What Remote-SSH understands after `ssh-remote+`: a plain host, or a JSON text in hex where a user or port is needed. */
export function sshAuthority(endpoint: Endpoint, user: string): string {
  if (endpoint.port === 22) return `ssh-remote+${user}@${endpoint.host}`;
  const json = JSON.stringify({ hostName: endpoint.host, user, port: endpoint.port });
  return `ssh-remote+${[...new TextEncoder().encode(json)].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
}

function isAnyAddress(address: string | undefined): boolean {
  return address === undefined || address === '' || address === '0.0.0.0' || address === '::';
}
