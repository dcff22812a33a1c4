// In what a machine is not what its file says, from a read-back configuration. Pure. On another node than the file names it is moved there,
// never made anew; under high availability the cluster says where it runs, so there the node is no difference.
import { isSameSize } from '../../machines/compare.ts';
import type { Disk, Machine, MachineDetails, NetworkAdapter } from '../../machines/machine.ts';
import type { Change, Difference, Planning, Resize } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { addressAfter, addressIn, addressText } from './addresses.ts';
import type { CardAddress } from './addresses.ts';
import { adapterWishes, surplusCards, wishedAdapter } from './cards.ts';
import { cloudInitDifferences, isCloudInitKey } from './cloudInit.ts';
import { cpuType } from './createPlan.ts';
import { bootDisk, diskMove, diskWishes, furtherDisks } from './disks.ts';
import { present } from './fields.ts';
import { hotplugs } from './lifecycle.ts';
import { isMadeAnew, readOptions } from './options.ts';
import type { AdapterWish, CreateOptions } from './options.ts';

/** Plain settings that a file may name, how they stand in the configuration, and what one means that does not. A running machine takes none of them at once. */
const plain: readonly { readonly option: keyof CreateOptions; readonly key: string; readonly fallback: string }[] = [
  { option: 'ostype', key: 'ostype', fallback: 'other' },
  { option: 'bios', key: 'bios', fallback: 'seabios' },
  { option: 'machine', key: 'machine', fallback: 'pc' },
  { option: 'scsihw', key: 'scsihw', fallback: 'lsi' },
  { option: 'kvm', key: 'kvm', fallback: '1' },
  { option: 'sockets', key: 'sockets', fallback: '1' },
];
const liveKeys = new Set(['onboot', 'protection', 'startup', 'tablet', 'balloon', 'cpulimit', 'cpuunits', 'hookscript']);
const defaults: Readonly<Record<string, string>> = { onboot: '0', protection: '0', tablet: '1', numa: '0', cpulimit: '0', hotplug: 'network,disk,usb', vga: 'std', agent: '0' };

export const planning: Planning = {
  compare: (spec, details) => {
    const options = readOptions(spec);
    const { kind, state } = details.machine;
    const stop = kind === 'vm' && (state === 'running' || state === 'paused') ? 'stop' : 'live';
    const plug = hotplugs(details.settings, 'network') ? 'live' : stop;
    return [
      ...place(options, details),
      ...basics(spec, options, details, stop),
      ...disks(spec, options, details),
      ...moreDisks(spec, options, details),
      ...labels(spec, options, details),
      ...settings(options, details, stop),
      ...adapters(spec, options, details, plug),
      ...cloudInitDifferences(spec, options, details),
      ...surplusAdapters(spec, options, details, plug),
    ];
  },
};

function place(options: CreateOptions, details: MachineDetails): Difference[] {
  const { path, availability } = details.machine;
  const before = path?.[0];
  if (options.node === undefined || before === undefined || before === options.node || availability !== undefined) return [];
  return [{ key: 'node', before, after: options.node, effect: 'live', change: { edit: { kind: 'setting', key: 'node', value: options.node } } }];
}

function basics(spec: MachineSpec, options: CreateOptions, details: MachineDetails, effect: 'live' | 'stop'): Difference[] {
  const found: Difference[] = [];
  const add = (key: string, unit: string, before: number | undefined, after: number | undefined, resize: Resize, live: boolean): void => {
    if (after !== undefined && before !== after) found.push({ key, ...(before === undefined ? {} : { before: `${before}${unit}` }), after: `${after}${unit}`, effect: live ? 'live' : effect, change: { resize } });
  };
  const cpus = options.cores === undefined ? spec.cpus : options.cores * (options.sockets ?? 1);
  if (cpus !== undefined) add('cpus', '', details.machine.cpus, cpus, { cpus }, hotplugs(details.settings, 'cpu'));
  const memory = spec.memoryMiB ?? options.memoryMiB;
  if (memory !== undefined) add('memory', ' MiB', details.machine.memoryMiB, memory, { memoryMiB: memory }, hotplugs(details.settings, 'memory'));
  return found;
}

