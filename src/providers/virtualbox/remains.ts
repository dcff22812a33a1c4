// What a create, clone or import that was cut off may have left besides the machine: files and folders nobody knows, disks and networks that VirtualBox
// knows and no machine uses. Found by what the create wrote down before (Intent), never by guessing.
import * as path from 'node:path';
import { parseMachineId } from '../../machines/machine.ts';
import type { Intent, OperationContext } from '../../machines/provider.ts';
import type { Inventory } from './inventory.ts';
import { idOf } from './inventory.ts';
import { readHostNetworks, removeHostOnlyCall } from './networks.ts';
import { parseBlocks } from './parse/blocks.ts';
import { parseVmInfo } from './parse/info.ts';
import { flatten, snapshotsOf } from './parse/snapshots.ts';
import * as requests from './requests.ts';
import type { Tool } from './tool.ts';

/** A disk or CD image as VirtualBox lists it. */
interface KnownMedium {
  readonly location: string;
  readonly type: 'disk' | 'dvd';
  readonly inUse: boolean;
}

export class Remains {
  readonly #tool: Tool;
  readonly #inventory: Inventory;

  constructor(tool: Tool, inventory: Inventory) {
    this.#tool = tool;
    this.#inventory = inventory;
  }

  /** The intents whose things are there and belong to no machine. */
  async find(intents: readonly Intent[], signal: AbortSignal): Promise<readonly Intent[]> {
    if (intents.length === 0) return [];
    const media = await this.#media(signal);
    const found: Intent[] = [];
    for (const intent of intents) {
      if (intent.kind === 'path') {
        if ((await this.#pathsOf(intent, media, signal)).length > 0) found.push(intent);
      } else if (intent.kind === 'medium') {
        if (media.some(medium => samePath(medium.location, intent.path) && !medium.inUse)) found.push(intent);
      } else if (intent.kind === 'snapshot') {
        if ((await this.#snapshotOf(intent, signal)) !== undefined) found.push(intent);
      } else if (intent.kind === 'network') found.push(...await this.#networks(intent, intents, signal));
    }
    return found;
  }

  /** Each is looked at again just before: what a machine came to use meanwhile stays. */
  async remove(remains: readonly Intent[], context: OperationContext): Promise<void> {
    // What was made last goes first: a folder after the disks in it.
    for (const intent of [...remains].reverse()) {
      const media = await this.#media(context.signal);
      if (intent.kind === 'network') {
        for (const { name } of await this.#networks(intent, remains, context.signal)) {
          if (name !== undefined) await this.#tool.change(removeHostOnlyCall(intent.networkKind === 'network' ? 'network' : 'interface', name), context);
        }
        continue;
      }
      if (intent.kind === 'snapshot') {
        const snapshot = await this.#snapshotOf(intent, context.signal);
        if (snapshot !== undefined) await this.#tool.change(requests.deleteSnapshot(parseMachineId(intent.machine).native, snapshot), context);
        continue;
      }
      const targets = intent.kind === 'path' ? await this.#pathsOf(intent, media, context.signal) : [];
      const forget = media.filter(medium => !medium.inUse && (intent.kind === 'medium' ? samePath(medium.location, intent.path) : targets.some(target => isWithin(medium.location, target))));
      for (const medium of forget) await this.#tool.change(requests.forgetMedium(medium.type, medium.location), context);
      for (const target of targets) await this.#tool.doors.files.removeAll(target);
    }
  }

  /** What of the path is there and may go: nothing in which a registered machine, or a disk of one, lies. */
  async #pathsOf(intent: Intent & { readonly kind: 'path' }, media: readonly KnownMedium[], signal: AbortSignal): Promise<readonly string[]> {
    const { files } = this.#tool.doors;
    const info = await files.fileInfo(intent.path);
    if (!info) return [];
    const entries = intent.kept === undefined ? [intent.path] : ((await files.listFolder(intent.path)) ?? []).filter(entry => intent.kept?.includes(entry.name) === false).map(entry => path.join(intent.path, entry.name));
    const used = [...media.filter(medium => medium.inUse).map(medium => medium.location), ...await this.#settingsFiles(signal)];
    // A settings file among them makes all of its folder that machine's.
    return entries.filter(entry => !used.some(file => isWithin(file, entry) || (file.endsWith('.vbox') && isWithin(entry, path.dirname(file)))));
  }

  /** The snapshot's id, unless the clone that stands on it is there. */
  async #snapshotOf({ machine, marked }: Intent & { readonly kind: 'snapshot' }, signal: AbortSignal): Promise<string | undefined> {
    const ids = (await this.#inventory.list(signal)).map(one => one.id);
    if (!ids.includes(machine) || ids.includes(idOf(marked))) return undefined;
    const { native } = parseMachineId(machine);
    const file = await this.#inventory.machineFile(native);
    const snapshots = file && !file.encrypted ? file.snapshots : snapshotsOf(parseVmInfo((await this.#tool.ask(requests.showVm(native), signal)).stdout));
    return flatten(snapshots).find(snapshot => snapshot.description?.includes(marked) === true)?.id;
  }

  async #settingsFiles(signal: AbortSignal): Promise<readonly string[]> {
    const machines = await this.#inventory.list(signal);
    const found = await Promise.all(machines.map(async machine => (await this.#inventory.place(machine.id.slice(machine.id.lastIndexOf(':') + 1)))?.settingsFile));
    if (machines.length > 0 && found.every(file => file === undefined)) {
      // The files of another VirtualBox: then it is asked.
      const { stdout } = await this.#tool.ask(requests.listVmsLong(), signal);
      return [...stdout.matchAll(/^Config file:\s+(.+?)\r?$/gm)].map(match => match[1] as string);
    }
    return found.filter(file => file !== undefined);
  }

  async #networks(intent: Intent & { readonly kind: 'network' }, all: readonly Intent[], signal: AbortSignal): Promise<readonly (Intent & { readonly kind: 'network' })[]> {
    const host = await readHostNetworks(this.#tool, { hostOnly: true, bridged: false }, signal);
    const present = (intent.networkKind === 'network' ? host.hostOnlyNetworks : host.hostOnly).map(one => one.name).filter(name => !intent.before.includes(name));
    const named = all.some(other => other.kind === 'network' && other.name !== undefined && other.before.every(name => intent.before.includes(name)));
    // Once the name was written down, the entry without one says nothing more.
    const wanted = intent.name === undefined ? (named ? [] : present) : present.filter(name => name === intent.name);
    if (wanted.length === 0) return [];
    const { stdout } = await this.#tool.ask(requests.listVmsLong(), signal);
    return wanted.filter(name => !stdout.includes(`'${name}'`)).map(name => ({ ...intent, name }));
  }

  async #media(signal: AbortSignal): Promise<readonly KnownMedium[]> {
    const of = async (what: 'hdds' | 'dvds', type: KnownMedium['type']): Promise<readonly KnownMedium[]> => {
      const { stdout } = await this.#tool.ask(requests.listLong(what), signal);
      return parseBlocks(stdout).flatMap(block => {
        const location = block.get('Location');
        return location === undefined ? [] : [{ location, type, inUse: block.get('In use by VMs') !== undefined }];
      });
    };
    return (await Promise.all([of('hdds', 'disk'), of('dvds', 'dvd')])).flat();
  }
}

function samePath(a: string, b: string): boolean {
  return path.relative(a, b) === '';
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || (!relative.startsWith('..') && !path.isAbsolute(relative));
}

/**
 * The folder of a new machine, as VirtualBox names it (measured with 7.2): what is not a letter, digit, blank or one of `()-._` becomes `_`,
 * byte by byte; so do a dot or dash at the beginning and a dot or blank at the end.
 */
export function machineFolder(base: string, groups: readonly string[], name: string): string {
  const plain = [...name].map(character => {
    const code = character.codePointAt(0) ?? 0;
    return /[ ()\-.0-9A-Z_a-z]/.test(character) || (code >= 0xa0 && code <= 0xd7af) ? character : '_'.repeat(new TextEncoder().encode(character).length);
  }).join('').replace(/^[.-]/, '_').replace(/[. ]$/, '_');
  return path.join(base, ...(groups[0] ?? '/').split('/').filter(part => part !== ''), plain);
}
