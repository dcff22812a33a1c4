// Making a machine: where it goes, where it comes from, one request that makes it, and the little that must come after. What this made it
// removes when it fails; what was there before it never touches.
import { homedir } from 'node:os';
import { publicKeys } from '../../images/cloudInit.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { Disk, Machine, MachineId } from '../../machines/machine.ts';
import { machineId } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { checkFreeName, cloneGuest, removeMade, withFreeVmid } from './cloneGuest.ts';
import { adapterWishes, cloudInitParams, cpuType, diskSizes, planContainer, planVm, surplusCards } from './createPlan.ts';
import type { CreatePlan, Place } from './createPlan.ts';
import { formatDiskSize, formatTags } from './encode.ts';
import type { ParamValue } from './encode.ts';
import { diskFormat, diskMove, planEdit, wishedAdapter } from './editing.ts';
import { changeConfig, cpuParams } from './lifecycle.ts';
import { readOptions } from './options.ts';
import type { CreateOptions } from './options.ts';
import { present, rows, text } from './fields.ts';
import { parseAdapters, parseDisks, parseSettings } from './parse.ts';
import { guestOf } from './resources.ts';
import type { ClusterView } from './resources.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';
import { chooseStorage, ensureVolume, nodeStorages, removeVolumes } from './volumes.ts';
import type { FoundVolume, VolumeWish } from './volumes.ts';

export interface CreateDeps extends PartDeps {
  readonly environment: (name: string) => string | undefined;
}

export async function createMachine(deps: CreateDeps, asked: MachineSpec, context: OperationContext): Promise<MachineId> {
  const options = readOptions(asked);
  const spec = await withKeys(deps, asked);
  await checkFreeName(deps, spec.name, context.signal);
  const view = await deps.directory.view(deps.calls, context.signal);
  const source = templateOf(spec, options, view);
  const volumes: FoundVolume[] = [];
  let node = '';
  try {
    const made = source
      ? await createFromTemplate(deps, spec, options, source, view, context)
      : await createFresh(deps, spec, options, (node = chooseNode(options, view)), volumes, context);
    await finish(deps, options, made, context);
    deps.directory.forget();
    return machineId('proxmox', deps.connection, `${made.kind}/${made.vmid}`);
  } catch (error) {
    deps.directory.forget();
    await removeVolumes(deps, node, volumes, context);
    throw error;
  }
}

/** The keys themselves in place of the files that hold them. What is only shown may name a file that is not there yet. */
async function withKeys(deps: CreateDeps, spec: MachineSpec): Promise<MachineSpec> {
  const named = spec.cloudInit?.sshKeys;
  if (!named?.length) return spec;
  try {
    return { ...spec, cloudInit: { ...spec.cloudInit, sshKeys: await publicKeys(named, { home: homedir() }) } };
  } catch (error) {
    if (deps.calls.dry) return spec;
    throw error;
  }
}

/** The machine to clone: named outright, or a template with the name of the box. A box means nothing else to Proxmox VE. */
export function templateOf(spec: MachineSpec, options: CreateOptions, view: ClusterView): Machine | undefined {
  const named = spec.source.kind === 'clone' ? spec.source.of : options.template;
  if (named !== undefined) {
    const found = view.machines.filter(machine => machine.name === named || String(machine.extra?.['vmid']) === named || `${guestOf(machine).kind}/${guestOf(machine).vmid}` === named);
    if (found.length === 1) return found[0];
    if (found.length > 1) throw new GaiaError('invalidInput', { message: 'There are {1} machines named {0}.', values: [named, found.length], hint: `Name it by its number: ${found.map(machine => String(machine.extra?.['vmid'])).join(', ')}.` });
    throw new GaiaError('notFound', { message: 'There is no machine {0} to clone.', values: [named], hint: `Templates: ${view.machines.filter(machine => machine.template).map(machine => machine.name).join(', ') || 'none'}.` });
  }
  if (spec.source.kind !== 'box') return undefined;
  const wanted = new Set([spec.source.name, spec.source.name.replaceAll('/', '-'), spec.source.name.split('/').at(-1) ?? ''].map(normalise));
  const templates = view.machines.filter(machine => machine.template && wanted.has(normalise(machine.name)));
  return templates.find(machine => normalise(machine.name) === normalise(spec.source.kind === 'box' ? spec.source.name.replaceAll('/', '-') : '')) ?? templates[0];
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '');
}

