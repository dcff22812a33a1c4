// The network cards of a guest: what a file says of each, and how one stands in the configuration. Pure.
import type { NetworkAdapter } from '../../machines/machine.ts';
import type { MachineSpec, NetworkSpec } from '../../machines/spec.ts';
import { addressAfter, addressIn, wishedAddress } from './addresses.ts';
import type { CardAddress } from './addresses.ts';
import { formatPropertyString, parsePropertyString } from './encode.ts';
import type { ParamValue } from './encode.ts';
import { present } from './fields.ts';
import { isMadeAnew } from './options.ts';
import type { AdapterWish, CreateOptions } from './options.ts';
import type { Guest } from './requests.ts';

/** The network's own words, and for the first card those of `provider_config`. */
export function adapterWish(network: NetworkSpec | undefined, index: number, options: CreateOptions): AdapterWish {
  const own: AdapterWish = network?.type === 'public_network' ? network : network?.name === undefined ? {} : { bridge: network.name };
  const first: AdapterWish = index === 0 ? options : {};
  const keys = ['bridge', 'vlan', 'model', 'mac', 'firewall', 'rate'] as const;
  return Object.fromEntries(keys.map(key => [key, own[key] ?? first[key]]).filter(([, value]) => value !== undefined)) as AdapterWish;
}

/**
 * The number of the card that each network of a file stands for, in the file's order (without networks: of the one card that a machine has).
 * By the MAC address where the file names it; else in the order of those that are there, which may have gaps; where there are too few, by the place in the file.
 */
export function cardNumbers({ networks }: Pick<MachineSpec, 'networks'>, { rest }: Pick<CreateOptions, 'rest'>, there: readonly Pick<NetworkAdapter, 'index' | 'macAddress'>[]): readonly number[] {
  const isRaw = (index: number): boolean => rest[`net${index}`] !== undefined;
  const cards = there.filter(card => !isRaw(card.index)).sort((a, b) => a.index - b.index);
  const macs = networks.length > 0 ? networks.map(network => (network.type === 'public_network' ? network.mac?.toUpperCase() : undefined)) : [undefined];
  const numbers = macs.map(mac => cards.find(card => mac !== undefined && card.macAddress?.toUpperCase() === mac)?.index);
  const left = cards.map(card => card.index).filter(index => !numbers.includes(index));
  const enough = left.length >= numbers.filter(number => number === undefined).length;
  for (const place of numbers.keys()) numbers[place] ??= enough ? left.shift() : numbers.includes(place) ? undefined : place;
  let free = 0;
  return numbers.map(number => {
    while (number === undefined && (numbers.includes(free) || isRaw(free))) free += 1;
    return number ?? free++;
  });
}

/** What a file says of cards, each with the number of the one it stands for among those that are there. A container's have no model, but an address. */
export function adapterWishes(spec: Pick<MachineSpec, 'networks' | 'cloudInit'>, options: CreateOptions, kind: Guest['kind'], there: readonly NetworkAdapter[]): readonly { readonly index: number; readonly wish: AdapterWish }[] {
  const wishAt = (place: number): AdapterWish => {
    const all = adapterWish(spec.networks[place], place, options);
    if (kind === 'qemu') return all;
    const { model: _model, ...rest } = all;
    return { ...rest, ...present({ address: wishedAddress(spec, place) }) };
  };
  const wishes = cardNumbers(spec, options, there).map((index, place) => ({ index, wish: wishAt(place) }));
  return spec.networks.length > 0 ? wishes : wishes.filter(({ wish }) => Object.keys(wish).length > 0);
}

/**
 * The cards, of those that are there, which the file does not have. Without `networks` a machine has one, and a clone those of its template.
 * One that provider_config names as it is (`net1`) is the file's.
 */
export function surplusCards(spec: MachineSpec, options: CreateOptions, there: readonly NetworkAdapter[]): readonly NetworkAdapter[] {
  if (spec.networks.length === 0 && !isMadeAnew(spec)) return [];
  const own = cardNumbers(spec, options, there);
  return there.filter(({ index }) => !own.includes(index) && options.rest[`net${index}`] === undefined);
}

/** As the API says them: what is off, or no limit, is left out. */
export function cardOptions({ vlan, firewall, rate }: AdapterWish): Readonly<Record<string, ParamValue | undefined>> {
  return { tag: vlan, firewall: firewall ? true : undefined, rate: rate === 0 ? undefined : rate };
}

/** The adapter `base` with what a file says of it. */
export function wishedAdapter(wish: AdapterWish, base: NetworkAdapter): NetworkAdapter {
  const { vlan, model, mac, firewall, rate, address } = wish;
  return {
    ...base,
    ...(vlan === undefined ? {} : { vlan }),
    ...(model === undefined ? {} : { model }),
    ...(mac === undefined ? {} : { macAddress: mac.toUpperCase() }),
    extra: { ...base.extra, ...present({ firewall, rate, address }) },
  };
}

/** An adapter as its config line; what the domain does not know (queues, mtu) is kept. */
export function adapterString(guest: Guest, line: string | undefined, adapter: NetworkAdapter): string {
  const old = line === undefined ? undefined : parsePropertyString(line);
  const extra = adapter.extra?.['firewall'];
  const firewall = typeof extra === 'boolean' ? extra : old?.options['firewall'] === '1';
  const rate = adapter.extra?.['rate'];
  const common = {
    bridge: adapter.network ?? old?.options['bridge'],
    tag: adapter.vlan,
    firewall: firewall ? true : undefined,
    rate: typeof rate !== 'number' ? old?.options['rate'] : rate === 0 ? undefined : rate,
    link_down: adapter.connected === false ? true : undefined,
  };
  if (guest.kind === 'lxc') {
    const { bridge: _b, tag: _t, firewall: _f, link_down: _l, rate: _r, ip: _ip, gw: _gw, ip6: _ip6, gw6: _gw6, ...kept } = old?.options ?? {};
    const wish = adapter.extra?.['address'] as CardAddress | undefined;
    const address = old ? addressAfter(addressIn(old.options), wish ?? {}) : (wish ?? { ip: 'dhcp' });
    return formatPropertyString({ options: { name: `eth${adapter.index}`, ...kept, ...common, ...(adapter.macAddress === undefined ? {} : { hwaddr: adapter.macAddress }), ...address, type: 'veth' } });
  }
  const oldModel = old ? Object.keys(old.options).find(key => /^[0-9A-F]{2}(?::[0-9A-F]{2}){5}$/i.test(old.options[key] ?? '')) : undefined;
  const model = adapter.model ?? oldModel ?? 'virtio';
  const mac = adapter.macAddress ?? (oldModel === undefined ? undefined : old?.options[oldModel]);
  const kept = Object.fromEntries(Object.entries(old?.options ?? {}).filter(([key]) => key !== oldModel && !(key in common) && key !== 'model' && key !== 'macaddr'));
  return mac === undefined ? formatPropertyString({ first: model, options: { ...common, ...kept } }) : formatPropertyString({ options: { [model]: mac, ...common, ...kept } });
}
