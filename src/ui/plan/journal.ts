// What Gaia is making right now, written down before it begins: one small file for each machine, with the files and networks that it makes
// for it, gone when the machine is bound to its file or taken back. A file that is left says that the process ended in between. Knows
// nothing of VS Code, so that tests can kill it.
import { randomUUID } from 'node:crypto';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ApplyHooks } from '../../config/plan/apply.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { Machine, MachineId } from '../../machines/machine.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { Intent } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { listFolder, readText, removeAll, writeWhole } from '../../system/files.ts';
import { hasEntry } from '../../system/hasEnded.ts';

export interface JournalEntry {
  /** Also the id that providers use which may choose one (`reserved` of MachineSpec, CloneOptions and an import). */
  readonly token: string;
  /** Address of the .gaia.json; absent for a clone or an import, which belong to none. */
  readonly file?: string;
  readonly name: string;
  /** What the provider calls it, where that is another name. */
  readonly called?: string;
  readonly provider: string;
  readonly connection?: string;
  /** Of the process that makes it. */
  readonly pid: number;
  readonly startedAt: number;
  /** Machines of the provider before it began: none of them is what was made. */
  readonly before: readonly MachineId[];
  /** What was about to be made, in that order; each written before it was made. */
  readonly intents: readonly Intent[];
}

