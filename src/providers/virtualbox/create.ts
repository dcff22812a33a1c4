// A spec as the ordered list of calls that make the machine. Pure: what has to be known of the host is in CreateFacts, what only shows once
// the machine exists (its folder, its controllers) in Built.
import * as path from 'node:path';
import { GaiaError } from '../../machines/errors.ts';
import type { PortForward, SharedFolder } from '../../machines/machine.ts';
import type { DiskSpec, MachineSpec, SharedFolderSpec } from '../../machines/spec.ts';
import { adapterOptions, forwardOf } from './adapters.ts';
import type { PlannedAdapter } from './adapters.ts';
import { isWindows } from './guestTypes.ts';
import { originKey, originText } from './origin.ts';
import { controllersOf, disksOf, parseSlot } from './parse/devices.ts';
import type { VmInfo } from './parse/info.ts';
import type { Version } from './parse/version.ts';
import * as requests from './requests.ts';
import type { Call } from './requests.ts';
import { customCommands, modifyOptions } from './settings.ts';
import type { Unattended } from './unattended.ts';
import { unattendedCall } from './unattended.ts';
import { has, silentAudio } from './versions.ts';

export interface CreateFacts {
  /** The new machine's UUID, chosen before it exists: whatever happens, what this create made can be found by it. */
  readonly uuid: string;
  readonly version: Pick<Version, 'major' | 'minor'>;
  readonly architecture: 'x86' | 'arm';
  readonly osType: string;
  readonly groups: readonly string[];
  readonly adapters: readonly PlannedAdapter[];
  readonly base: Base;
  readonly unattended?: Unattended;
}

export type Base =
  | { readonly kind: 'new' }
  /** `box`: of a box's master, so that what the box's author had of networks and folders means nothing. */
  | { readonly kind: 'clone'; readonly uuid: string; readonly linked: boolean; readonly snapshot?: string; readonly box?: boolean }
  /** A disk image that becomes the first disk. `known`: VirtualBox has it in its list already, where it stays. */
  | { readonly kind: 'disk'; readonly file: string; readonly raw: boolean; readonly known?: boolean }
  /** An .ovf or .ova. It is imported under `temporaryName`, since an import cannot be told a UUID. */
  | { readonly kind: 'appliance'; readonly file: string; readonly temporaryName: string }
  /** The same for linked clones, of which it is the first: imported as their common base, which stays. */
  | { readonly kind: 'master'; readonly file: string; readonly temporaryName: string; readonly name: string };

/** What is known once the machine exists. */
export interface Built {
  /** UUID: that of the facts, or the one an import got. */
  readonly uuid: string;
  readonly folder: string;
  readonly info: VmInfo;
  readonly forwards: readonly PortForward[];
  readonly folders: readonly SharedFolder[];
  readonly capacityBytes?: number;
  /** Host-only interfaces that were made, by the address they were made for. */
  readonly interfaces: ReadonlyMap<string, string>;
}

/** One call of a create; `makes` = a file that is not there before and is after; `copyOf` = the file is copied there before the call. */
export interface Step {
  readonly call: Call;
  readonly makes?: string;
  readonly copyOf?: string;
}

const mebibyte = 1024 * 1024;
/** What VirtualBox itself proposes for a new machine; the file grows as it is used. */
const defaultDiskBytes = 20 * 1024 * mebibyte;
const controller = 'SATA';
/** The cloud-init seed, beside the machine's disks. */
export const seedName = 'cloud-init.iso';
const maxPorts = 30;

/** The call that brings the machine into being. */
export function makeCall(spec: MachineSpec, facts: CreateFacts): Call {
  const { base, uuid } = facts;
  switch (base.kind) {
    case 'new':
    case 'disk':
      return requests.createVm(uuid, spec.name, facts.osType, facts.groups, has(facts.version, 'platformArchitecture') ? facts.architecture : undefined);
    case 'clone':
      return requests.cloneVm(base.uuid, { name: spec.name, uuid, linked: base.linked, ...(base.snapshot === undefined ? {} : { snapshot: base.snapshot }), groups: facts.groups });
    case 'appliance':
      return requests.importAppliance(base.file, [base.temporaryName], { toVdi: true, group: '/' });
    case 'master':
      return requests.cloneVm('<id of the base>', { name: spec.name, uuid, linked: true, snapshot: '<snapshot of the base>', groups: facts.groups });
  }
}

