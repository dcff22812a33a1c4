// Bridged, host-only, NAT and internal networks of this computer: list, create, remove.
import { GaiaError } from '../../machines/errors.ts';
import type { HostOnlyRanges } from '../../machines/hostOnlyRanges.ts';
import { isAllowedHostOnly, networksConfPath, parseNetworksConf } from '../../machines/hostOnlyRanges.ts';
import type { NetworkAdmin, NetworkInfo, OperationContext } from '../../machines/provider.ts';
import type { HostInterface, HostOnlyNetwork } from './parse/networks.ts';
import { lastAddress, parseHostOnlyNetworks, parseInterfaces, parseInternalNetworks, parseNatNetworks } from './parse/networks.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';
import { has } from './versions.ts';

export interface HostNetworks {
  /** macOS from 7.0 on has networks; everywhere else there are interfaces. */
  readonly hostOnlyKind: 'interface' | 'network';
  readonly hostOnly: readonly HostInterface[];
  readonly hostOnlyNetworks: readonly HostOnlyNetwork[];
  readonly bridged: readonly HostInterface[];
  /** undefined = no such rule here (Windows). */
  readonly ranges: HostOnlyRanges | undefined;
}

/** What adapters can be attached to, as far as `wanted` needs it. */
export async function readHostNetworks(tool: Tool, wanted: { readonly hostOnly: boolean; readonly bridged: boolean }, signal: AbortSignal): Promise<HostNetworks> {
  const kind = await hostOnlyKind(tool, signal);
  const [hostOnly, hostOnlyNetworks, bridged, ranges] = await Promise.all([
    wanted.hostOnly && kind === 'interface' ? tool.ask(requests.listOf('hostonlyifs'), signal).then(answer => parseInterfaces(answer.stdout)) : [],
    wanted.hostOnly && kind === 'network' ? tool.ask(requests.listOf('hostonlynets'), signal).then(answer => parseHostOnlyNetworks(answer.stdout)) : [],
    wanted.bridged ? tool.ask(requests.listOf('bridgedifs'), signal).then(answer => parseInterfaces(answer.stdout)) : [],
    wanted.hostOnly ? hostOnlyRanges(tool) : undefined,
  ]);
  return { hostOnlyKind: kind, hostOnly, hostOnlyNetworks, bridged, ranges };
}

async function hostOnlyKind(tool: Tool, signal: AbortSignal): Promise<HostNetworks['hostOnlyKind']> {
  return tool.doors.platform.os === 'darwin' && has(await tool.version(signal), 'hostOnlyNetworks') ? 'network' : 'interface';
}

async function hostOnlyRanges(tool: Tool): Promise<HostOnlyRanges | undefined> {
  if (tool.doors.platform.os === 'win32') return undefined;
  return parseNetworksConf(await tool.doors.files.readText(networksConfPath));
}

/** Refuses, before anything is made, an address that VirtualBox would refuse. */
export function checkHostOnlyAddress(ip: string, ranges: HostOnlyRanges | undefined): void {
  if (!ranges) return;
  const allowed = isAllowedHostOnly(ip, ranges);
  if (allowed) return;
  if (allowed === undefined) throw new GaiaError('invalidInput', { message: '{0} is not an IP address.', values: [ip] });
  throw new GaiaError('invalidInput', {
    message: 'VirtualBox does not allow {0} in a host-only network. Allowed are: {1}.',
    values: [ip, ranges.ranges.map(range => range.text).join(', ') || 'none'],
    hint: 'Use an allowed address, or add a line such as "* 10.0.0.0/8" to /etc/vbox/networks.conf.',
  });
}

/** Name of the interface in "Interface 'vboxnet0' was successfully created". */
export function createdInterface(stdout: string): string | undefined {
  return /'([^']+)'/.exec(stdout)?.[1];
}

/** A host-only network that is to be made: where the host's own address in it is `ip`. */
export interface NewHostOnly {
  readonly kind: HostNetworks['hostOnlyKind'];
  readonly ip: string;
  readonly netmask: string;
}

/** What {@link createHostOnly} runs. An interface's name shows only once it is made. */
export function createHostOnlyCalls({ kind, ip, netmask }: NewHostOnly): readonly requests.Call[] {
  if (kind === 'network') return [requests.addHostOnlyNetwork(networkName(ip), netmask, ip, lastAddress(ip, netmask))];
  return [requests.createHostOnlyInterface(), requests.configureHostOnlyInterface('<new host-only interface>', ip, netmask)];
}

