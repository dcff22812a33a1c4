// Making a machine: where it goes, where it comes from, one request that makes it, and the little that must come after. What this made it
// removes when it fails; what was there before it never touches.
import { homedir } from 'node:os';
import { publicKeys } from '../../images/cloudInit.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import { machineId } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { checkFreeName, removeMade, withFreeVmid } from './cloneGuest.ts';
import { planContainer, planVm } from './createPlan.ts';
import type { CreatePlan, Place } from './createPlan.ts';
import { createFromTemplate, templateOf } from './fromTemplate.ts';
import { growTo } from './lifecycle.ts';
import { readOptions } from './options.ts';
import type { CreateOptions } from './options.ts';
import { chooseNode, defaultBridge } from './placement.ts';
import type { CreateDeps } from './placement.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';
import { chooseStorage, ensureVolume, nodeStorages, removeVolumes } from './volumes.ts';
import type { FoundVolume, VolumeWish } from './volumes.ts';

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