/** The named node, or the one that is up with most free memory. */
export function chooseNode(options: Pick<CreateOptions, 'node'>, view: ClusterView): string {
  const up = view.nodes.filter(node => node.online);
  if (options.node !== undefined) {
    const found = view.nodes.find(node => node.name === options.node);
    if (!found && view.nodes.length > 0) throw new GaiaError('notFound', { message: 'The cluster has no node {0}.', values: [options.node], hint: `Its nodes: ${view.nodes.map(node => node.name).join(', ')}.` });
    if (found && !found.online) throw new GaiaError('didNotAnswer', { message: 'The node {0} is down.', values: [options.node] });
    return options.node;
  }
  const free = (node: ClusterView['nodes'][number]): number => (node.memoryTotalBytes ?? 0) - (node.memoryUsedBytes ?? 0);
  const [best] = [...up].sort((a, b) => free(b) - free(a));
  if (!best) throw new GaiaError('invalidInput', { message: 'Say on which node it is to be made (provider_config.node).' });
  return best.name;
}

async function createFresh(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, node: string, volumes: FoundVolume[], context: OperationContext): Promise<Guest> {
  const { calls } = deps;
  if (spec.source.kind === 'distribution') throw new GaiaError('notSupported', { message: 'Proxmox VE knows no distribution {0}.', values: [spec.source.name], hint: 'Name a template of a container in provider_config.ostemplate.' });
  const storage = await chooseStorage(deps, node, options.kind === 'qemu' ? 'images' : 'rootdir', options.storage ?? spec.disks[0]?.storage, context.signal);
  const types = new Map((await nodeStorages(deps, node, context.signal)).map(entry => [entry.id, entry.type]));
  const bridge = await defaultBridge(deps, node, context.signal);
  const found = await bringSource(deps, spec, options, node, volumes, context);
  const place: Place = {
    version: await calls.version(context.signal),
    node,
    storage: storage.id,
    storageType: id => types.get(id),
    ...(bridge === undefined ? {} : { bridge }),
    ...found,
    environment: deps.environment,
  };
  const plan = options.kind === 'qemu' ? planVm(spec, options, place) : planContainer(spec, options, place);
  if (spec.source.kind === 'box') context.output(`No template is named like the box ${spec.source.name}, so the machine gets an empty disk. Boxes of Vagrant do not run on Proxmox VE: make a template of that name, or use “image” or “iso”.`);
  for (const note of plan.notes) context.output(note);
  context.progress({ message: 'Creating {0} on {1}', values: [spec.name, node] });
  const build = options.kind === 'qemu' ? requests.createVm : requests.createContainer;
  const vmid = await withFreeVmid(deps, { kind: options.kind, node, name: spec.name }, options.vmid, context, free => build(node, free, plan.params));
  const made: Guest = { kind: options.kind, vmid, node };
  return growAfter(deps, made, plan, context);
}

async function growAfter(deps: CreateDeps, made: Guest, plan: Pick<CreatePlan, 'grow'>, context: OperationContext): Promise<Guest> {
  if (!plan.grow) return made;
  try {
    await growTo(deps, made, plan.grow.slot, plan.grow.sizeBytes, context);
    return made;
  } catch (error) {
    throw await removeMade(deps, made, context, error);
  }
}

/** Grows a disk to a size; a larger one stays as it is. */
async function growTo(deps: PartDeps, guest: Guest, slot: string, sizeBytes: number, context: OperationContext): Promise<void> {
  if (!deps.calls.dry) {
    const disks = parseDisks(parseSettings((await deps.calls.get(requests.config(guest), context.signal)).data));
    const disk = disks.find(candidate => candidate.slot === slot);
    if (disk?.capacityBytes !== undefined && disk.capacityBytes >= sizeBytes) return;
  }
  await deps.calls.run(requests.resizeDisk(guest, slot, formatDiskSize(sizeBytes)), context);
}

