// What a spec says and a machine is not: the differences that VirtualBox can read back. Pure.
import { compareBasics, isSameSize, stopNeeded } from '../../machines/compare.ts';
import type { MachineDetails, NetworkAdapter, PortForward, SharedFolder } from '../../machines/machine.ts';
import type { Difference, Planning } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { forwardOf } from './adapters.ts';
import { isVirtualBoxFolder, osTypeOf, sharedFolderOf } from './create.ts';
import { groupsOf } from './creation.ts';
import { isWindows } from './guestTypes.ts';
import { origin } from './origin.ts';
import { impliedController, inOrder, liveCommand, notModifyKeys, optionName } from './settings.ts';

export const planning: Planning = {
  compare: (spec, details) => [...compareBasics(spec, details), ...moreDisks(spec, details), ...description(spec, details), ...forwards(spec, details), ...adapters(spec, details), ...folders(spec, details), ...tags(spec, details), ...groups(spec, details), ...guestType(spec, details), ...frontend(spec, details), ...options(spec, details), ...origin(spec, details)],
};

function description(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const { description: wanted } = spec;
  const present = details.machine.description ?? '';
  return wanted === undefined || wanted === present ? [] : [{ key: 'description', before: present, after: wanted, effect: stopNeeded(details), change: { edit: { kind: 'setting', key: 'description', value: wanted } } }];
}

/** A note of Gaia's own: VirtualBox takes it at any time. What the file does not name stays as somebody set it. */
function tags(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const { tags: wanted } = spec;
  const present = details.machine.tags ?? [];
  if (wanted === undefined || (wanted.length === present.length && wanted.every(tag => present.includes(tag)))) return [];
  return [{ key: 'tags', ...(present.length > 0 ? { before: present.join(', ') } : {}), ...(wanted.length > 0 ? { after: wanted.join(', ') } : {}), effect: 'live', change: { edit: { kind: 'setting', key: 'tags', value: wanted.join(',') } } }];
}

/** VirtualBox moves the machine's folder with its first group. */
function groups(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const present = details.settings['groups'];
  if ((spec.options['groups'] ?? spec.options['group']) === undefined || present === undefined) return [];
  const wanted = groupsOf(spec).join(',') || '/';
  return wanted === present ? [] : [{ key: 'groups', before: present, after: wanted, effect: stopNeeded(details), change: { edit: { kind: 'setting', key: 'groups', value: wanted } } }];
}

/** In VirtualBox's own words: what it shows to people is another name. */
function guestType(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const present = details.machine.extra?.['osType'];
  return osTypeOf(spec.options).flatMap((wanted): readonly Difference[] => (typeof present !== 'string' || present.toLowerCase() === wanted.toLowerCase() ? [] : [{ key: 'setting ostype', before: present, after: wanted, effect: stopNeeded(details), change: { edit: { kind: 'setting', key: 'ostype', value: wanted } } }]));
}

/** `gui`: how a start shows the machine when nobody says. None said is without a window, for Gaia. */
function frontend(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const { gui } = spec.options;
  const present = details.settings['defaultfrontend'];
  if (gui === undefined || present === undefined || Object.keys(spec.options).some(key => readBack[optionName(key)] === 'defaultfrontend')) return [];
  const wanted = gui === true ? 'gui' : 'headless';
  if (wanted === (/^(?:default)?$/.test(present) ? 'headless' : present.toLowerCase())) return [];
  return [{ key: 'gui', before: present === '' ? 'default' : present, after: wanted, effect: stopNeeded(details), change: { edit: { kind: 'setting', key: 'defaultfrontend', value: wanted } } }];
}

/** Disks behind the first, in their order: those that lack are added, smaller ones grow. One that the file does not know stays: it has data. */
function moreDisks(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const present = details.disks.filter(disk => disk.kind === 'disk');
  const [, ...wanted] = spec.disks;
  return wanted.flatMap((disk, position): readonly Difference[] => {
    const there = present[position + 1];
    const size = `${String(Math.round(disk.sizeBytes / 2 ** 20))} MiB`;
    if (disk.sizeBytes <= 0) return [];
    if (!there) return [{ key: `disk ${String(position + 2)}`, after: size, effect: stopNeeded(details), change: { edit: { kind: 'addDisk', sizeBytes: disk.sizeBytes, ...disk.storage === undefined ? {} : { storage: disk.storage } } } }];
    if (there.capacityBytes === undefined || there.capacityBytes >= disk.sizeBytes || isSameSize(there.capacityBytes, disk.sizeBytes)) return [];
    return [{ key: `disk ${there.slot}`, before: `${String(Math.round(there.capacityBytes / 2 ** 20))} MiB`, after: size, effect: stopNeeded(details), change: { resize: { disk: { slot: there.slot, sizeBytes: disk.sizeBytes } } } }];
  });
}

