// The bindings on the disk: one small file for each .gaia.json, written whole and by one window at a time, so that no window writes over what
// another one has just remembered. Until 0.1 they were one value in VS Code's storage, which is taken over.
import * as path from 'node:path';
import { GaiaError } from '../../machines/errors.ts';
import type { ErrorAction } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { Disposable } from '../../machines/provider.ts';
import { makeFolder, readText, removeAll, writeWhole } from '../../system/files.ts';
import { watchFolder } from '../../system/watchPath.ts';
import { SharedFolder } from './sharedFolder.ts';
import { fileNameOf } from './turns.ts';

/** Names of a file with their machines, by the file's address. */
export type Files = ReadonlyMap<string, ReadonlyMap<string, MachineId>>;
/** As they once were kept. */
export type Stored = Readonly<Record<string, Readonly<Record<string, MachineId>>>>;

/** A file that says nothing Gaia understands. It is left as it is. */
export interface Damaged {
  readonly path: string;
  /** undefined = not even that can be read. */
  readonly text: string | undefined;
  readonly why: string;
}

export interface Content {
  readonly files: Files;
  readonly damaged: readonly Damaged[];
}

/** Puts in another set of names for a file; empty = none. */
export type Write = (file: string, names: ReadonlyMap<string, MachineId>) => Promise<void>;

export class BindingFiles {
  readonly #folder: SharedFolder;
  readonly #show: ((path: string) => ErrorAction) | undefined;

  /** `show`: a button that shows a file of this computer. */
  constructor(folder: string, show?: (path: string) => ErrorAction) {
    this.#folder = new SharedFolder(folder);
    this.#show = show;
  }

  pathOf(file: string): string {
    return this.#folder.pathOf(file);
  }

