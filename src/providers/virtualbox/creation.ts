// Runs a create, and takes it all back when a step fails or it is cancelled: by the UUID chosen before, by the files that were not there before.
import { randomUUID } from 'node:crypto';
import * as path from 'node:path';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { Machine } from '../../machines/machine.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { Intent, OperationContext } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { plannedAdapters } from './adapters.ts';
import type { Base, Built, CreateFacts } from './create.ts';
import { finishSteps, isVirtualBoxFolder, makeCall, masterGroup } from './create.ts';
import { BoxMasters } from './boxMasters.ts';
import type { PartDeps } from './deps.ts';
import { guestType } from './guestTypes.ts';
import { createHostOnly, readHostNetworks, removeHostOnlyCall } from './networks.ts';
import { machineFolder, Remains } from './remains.ts';
import { disksOf, foldersOf, forwardsOf } from './parse/devices.ts';
import { parseVmInfo } from './parse/info.ts';
import { parseMedia } from './parse/media.ts';
import { parseByteCount, parseBlocks } from './parse/blocks.ts';
import * as requests from './requests.ts';
import type { Made } from './takeBack.ts';
import { TakeBack } from './takeBack.ts';
import { detectSystem, passwordOf, unattendedOf } from './unattended.ts';

export class Creation {
  readonly #deps: PartDeps;
  readonly #masters: BoxMasters;

  constructor(deps: PartDeps) {
    this.#deps = deps;
    this.#masters = new BoxMasters(deps.tool, deps.inventory, deps.states);
  }

  /** Makes the machine and resolves with its UUID. */
  async create(asked: MachineSpec, context: OperationContext): Promise<string> {
    const spec = asItIsCalled(asked);
    const facts = await this.facts(spec, context.signal);
    const made: Made = { files: [], networks: [], names: facts.base.kind === 'appliance' || facts.base.kind === 'master' ? [facts.base.temporaryName] : [], borrowed: borrowedBy(facts), uuid: facts.uuid, folder: undefined };
    try {
      return await this.#make(spec, facts, made, context);
    } catch (error) {
      throw await this.takeBack(made, asGaiaError(error));
    }
  }