const forwardText = (forward: PortForward): string => `${forward.hostIp ? `${forward.hostIp}:` : ''}${String(forward.hostPort)} → ${String(forward.guestPort)}/${forward.protocol}`;
const sameForward = (a: PortForward, b: PortForward): boolean => a.adapter === b.adapter && a.protocol === b.protocol && a.hostPort === b.hostPort && a.guestPort === b.guestPort && (a.hostIp ?? '') === (b.hostIp ?? '') && (a.guestIp ?? '') === (b.guestIp ?? '');

/** Rules are told apart by what they do: names carry no meaning. A running machine takes them live; a saved one does not. */
function forwards(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const effect = details.machine.state === 'suspended' ? 'stop' : 'live';
  const wanted = spec.portForwards.map(forward => ({ rule: forwardOf(forward), movable: forward.autoCorrect === true }));
  const matched = new Set<PortForward>();
  const missing = wanted.filter(({ rule, movable }) => {
    const found = details.portForwards.find(one => !matched.has(one) && (sameForward(one, rule) || (movable && sameForward({ ...one, hostPort: rule.hostPort }, rule))));
    if (found) matched.add(found);
    return !found;
  });
  // The way in by SSH is made for every box that names none; it is nobody's mistake.
  // A clone keeps its source's rules and folders where the file has none.
  const surplus = spec.source.kind === 'clone' && wanted.length === 0 ? [] : details.portForwards.filter(one => !matched.has(one) && !(one.name === 'ssh' && !spec.portForwards.some(forward => forward.guestPort === 22)));
  return [
    ...surplus.map((forward): Difference => ({ key: `forward ${forward.name}`, before: forwardText(forward), effect, change: { edit: { kind: 'removePortForward', forward } } })),
    ...missing.map(({ rule }): Difference => ({ key: `forward ${rule.name}`, after: forwardText(rule), effect, change: { edit: { kind: 'addPortForward', forward: rule } } })),
  ];
}

/** Adapter 1 is NAT; the file's networks follow from 2 on, in their order, as a create makes them. */
function adapters(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  if (spec.source.kind === 'clone' && spec.networks.length === 0) return [];
  const byIndex = new Map(details.adapters.map(adapter => [adapter.index, adapter]));
  const differences: Difference[] = [];
  spec.networks.forEach((network, position) => {
    const index = position + 2;
    const present = byIndex.get(index);
    if (present !== undefined && isAttachedTo(present, network)) return;
    const mode = network.type === 'public_network' ? 'bridged' : network.name === undefined ? 'hostonly' : 'intnet';
    const named = network.type === 'public_network' ? network.bridge : network.name;
    const wanted: NetworkAdapter = { index, mode, ...named === undefined ? {} : { network: named } };
    differences.push({
      key: `network ${String(index)}`, ...present === undefined || present.mode === 'none' ? {} : { before: adapterText(present) }, after: [adapterText(wanted), network.ip].filter(part => part !== undefined).join(' '), effect: stopNeeded(details),
      // Which interface that is on this computer, or that one must be made, shows when it is done.
      change: { edit: { kind: 'setAdapter', adapter: { ...wanted, extra: { wanted: network } } } },
    });
  });
  for (const adapter of details.adapters) {
    if (adapter.index < 2 || adapter.index < spec.networks.length + 2 || adapter.mode === 'none') continue;
    differences.push({ key: `network ${String(adapter.index)}`, before: adapterText(adapter), effect: stopNeeded(details), change: { edit: { kind: 'removeAdapter', index: adapter.index } } });
  }
  return differences;
}