/** ISO, image or template: brought to a storage of the node. */
async function bringSource(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, node: string, volumes: FoundVolume[], context: OperationContext): Promise<Pick<Place, 'iso' | 'importFrom' | 'ostemplate'>> {
  const bring = async (wish: Omit<VolumeWish, 'node'>): Promise<string> => {
    const volume = await ensureVolume(deps, { ...wish, node, baseFolder: spec.baseFolder }, context);
    volumes.push(volume);
    return volume.volid;
  };
  const { source } = spec;
  const iso = source.kind === 'iso' ? { source: source.url, path: source.path, checksum: source.checksum } : options.iso === undefined ? undefined : { source: options.iso };
  if (options.kind === 'lxc') {
    const template = source.kind === 'tarball' ? { source: source.url, path: source.path } : options.ostemplate === undefined ? undefined : { source: options.ostemplate };
    return template ? { ostemplate: await bring({ kind: 'vztmpl', ...template, storage: options.isoStorage }) } : {};
  }
  return {
    ...(iso ? { iso: await bring({ kind: 'iso', ...iso, storage: options.isoStorage }) } : {}),
    ...(source.kind === 'image' ? { importFrom: await bring({ kind: 'import', source: source.url, path: source.path, checksum: source.checksum, storage: options.importStorage }) } : {}),
  };
}

/** vmbr0, or the first bridge of the node. Where one may not look, vmbr0 is the best guess. */
async function defaultBridge(deps: PartDeps, node: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const names = rows((await deps.calls.get(requests.networks(node, 'any_bridge'), signal)).data).map(row => text(row['iface']) ?? '');
    return names.includes('vmbr0') ? 'vmbr0' : names.filter(name => name !== '').sort()[0];
  } catch (error) {
    if (!GaiaError.is(error, 'noPermission')) throw error;
    return 'vmbr0';
  }
}

async function createFromTemplate(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, template: Machine, view: ClusterView, context: OperationContext): Promise<Guest> {
  const source = guestOf(template);
  if (options.node !== undefined) chooseNode(options, view);
  const linked = options.fullClone !== undefined ? !options.fullClone : spec.source.kind === 'clone' ? (spec.source.linked ?? false) : false;
  context.progress({ message: 'Cloning {0}', values: [template.name] });
  const made = await cloneGuest(deps, source, template, {
    name: spec.name,
    linked,
    snapshot: spec.source.kind === 'clone' ? spec.source.snapshot : undefined,
    target: options.node,
    storage: linked ? undefined : options.storage,
    pool: options.pool,
    description: spec.description ?? options.description,
    vmid: options.vmid,
  }, context);
  try {
    await adaptClone(deps, spec, options, deps.calls.dry ? source : made, made, context);
    return made;
  } catch (error) {
    throw await removeMade(deps, made, context, error);
  }
}