  /** Everything that must be known before, and every check that can be made before. Changes nothing. */
  async facts(spec: MachineSpec, signal: AbortSignal): Promise<CreateFacts> {
    const machines = await this.#deps.inventory.list(signal);
    const groups = groupsOf(spec);
    checkName(spec.name, groups, machines);
    await this.#checkPaths(spec);
    const base = await this.#base(spec, machines, signal);
    const version = await this.#deps.tool.version(signal);
    const architecture = this.#deps.tool.doors.platform.arch === 'arm64' ? 'arm' : 'x86';
    if (architecture === 'arm' && (base.kind === 'appliance' || base.kind === 'master')) await this.#checkArchitecture(base.file);
    const host = await readHostNetworks(this.#deps.tool, {
      hostOnly: spec.networks.some(network => network.type === 'private_network'),
      bridged: spec.networks.some(network => network.type === 'public_network'),
    }, signal);
    const words = [spec.source.kind === 'iso' || spec.source.kind === 'image' ? path.basename(spec.source.url) : spec.source.kind === 'box' ? spec.source.name : '', spec.name].join(' ');
    const unattended = unattendedOf(spec);
    // The variable is looked up now: a machine is not made only to find that its password lacks.
    if (unattended) passwordOf(unattended, this.#deps.tool.doors.platform.env);
    const detected = unattended && spec.source.kind === 'iso' ? await detectSystem(this.#deps.tool, spec.source.path ?? spec.source.url, signal) : undefined;
    const nicType = spec.options['default_nic_type'];
    const facts: CreateFacts = {
      uuid: spec.reserved ?? randomUUID(),
      version,
      architecture,
      osType: guestType(words, spec.options['ostype'] ?? spec.options['os_type'] ?? detected?.osType, architecture),
      ...(unattended ? { unattended } : {}),
      groups,
      adapters: plannedAdapters(spec.networks, host, typeof nicType === 'string' ? { nicType } : {}),
      base,
    };
    // An import gets its name later, and VirtualBox then makes it the folder's as it is, without taking out what no folder can have.
    const impossible = this.#deps.tool.doors.platform.os === 'win32' ? /[<>:"/\\|?*]|[. ]$/ : /\//;
    if (base.kind === 'appliance' && impossible.test(spec.name)) throw new GaiaError('invalidInput', { message: 'A machine of a box or appliance cannot be called "{0}": VirtualBox names its folder so.', values: [spec.name], hint: 'Leave out / and other characters that file names cannot have.' });
    // VirtualBox would find that out only after the import, and in words of its own.
    if (base.kind === 'appliance') for (const folder of await this.#folders(spec, facts)) if (folder.kind === 'path' && folder.kept !== undefined) throw new GaiaError('alreadyExists', { message: 'There is a folder {0} already, in which VirtualBox would put the machine.', values: [folder.path], hint: 'Choose another name, or remove that folder if nobody needs it.' });
    // All values go through their encoders once before anything is made: what they refuse must not leave half a machine.
    makeCall(spec, facts);
    finishSteps(spec, facts, placeholder(facts));
    return facts;
  }

  async #make(spec: MachineSpec, wanted: CreateFacts, made: Made, context: OperationContext): Promise<string> {
    const { signal } = context;
    let facts = wanted;
    const interfaces = new Map<string, string>();
    for (const { create } of facts.adapters) {
      if (!create || interfaces.has(create.ip)) continue;
      context.progress({ message: 'Making a host-only network' });
      const before = context.intend && (await readHostNetworks(this.#deps.tool, { hostOnly: true, bridged: false }, signal));
      const note = { kind: 'network' as const, networkKind: create.kind, before: before ? [...before.hostOnly, ...before.hostOnlyNetworks].map(one => one.name) : [] };
      await context.intend?.([note]);
      const name = await createHostOnly(this.#deps.tool, create, context);
      await context.intend?.([{ ...note, name }]);
      made.networks.push({ name, remove: removeHostOnlyCall(create.kind, name) });
      interfaces.set(create.ip, name);
    }
    context.progress({ ...messages[facts.base.kind], fraction: 0 });
    const borrowed = borrowedBy(facts);
    made.folders = await this.#folders(spec, facts);
    await context.intend?.([...made.folders, ...await this.#masterFolders(facts), ...(borrowed === undefined ? [] : [{ kind: 'medium' as const, path: borrowed }])]);
    if (facts.base.kind === 'master') facts = { ...facts, base: await this.#masters.make(facts.base, within(context, 0, 0.6)) };
    await this.#deps.tool.change(makeCall(spec, facts), within(context, 0, facts.base.kind === 'new' ? 0.1 : 0.7));
    const known = facts.base.kind === 'appliance' ? facts.base.temporaryName : facts.uuid;
    let built = await this.#look(known, facts, interfaces, signal);
    made.uuid = built.uuid;
    made.folder = built.folder;
    let steps = finishSteps(spec, facts, built);
    if (facts.base.kind === 'appliance' && steps[0]) {
      // An import gets its name by itself: its folder is another one then, and its disks and seed belong into that.
      await this.#deps.tool.change(steps[0].call, context);
      built = await this.#look(built.uuid, facts, interfaces, signal);
      made.folder = built.folder;
      steps = finishSteps(spec, facts, built).slice(1);
    }
    const from = facts.base.kind === 'new' ? 0.1 : 0.7;
    const { files } = this.#deps.tool.doors;
    for (const { makes } of steps) {
      // VirtualBox refuses to overwrite, so a file that is there now is not ours, and stays.
      if (makes !== undefined && (await files.fileInfo(makes)) !== undefined) throw new GaiaError('alreadyExists', { message: 'There is a file {0} already.', values: [makes], hint: 'Give the machine or its disk another name, or remove that file if nobody needs it.' });
    }
    const makes = steps.flatMap((step): Intent[] => (step.makes === undefined ? [] : [{ kind: 'path', path: step.makes }]));
    if (makes.length > 0) await context.intend?.(makes);
    for (const [index, step] of steps.entries()) {
      if (step.makes !== undefined) made.files.push(step.makes);
      if (step.copyOf !== undefined && step.makes !== undefined) await files.copyFile(step.copyOf, step.makes);
      context.progress({ message: 'Setting up the machine', fraction: from + ((1 - from) * index) / steps.length });
      const call = step.call.args[0] === 'unattended' && facts.unattended ? { ...step.call, secret: passwordOf(facts.unattended, this.#deps.tool.doors.platform.env) } : step.call;
      await this.#deps.tool.change(call, within(context, from + ((1 - from) * index) / steps.length, (1 - from) / steps.length));
    }
    context.progress({ fraction: 1 });
    return built.uuid;
  }

  /** The folders that the machine will have, and what they hold now. */
  async #folders(spec: MachineSpec, facts: CreateFacts): Promise<readonly Intent[]> {
    const base = await this.#deps.inventory.defaultMachineFolder();
    if (base === undefined) return [];
    const temporary = facts.base.kind === 'appliance' || facts.base.kind === 'master' ? [machineFolder(base, [], facts.base.temporaryName)] : [];
    const own = facts.base.kind === 'appliance' ? path.join(machineFolder(base, facts.groups, 'x'), '..', spec.name) : machineFolder(base, facts.groups, spec.name);
    return this.newFolders([...temporary, own]);
  }

  /** That of the base of linked clones: other machines, and other windows, may come to need it. */
  async #masterFolders({ base }: CreateFacts): Promise<readonly Intent[]> {
    const folder = await this.#deps.inventory.defaultMachineFolder();
    return folder === undefined || base.kind !== 'master' ? [] : this.newFolders([path.join(machineFolder(folder, [masterGroup], 'x'), '..', base.name)]);
  }

  /** Folders about to be made, each with what it holds now. */
  newFolders(folders: readonly string[]): Promise<readonly Intent[]> {
    return Promise.all(folders.map(async (folder): Promise<Intent> => {
      const kept = (await this.#deps.tool.doors.files.listFolder(folder))?.map(entry => entry.name);
      return { kind: 'path', path: folder, ...(kept === undefined ? {} : { kept }) };
    }));
  }

  async #look(known: string, facts: CreateFacts, interfaces: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Built> {
    const { stdout } = await this.#deps.tool.ask(requests.showVm(known), signal);
    const info = parseVmInfo(stdout);
    const uuid = info.get('UUID') ?? facts.uuid;
    const folder = path.dirname((await this.#deps.inventory.place(uuid))?.settingsFile ?? info.get('CfgFile') ?? '');
    const capacityBytes = await this.#capacity(facts, info, signal);
    return { uuid, folder, info, forwards: forwardsOf(stdout), folders: foldersOf(info), interfaces, ...(capacityBytes === undefined ? {} : { capacityBytes }) };
  }

  async #capacity(facts: CreateFacts, info: Built['info'], signal: AbortSignal): Promise<number | undefined> {
    if (facts.base.kind === 'new') return undefined;
    if (facts.base.kind === 'disk') {
      if (facts.base.raw) return (await this.#deps.tool.doors.files.fileInfo(facts.base.file))?.sizeBytes;
      const answer = await this.#deps.tool.ask(requests.showMedium(facts.base.file), signal);
      return parseByteCount(parseBlocks(answer.stdout)[0]?.get('Capacity'));
    }
    const first = disksOf(info).find(disk => disk.kind === 'disk')?.extra?.['uuid'];
    const media = parseMedia((await this.#deps.tool.ask(requests.listMedia(), signal)).stdout);
    return media.find(medium => medium.uuid === first)?.capacityBytes;
  }

  async #base(spec: MachineSpec, machines: readonly Machine[], signal: AbortSignal): Promise<Base> {
    const { source } = spec;
    switch (source.kind) {
      case 'empty':
      case 'iso':
        return { kind: 'new' };
      case 'clone': {
        const { uuid, snapshots } = await this.#cloneSource(source.of, machines);
        const snapshot = source.snapshot === undefined ? undefined : (snapshots.find(item => item.id === source.snapshot || item.name === source.snapshot)?.id ?? source.snapshot);
        const linked = source.linked === true;
        const current = linked && snapshot === undefined ? snapshots.find(item => item.current)?.id : snapshot;
        if (linked && current === undefined) throw new GaiaError('wrongState', { message: 'A linked clone of {0} needs a snapshot of it, and there is none.', values: [source.of], hint: 'Take a snapshot of it first.' });
        return { kind: 'clone', uuid, linked, ...(current === undefined ? {} : { snapshot: current }) };
      }
      case 'image': {
        const file = source.path;
        if (file === undefined) throw new GaiaError('invalidInput', { message: 'The image {0} is not on this computer yet.', values: [source.url] });
        if (source.format === undefined ? /\.ov[af]$/i.test(file) : source.format === 'ova' || source.format === 'ovf') return { kind: 'appliance', file, temporaryName: temporaryName(spec.reserved) };
        // The name says little: what clouds call .img is qcow2.
        if (source.format === undefined ? /\.(?:img|raw|bin|dd)$/i.test(file) : source.format === 'raw') return { kind: 'disk', file, raw: true };
        return { kind: 'disk', file, raw: false, known: parseMedia((await this.#deps.tool.ask(requests.listMedia(), signal)).stdout).some(medium => path.relative(medium.location, file) === '') };
      }
      case 'box': {
        if (source.folder === undefined) throw new GaiaError('invalidInput', { message: 'The box {0} is not on this computer yet.', values: [source.name] });
        const entries = (await this.#deps.tool.doors.files.listFolder(source.folder)) ?? [];
        const ovf = entries.find(entry => entry.name === 'box.ovf') ?? entries.find(entry => /\.ov[fa]$/i.test(entry.name));
        if (!ovf) throw new GaiaError('invalidInput', { message: 'The box {0} holds no machine for VirtualBox (no .ovf file).', values: [source.name], hint: 'Choose a box that is made for VirtualBox.' });
        const appliance = { kind: 'appliance' as const, file: path.join(source.folder, ovf.name), temporaryName: temporaryName(spec.reserved) };
        if (spec.options['linked_clone'] !== true) return appliance;
        const snapshot = spec.options['linked_clone_snapshot'];
        return await this.#masters.find(appliance, { ...source, folder: source.folder }, typeof snapshot === 'string' ? snapshot : undefined, machines);
      }
      case 'tarball':
      case 'distribution':
        throw new GaiaError('notSupported', { message: 'VirtualBox cannot make a machine from a root file system.', hint: 'Use "box", "image", "iso" or "clone_from".' });
    }
  }

  async #cloneSource(of: string, machines: readonly Machine[]): Promise<{ readonly uuid: string; readonly snapshots: readonly { readonly id: string; readonly name: string; readonly current?: boolean }[] }> {
    const wanted = of.toLowerCase();
    const found = machines.filter(machine => machine.id === of || parseMachineId(machine.id).native === wanted || machine.name === of || [...(machine.path ?? []), machine.name].join('/') === of);
    const [machine] = found;
    if (!machine) throw new GaiaError('notFound', { message: 'There is no machine "{0}" to clone.', values: [of] });
    if (found.length > 1) throw new GaiaError('invalidInput', { message: 'Several machines are called "{0}".', values: [of], hint: 'Write it with its group ("lab/web1"), or its UUID.' });
    const uuid = parseMachineId(machine.id).native;
    const file = await this.#deps.inventory.machineFile(uuid);
    return { uuid, snapshots: flat(file?.snapshots ?? []) };
  }

  async #checkPaths(spec: MachineSpec): Promise<void> {
    const { files } = this.#deps.tool.doors;
    const { source } = spec;
    const file = source.kind === 'iso' ? (source.path ?? source.url) : source.kind === 'image' ? source.path : undefined;
    if (file !== undefined) {
      const info = path.isAbsolute(file) ? await files.fileInfo(file) : undefined;
      if (info?.kind !== 'file') throw new GaiaError('notFound', { message: 'There is no file {0}.', values: [file] });
      if (source.kind === 'image') {
        const folder = await this.#deps.inventory.defaultMachineFolder();
        if (folder !== undefined && (await files.freeBytes(folder)) < info.sizeBytes) throw new GaiaError('noSpace', { message: 'There is no room for a copy of {0} in {1}.', values: [path.basename(file), folder] });
      }
    }
    for (const folder of spec.sharedFolders.filter(isVirtualBoxFolder)) {
      if (!path.isAbsolute(folder.hostPath)) throw new GaiaError('invalidInput', { message: 'The shared folder {0} must be an absolute path.', values: [folder.hostPath] });
      if ((await files.fileInfo(folder.hostPath))?.kind !== 'folder') throw new GaiaError('notFound', { message: 'There is no folder {0} to share.', values: [folder.hostPath] });
    }
  }

  /** On ARM hosts VirtualBox runs ARM guests alone, and an x86 box fails only at its start, with a message nobody understands (V8). */
  async #checkArchitecture(file: string): Promise<void> {
    if (!/\.ovf$/i.test(file)) return;
    const text = (await this.#deps.tool.doors.files.readText(file)) ?? '';
    if (/arm64|ARMv8|aarch64/i.test(text)) return;
    throw new GaiaError('notSupported', { message: 'This image is made for x86 processors, and on this computer VirtualBox runs ARM machines only.', hint: 'Choose a box or image for arm64.' });
  }

  /** Removes what was made, and nothing else; returns the error to throw. */
  takeBack(made: Made, error: GaiaError): Promise<GaiaError> {
    return new TakeBack(this.#deps.tool, this.#deps.states, new Remains(this.#deps.tool, this.#deps.inventory)).run(made, error);
  }
}

/** Asking VirtualBox how large a disk is already puts it on its list. */
function borrowedBy({ base }: CreateFacts): string | undefined {
  return base.kind === 'disk' && !base.raw && !base.known ? base.file : undefined;
}

const messages: { readonly [K in Base['kind']]: { readonly message: string } } = {
  new: { message: 'Making the machine' },
  disk: { message: 'Making the machine' },
  clone: { message: 'Copying the machine' },
  appliance: { message: 'Importing the machine' },
  master: { message: 'Importing the base of linked clones' },
};

/** The spec with the machine's name in VirtualBox (`provider_config.name`). */
export function asItIsCalled(spec: MachineSpec): MachineSpec {
  return spec.called === undefined ? spec : { ...spec, name: spec.called };
}

export function temporaryName(token: string = randomUUID()): string {
  return `gaia-import-${token}`;
}

/** What stands in for the unknown in "Show commands", and in the check of all values before anything is made. */
export function placeholder(facts: CreateFacts, shown = false): Built {
  return {
    uuid: facts.base.kind === 'appliance' || shown ? '<id>' : facts.uuid,
    folder: '<machine folder>',
    info: new Map(),
    forwards: [],
    folders: [],
    interfaces: new Map(facts.adapters.flatMap(({ create }) => (create ? [[create.ip, '<new host-only interface>'] as const] : []))),
  };
}

export function groupsOf(spec: MachineSpec): readonly string[] {
  const said = spec.options['groups'] ?? spec.options['group'];
  const groups = (typeof said === 'string' ? said.split(',') : Array.isArray(said) ? (said as unknown[]).map(String) : []).map(group => group.trim()).filter(group => group !== '');
  return groups.map(group => (group.startsWith('/') ? group : `/${group}`));
}

/** Names first, before anything is made. A name may be used again in another group: VirtualBox allows that. */
export function checkName(name: string, groups: readonly string[], machines: readonly Machine[]): void {
   
  if (name.trim() === '' || /[\u0000-\u001f\u007f]/.test(name)) throw new GaiaError('invalidInput', { message: 'A machine needs a name without line ends and control characters.' });
  if (name.length > 200) throw new GaiaError('invalidInput', { message: 'This name is too long: {0}', values: [name] });
  const path = (groups[0] ?? '/').split('/').filter(part => part !== '').join('/');
  const clash = machines.find(machine => machine.name === name && (machine.path ?? []).join('/') === path);
  if (clash) throw new GaiaError('alreadyExists', { message: 'There is a machine "{0}" already.', values: [name], hint: 'Choose another name, or another group ("provider_config": { "groups": "/lab" }).' });
}

function flat<T extends { readonly children: readonly T[] }>(nodes: readonly T[]): readonly T[] {
  return nodes.flatMap(node => [node, ...flat(node.children)]);
}

/** The part of a whole's progress that one call is. */
export function within(context: OperationContext, from: number, share: number): OperationContext {
  return { ...context, progress: step => { context.progress(step.fraction === undefined ? step : { ...step, fraction: from + step.fraction * share }); } };
}
