// Network adapters as arguments of modifyvm and controlvm, and the adapters that a spec asks for.
import { GaiaError } from '../../machines/errors.ts';
import type { NetworkAdapter } from '../../machines/machine.ts';
import type { NetworkSpec, PortForwardSpec } from '../../machines/spec.ts';
import type { PortForward } from '../../machines/machine.ts';
import { checkHostOnlyAddress } from './networks.ts';
import type { HostNetworks, NewHostOnly } from './networks.ts';
import { firstAddress, inSameNetwork } from './parse/networks.ts';

export const modes = ['none', 'null', 'nat', 'bridged', 'intnet', 'hostonly', 'hostonlynet', 'natnetwork', 'generic'] as const;
type Mode = (typeof modes)[number];

// What showvminfo calls a mode, where that differs from the word modifyvm takes.
const aliases: Readonly<Record<string, Mode>> = { hostonlynetwork: 'hostonlynet', internal: 'intnet', 'not attached': 'null' };

/** Option of modifyvm that names the network in each mode. */
const networkOption: { readonly [M in Mode]?: string } = { bridged: 'bridgeadapter', intnet: 'intnet', hostonly: 'hostonlyadapter', hostonlynet: 'host-only-net', natnetwork: 'nat-network', generic: 'nicgenericdrv', nat: 'natnet' };

export function modeOf(word: string): Mode {
  const mode = aliases[word.toLowerCase()] ?? modes.find(candidate => candidate === word.toLowerCase());
  if (mode) return mode;
  throw new GaiaError('invalidInput', { message: '"{0}" is not a network mode of VirtualBox.', values: [word] });
}

/** All of an adapter, for a machine that is off. */
export function adapterOptions(adapter: NetworkAdapter): readonly string[] {
  const n = String(adapter.index);
  const mode = modeOf(adapter.mode);
  const named = networkOption[mode];
  return [
    `--nic${n}`, mode,
    ...(named !== undefined && adapter.network !== undefined ? [`--${named}${n}`, adapter.network] : []),
    ...(adapter.model === undefined ? [] : [`--nictype${n}`, modelOf(adapter.model)]),
    ...(adapter.macAddress === undefined ? [] : [`--macaddress${n}`, macOf(adapter.macAddress)]),
    ...(adapter.connected === undefined ? [] : [`--cableconnected${n}`, adapter.connected ? 'on' : 'off']),
    ...(typeof adapter.extra?.['promiscuous'] === 'string' ? [`--nicpromisc${n}`, adapter.extra['promiscuous']] : []),
  ];
}

/** `controlvm` commands that bring a running machine's adapter from `now` to `wanted`, or undefined when it must be stopped for that. */
export function liveAdapterCommands(now: NetworkAdapter | undefined, wanted: NetworkAdapter): readonly (readonly string[])[] | undefined {
  const n = String(wanted.index);
  if (!now || modeOf(wanted.mode) === 'none') return undefined;
  const sameModel = wanted.model === undefined || modelOf(wanted.model) === now.model;
  const sameMac = wanted.macAddress === undefined || macOf(wanted.macAddress) === macOf(now.macAddress ?? 'auto');
  if (!sameModel || !sameMac) return undefined;
  const mode = modeOf(wanted.mode);
  const moved = mode !== modeOf(now.mode) || (wanted.network !== undefined && wanted.network !== now.network);
  return [
    ...(moved ? [[`nic${n}`, mode, ...(wanted.network === undefined ? [] : [wanted.network])]] : []),
    ...(wanted.connected === undefined || wanted.connected === now.connected ? [] : [[`setlinkstate${n}`, wanted.connected ? 'on' : 'off']]),
  ];
}

const models: Readonly<Record<string, string>> = { virtio: 'virtio', e1000: '82540EM', 'virtio-net': 'virtio', pcnet: 'Am79C973' };
function modelOf(model: string): string {
  return models[model.toLowerCase()] ?? model;
}

export function macOf(mac: string): string {
  if (mac === 'auto') return mac;
  const digits = mac.replace(/[:.-]/g, '').toUpperCase();
  if (/^[0-9A-F]{12}$/.test(digits)) return digits;
  throw new GaiaError('invalidInput', { message: '"{0}" is not a MAC address.', values: [mac] });
}

