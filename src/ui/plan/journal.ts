// What Gaia is making right now, written down before it begins: one small file for each machine, gone when the machine is bound to its file or
// taken back. A file that is left says that the process ended in between. Knows nothing of VS Code, so that tests can kill it.
import { randomUUID } from 'node:crypto';
import * as os from 'node:os';
import * as path from 'node:path';
import type { ApplyHooks } from '../../config/plan/apply.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { Machine, MachineId } from '../../machines/machine.ts';
import { parseMachineId } from '../../machines/machine.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { listFolder, readText, removeAll, writeWhole } from '../../system/files.ts';

export interface JournalEntry {
  /** Also the id that providers use which may choose one (MachineSpec.reserved). */
  readonly token: string;
  /** Address of the .gaia.json. */
  readonly file: string;
  readonly name: string;
  readonly provider: string;
  readonly connection?: string;
  /** Of the process that makes it. */
  readonly pid: number;
  readonly startedAt: number;
  /** Machines of the provider before it began: none of them is what was made. */
  readonly before: readonly MachineId[];
}

export class Journal {
  readonly #folder: string;
  /** Tokens of this process. A later process may get the same number. */
  readonly #own = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Written and on the disk when it resolves. */
  async begin(file: string, spec: Pick<MachineSpec, 'name' | 'provider' | 'connection'>, before: readonly MachineId[]): Promise<JournalEntry> {
    const entry: JournalEntry = { token: randomUUID(), file, name: spec.name, provider: spec.provider, ...spec.connection === undefined ? {} : { connection: spec.connection }, pid: process.pid, startedAt: Date.now(), before };
    this.#own.add(entry.token);
    await writeWhole(this.#fileOf(entry), JSON.stringify(entry));
    return entry;
  }

  async end(entry: Pick<JournalEntry, 'token'>): Promise<void> {
    await removeAll(this.#fileOf(entry));
  }

  /** Entries whose process has ended: their machines may stand there half made. */
  async interrupted(): Promise<readonly JournalEntry[]> {
    const files = (await listFolder(this.#folder) ?? []).filter(one => one.name.endsWith('.json'));
    const entries = await Promise.all(files.map(async one => parse(await readText(path.join(this.#folder, one.name)))));
    return entries.filter(entry => entry !== undefined).filter(entry => !this.#isAlive(entry));
  }

  #isAlive({ pid, token, startedAt }: JournalEntry): boolean {
    if (pid === process.pid) return this.#own.has(token);
    // Before this computer started, the number meant another process. (Clocks are set: hence the minute.)
    if (startedAt < Date.now() - os.uptime() * 1000 - 60_000) return false;
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }

  #fileOf({ token }: Pick<JournalEntry, 'token'>): string {
    return path.join(this.#folder, `${token}.json`);
  }
}

/**
 * The same hooks, with the journal kept: an entry stands from before a create until its machine is bound, or is gone again. One whose
 * remains could not be taken back keeps its entry.
 */
export function journaled(hooks: ApplyHooks, journal: Journal, file: string, machinesOf: (provider: string) => readonly Machine[]): ApplyHooks {
  const open = new Map<string, JournalEntry>();
  return {
    ...hooks,
    run: async (action, signal) => {
      if (action.verb !== 'create') return hooks.run(action, signal);
      const { spec } = action;
      const entry = await journal.begin(file, spec, machinesOf(spec.provider).map(machine => machine.id));
      open.set(spec.name, entry);
      try {
        return await hooks.run({ ...action, spec: { ...spec, reserved: entry.token } }, signal);
      } catch (error) {
        open.delete(spec.name);
        if (!GaiaError.is(error, 'partial') && !GaiaError.is(error, 'didNotAnswer')) await journal.end(entry);
        throw error;
      }
    },
    bind: async (name, id) => {
      await hooks.bind(name, id);
      const entry = open.get(name);
      if (id === undefined || !entry) return;
      open.delete(name);
      await journal.end(entry);
    },
  };
}

/** The name under which an import stands in VirtualBox's list until it has its own. */
export const importName = (token: string): string => `gaia-import-${token}`;

/**
 * Machines that may be what an interrupted create has left: never one that was there before, never one that belongs to a file. `sure`: it
 * carries the token; else it merely has the name, and came after.
 */
export function leftBy(entry: JournalEntry, machines: readonly Machine[], isBound: (id: MachineId) => boolean): readonly { readonly machine: Machine; readonly sure: boolean }[] {
  return machines.filter(machine => !entry.before.includes(machine.id) && !isBound(machine.id)).flatMap(machine => {
    const sure = parseMachineId(machine.id).native.toLowerCase() === entry.token || machine.name === importName(entry.token);
    return sure || machine.name === entry.name ? [{ machine, sure }] : [];
  });
}

function parse(text: string | undefined): JournalEntry | undefined {
  try {
    const value = JSON.parse(text ?? '') as JournalEntry;
    return typeof value.token === 'string' && typeof value.name === 'string' && typeof value.pid === 'number' && Array.isArray(value.before) ? value : undefined;
  } catch {
    return undefined;
  }
}
