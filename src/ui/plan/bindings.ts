// Which machines belong to which file: by id, so that neither a rename nor a namesake can take one for another.
import type * as vscode from 'vscode';
import type { Bindings } from '../../config/plan/model.ts';
import { Emitter } from '../../machines/event.ts';
import type { MachineId } from '../../machines/machine.ts';

const key = 'gaia.bindings';
type Stored = Readonly<Record<string, Readonly<Record<string, MachineId>>>>;

export class BindingStore {
  readonly #state: vscode.Memento;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  #last: Promise<void> = Promise.resolve();

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  /** `file`: the document's address. */
  of(file: string): Bindings {
    return new Map(Object.entries(this.#stored()[file] ?? {}));
  }

  /** The file and name a machine belongs to. */
  ownerOf(id: MachineId): { readonly file: string; readonly name: string } | undefined {
    for (const [file, names] of Object.entries(this.#stored())) {
      for (const [name, bound] of Object.entries(names)) if (bound === id) return { file, name };
    }
    return undefined;
  }

  files(): readonly string[] {
    return Object.keys(this.#stored());
  }

  /** Remembers it, or forgets it (`undefined`). A machine belongs to one place: binding it takes it away elsewhere. Writes follow each other. */
  bind(file: string, name: string, id: MachineId | undefined): Promise<void> {
    return this.#write(stored => {
      const next: Record<string, Record<string, MachineId>> = {};
      for (const [otherFile, names] of Object.entries(stored)) {
        const kept = Object.entries(names).filter(([otherName, bound]) => bound !== id && !(otherFile === file && otherName === name));
        if (kept.length > 0) next[otherFile] = Object.fromEntries(kept);
      }
      if (id !== undefined) (next[file] ??= {})[name] = id;
      return next;
    });
  }

  /** A file, or a folder with files, has a new address. */
  move(from: string, to: string): Promise<void> {
    const isMoved = (file: string): boolean => file === from || file.startsWith(`${from}/`);
    if (!this.files().some(isMoved)) return Promise.resolve();
    return this.#write(stored => Object.fromEntries(Object.entries(stored).map(([file, names]) => [isMoved(file) ? `${to}${file.slice(from.length)}` : file, names])));
  }

  #write(change: (stored: Stored) => Stored): Promise<void> {
    this.#last = this.#last.catch(() => undefined).then(async () => {
      await this.#state.update(key, change(this.#stored()));
      this.#changed.fire();
    });
    return this.#last;
  }

  #stored(): Stored {
    return this.#state.get<Stored>(key, {});
  }
}