/** A rule needs a name without commas or line ends; VirtualBox's little language has no quoting. */
export function forwardOf(spec: PortForwardSpec): PortForward {
  return checkedForward({
    name: spec.id ?? `${spec.protocol}${String(spec.hostPort)}`,
    adapter: 1,
    protocol: spec.protocol,
    ...(spec.hostIp === undefined ? {} : { hostIp: spec.hostIp }),
    hostPort: spec.hostPort,
    ...(spec.guestIp === undefined ? {} : { guestIp: spec.guestIp }),
    guestPort: spec.guestPort,
  });
}

export function checkedForward(forward: PortForward): PortForward {
  const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65535;
  if (!isPort(forward.hostPort) || !isPort(forward.guestPort)) throw new GaiaError('invalidInput', { message: 'Ports are numbers from 1 to 65535.' });
  for (const text of [forward.name, forward.hostIp ?? '', forward.guestIp ?? '']) {
    if (/[,\r\n]/.test(text)) throw new GaiaError('invalidInput', { message: 'The name and addresses of a port forward must not contain commas or line ends: {0}', values: [text] });
  }
  if (forward.name === '') throw new GaiaError('invalidInput', { message: 'A port forward needs a name.' });
  return forward;
}

/** An adapter the spec asks for; `create` = a host-only interface must be made first, and its name put in. */
export interface PlannedAdapter {
  readonly adapter: NetworkAdapter;
  readonly create?: NewHostOnly;
}

/** Adapter 1 is NAT, as with Vagrant; `networks[]` follow from 2. */
export function plannedAdapters(networks: readonly NetworkSpec[], host: HostNetworks, options: { readonly nicType?: string }): readonly PlannedAdapter[] {
  const model = options.nicType === undefined ? {} : { model: options.nicType };
  const made: PlannedAdapter[] = [];
  for (const [position, network] of networks.entries()) {
    const index = position + 2;
    if (network.type === 'public_network') {
      made.push({ adapter: { index, mode: 'bridged', network: bridgeFor(network.bridge, host), ...model, ...(network.model === undefined ? {} : { model: network.model }), ...(network.mac === undefined ? {} : { macAddress: network.mac }) } });
      continue;
    }
    const netmask = network.netmask ?? '255.255.255.0';
    const named = network.name === undefined ? undefined : [...host.hostOnly, ...host.hostOnlyNetworks].find(item => item.name === network.name);
    if (network.name !== undefined && !named) {
      // A name that is no host-only network is that of an internal network, which needs no set-up.
      made.push({ adapter: { index, mode: 'intnet', network: network.name, ...model } });
      continue;
    }
    const mode = host.hostOnlyKind === 'network' ? 'hostonlynet' : 'hostonly';
    if (network.ip !== undefined) checkHostOnlyAddress(network.ip, host.ranges);
    const found = named ?? existing(network.ip, host);
    if (found) made.push({ adapter: { index, mode, network: found.name, ...model } });
    else {
      // Two adapters in one network share the interface that is made for the first.
      const ip = firstAddress(network.ip ?? '192.168.56.1', netmask);
      const before = made.find(planned => planned.create?.ip === ip);
      made.push({ adapter: { index, mode, ...model }, create: before?.create ?? { kind: host.hostOnlyKind, ip, netmask } });
    }
  }
  return made;
}

function existing(ip: string | undefined, host: HostNetworks): { readonly name: string } | undefined {
  if (host.hostOnlyKind === 'network') return host.hostOnlyNetworks.find(network => ip === undefined || (network.lower !== undefined && network.netmask !== undefined && inSameNetwork(ip, network.lower, network.netmask)));
  return host.hostOnly.find(item => ip === undefined || (item.ip !== undefined && item.netmask !== undefined && inSameNetwork(ip, item.ip, item.netmask)));
}

function bridgeFor(wanted: string | undefined, host: HostNetworks): string {
  if (wanted !== undefined) {
    const found = host.bridged.find(item => item.name === wanted) ?? host.bridged.find(item => item.name.toLowerCase().includes(wanted.toLowerCase()));
    if (found) return found.name;
    throw new GaiaError('notFound', { message: 'This computer has no network interface "{0}" to bridge to. It has: {1}.', values: [wanted, host.bridged.map(item => item.name).join(', ') || 'none'] });
  }
  const best = host.bridged.find(item => item.up && !item.wireless && item.ip !== undefined && !/^(?:docker|br-|veth|virbr|lo)/.test(item.name)) ?? host.bridged.find(item => item.up) ?? host.bridged[0];
  if (best) return best.name;
  throw new GaiaError('notFound', { message: 'This computer has no network interface to bridge to.' });
}
