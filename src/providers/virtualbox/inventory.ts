// The list of machines, cheaply. At most two spawns whatever the number of machines; in steady state one, `list runningvms`, which costs the
// same for 1 and for 200: names, groups, sizes and saved states come from the settings files (read again only when they change), running or
// paused from the end of the machine's log. The settings files are trusted only after `list vms` named exactly the machines of VirtualBox.xml,
// and that is checked again when VirtualBox.xml changes, when a file cannot be read, and once a minute.
import * as path from 'node:path';
import { machineId } from '../../machines/machine.ts';
import type { Machine } from '../../machines/machine.ts';
import type { StartMode } from '../../machines/provider.ts';
import type { FileInfo } from '../../system/files.ts';
import { homeCandidates } from './executable.ts';
import { MachineLogs } from './machineLogs.ts';
import type { MachinePlace } from './machineLogs.ts';
import { parseLongList } from './parse/longList.ts';
import type { MachineFile } from './parse/machineFile.ts';
import { parseMachineFile } from './parse/machineFile.ts';
import type { Registry } from './parse/registryFile.ts';
import { parseRegistryFile } from './parse/registryFile.ts';
import type { ListedVm } from './parse/vms.ts';
import { parseVmList } from './parse/vms.ts';
import { listRunningVms, listVms, listVmsLong } from './requests.ts';
import { vmState } from './states.ts';
import type { Tool } from './tool.ts';

const verifyEveryMs = 60_000;
/** VBoxSVC replaces a settings file by two renames; a reader between them finds nothing for an instant. */
const replaceMs = 25;

interface Cached<T> {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly value: T;
}

export class Inventory {
  readonly #tool: Tool;
  #registry: (Cached<Registry> & { readonly file: string }) | undefined;
  #files = new Map<string, Cached<MachineFile> & { readonly file: string }>();
  readonly logs: MachineLogs;
  /** What the last check by `list vms` found: the registry file it holds for, or that the files are of another VirtualBox. */
  #verified: { readonly at: number; readonly registry: Cached<Registry> | undefined; readonly listed: readonly ListedVm[] } | undefined;

  constructor(tool: Tool) {
    this.#tool = tool;
    this.logs = new MachineLogs(tool.doors, uuid => this.place(uuid));
  }