/** Interfaces go by parts of their names too, as a create takes them ("en0: Wi-Fi (AirPort)" for en0). */
function isAttachedTo(adapter: NetworkAdapter, network: MachineSpec['networks'][number]): boolean {
  const attached = adapter.network?.toLowerCase();
  if (network.type === 'public_network') return adapter.mode === 'bridged' && (network.bridge === undefined || attached?.includes(network.bridge.toLowerCase()) === true);
  // A name may be that of a host-only network, or of an internal one.
  if (network.name !== undefined) return /^(?:intnet|hostonly)/.test(adapter.mode) && adapter.network === network.name;
  return adapter.mode.startsWith('hostonly');
}

function adapterText(adapter: NetworkAdapter): string {
  return [adapter.mode, adapter.network].filter(part => part !== undefined).join(' ');
}

function folders(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const effect = details.machine.state === 'suspended' ? 'stop' : 'live';
  const wanted = spec.sharedFolders.filter(isVirtualBoxFolder).map(sharedFolderOf);
  const present = details.sharedFolders.filter(folder => !folder.transient);
  const text = (folder: SharedFolder): string => `${folder.hostPath}${folder.readOnly ? ' (read-only)' : ''}`;
  const same = (a: SharedFolder, b: SharedFolder): boolean => a.name === b.name && a.hostPath === b.hostPath && (a.readOnly ?? false) === (b.readOnly ?? false);
  return [
    ...(spec.source.kind === 'clone' && wanted.length === 0 ? [] : present).filter(folder => !wanted.some(one => same(one, folder))).map((folder): Difference => ({ key: `folder ${folder.name}`, before: text(folder), effect, change: { edit: { kind: 'removeSharedFolder', folder } } })),
    ...wanted.filter(folder => !present.some(one => same(one, folder))).map((folder): Difference => ({ key: `folder ${folder.name}`, after: text(folder), effect, change: { edit: { kind: 'addSharedFolder', folder } } })),
  ];
}

/** `modifyvm` option → what showvminfo calls it, where the two differ. */
const readBack: Readonly<Record<string, string>> = { accelerate3d: 'accelerate3d', clipboard: 'clipboard', 'clipboard-mode': 'clipboard', draganddrop: 'draganddrop', 'drag-and-drop': 'draganddrop', 'accelerate-3d': 'accelerate3d', rtcuseutc: 'rtcuseutc', 'nested-hw-virt': 'nested-hw-virt', defaultfrontend: 'defaultfrontend', 'default-frontend': 'defaultfrontend' };

/** Only what can be read back is compared: a setting that showvminfo does not tell is taken as it was made. */
function options(spec: MachineSpec, details: MachineDetails): readonly Difference[] {
  const given = Object.entries(spec.options).flatMap(([key, value]) => (notModifyKeys.has(key) || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') ? [] : [{ key, name: optionName(key), value }]));
  const present = (name: string): string | undefined => {
    const told = details.settings[readBack[name] ?? name];
    return told === '' && readBack[name] === 'defaultfrontend' ? 'default' : told;
  };
  const differ = given.filter(({ name, value }) => !isSame(present(name), typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)));
  // 3D needs a graphics controller that has it, as in a create; one that has it stays.
  const controller = /^v(?:ms|boxs)vga$/i.test(present('graphicscontroller') ?? 'vmsvga') ? undefined : impliedController(given.filter(one => !/^accelerate-?3d$/.test(one.name) || differ.includes(one)), { windows: isWindows(details.osType ?? '') });
  const all = [...(controller === undefined ? [] : [{ key: 'graphicscontroller', name: 'graphicscontroller', value: controller }]), ...differ];
  return inOrder(all).map(({ key, name, value }): Difference => {
    const live = details.machine.state === 'running' && liveCommand(name, value) !== undefined;
    return { key: `setting ${key}`, before: present(name) ?? '', after: typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value), effect: live ? 'live' : stopNeeded(details), change: { edit: { kind: 'setting', key: name, value } } };
  });
}

function isSame(present: string | undefined, wanted: string): boolean {
  return present === undefined || present === wanted || plain(present) === plain(wanted);
}

/** showvminfo writes `PIIX3`, `HostToGuest`, `BIOS`: case and dashes mean nothing. */
function plain(value: string): string {
  return value.toLowerCase().replaceAll(/[\s_-]+/g, '');
}