/** Where the bases of linked clones stand in the tree. */
export const masterGroup = '/Gaia boxes';
export const masterSnapshot = 'base';

/** The calls that make the common base of a box's linked clones. It has its name only when it is whole. */
export function masterCalls(base: Base & { readonly kind: 'master' }, known: string): readonly [Call, Call, Call] {
  return [
    requests.importAppliance(base.file, [base.temporaryName], { toVdi: true, group: '/' }),
    requests.takeSnapshot(known, masterSnapshot, { live: false }),
    requests.modify(known, '--name', base.name, '--groups', masterGroup, '--description', 'The base of the linked clones of a box. Gaia made it; they need it.'),
  ];
}

const isOfBox = ({ base }: CreateFacts): boolean => base.kind === 'appliance' || base.kind === 'master' || (base.kind === 'clone' && base.box === true);

/** Everything after that, in order. */
export function finishSteps(spec: MachineSpec, facts: CreateFacts, built: Built): readonly Step[] {
  return [
    ...(facts.base.kind === 'appliance' ? [{ call: requests.modify(built.uuid, '--name', spec.name, ...(facts.groups.length > 0 ? ['--groups', facts.groups.join(',')] : [])) }] : []),
    ...settingSteps(spec, facts, built),
    ...diskSteps(spec, facts, built),
    ...folderSteps(spec, facts, built),
    ...(spec.tags && spec.tags.length > 0 ? [{ call: requests.setExtraData(built.uuid, 'gaia/tags', spec.tags.join(',')) }] : []),
    { call: requests.setExtraData(built.uuid, originKey, originText(spec, built.uuid)) },
    ...(facts.unattended && spec.source.kind === 'iso' ? [{ call: unattendedCall(built.uuid, spec.source.path ?? spec.source.url, facts.unattended) }] : []),
    ...customCommands(spec.options['customize'], built.uuid).map(words => ({ call: requests.custom(words) })),
  ];
}

function settingSteps(spec: MachineSpec, facts: CreateFacts, built: Built): readonly Step[] {
  const fresh = facts.base.kind === 'new' || facts.base.kind === 'disk';
  const adapters = facts.adapters.map(({ adapter, create }) => (create ? { ...adapter, network: built.interfaces.get(create.ip) ?? '<new host-only interface>' } : adapter));
  const used = new Set(adapters.map(adapter => adapter.index));
  // What a box's author had of networks means nothing here; a clone keeps its source's, unless the spec has its own.
  const unused = isOfBox(facts) ? [2, 3, 4, 5, 6, 7, 8].filter(index => !used.has(index) && (built.info.get(`nic${String(index)}`) ?? 'none') !== 'none') : [];
  const nat = fresh || isOfBox(facts) || spec.portForwards.length > 0 ? [{ index: 1, mode: 'nat', ...(typeof spec.options['default_nic_type'] === 'string' ? { model: spec.options['default_nic_type'] } : {}) }] : [];
  const stale = isOfBox(facts) || spec.portForwards.length > 0 ? built.forwards : [];
  const forwards = checkedNames(spec.portForwards.map(forwardOf));
  const args = [
    ...(spec.cpus === undefined ? [] : ['--cpus', String(spec.cpus)]),
    ...(spec.memoryMiB === undefined ? [] : ['--memory', String(spec.memoryMiB)]),
    ...(spec.description === undefined ? [] : ['--description', spec.description]),
    // createvm was told already.
    ...(fresh ? [] : osTypeOf(spec.options).flatMap(osType => ['--ostype', osType])),
    // createvm gives 8 MB and vboxvga, which current guests cannot use well (facts, section 3).
    ...(fresh && facts.architecture === 'x86' ? ['--graphicscontroller', isWindows(facts.osType) ? 'vboxsvga' : 'vmsvga', '--vram', isWindows(facts.osType) ? '128' : '16'] : []),
    ...(fresh ? ['--ioapic', 'on', '--rtcuseutc', isWindows(facts.osType) ? 'off' : 'on', '--mouse', 'usbtablet', ...silentAudio(facts.version), '--boot1', 'disk', '--boot2', 'dvd', '--boot3', 'none', '--boot4', 'none'] : []),
    // Whatever the box's author had: Vagrant's boxes count on it.
    ...(isOfBox(facts) ? ['--rtcuseutc', 'on'] : []),
    ...(spec.options['gui'] === undefined ? [] : ['--defaultfrontend', spec.options['gui'] === true ? 'gui' : 'headless']),
    ...stale.flatMap(forward => [`--natpf${String(forward.adapter)}`, 'delete', forward.name]),
    ...[...nat, ...adapters, ...unused.map(index => ({ index, mode: 'none' }))].flatMap(adapterOptions),
    ...forwards.flatMap(forward => ['--natpf1', requests.natRule(forward)]),
  ];
  const more = modifyOptions(spec.options, { windows: isWindows(facts.osType) });
  return [...(args.length > 0 ? [args] : []), ...(more.length > 0 ? [more] : [])].map(list => ({ call: requests.modify(built.uuid, ...list) }));
}