  async list(signal: AbortSignal): Promise<readonly Machine[]> {
    const registry = await this.#readRegistry();
    if (!registry || this.#verified?.registry === undefined && this.#verified !== undefined && !this.#isDue(registry)) return this.#listWithoutFiles(signal);
    const due = this.#isDue(registry);
    const [running, listed, files] = await Promise.all([
      this.#tool.ask(listRunningVms(), signal).then(answer => new Set(parseVmList(answer.stdout).map(vm => vm.uuid))),
      due ? this.#tool.ask(listVms(), signal).then(answer => parseVmList(answer.stdout)) : undefined,
      this.#readMachineFiles(registry.value),
    ]);
    if (listed) {
      // Something may have been registered between the two looks: look at the file again before it is called foreign.
      const now = sameMachines(registry.value, listed) ? registry : await this.#readRegistry();
      const trusted = now !== undefined && sameMachines(now.value, listed);
      this.#verified = { at: this.#tool.doors.clock.now(), registry: trusted ? now : undefined, listed };
      if (!trusted) return this.#listWithoutFiles(signal, listed);
      if (now !== registry) return this.#assemble(now.value, running, await this.#readMachineFiles(now.value), listed);
    }
    return this.#assemble(registry.value, running, files, listed ?? this.#verified?.listed ?? []);
  }

  /** Where a machine's settings file lies now (a change of group moves it); undefined = not known, or the files are not to be trusted. */
  async place(uuid: string): Promise<MachinePlace | undefined> {
    const registry = await this.#readRegistry();
    if (!registry || (this.#verified && this.#verified.registry === undefined)) return undefined;
    const entry = registry.value.machines.find(machine => machine.uuid === uuid);
    return entry && { uuid, settingsFile: this.#absolute(registry.file, entry.settingsFile) };
  }

  /** The machine's settings file as it is now, or undefined. */
  async machineFile(uuid: string): Promise<MachineFile | undefined> {
    const place = await this.place(uuid);
    return place && (await this.#readMachineFile(place));
  }

  /** How a start shows the machine when nobody says: its own setting (`gui: true` in a .gaia.json), else without a window. */
  async startMode(uuid: string): Promise<StartMode> {
    const frontend = (await this.machineFile(uuid))?.frontend?.toLowerCase();
    return frontend === 'gui' ? 'gui' : frontend === 'separate' ? 'detachable' : 'headless';
  }

  /** All settings files, for those that look through all machines (linked clones). */
  async machineFiles(): Promise<readonly { readonly place: MachinePlace; readonly file: MachineFile }[]> {
    const registry = await this.#readRegistry();
    if (!registry || (this.#verified && this.#verified.registry === undefined)) return [];
    const files = await this.#readMachineFiles(registry.value);
    return registry.value.machines.flatMap(machine => {
      const file = files.get(machine.uuid);
      return file ? [{ place: { uuid: machine.uuid, settingsFile: this.#absolute(registry.file, machine.settingsFile) }, file }] : [];
    });
  }

  /** Folders in which changes show: VirtualBox's own, and those of the machines. */
  async folders(): Promise<{ readonly home: readonly string[]; readonly machines: readonly string[]; readonly logs: readonly string[] }> {
    const registry = await this.#readRegistry();
    const home = registry ? [path.dirname(registry.file)] : homeCandidates(this.#tool.doors.platform);
    const machines = registry?.value.machines.map(machine => path.dirname(this.#absolute(registry.file, machine.settingsFile))) ?? [];
    return { home, machines, logs: machines.map(folder => path.join(folder, 'Logs')) };
  }

  async defaultMachineFolder(): Promise<string | undefined> {
    return (await this.#readRegistry())?.value.defaultMachineFolder;
  }

  #isDue(registry: Cached<Registry>): boolean {
    const verified = this.#verified;
    if (!verified || this.#tool.doors.clock.now() - verified.at >= verifyEveryMs) return true;
    return verified.registry !== undefined && verified.registry !== registry;
  }

  /** Two spawns, every time: names and ids from `list vms`, the rest from `list --long vms`. */
  async #listWithoutFiles(signal: AbortSignal, known?: readonly ListedVm[]): Promise<readonly Machine[]> {
    const [listed, long] = await Promise.all([
      known ?? this.#tool.ask(listVms(), signal).then(answer => parseVmList(answer.stdout)),
      this.#tool.ask(listVmsLong(), signal).then(answer => answer.stdout),
    ]);
    const entries = new Map(parseLongList(long, new Set(listed.map(vm => vm.uuid))).map(entry => [entry.uuid, entry]));
    return listed.map(vm => {
      const entry = entries.get(vm.uuid);
      if (vm.name === undefined) return inaccessible(vm.uuid, vm.uuid);
      const state = vmState(entry?.state);
      return {
        id: idOf(vm.uuid),
        name: vm.name,
        kind: 'vm' as const,
        state: state.state,
        providerState: state.word,
        ...groupPath(entry?.groups ?? ['/']),
        ...(entry?.cpus === undefined ? {} : { cpus: entry.cpus }),
        ...(entry?.memoryMiB === undefined ? {} : { memoryMiB: entry.memoryMiB }),
        ...badges(state.word),
        extra: { groups: entry?.groups ?? ['/'] },
      };
    });
  }

  async #assemble(registry: Registry, running: ReadonlySet<string>, files: ReadonlyMap<string, MachineFile>, listed: readonly ListedVm[]): Promise<readonly Machine[]> {
    const names = new Map(listed.map(vm => [vm.uuid, vm.name]));
    return Promise.all(registry.machines.map(async entry => {
      const file = files.get(entry.uuid);
      if (!file) {
        const name = names.get(entry.uuid) ?? path.basename(entry.settingsFile.replaceAll('\\', '/'), '.vbox');
        return inaccessible(entry.uuid, name);
      }
      const state = vmState(running.has(entry.uuid) ? await this.#onlineState(entry) : offlineState(file));
      return {
        id: idOf(entry.uuid),
        name: file.name,
        kind: 'vm' as const,
        state: state.state,
        providerState: state.word,
        ...groupPath(file.groups),
        ...(file.encrypted ? {} : { cpus: file.cpus }),
        ...(file.memoryMiB === undefined ? {} : { memoryMiB: file.memoryMiB }),
        ...(file.description === undefined ? {} : { description: file.description }),
        ...(file.tags.length > 0 ? { tags: file.tags } : {}),
        ...badges(state.word, file.encrypted),
        ...(file.encrypted ? {} : { snapshotCount: file.snapshotCount }),
        extra: { groups: file.groups, ...(file.osType === undefined ? {} : { osType: file.osType }) },
      };
    }));
  }

  /** The machine is online, so a log that ends otherwise means that its process is on its way out. */
  async #onlineState(entry: { readonly uuid: string; readonly settingsFile: string }): Promise<string> {
    const logged = await this.logs.stateAt({ uuid: entry.uuid, settingsFile: this.#absolute(this.#registry?.file ?? '', entry.settingsFile) });
    if (logged === undefined) return 'running';
    return vmState(logged).online ? logged : 'stopping';
  }

  async #readRegistry(): Promise<(Cached<Registry> & { readonly file: string }) | undefined> {
    const { files, platform } = this.#tool.doors;
    const homes = homeCandidates(platform);
    for (const [index, home] of homes.entries()) {
      const file = path.join(home, 'VirtualBox.xml');
      let info: FileInfo | undefined;
      try {
        info = (await files.fileInfo(file)) ?? (index === homes.length - 1 && this.#registry ? await this.#afterReplacement(file) : undefined);
        if (info?.kind !== 'file') continue;
        const known = this.#registry;
        if (known?.file === file && known.sizeBytes === info.sizeBytes && known.modifiedMs === info.modifiedMs) return known;
        const value = parseRegistryFile((await files.readText(file)) ?? '');
        if (!value) continue;
        this.#registry = { file, sizeBytes: info.sizeBytes, modifiedMs: info.modifiedMs, value };
        return this.#registry;
      } catch {
        // No right to read it: then VBoxManage is asked for everything.
        continue;
      }
    }
    return undefined;
  }

  async #afterReplacement(file: string): Promise<FileInfo | undefined> {
    await this.#tool.doors.clock.sleep(replaceMs);
    return this.#tool.doors.files.fileInfo(file);
  }

  async #readMachineFiles(registry: Registry): Promise<ReadonlyMap<string, MachineFile>> {
    const registryFile = this.#registry?.file ?? '';
    const found = await Promise.all(registry.machines.map(async machine =>
      [machine.uuid, await this.#readMachineFile({ uuid: machine.uuid, settingsFile: this.#absolute(registryFile, machine.settingsFile) })] as const));
    const known = new Set(registry.machines.map(machine => machine.uuid));
    for (const uuid of this.#files.keys()) if (!known.has(uuid)) this.#files.delete(uuid);
    return new Map(found.flatMap(([uuid, file]) => (file ? [[uuid, file] as const] : [])));
  }

  async #readMachineFile({ uuid, settingsFile }: MachinePlace): Promise<MachineFile | undefined> {
    const { files, clock } = this.#tool.doors;
    for (let attempt = 0; attempt < 3; attempt++) {
      if (attempt > 0) await clock.sleep(replaceMs);
      try {
        const info = await files.fileInfo(settingsFile);
        if (info?.kind !== 'file') continue;
        const known = this.#files.get(uuid);
        if (known?.file === settingsFile && known.sizeBytes === info.sizeBytes && known.modifiedMs === info.modifiedMs) return known.value;
        const value = parseMachineFile((await files.readText(settingsFile)) ?? '');
        if (value?.uuid !== uuid) continue;
        this.#files.set(uuid, { file: settingsFile, sizeBytes: info.sizeBytes, modifiedMs: info.modifiedMs, value });
        return value;
      } catch {
        break;
      }
    }
    this.#files.delete(uuid);
    return undefined;
  }

  #absolute(registryFile: string, settingsFile: string): string {
    return path.isAbsolute(settingsFile) ? settingsFile : path.join(path.dirname(registryFile), settingsFile);
  }
}

export function idOf(uuid: string): Machine['id'] {
  return machineId('virtualbox', 'local', uuid);
}

function sameMachines(registry: Registry, listed: readonly ListedVm[]): boolean {
  const known = new Set(registry.machines.map(machine => machine.uuid));
  return known.size === listed.length && listed.every(vm => known.has(vm.uuid));
}

function offlineState(file: MachineFile): string {
  if (file.saved) return file.aborted ? 'aborted-saved' : 'saved';
  return file.aborted ? 'aborted' : 'poweroff';
}

function groupPath(groups: readonly string[]): { readonly path?: readonly string[] } {
  const parts = (groups[0] ?? '/').split('/').filter(part => part !== '');
  return parts.length > 0 ? { path: parts } : {};
}

function badges(word: string, encrypted = false): { readonly badges?: readonly string[] } {
  const found = [...(word.startsWith('aborted') ? ['aborted'] : []), ...(word === 'gurumeditation' ? ['critical'] : []), ...(encrypted ? ['encrypted'] : [])];
  return found.length > 0 ? { badges: found } : {};
}

function inaccessible(uuid: string, name: string): Machine {
  return { id: idOf(uuid), name, kind: 'vm', state: 'error', providerState: 'inaccessible', badges: ['inaccessible'] };
}