function disks(spec: MachineSpec, options: CreateOptions, details: MachineDetails): Difference[] {
  const [first] = diskWishes(spec, options);
  const slot = bootDisk(details.settings, details.disks.map(disk => disk.slot));
  const disk = details.disks.find(candidate => candidate.slot === slot);
  if (!first || !disk || slot === undefined) return [];
  const found = otherwiseKept('disk', disk, isMadeAnew(spec) ? { storage: options.storage ?? first.storage, format: first.format } : {}, details);
  if (!first.asked || disk.capacityBytes === undefined || isSameSize(disk.capacityBytes, first.sizeBytes)) return found;
  const before = formatSize(disk.capacityBytes);
  const after = formatSize(first.sizeBytes);
  // A source's own disk cannot be cut, and is what the file's machine got when it was made.
  if (disk.capacityBytes > first.sizeBytes) return ['image', 'clone', 'box'].includes(spec.source.kind) || options.template !== undefined ? found : [...found, { key: 'disk', before, after, effect: 'replace', loses: 'all data on its disks' }];
  return [...found, { key: 'disk', before, after, effect: 'live', change: { resize: { disk: { slot, sizeBytes: first.sizeBytes } } } }];
}

/** Disks behind the first, in their order: those that lack are added, smaller ones grow. One that the file does not know stays: it has data. */
function moreDisks(spec: MachineSpec, options: CreateOptions, details: MachineDetails): Difference[] {
  const there = furtherDisks(details.disks, bootDisk(details.settings, details.disks.map(disk => disk.slot)));
  const [, ...wanted] = diskWishes(spec, options);
  return wanted.flatMap((wish, position): Difference[] => {
    const disk = there[position];
    const key = `disk ${position + 2}`;
    if (!disk) {
      const { sizeBytes, storage } = wish;
      // A container's volumes have none to choose.
      const format = details.machine.kind === 'container' ? undefined : wish.format;
      return [{ key, after: [formatSize(sizeBytes), storage, format].filter(Boolean).join(', '), effect: 'live', change: { edit: { kind: 'addDisk', sizeBytes, ...present({ storage, format }) } } }];
    }
    const found = otherwiseKept(key, disk, isMadeAnew(spec) ? wish : { storage: wish.storage, format: spec.disks[position + 1]?.format }, details);
    if (disk.capacityBytes === undefined || disk.capacityBytes >= wish.sizeBytes || isSameSize(disk.capacityBytes, wish.sizeBytes)) return found;
    return [...found, { key, before: formatSize(disk.capacityBytes), after: formatSize(wish.sizeBytes), effect: 'live', change: { resize: { disk: { slot: disk.slot, sizeBytes: wish.sizeBytes } } } }];
  });
}

/** On another storage, or in another format. Volumes of a running container stay where they are; a machine's disks move under it. */
function otherwiseKept(key: string, disk: Disk, wish: { readonly storage?: string | undefined; readonly format?: string | undefined }, { machine }: MachineDetails): Difference[] {
  const move = diskMove(disk, wish, machine.kind === 'container' ? 'lxc' : 'qemu');
  if (!move) return [];
  const moves = move.storage !== disk.storage;
  const texts = (storage: string | undefined, format: string | undefined): string => [...(moves ? [storage] : []), ...(move.format === undefined ? [] : [format])].filter(Boolean).join(', ');
  return [{ key: `${key} ${moves ? 'storage' : 'format'}`, before: texts(disk.storage, disk.format), after: texts(move.storage, move.format), effect: machine.kind === 'container' && machine.state !== 'stopped' ? 'stop' : 'live', change: { edit: { kind: 'moveDisk', ...move } } }];
}

function labels(spec: MachineSpec, options: CreateOptions, details: MachineDetails): Difference[] {
  const found: Difference[] = [];
  const set = (key: string, before: string | undefined, after: string, change: Change): void => {
    found.push({ key, ...(before === undefined ? {} : { before }), after, effect: 'live', change: { edit: change } });
  };
  const description = spec.description ?? options.description;
  const before = details.machine.description?.trimEnd();
  if (description !== undefined && description.trimEnd() !== (before ?? '')) set('description', before, description, { kind: 'setting', key: 'description', value: description });
  const tags = (spec.tags ?? options.tags)?.map(tag => tag.toLowerCase()).sort();
  const have = [...(details.machine.tags ?? [])].sort();
  if (tags && tags.join(';') !== have.join(';')) set('tags', have.join(', '), tags.join(', '), { kind: 'setting', key: 'tags', value: tags.join(';') });
  return found;
}

function settings(options: CreateOptions, details: MachineDetails, effect: 'live' | 'stop'): Difference[] {
  const found: Difference[] = [];
  const compare = (key: string, wanted: string, fallback: string | undefined, live: boolean): void => {
    const before = details.settings[key] ?? fallback;
    if (before !== wanted && !(key === 'agent' && sameAgent(before, wanted))) found.push({ key: `setting ${key}`, ...(before === undefined ? {} : { before }), after: wanted, effect: live ? 'live' : effect, change: { edit: { kind: 'setting', key, value: wanted } } });
  };
  const cpu = cpuType(options);
  if (cpu !== undefined && options.kind === 'qemu') compare('cpu', cpu, 'kvm64', false);
  for (const { option, key, fallback } of plain) {
    const wanted = options[option];
    if (wanted !== undefined) compare(key, said(wanted), fallback, false);
  }
  for (const [key, value] of Object.entries(options.rest)) {
    // Disks, adapters and passwords do not read back as they were written; what cloud-init gets is told apart by what it means.
    if (/^(?:scsi|virtio|sata|ide|net|unused|mp|efidisk|tpmstate|ipconfig)\d+$|^(?:rootfs|ciuser|nameserver|searchdomain|cipassword|password|sshkeys|ssh-public-keys)$/.test(key)) continue;
    compare(key, said(value), defaults[key], liveKeys.has(key) || isCloudInitKey(key));
  }
  return found;
}

