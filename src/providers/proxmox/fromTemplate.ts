// Making a machine from a template: which one is meant, its clone, and the clone made what the file says.
import { GaiaError } from '../../machines/errors.ts';
import type { Machine } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { adapterWishes, surplusCards, wishedAdapter } from './cards.ts';
import { cloneGuest, removeMade } from './cloneGuest.ts';
import { driveSlot } from './cloudInit.ts';
import { cloudInitParams, cpuType } from './createPlan.ts';
import { bootDisk, diskFormat, diskMove, diskWishes, furtherDisks, moveRequest } from './disks.ts';
import { planEdit } from './editing.ts';
import { formatTags } from './encode.ts';
import type { ParamValue } from './encode.ts';
import { present } from './fields.ts';
import { changeConfig, cpuParams, growTo } from './lifecycle.ts';
import type { CreateOptions } from './options.ts';
import { parseAdapters, parseDisks, parseSettings } from './parse.ts';
import { chooseNode, defaultBridge } from './placement.ts';
import type { CreateDeps } from './placement.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';
import { guestOf } from './resources.ts';
import type { ClusterView } from './resources.ts';
import { nodeStorages } from './volumes.ts';

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

/** Clones it, and makes the clone what the file says. A clone that cannot be made so is removed again. */
export async function createFromTemplate(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, template: Machine, view: ClusterView, context: OperationContext): Promise<Guest> {
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

/** `readFrom`: where its configuration is read: of a clone that is only shown, from its template. */
async function adaptClone(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, readFrom: Guest, made: Guest, context: OperationContext): Promise<void> {
  const read = async (): Promise<Readonly<Record<string, string>>> => parseSettings((await deps.calls.get(requests.config(readFrom), context.signal)).data);
  const settings = await read();
  const params: Readonly<Record<string, ParamValue>> = { ...hardware(spec, options, settings, made), ...cloudInit(deps, spec, options, settings, made, context), ...(await cards(deps, spec, options, settings, made, context)), ...options.rest };
  const surplus = surplusCards(spec, options, parseAdapters(settings)).map(({ index }) => `net${index}`);
  const makesDrive = Object.values(params).some(value => String(value).includes(':cloudinit'));
  if (Object.keys(params).length > 0 || surplus.length > 0) await changeConfig(deps, made, params, { delete: surplus }, context.signal, !makesDrive);
  await adaptDisks(deps, spec, options, settings, made, read, context);
}

function hardware(spec: MachineSpec, options: CreateOptions, settings: Readonly<Record<string, string>>, made: Guest): Record<string, ParamValue> {
  const cpus = spec.cpus ?? options.cores;
  const tags = spec.tags ?? options.tags;
  const forBoth = {
    ...(cpus === undefined ? {} : options.sockets === undefined ? cpuParams(made, settings, cpus) : { sockets: options.sockets, cores: options.cores ?? Math.max(1, Math.ceil(cpus / options.sockets)) }),
    ...present({ memory: spec.memoryMiB ?? options.memoryMiB, tags: tags?.length ? formatTags(tags) : undefined }),
  };
  if (made.kind === 'lxc') return forBoth;
  const { ostype, bios, machine, scsihw, kvm } = options;
  return { ...forBoth, ...present({ ostype, bios, machine, scsihw, kvm, cpu: cpuType(options) }) };
}

function cloudInit(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, settings: Readonly<Record<string, string>>, made: Guest, context: OperationContext): Record<string, ParamValue> {
  if (made.kind === 'lxc') return {};
  const disks = parseDisks(settings);
  const storage = options.storage ?? disks.find(disk => disk.kind === 'disk')?.storage ?? '';
  const notes: string[] = [];
  const params = cloudInitParams(spec, options, { storage, environment: deps.environment }, driveSlot(settings), notes, settings);
  for (const note of notes) context.output(note);
  return params;
}

async function cards(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, settings: Readonly<Record<string, string>>, made: Guest, context: OperationContext): Promise<Record<string, ParamValue>> {
  const params: Record<string, ParamValue> = {};
  for (const { index, wish } of adapterWishes(spec, options, made.kind, parseAdapters(settings))) {
    const network = wish.bridge ?? (settings[`net${index}`] === undefined ? await defaultBridge(deps, made.node, context.signal) : undefined);
    Object.assign(params, planEdit(made, settings, [{ kind: 'setAdapter', adapter: wishedAdapter(wish, { index, mode: 'bridge', ...present({ network }) }) }], () => undefined).params);
  }
  return params;
}

/** The template's own further disks come first, as the plan counts them: they grow, and only what lacks is made. */
async function adaptDisks(deps: CreateDeps, spec: MachineSpec, options: CreateOptions, settings: Readonly<Record<string, string>>, made: Guest, read: () => Promise<Readonly<Record<string, string>>>, context: OperationContext): Promise<void> {
  const { calls } = deps;
  const disks = parseDisks(settings);
  const [first, ...more] = diskWishes(spec, options);
  const boot = bootDisk(settings, disks.map(disk => disk.slot));
  if (first?.asked && boot !== undefined) await growTo(deps, made, boot, first.sizeBytes, context);
  const brought = furtherDisks(disks, boot);
  const types = more.length > brought.length ? new Map((await nodeStorages(deps, made.node, context.signal)).map(entry => [entry.id, entry.type])) : new Map<string, string>();
  for (const [position, wish] of more.entries()) {
    const there = brought[position];
    if (there) {
      await growTo(deps, made, there.slot, wish.sizeBytes, context);
      const move = diskMove(there, { storage: wish.storage, format: spec.disks[position + 1]?.format }, made.kind);
      if (move) await calls.run(moveRequest(made, move), context);
      continue;
    }
    const { params } = planEdit(made, await read(), [{ kind: 'addDisk', sizeBytes: wish.sizeBytes, ...present({ storage: wish.storage, format: wish.format }) }], storage => diskFormat(types.get(storage)));
    if (made.kind === 'qemu') await calls.run(requests.setConfigAsTask(made, params), context);
    else await changeConfig(deps, made, params, {}, context.signal, false);
  }
}
