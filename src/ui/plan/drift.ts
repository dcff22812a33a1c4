// Which machines of a file no longer are as it says, as far as the list of machines tells: looked at after each look at the machines, and when
// a file is saved. A plan knows more, and is asked for; this costs no call to a hypervisor.
import * as vscode from 'vscode';
import { parseConfig } from '../../config/parse.ts';
import { listedDifferences } from '../../config/plan/plan.ts';
import { differenceText } from '../../config/plan/text.ts';
import { machineSpec } from '../../config/spec.ts';
import { isInTransit } from '../../machines/machine.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { t } from '../l10n.ts';
import type { Drift } from '../marks.ts';
import type { Parts } from '../parts.ts';

interface ReadFile {
  readonly version: string;
  readonly specs: ReadonlyMap<string, MachineSpec>;
}

export class DriftWatch implements vscode.Disposable {
  readonly #parts: Pick<Parts, 'fleet' | 'marks' | 'log'>;
  readonly #files = new Map<string, ReadFile>();
  #running: Promise<void> | undefined;
  #again = false;

  readonly #watcher = vscode.workspace.createFileSystemWatcher('**/{*.gaia.json,.gaia.json}');

  constructor(parts: Pick<Parts, 'fleet' | 'marks' | 'log'>) {
    this.#parts = parts;
    // Also what another program writes: a checkout, a generator.
    for (const event of [this.#watcher.onDidChange, this.#watcher.onDidCreate, this.#watcher.onDidDelete]) event(uri => { if (parts.marks.bindings.of(uri.toString()).size > 0) void this.look(); });
  }

  dispose(): void {
    this.#watcher.dispose();
  }

  /** Looks now, or once more after the look that is under way. Never rejects. */
  look(): Promise<void> {
    if (this.#running) this.#again = true;
    return this.#running ??= this.#looks();
  }

  async #looks(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#look();
      } while (this.#again);
    } catch (error) {
      this.#parts.log.error(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #look(): Promise<void> {
    const { fleet, marks } = this.#parts;
    const drifts = new Map<MachineId, Drift>();
    for (const file of marks.bindings.files()) {
      const specs = await this.#specsOf(file);
      for (const [name, id] of marks.bindings.of(file)) {
        const machine = fleet.machine(id);
        // What is just changing is not compared: the row would flicker.
        if (!machine || machine.stale === true || isInTransit(machine.state)) continue;
        if (!specs) drifts.set(id, { gone: 'file' });
        else if (specs !== 'unreadable') {
          const spec = specs.get(name);
          drifts.set(id, spec ? { differences: listedDifferences(spec, machine).map(one => ({ key: one.key, text: differenceText({ ...one, effect: 'live' }, t) })) } : { gone: 'name' });
        }
      }
    }
    marks.listed(drifts);
  }

  /** undefined = the file is gone; `unreadable` = nothing can be said now. As saved: what is only typed is no word yet. */
  async #specsOf(file: string): Promise<ReadonlyMap<string, MachineSpec> | 'unreadable' | undefined> {
    const uri = vscode.Uri.parse(file);
    // Not on any disk: a new document, or text of the API.
    if (vscode.workspace.fs.isWritableFileSystem(uri.scheme) === undefined) return 'unreadable';
    try {
      const { mtime, size } = await vscode.workspace.fs.stat(uri);
      const version = `${String(mtime)}:${String(size)}`;
      const known = this.#files.get(file);
      if (known?.version === version) return known.specs;
      const parsed = parseConfig(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
      if (parsed.problems.some(problem => problem.severity === 'error')) return 'unreadable';
      const specs = new Map(parsed.machines.map(machine => [machine.name, machineSpec(machine)]));
      this.#files.set(file, { version, specs });
      return specs;
    } catch (error) {
      return error instanceof vscode.FileSystemError && error.code === 'FileNotFound' ? undefined : 'unreadable';
    }
  }
}