  /** Calls when any window has written. undefined = it cannot be watched. */
  async watch(changed: () => void): Promise<Disposable | undefined> {
    await makeFolder(this.#folder.path);
    return watchFolder(this.#folder.path, name => { if (name === undefined || this.#folder.isOurs(name)) changed(); });
  }

  async read(): Promise<Content> {
    const files = new Map<string, ReadonlyMap<string, MachineId>>();
    const damaged: Damaged[] = [];
    for (const one of await Promise.all((await this.#folder.files()).map(file => this.#readOne(file)))) {
      if (one && 'why' in one) damaged.push(one);
      else if (one) files.set(one.file, one.names);
    }
    return { files, damaged };
  }

  /** Runs `work` on what is there, while no other window writes. Resolves with what is there then. */
  async change(work: (content: Content, write: Write) => Promise<void>): Promise<Content> {
    return this.#folder.alone(async held => {
      const content = await this.read();
      const files = new Map(content.files);
      await work(content, async (file, names) => {
        held.throwIfAborted();
        this.needReadable(content, file);
        if (names.size > 0) await writeWhole(this.pathOf(file), `${JSON.stringify({ file, machines: Object.fromEntries(names) }, null, 2)}\n`);
        else await removeAll(this.pathOf(file));
        if (names.size > 0) files.set(file, names);
        else files.delete(file);
      });
      return { files, damaged: content.damaged };
    });
  }

  /**
   * Takes over what the old storage has and was not taken over yet. Each entry once: what has been forgotten since does not come back. A window
   * of an older Gaia may go on writing there; then its new entries come along the next time. Resolves with undefined when there was nothing.
   */
  async takeOver(stored: Stored): Promise<Content | undefined> {
    const entries = Object.entries(stored).flatMap(([file, names]) => Object.entries(names).map(([name, id]): Entry => [file, name, id]));
    const isNew = (known: ReadonlySet<string>): boolean => entries.some(entry => !known.has(keyOf(entry)));
    if (entries.length === 0 || !isNew(await this.#takenOver())) return undefined;
    return this.change(async ({ files, damaged }, write) => {
      const known = new Set(await this.#takenOver());
      const now = new Map(files);
      for (const entry of entries) {
        const [file, name, id] = entry;
        // For a damaged file it is tried again when that is mended.
        if (known.has(keyOf(entry)) || damaged.some(one => one.path === this.pathOf(file))) continue;
        const there = now.get(file)?.get(name);
        const owner = ownerIn(now, id);
        const isNewer = (there === undefined || known.has(keyOf([file, name, there]))) && (!owner || known.has(keyOf([owner.file, owner.name, id])));
        if (isNewer) await bindIn(now, file, name, id, async (changed, names) => { now.set(changed, names); await write(changed, names); });
        known.add(keyOf(entry));
      }
      await writeWhole(this.#takenOverFile, JSON.stringify([...known]));
    });
  }

  /** Throws GaiaError when what is known of `file` cannot be read: it must not be written over. */
  needReadable({ damaged }: Content, file: string): void {
    const found = damaged.find(one => one.path === this.pathOf(file));
    if (found) throw new GaiaError('invalidInput', { message: 'Which machines belong to “{1}” is not known: {0} cannot be read.', values: [found.path, fileNameOf(file)], hint: 'Nothing was changed. Mend it, or remove it and adopt the machines again.', ...this.#more(found) });
  }

  /** A word about a damaged file, where nobody asked for the machines of it. */
  problemOf(damaged: Damaged): GaiaError {
    return new GaiaError('invalidInput', { message: 'Gaia remembers in {0} which machines belong to a file, and cannot read it.', values: [damaged.path], hint: 'Mend it, or remove it and adopt the machines again. Until then nothing is done for that file.', ...this.#more(damaged) });
  }

  #more({ path: at, why }: Damaged): { readonly actions: readonly ErrorAction[]; readonly raw: string } {
    return { actions: this.#show ? [this.#show(at)] : [], raw: why };
  }

  get #takenOverFile(): string {
    return path.join(this.#folder.path, 'taken-over.json');
  }

  async #takenOver(): Promise<ReadonlySet<string>> {
    try {
      return new Set(JSON.parse(await readText(this.#takenOverFile) ?? '[]') as readonly string[]);
    } catch {
      return new Set();
    }
  }

  async #readOne(at: string): Promise<Damaged | { readonly file: string; readonly names: ReadonlyMap<string, MachineId> } | undefined> {
    let text: string | undefined;
    try {
      text = await readText(at);
      if (text === undefined) return undefined;
      const { file, machines } = JSON.parse(text) as { readonly file?: unknown; readonly machines?: unknown };
      if (typeof file !== 'string' || typeof machines !== 'object' || machines === null || Array.isArray(machines)) throw new Error('It does not have the form of bindings.');
      if (this.pathOf(file) !== at) throw new Error(`It is another file's: ${file}`);
      const names = Object.entries(machines);
      if (names.some(([, id]) => typeof id !== 'string')) throw new Error('It does not have the form of bindings.');
      return { file, names: new Map(names as [string, MachineId][]) };
    } catch (error) {
      return { path: at, text, why: error instanceof Error ? error.message : String(error) };
    }
  }
}

type Entry = readonly [file: string, name: string, id: MachineId];
const keyOf = (entry: Entry): string => JSON.stringify(entry);

export function ownerIn(files: Files, id: MachineId): { readonly file: string; readonly name: string } | undefined {
  for (const [file, names] of files) for (const [name, bound] of names) if (bound === id) return { file, name };
  return undefined;
}

/** Binds `id` to one place alone, or nothing to it. The new place is written first: a machine in two of them is found again, one in none is not. */
export async function bindIn(files: Files, file: string, name: string, id: MachineId | undefined, write: Write): Promise<void> {
  const without = (names: ReadonlyMap<string, MachineId>): Map<string, MachineId> => new Map([...names].filter(([, bound]) => bound !== id));
  const mine = without(files.get(file) ?? new Map());
  if (id === undefined) mine.delete(name);
  else mine.set(name, id);
  await write(file, mine);
  if (id === undefined) return;
  for (const [other, names] of files) if (other !== file && [...names.values()].includes(id)) await write(other, without(names));
}
