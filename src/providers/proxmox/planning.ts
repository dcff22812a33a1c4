// In what a machine is not what its file says, from a read-back configuration. Pure. On another node than the file names it is moved there,
// never made anew; under high availability the cluster says where it runs, so there the node is no difference.
import type { MachineDetails } from '../../machines/machine.ts';
import type { Change, Difference, Planning, Resize } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { bootDisk } from './create.ts';
import { diskSizes } from './createPlan.ts';
import { readOptions } from './options.ts';
import type { CreateOptions } from './options.ts';

/** Plain settings that a file may name, and how they stand in the configuration. Those that a running machine takes at once are `live`. */
const plain: readonly { readonly option: keyof CreateOptions; readonly key: string; readonly fallback?: string; readonly live?: true }[] = [
  { option: 'ostype', key: 'ostype', fallback: 'other' },
  { option: 'cpu', key: 'cpu', fallback: 'kvm64' },
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
    const running = details.machine.state === 'running' || details.machine.state === 'paused';
    const stop = running && details.machine.kind === 'vm' ? 'stop' : 'live';
    return [...place(options, details), ...basics(spec, options, details, stop), ...disks(spec, options, details), ...labels(spec, options, details), ...settings(options, details, stop), ...adapters(spec, options, details)];
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
  const hotplug = (details.settings['hotplug'] ?? '').split(',');
  const add = (key: string, before: number | undefined, after: number | undefined, resize: Resize, live: boolean): void => {
    if (after !== undefined && before !== after) found.push({ key, ...(before === undefined ? {} : { before: String(before) }), after: String(after), effect: live ? 'live' : effect, change: { resize } });
  };
  const cpus = options.cores === undefined ? spec.cpus : options.cores * (options.sockets ?? 1);
  if (cpus !== undefined) add('cpus', details.machine.cpus, cpus, { cpus }, hotplug.includes('cpu'));
  const memory = spec.memoryMiB ?? options.memoryMiB;
  if (memory !== undefined) add('memory', details.machine.memoryMiB, memory, { memoryMiB: memory }, hotplug.includes('memory'));
  return found;
}

function disks(spec: MachineSpec, options: CreateOptions, details: MachineDetails): Difference[] {
  const [first] = diskSizes(spec, options);
  const slot = bootDisk(details.settings, details.disks.map(disk => disk.slot));
  const disk = details.disks.find(candidate => candidate.slot === slot);
  if (!first?.asked || !disk || slot === undefined || disk.capacityBytes === undefined || disk.capacityBytes === first.sizeBytes) return [];
  const before = formatSize(disk.capacityBytes);
  const after = formatSize(first.sizeBytes);
  if (disk.capacityBytes > first.sizeBytes) return [{ key: 'disk', before, after, effect: 'replace', loses: 'all data on its disks' }];
  return [{ key: 'disk', before, after, effect: 'live', change: { resize: { disk: { slot, sizeBytes: first.sizeBytes } } } }];
}

function labels(spec: MachineSpec, options: CreateOptions, details: MachineDetails): Difference[] {
  const found: Difference[] = [];
  const set = (key: string, before: string | undefined, after: string, change: Change): void => {
    found.push({ key, ...(before === undefined ? {} : { before }), after, effect: 'live', change: { edit: change } });
  };
  const description = spec.description ?? options.description;
  const present = details.machine.description?.trimEnd();
  if (description !== undefined && description.trimEnd() !== (present ?? '')) set('description', present, description, { kind: 'setting', key: 'description', value: description });
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
  for (const { option, key, fallback } of plain) {
    const wanted = options[option];
    if (wanted !== undefined) compare(key, said(wanted), fallback, false);
  }
  for (const [key, value] of Object.entries(options.rest)) {
    // Disks, adapters and passwords do not read back as they were written.
    if (/^(?:scsi|virtio|sata|ide|net|unused|mp|efidisk|tpmstate|ipconfig)\d+$|^(?:rootfs|cipassword|password|sshkeys|ssh-public-keys)$/.test(key)) continue;
    compare(key, said(value), defaults[key], liveKeys.has(key));
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

function adapters(spec: MachineSpec, options: CreateOptions, details: MachineDetails): Difference[] {
  const found: Difference[] = [];
  const first = spec.networks[0];
  const wishes = spec.networks.length > 0 ? spec.networks.map((network, index) => ({ index, bridge: (network.type === 'public_network' ? network.bridge : network.name) ?? (index === 0 ? options.bridge : undefined), vlan: (network.type === 'public_network' ? network.vlan : undefined) ?? (index === 0 ? options.vlan : undefined) })) : first === undefined && (options.bridge !== undefined || options.vlan !== undefined) ? [{ index: 0, bridge: options.bridge, vlan: options.vlan }] : [];
  for (const wish of wishes) {
    const present = details.adapters.find(adapter => adapter.index === wish.index);
    const differs = !present || (wish.bridge !== undefined && wish.bridge !== present.network) || (wish.vlan !== undefined && wish.vlan !== present.vlan);
    if (!differs) continue;
    const network = wish.bridge ?? present?.network ?? 'vmbr0';
    const vlan = wish.vlan ?? present?.vlan;
    const text = (bridge: string | undefined, tag: number | undefined): string => `${bridge ?? '-'}${tag === undefined ? '' : ` VLAN ${tag}`}`;
    found.push({
      key: `adapter ${wish.index}`,
      ...(present ? { before: text(present.network, present.vlan) } : {}),
      after: text(network, vlan),
      effect: 'live',
      change: { edit: { kind: 'setAdapter', adapter: { ...(present ?? { index: wish.index, mode: 'bridge' }), network, ...(vlan === undefined ? {} : { vlan }) } } },
    });
  }
  return found;
}

function formatSize(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${Number(gib.toFixed(2))} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}