/** Makes the clone what the file says: size, adapters, cloud-init, and any other key. */
async function adaptClone(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, readFrom: Guest, made: Guest, context: OperationContext): Promise<void> {
  const { calls } = deps;
  const settings = parseSettings((await calls.get(requests.config(readFrom), context.signal)).data);
  const notes: string[] = [];
  const params: Record<string, ParamValue> = {};
  const disks = parseDisks(settings);
  const cpus = spec.cpus ?? options.cores;
  if (cpus !== undefined) Object.assign(params, options.sockets === undefined ? cpuParams(made, settings, cpus) : { sockets: options.sockets, cores: options.cores ?? Math.max(1, Math.ceil(cpus / options.sockets)) });
  if (spec.memoryMiB !== undefined || options.memoryMiB !== undefined) params['memory'] = (spec.memoryMiB ?? options.memoryMiB) as number;
  const tags = spec.tags ?? options.tags;
  if (tags?.length) params['tags'] = formatTags(tags);
  if (made.kind === 'qemu') {
    for (const key of ['ostype', 'bios', 'machine', 'scsihw', 'kvm'] as const) if (options[key] !== undefined) params[key] = options[key];
    const cpu = cpuType(options);
    if (cpu !== undefined) params['cpu'] = cpu;
    const place = { storage: options.storage ?? disks.find(disk => disk.kind === 'disk')?.storage ?? '', environment: deps.environment };
    const hasDrive = disks.some(disk => disk.kind === 'cloudinit');
    Object.assign(params, cloudInitParams(spec, options, place, hasDrive ? undefined : ['ide2', 'ide0', 'ide3'].find(slot => settings[slot] === undefined), notes));
  }
  for (const [index, wish] of adapterWishes(spec, options, made.kind).entries()) {
    const bridge = wish.bridge ?? (settings[`net${index}`] === undefined ? await defaultBridge(deps, made.node, context.signal) : undefined);
    Object.assign(params, planEdit(made, settings, [{ kind: 'setAdapter', adapter: wishedAdapter(wish, { index, mode: 'bridge', ...(bridge === undefined ? {} : { network: bridge }) }) }], () => undefined).params);
  }
  Object.assign(params, options.rest);
  const surplus = surplusCards(spec, options, parseAdapters(settings).map(adapter => adapter.index)).map(index => `net${index}`);
  for (const note of notes) context.output(note);
  if (Object.keys(params).length > 0 || surplus.length > 0) await changeConfig(deps, made, params, { delete: surplus }, context.signal, !Object.values(params).some(value => String(value).includes(':cloudinit')));
  const [firstDisk, ...more] = diskSizes(spec, options);
  const boot = bootDisk(settings, disks.map(disk => disk.slot));
  if (firstDisk?.asked && boot !== undefined) await growTo(deps, made, boot, firstDisk.sizeBytes, context);
  const brought = furtherDisks(disks, boot);
  const types = more.length > brought.length ? new Map((await nodeStorages(deps, made.node, context.signal)).map(entry => [entry.id, entry.type])) : new Map<string, string>();
  for (const [position, disk] of more.entries()) {
    // The template's own further disks come first, as the plan counts them: they grow, and only what lacks is made.
    const there = brought[position];
    if (there) {
      await growTo(deps, made, there.slot, disk.sizeBytes, context);
      const move = diskMove(there, { storage: disk.storage, format: spec.disks[position + 1]?.format }, made.kind);
      if (move) await calls.run(requests.moveDisk(made, move.slot, move.storage, { deleteSource: true, ...(move.format === undefined ? {} : { format: move.format }) }), context);
      continue;
    }
    const plan = planEdit(made, parseSettings((await calls.get(requests.config(deps.calls.dry ? readFrom : made), context.signal)).data), [{ kind: 'addDisk', sizeBytes: disk.sizeBytes, ...present({ storage: disk.storage, format: disk.format }) }], storage => diskFormat(types.get(storage)));
    if (made.kind === 'qemu') await calls.run(requests.setConfigAsTask(made, plan.params), context);
    else await changeConfig(deps, made, plan.params, {}, context.signal, false);
  }
}

/** The disk that boots: the first of `boot: order=`, or the first there is. */
export function bootDisk(settings: Readonly<Record<string, string>>, slots: readonly string[]): string | undefined {
  const order = /order=([^,]*)/.exec(settings['boot'] ?? '')?.[1]?.split(';') ?? [];
  const isDisk = (slot: string): boolean => /^(?:scsi|virtio|sata|ide)\d+$|^rootfs$/.test(slot) && !/media=cdrom|cloudinit/.test(settings[slot] ?? '');
  return order.find(slot => slots.includes(slot) && isDisk(slot)) ?? slots.find(isDisk);
}

/** The disks behind the one that boots, in the order in which a file counts them. */
export function furtherDisks(disks: readonly Disk[], boot: string | undefined): readonly Disk[] {
  return disks.filter(disk => disk.kind === 'disk' && disk.slot !== boot && !disk.slot.startsWith('unused'));
}

async function finish(deps: CreateDeps, options: CreateOptions, made: Guest, context: OperationContext): Promise<void> {
  try {
    if (options.makeTemplate) await deps.calls.run(requests.makeTemplate(made), context);
    if (options.ha) await deps.calls.change(requests.haAdd(`${made.kind === 'qemu' ? 'vm' : 'ct'}:${made.vmid}`, { state: 'stopped' }), context.signal);
    // The true state, not the wish: it must be readable under its number.
    if (!deps.calls.dry) await deps.calls.get(requests.config(made), context.signal);
  } catch (error) {
    throw await removeMade(deps, made, context, error);
  }
}
