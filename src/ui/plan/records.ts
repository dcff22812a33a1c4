// Facts about machines that all windows share: one small file each, so that no window writes over what another one has just remembered.
// Once they were one value in VS Code's storage, which is taken over.
import * as path from 'node:path';
import { readText, removeAll, writeWhole } from '../../system/files.ts';
import { SharedFolder } from './sharedFolder.ts';

export interface RecordsPlace<T> {
  readonly folder: string;
  /** Where they once were, by key. */
  readonly old: { get<V>(key: string, otherwise: V): V };
  readonly oldKey: string;
  /** What is no T counts as absent. */
  is(value: unknown): value is T;
}

interface Kept<T> {
  readonly key: string;
  readonly value: T;
  /** When it came, in ms: their order. */
  readonly since: number;
}

export class Records<T> {
  readonly #place: RecordsPlace<T>;
  readonly #folder: SharedFolder;
  #last: Promise<unknown> = Promise.resolve();
  #tookOver = false;

  constructor(place: RecordsPlace<T>) {
    this.#place = place;
    this.#folder = new SharedFolder(place.folder);
  }

  async get(key: string): Promise<T | undefined> {
    await this.#takeOver();
    return (await this.#read(this.#folder.pathOf(key)))?.value;
  }

  /** In the order in which they came. */
  async all(): Promise<ReadonlyMap<string, T>> {
    await this.#takeOver();
    return this.#all();
  }

  /**
   * Puts another value in the place of the one that is there (`undefined`: none), while no other window writes. `after` runs before another
   * one may write: for what is made of all of them.
   */
  async change(key: string, to: (before: T | undefined) => T | undefined, after?: (before: T | undefined, all: ReadonlyMap<string, T>) => Promise<void>): Promise<void> {
    await this.#takeOver();
    await this.#alone(async () => {
      const file = this.#folder.pathOf(key);
      const record = await this.#read(file);
      const value = to(record?.value);
      if (value === undefined) await removeAll(file);
      else if (value !== record?.value) await this.#write({ key, value, since: record?.since ?? Date.now() });
      await after?.(record?.value, await this.#all());
    });
  }

  async #all(): Promise<ReadonlyMap<string, T>> {
    const records = await Promise.all((await this.#folder.files()).map(file => this.#read(file)));
    return new Map(records.filter(record => record !== undefined).sort((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1)).map(({ key, value }) => [key, value]));
  }

  /** Each key once: what has been forgotten since does not come back. */
  async #takeOver(): Promise<void> {
    if (this.#tookOver) return;
    const old = Object.entries(this.#place.old.get<Readonly<Record<string, unknown>>>(this.#place.oldKey, {}));
    const known = async (): Promise<ReadonlySet<string>> => new Set(list(await readText(this.#takenOverFile)));
    const first = await known();
    if (old.some(([key]) => !first.has(key))) {
      await this.#alone(async () => {
        const taken = new Set(await known());
        for (const [since, [key, value]] of old.entries()) {
          if (taken.has(key)) continue;
          if (this.#place.is(value) && !await this.#read(this.#folder.pathOf(key))) await this.#write({ key, value, since });
          taken.add(key);
        }
        await writeWhole(this.#takenOverFile, JSON.stringify([...taken]));
      });
    }
    this.#tookOver = true;
  }

  get #takenOverFile(): string {
    return path.join(this.#folder.path, 'taken-over.json');
  }

  /** In this window one after the other: the lock's own way of waiting is for other windows. */
  #alone(work: () => Promise<void>): Promise<void> {
    const next = this.#last.catch(() => undefined).then(() => this.#folder.alone(work));
    this.#last = next;
    return next;
  }

  async #write(record: Kept<T>): Promise<void> {
    await writeWhole(this.#folder.pathOf(record.key), `${JSON.stringify(record)}\n`);
  }

  async #read(file: string): Promise<Kept<T> | undefined> {
    try {
      const { key, value, since } = JSON.parse(await readText(file) ?? '') as { readonly [K in keyof Kept<T>]?: unknown };
      return typeof key === 'string' && typeof since === 'number' && this.#folder.pathOf(key) === file && this.#place.is(value) ? { key, value, since } : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
      throw error;
    }
  }
}

function list(text: string | undefined): readonly string[] {
  try {
    return JSON.parse(text ?? '[]') as readonly string[];
  } catch {
    return [];
  }
}