/** The guest's type as `provider_config` names it; [] = it does not. */
export function osTypeOf(options: MachineSpec['options']): readonly string[] {
  const said = options['ostype'] ?? options['os_type'];
  return typeof said === 'string' && said !== '' ? [said] : [];
}

function checkedNames(forwards: readonly PortForward[]): readonly PortForward[] {
  const twice = forwards.find((forward, index) => forwards.findIndex(other => other.name === forward.name) !== index);
  if (twice) throw new GaiaError('invalidInput', { message: 'Two port forwards have the same name or port: {0}', values: [twice.name] });
  return forwards;
}

function diskSteps(spec: MachineSpec, facts: CreateFacts, built: Built): readonly Step[] {
  const { uuid } = built;
  const steps: Step[] = [];
  const brought = disksOf(built.info).find(disk => disk.kind === 'disk');
  const fromSource = facts.base.kind === 'clone' || isOfBox(facts);
  const [said, ...further] = spec.disks;
  // Nothing is said of the first disk, and no source brings it.
  const isUsual = facts.base.kind === 'new' && (said === undefined ? spec.source.kind === 'iso' : said.sizeBytes <= 0);
  const wanted = isUsual ? [{ ...said, sizeBytes: defaultDiskBytes }, ...further] : spec.disks;
  const [first, ...rest] = wanted;
  const existing = controllersOf(built.info)[0];
  const hasController = existing !== undefined && /^(?:IntelAhci|VirtioSCSI|NVMe)$/i.test(existing.chip);
  const bus = hasController ? existing.name : controller;
  const taken = new Set(disksOf(built.info).map(disk => parseSlot(disk.slot)).filter(slot => slot !== undefined).filter(slot => slot.controller === bus).map(slot => slot.port));
  const nextPort = (): number => {
    let port = 0;
    while (taken.has(port)) port++;
    if (port >= maxPorts) throw new GaiaError('invalidInput', { message: 'A controller of VirtualBox takes at most {0} disks.', values: [maxPorts] });
    taken.add(port);
    return port;
  };

  const added: readonly DiskSpec[] = fromSource ? rest : facts.base.kind === 'disk' ? rest : wanted;
  const seedPath = spec.cloudInit?.seedPath;
  // In the machine's own folder: it moves with it, and goes with it.
  const seed = seedPath === undefined ? undefined : path.join(built.folder, seedName);
  // The unattended installation brings its own CD.
  const discs = facts.unattended ? [] : [...(fromSource ? [] : [spec.source.kind === 'iso' ? (spec.source.path ?? spec.source.url) : (seed ?? 'emptydrive')]), ...(seed !== undefined && (fromSource || spec.source.kind === 'iso') ? [seed] : [])];
  if (added.length + (facts.base.kind === 'disk' ? 1 : 0) + discs.length > 0) {
    const ports = taken.size + added.length + (facts.base.kind === 'disk' ? 1 : 0) + discs.length;
    if (!hasController) steps.push({ call: requests.addController(uuid, bus, 'sata', 'IntelAhci', ports) });
    else if (existing.ports < ports) steps.push({ call: requests.setPortCount(uuid, bus, ports) });
  }
  if (facts.base.kind === 'disk') {
    const file = diskFile(spec, built, 0, first);
    const format = formatOf(first);
    steps.push({ call: facts.base.raw ? requests.convertRawDisk(facts.base.file, file, format) : requests.cloneDisk(facts.base.file, file, format), makes: file });
    if (!facts.base.raw && !facts.base.known) steps.push({ call: requests.closeSource(facts.base.file) });
    if (first && first.sizeBytes > (built.capacityBytes ?? 0)) steps.push({ call: requests.growDisk(file, toMiB(first.sizeBytes)) });
    steps.push({ call: requests.attach(uuid, { controller: bus, port: nextPort(), device: 0 }, 'hdd', file) });
  } else if (fromSource && first && first.sizeBytes > (built.capacityBytes ?? 0) && first.sizeBytes > 0) {
    const medium = (brought?.extra?.['uuid'] as string | undefined) ?? '<first disk>';
    steps.push({ call: requests.growDisk(medium, toMiB(first.sizeBytes)) });
  }
  for (const [index, disk] of added.entries()) {
    if (disk.sizeBytes <= 0) continue;
    const file = diskFile(spec, built, index + (added === wanted ? 0 : 1), disk);
    steps.push({ call: requests.createDisk(file, toMiB(disk.sizeBytes), formatOf(disk)), makes: file });
    steps.push({ call: requests.attach(uuid, { controller: bus, port: nextPort(), device: 0 }, 'hdd', file) });
  }
  for (const disc of discs) steps.push({ call: requests.attach(uuid, { controller: bus, port: nextPort(), device: 0 }, 'dvddrive', disc), ...(disc === seed ? { makes: disc, copyOf: seedPath as string } : {}) });
  return steps;
}