export function removeHostOnlyCall(kind: NewHostOnly['kind'], name: string): requests.Call {
  return kind === 'network' ? requests.removeHostOnlyNetwork(name) : requests.removeHostOnlyInterface(name);
}

const networkName = (ip: string): string => `gaia-${ip}`;

/** Makes it and resolves with its name. */
export async function createHostOnly(tool: Tool, wanted: NewHostOnly, context: OperationContext): Promise<string> {
  if (wanted.kind === 'network') {
    for (const call of createHostOnlyCalls(wanted)) await tool.change(call, context);
    return networkName(wanted.ip);
  }
  const answer = await tool.change(requests.createHostOnlyInterface(), context);
  const name = createdInterface(answer.stdout);
  if (name === undefined) throw new GaiaError('unexpected', { message: 'VirtualBox made a host-only interface but did not say which.', raw: answer.stdout });
  try {
    await tool.change(requests.configureHostOnlyInterface(name, wanted.ip, wanted.netmask), context);
  } catch (error) {
    // Without its address it is of no use: take away what was just made.
    await tool.change(requests.removeHostOnlyInterface(name), { ...context, signal: AbortSignal.timeout(30_000) }).catch(() => undefined);
    throw error;
  }
  return name;
}

export function createNetworkAdmin(tool: Tool): NetworkAdmin {
  return {
    async list(signal) {
      const kind = await hostOnlyKind(tool, signal);
      const [host, nat, internal] = await Promise.all([
        readHostNetworks(tool, { hostOnly: true, bridged: true }, signal),
        tool.ask(requests.listOf('natnets'), signal).then(answer => parseNatNetworks(answer.stdout)),
        tool.ask(requests.listOf('intnets'), signal).then(answer => parseInternalNetworks(answer.stdout)),
      ]);
      const address = (item: HostInterface): Pick<NetworkInfo, 'detail'> => (item.ip === undefined ? {} : { detail: `${item.ip} / ${item.netmask ?? '?'}` });
      return [
        ...host.hostOnly.map(item => ({ name: item.name, kind: 'hostonly', ...address(item) })),
        ...host.hostOnlyNetworks.map(item => ({ name: item.name, kind: 'hostonlynet', ...(item.lower === undefined ? {} : { detail: `${item.lower} – ${item.upper ?? '?'}` }) })),
        ...nat,
        ...internal.map(name => ({ name, kind: 'intnet' })),
        ...host.bridged.map(item => ({ name: item.name, kind: 'bridged', ...address(item) })),
      ].filter(item => kind === 'network' || item.kind !== 'hostonlynet');
    },

    async create(options, context) {
      const text = (key: string, fallback?: string): string => {
        const value = options[key] ?? fallback;
        if (typeof value === 'string' && value !== '') return value;
        throw new GaiaError('invalidInput', { message: 'To make this network, "{0}" must be given.', values: [key] });
      };
      switch (options.kind) {
        case 'hostonly': {
          const ip = text('ip', '192.168.56.1');
          checkHostOnlyAddress(ip, await hostOnlyRanges(tool));
          return await createHostOnly(tool, { kind: await hostOnlyKind(tool, context.signal), ip, netmask: text('netmask', '255.255.255.0') }, context);
        }
        case 'hostonlynet': {
          checkHostOnlyAddress(text('lower'), await hostOnlyRanges(tool));
          await tool.change(requests.addHostOnlyNetwork(text('name'), text('netmask', '255.255.255.0'), text('lower'), text('upper')), context);
          return text('name');
        }
        case 'natnetwork':
          await tool.change(requests.addNatNetwork(text('name'), text('network', '10.0.2.0/24'), options['dhcp'] !== false), context);
          return text('name');
        default:
          throw new GaiaError('notSupported', { message: 'VirtualBox has no network of kind "{0}" that could be made.', values: [options.kind] });
      }
    },

    async remove(network, context) {
      const calls: Readonly<Record<string, (name: string) => requests.Call>> = { hostonly: requests.removeHostOnlyInterface, hostonlynet: requests.removeHostOnlyNetwork, natnetwork: requests.removeNatNetwork };
      const call = calls[network.kind];
      if (!call) throw new GaiaError('notSupported', { message: 'A network of kind "{0}" cannot be removed.', values: [network.kind] });
      await tool.change(call(network.name), context);
    },
  };
}