export class Journal {
  readonly #folder: string;
  /** Tokens of this process. A later process may get the same number. */
  readonly #own = new Set<string>();
  readonly #intents = new Map<string, { intents: readonly Intent[]; last: Promise<void> }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Written and on the disk when it resolves. */
  async begin(file: string | undefined, spec: Pick<MachineSpec, 'name' | 'called' | 'provider' | 'connection'>, before: readonly MachineId[]): Promise<JournalEntry> {
    const entry: JournalEntry = { token: randomUUID(), ...file === undefined ? {} : { file }, name: spec.name, ...spec.called === undefined ? {} : { called: spec.called }, provider: spec.provider, ...spec.connection === undefined ? {} : { connection: spec.connection }, pid: process.pid, startedAt: Date.now(), before, intents: [] };
    this.#own.add(entry.token);
    await writeWhole(this.#fileOf(entry), JSON.stringify(entry));
    return entry;
  }

  /** Adds to an entry what is made next. On the disk when it resolves. */
  intend(entry: JournalEntry, intents: readonly Intent[]): Promise<void> {
    const known = this.#intents.get(entry.token) ?? { intents: entry.intents, last: Promise.resolve() };
    known.intents = [...known.intents, ...intents];
    this.#intents.set(entry.token, known);
    // One write after the other: the last one has them all.
    known.last = known.last.catch(() => undefined).then(() => writeWhole(this.#fileOf(entry), JSON.stringify({ ...entry, intents: known.intents })));
    return known.last;
  }

  async end(entry: Pick<JournalEntry, 'token'>): Promise<void> {
    await this.#intents.get(entry.token)?.last.catch(() => undefined);
    this.#intents.delete(entry.token);
    await removeAll(this.#fileOf(entry));
  }

  /** What was begun has ended, in this way. One whose remains could not be taken back, or of which nobody knows, keeps its entry. */
  async settle(entry: Pick<JournalEntry, 'token'>, error: unknown): Promise<void> {
    if (!GaiaError.is(error, 'partial', 'didNotAnswer')) await this.end(entry);
  }

  /** Entries whose process has ended: their machines may stand there half made. */
  async interrupted(): Promise<readonly JournalEntry[]> {
    return (await this.#entries()).filter(entry => !this.#isAlive(entry));
  }

  /** Does another process, another window or one that is just ending, make something? */
  async isBusyElsewhere(): Promise<boolean> {
    return (await this.#entries()).some(entry => entry.pid !== process.pid && this.#isAlive(entry));
  }

  async #entries(): Promise<readonly JournalEntry[]> {
    const files = (await listFolder(this.#folder) ?? []).filter(one => one.name.endsWith('.json'));
    const entries = await Promise.all(files.map(async one => parse(await readText(path.join(this.#folder, one.name)))));
    return entries.filter(entry => entry !== undefined);
  }

  #isAlive({ pid, token, startedAt }: JournalEntry): boolean {
    if (pid === process.pid) return this.#own.has(token);
    // Before this computer started, the number meant another process. (Clocks are set: hence the minute.)
    if (startedAt < Date.now() - os.uptime() * 1000 - 60_000) return false;
    return hasEntry(pid);
  }

  #fileOf({ token }: Pick<JournalEntry, 'token'>): string {
    return path.join(this.#folder, `${token}.json`);
  }
}

/**
 * The same hooks, with the journal kept: an entry stands from before anything is made for a machine until it is bound, or all of it is gone
 * again. One whose remains could not be taken back keeps its entry.
 */
export function journaled(hooks: ApplyHooks, journal: Journal, file: string, machinesOf: (provider: string) => readonly Machine[]): ApplyHooks {
  const open = new Map<string, JournalEntry>();
  const begin = async (spec: MachineSpec): Promise<JournalEntry> => {
    const entry = await journal.begin(file, spec, machinesOf(spec.provider).map(machine => machine.id));
    open.set(spec.name, entry);
    return entry;
  };
  const end = async (name: string): Promise<void> => {
    const entry = open.get(name);
    open.delete(name);
    if (entry) await journal.end(entry);
  };
  /** What `prepare` made lies in Gaia's own folder, and nobody knows of it yet. */
  const prepared = new Map<string, readonly Intent[]>();
  const abandon = async (name: string): Promise<void> => {
    for (const intent of prepared.get(name) ?? []) if (intent.kind === 'path') await removeAll(intent.path);
    prepared.delete(name);
    await end(name);
  };
  return {
    ...hooks,
    prepare: async (spec, context, only) => {
      if (only === 'fetch') return hooks.prepare(spec, context, only);
      const entry = await begin(spec);
      const intend = (intents: readonly Intent[]): Promise<void> => {
        prepared.set(spec.name, [...prepared.get(spec.name) ?? [], ...intents]);
        return journal.intend(entry, intents);
      };
      try {
        return await hooks.prepare({ ...spec, reserved: entry.token }, { ...context, intend });
      } catch (error) {
        await abandon(spec.name);
        throw error;
      }
    },
    abandon,
    run: async (action, signal) => {
      if (action.verb !== 'create') return hooks.run(action, signal);
      const { spec } = action;
      const entry = open.get(spec.name) ?? await begin(spec);
      try {
        const result = await hooks.run({ ...action, spec: { ...spec, reserved: entry.token } }, signal, intents => journal.intend(entry, intents));
        await forget(spec);
        return result;
      } catch (error) {
        await forget(spec);
        open.delete(spec.name);
        await journal.settle(entry, error);
        throw error;
      }
    },
    bind: async (name, id) => {
      await hooks.bind(name, id);
      if (id !== undefined) await end(name);
    },
  };
  /** The create has copied what it needs of it. */
  async function forget(spec: MachineSpec): Promise<void> {
    prepared.delete(spec.name);
    if (spec.cloudInit?.seedPath !== undefined) await removeAll(spec.cloudInit.seedPath).catch(() => undefined);
  }
}

/** The name under which an import stands in VirtualBox's list until it has its own. */
export const importName = (token: string): string => `gaia-import-${token}`;

/**
 * Machines that may be what an interrupted create has left: never one that was there before, never one that belongs to a file. `sure`: it
 * carries the token, or the id that was written down; else it merely has the name, and came after. Where ids were written down, a name alone
 * says nothing: another one may have made a machine of that name.
 */
export function leftBy(entry: JournalEntry, machines: readonly Machine[], isBound: (id: MachineId) => boolean): readonly { readonly machine: Machine; readonly sure: boolean }[] {
  const chosen = new Map(entry.intents.flatMap(intent => (intent.kind === 'machine' ? [[intent.id, intent] as const] : [])));
  return machines.filter(machine => !entry.before.includes(machine.id) && !isBound(machine.id)).flatMap(machine => {
    const intent = chosen.get(machine.id);
    // While it is made it may have no name yet.
    if (intent) return intent.is === 'lost' || (intent.name !== undefined && machine.name !== intent.name && machine.state !== 'creating') ? [] : [{ machine, sure: intent.is !== 'asked' }];
    const sure = parseMachineId(machine.id).native.toLowerCase() === entry.token || machine.name.startsWith(importName(entry.token));
    return sure || (chosen.size === 0 && machine.name === (entry.called ?? entry.name)) ? [{ machine, sure }] : [];
  });
}

function parse(text: string | undefined): JournalEntry | undefined {
  try {
    const value = JSON.parse(text ?? '') as JournalEntry;
    return typeof value.token === 'string' && typeof value.name === 'string' && typeof value.pid === 'number' && Array.isArray(value.before) ? { ...value, intents: Array.isArray(value.intents) ? value.intents : [] } : undefined;
  } catch {
    return undefined;
  }
}