function sameAgent(before: string | undefined, wanted: string): boolean {
  const on = (text: string | undefined): string => /^(?:enabled=)?1/.test(text ?? '0') ? '1' : '0';
  return on(before) === on(wanted) && !wanted.includes(',');
}

function said(value: unknown): string {
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}

/** What of a card can be told apart: as a person reads it, in a wish and in what is there. */
const cardFacts: readonly { readonly wished: (wish: AdapterWish) => string | undefined; readonly there: (adapter: NetworkAdapter) => string }[] = [
  { wished: wish => wish.bridge, there: adapter => adapter.network ?? '-' },
  { wished: wish => (wish.vlan === undefined ? undefined : `VLAN ${wish.vlan}`), there: adapter => (adapter.vlan === undefined ? 'untagged' : `VLAN ${adapter.vlan}`) },
  { wished: wish => wish.model, there: adapter => adapter.model ?? '' },
  { wished: wish => wish.mac?.toUpperCase(), there: adapter => adapter.macAddress?.toUpperCase() ?? '' },
  { wished: wish => (wish.firewall === undefined ? undefined : firewallText(wish.firewall)), there: adapter => firewallText(adapter.extra?.['firewall'] === true) },
  { wished: wish => (wish.address === undefined ? undefined : addressText(wish.address)), there: adapter => addressText(addressOf(adapter)) },
  { wished: wish => (wish.rate === undefined ? undefined : rateText(wish.rate)), there: adapter => rateText(Number(adapter.extra?.['rate'] ?? 0)) },
];
const addressOf = (adapter: NetworkAdapter): CardAddress => addressIn((adapter.extra?.['options'] ?? {}) as Readonly<Record<string, string>>);
const firewallText = (on: boolean): string => (on ? 'firewall' : 'no firewall');
const rateText = (rate: number): string => (rate === 0 ? 'no limit' : `${rate} MB/s`);

function adapters(spec: MachineSpec, options: CreateOptions, details: MachineDetails, effect: 'live' | 'stop'): Difference[] {
  return adapterWishes(spec, options, details.machine.kind === 'container' ? 'lxc' : 'qemu', details.adapters).flatMap(({ index, wish: asked }): Difference[] => {
    const there = details.adapters.find(adapter => adapter.index === index);
    const wish: AdapterWish = there && asked.address ? { ...asked, address: addressAfter(addressOf(there), asked.address) } : asked;
    const base: NetworkAdapter = there ?? { index, mode: 'bridge', network: 'vmbr0' };
    const differing = cardFacts.filter(fact => fact.wished(wish) !== undefined && (!there || fact.wished(wish) !== fact.there(there)));
    if (there && differing.length === 0) return [];
    const text = (said: (fact: (typeof cardFacts)[number]) => string | undefined): string => differing.map(said).filter(Boolean).join(', ');
    return [{
      key: `adapter ${index}`,
      ...(there ? { before: text(fact => fact.there(there)) } : {}),
      after: text(fact => fact.wished(wish)) || base.network || '-',
      effect,
      change: { edit: { kind: 'setAdapter', adapter: wishedAdapter(wish, { ...base, ...(wish.bridge === undefined ? {} : { network: wish.bridge }) }) } },
    }];
  });
}

function surplusAdapters(spec: MachineSpec, options: CreateOptions, details: MachineDetails, effect: 'live' | 'stop'): Difference[] {
  return surplusCards(spec, options, details.adapters).map(adapter => ({ key: `adapter ${adapter.index}`, before: cardText(adapter, details.machine.kind), effect, change: { edit: { kind: 'removeAdapter', index: adapter.index } } }));
}

/** Enough to know it by. */
function cardText(adapter: NetworkAdapter, kind: Machine['kind']): string {
  const { network = '-', vlan, macAddress } = adapter;
  return [network, vlan === undefined ? undefined : `VLAN ${vlan}`, kind === 'container' ? addressText(addressOf(adapter)) : undefined, macAddress].filter(part => part !== undefined).join(', ');
}

function formatSize(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${Number(gib.toFixed(2))} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}
