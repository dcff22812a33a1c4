// Whose a machine is, for its row: a .gaia.json's (and whether it still is as that says), or a Vagrant project's.
import type * as vscode from 'vscode';
import type { Plan } from '../config/plan/model.ts';
import { Emitter } from '../machines/event.ts';
import type { MachineId } from '../machines/machine.ts';
import { t } from './l10n.ts';
import { BindingStore } from './plan/bindings.ts';

export interface Mark {
  /** For the end of the row. */
  readonly short: string;
  /** For the tooltip. */
  readonly rows: readonly (readonly [string, string])[];
}

export interface VagrantLink {
  /** In its Vagrantfile. */
  readonly name: string;
  readonly folder: string;
}

export class Marks implements vscode.Disposable {
  readonly bindings: BindingStore;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #differs = new Map<MachineId, string>();
  #vagrant: ReadonlyMap<MachineId, VagrantLink> = new Map();

  constructor(state: vscode.Memento) {
    this.bindings = new BindingStore(state);
    this.bindings.onDidChange(() => { this.#changed.fire(); });
  }

  of(id: MachineId): Mark | undefined {
    const owner = this.bindings.ownerOf(id);
    if (owner) {
      const file = decodeURIComponent(owner.file.slice(owner.file.lastIndexOf('/') + 1));
      const differs = this.#differs.get(id);
      return { short: differs === undefined ? file : `≠ ${file}`, rows: [[t('File'), `${file} (${owner.name})`], ...differs === undefined ? [] : [[t('Differs from it'), differs] as const]] };
    }
    const link = this.#vagrant.get(id);
    return link && { short: 'Vagrant', rows: [['Vagrant', `${link.folder} (${link.name})`]] };
  }

  /** What a plan found out: its machines differ from the file, or do not. */
  planned(plan: Plan): void {
    let changed = false;
    for (const step of plan.steps) {
      if (!step.machine || step.kind === 'conflict' || step.kind === 'blocked' || step.kind === 'unmanaged') continue;
      const text = step.kind === 'none' ? undefined : step.differences.map(difference => difference.key).join(', ');
      if (this.#differs.get(step.machine.id) === text) continue;
      if (text === undefined) this.#differs.delete(step.machine.id);
      else this.#differs.set(step.machine.id, text);
      changed = true;
    }
    if (changed) this.#changed.fire();
  }

  /** It was brought to what its file says. */
  settled(id: MachineId): void {
    if (this.#differs.delete(id)) this.#changed.fire();
  }

  vagrantLink(id: MachineId): VagrantLink | undefined {
    return this.#vagrant.get(id);
  }

  setVagrant(links: ReadonlyMap<MachineId, VagrantLink>): void {
    const text = (map: ReadonlyMap<MachineId, VagrantLink>): string => JSON.stringify([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (text(links) === text(this.#vagrant)) return;
    this.#vagrant = links;
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