function folderSteps(spec: MachineSpec, facts: CreateFacts, built: Built): readonly Step[] {
  const stale = isOfBox(facts) ? built.folders : [];
  const wanted = spec.sharedFolders.filter(isVirtualBoxFolder).map(sharedFolderOf);
  const names = new Set(built.folders.map(folder => folder.name));
  // A clone has its source's folders; one of the same name is replaced by the spec's.
  const replaced = facts.base.kind === 'clone' && !isOfBox(facts) ? wanted.filter(folder => names.has(folder.name)) : [];
  return [...[...stale, ...replaced].map(folder => ({ call: requests.removeSharedFolder(built.uuid, folder) })), ...wanted.map(folder => ({ call: requests.addSharedFolder(built.uuid, folder) }))];
}

/** Folders of another type (nfs, rsync, smb) are none of VirtualBox's business: the guest's set-up makes them. */
export function isVirtualBoxFolder(folder: SharedFolderSpec): boolean {
  return !folder.disabled && (folder.type === undefined || folder.type === 'virtualbox');
}

/** `/srv/www` → the share `srv_www`, mounted at /srv/www: the names Vagrant gives. */
export function sharedFolderOf(folder: SharedFolderSpec): SharedFolder {
  const name = folder.guestPath.replace(/^[/\\]+|[/\\]+$/g, '').replace(/[/\\:]+/g, '_') || 'root';
  return { name, hostPath: folder.hostPath, ...(folder.readOnly ? { readOnly: true } : {}), autoMount: true, mountPoint: folder.guestPath };
}

function formatOf(disk: DiskSpec | undefined): string {
  const format = (disk?.format ?? 'vdi').toUpperCase();
  if (['VDI', 'VMDK', 'VHD'].includes(format)) return format;
  throw new GaiaError('invalidInput', { message: 'VirtualBox makes disks as vdi, vmdk or vhd, not as "{0}".', values: [disk?.format ?? ''] });
}

function diskFile(spec: MachineSpec, built: Built, index: number, disk: DiskSpec | undefined): string {
  const name = fileName(disk?.name ?? (index === 0 ? spec.name : `${spec.name}-${String(index + 1)}`));
  const extension = `.${formatOf(disk).toLowerCase()}`;
  const folder = disk?.storage !== undefined && path.isAbsolute(disk.storage) ? disk.storage : built.folder;
  return path.join(folder, name.toLowerCase().endsWith(extension) ? name : `${name}${extension}`);
}

/** A name as part of a path, on any system. */
export function fileName(name: string): string {
   
  return name.replace(/[\u0000-\u001f<>:"/\\|?*']/g, '_').replace(/^[ .-]+|[ .]+$/g, '_') || '_';
}

function toMiB(bytes: number): number {
  if (!Number.isFinite(bytes) || bytes <= 0) throw new GaiaError('invalidInput', { message: 'A disk needs a size.' });
  return Math.ceil(bytes / mebibyte);
}
