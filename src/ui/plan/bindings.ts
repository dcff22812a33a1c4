// Which machines belong to which file: by id, so that neither a rename nor a namesake can take one for another. Kept in files that all windows
// share (bindingFiles.ts); here is what was read last, for rows and lenses that cannot wait.
import type { Bindings } from '../../config/plan/model.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { ErrorAction, GaiaError } from '../../machines/errors.ts';
import { Emitter } from '../../machines/event.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { Disposable } from '../../machines/provider.ts';
import type { BindingFiles, Content, Stored } from './bindingFiles.ts';

export interface BindingPlace {
  readonly folder: string;
  /** Where they once were: one value for all of them. */
  readonly old: { get<T>(key: string, otherwise: T): T };
  /** A button that shows a file of this computer. */
  readonly show?: (path: string) => ErrorAction;
}

const oldKey = 'gaia.bindings';
const settleMs = 100;
const none: Bindings = new Map();
const nothing: Content = { files: new Map(), damaged: [] };

export class BindingStore implements Disposable {
  readonly #place: BindingPlace;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #failed = new Emitter<GaiaError>();
  /** What could not be read, told once. */
  readonly onDidFail = this.#failed.event;
  #files: Promise<BindingFiles> | undefined;
  #content = nothing;
  #owners: ReadonlyMap<MachineId, { readonly file: string; readonly name: string }> = new Map();
  #last: Promise<unknown> = Promise.resolve();
  #looked = false;
  #watcher: Disposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;
  readonly #told = new Set<string>();

  constructor(place: BindingPlace) {
    this.#place = place;
  }

  /** As read last; at first empty, and told by `onDidChange` when it is known. `file`: the document's address. */
  of(file: string): Bindings {
    this.look();
    return this.#content.files.get(file) ?? none;
  }

  /** The file and name a machine belongs to, as read last. */
  ownerOf(id: MachineId): { readonly file: string; readonly name: string } | undefined {
    this.look();
    return this.#owners.get(id);
  }

  /** Does it belong to a file, or may it, as a file that cannot be read names it? */
  mayBeOwned(id: MachineId): boolean {
    return this.ownerOf(id) !== undefined || this.#content.damaged.some(({ text }) => text?.includes(id) ?? true);
  }

  files(): readonly string[] {
    this.look();
    return [...this.#content.files.keys()];
  }

  /** What the other windows have written, too: before anything is concluded or done. Rejects when what is known of `file` cannot be read. */
  async fresh(file?: string): Promise<void> {
    await this.#next(async files => {
      if (!this.#looked || !this.#watcher) await this.#start(files);
      this.#take(files, await files.takeOver(this.#place.old.get<Stored>(oldKey, {})) ?? await files.read());
      if (file !== undefined) files.needReadable(this.#content, file);
    });
  }

  /** Reads again, in its own time. Never throws. */
  reread(): void {
    if (!this.#looked) return;
    this.fresh().catch((error: unknown) => { this.#fail('', asGaiaError(error)); });
  }

  /** Remembers it, or forgets it (`undefined`). A machine belongs to one place: binding it takes it away elsewhere. Writes follow each other. */
  async bind(file: string, name: string, id: MachineId | undefined): Promise<void> {
    await this.fresh();
    await this.#next(async files => {
      const { bindIn } = await import('./bindingFiles.ts');
      this.#take(files, await files.change((content, write) => bindIn(content.files, file, name, id, write)));
    });
  }

  /** A file, or a folder with files, has a new address. */
  async move(from: string, to: string): Promise<void> {
    const isMoved = (file: string): boolean => file === from || file.startsWith(`${from}/`);
    await this.fresh();
    if (!this.files().some(isMoved)) return;
    await this.#next(async files => {
      this.#take(files, await files.change(async (content, write) => {
        for (const [file, names] of content.files) {
          if (!isMoved(file)) continue;
          const target = `${to}${file.slice(from.length)}`;
          // What belonged to a file that was overwritten by this one stays in the list.
          await write(target, new Map([...content.files.get(target) ?? [], ...names]));
          await write(file, none);
        }
      }));
    });
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#watcher?.dispose();
    this.#changed.dispose();
    this.#failed.dispose();
  }

  /** The first one who asks has it read. */
  look(): void {
    if (this.#looked) return;
    this.#looked = true;
    this.reread();
  }

  async #start(files: BindingFiles): Promise<void> {
    this.#looked = true;
    const watcher = await files.watch(() => {
      clearTimeout(this.#timer);
      if (!this.#disposed) this.#timer = setTimeout(() => { this.reread(); }, settleMs);
    });
    if (this.#disposed) watcher?.dispose();
    else this.#watcher = watcher;
  }

  /** One after the other: a read that began before a write must not come after it. */
  #next<T>(work: (files: BindingFiles) => Promise<T>): Promise<T> {
    const next = this.#last.catch(() => undefined).then(async () => work(await (this.#files ??= this.#load())));
    this.#last = next;
    return next;
  }

  async #load(): Promise<BindingFiles> {
    const { BindingFiles } = await import('./bindingFiles.ts');
    return new BindingFiles(this.#place.folder, this.#place.show);
  }

  #take(files: BindingFiles, content: Content): void {
    const text = (one: Content): string => JSON.stringify([[...one.files].map(([file, names]) => [file, [...names]]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)), one.damaged]);
    if (text(content) === text(this.#content)) return;
    this.#content = content;
    this.#owners = new Map([...content.files].flatMap(([file, names]) => [...names].map(([name, id]) => [id, { file, name }])));
    this.#changed.fire();
    for (const one of content.damaged) this.#fail(`${one.path}\n${one.text ?? ''}`, files.problemOf(one));
  }

  #fail(what: string, error: GaiaError): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#failed.fire(error);
  }
}
