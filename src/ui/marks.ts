// Whose a machine is, for its row: a .gaia.json's (and whether it still is as that says), or a Vagrant project's.
import type * as vscode from 'vscode';
import type { Plan } from '../config/plan/model.ts';
import { Emitter } from '../machines/event.ts';
import type { MachineId } from '../machines/machine.ts';
import { t } from './l10n.ts';
import type { BindingStore } from './plan/bindings.ts';

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

interface Differing {
  readonly key: string;
  /** `memory: 512 MiB → 640 MiB`. */
  readonly text: string;
}

/** What the list of machines tells of one: where it differs from its file, or that the file (or its name in it) is gone. */
export type Drift = { readonly differences: readonly Differing[] } | { readonly gone: 'file' | 'name' };

/** What a list tells, and therefore knows better than an older plan. */
const listedKeys: ReadonlySet<string> = new Set(['name', 'cpus', 'memory']);

/** A tooltip is no page: the rest is in the plan. */
const mostRows = 8;

/** A row for each, under one heading. */
function differing(differences: readonly Differing[]): readonly (readonly [string, string])[] {
  const shown = differences.slice(0, differences.length > mostRows ? mostRows - 1 : mostRows).map(one => one.text);
  const more = differences.length - shown.length;
  return [...shown, ...more > 0 ? [t('and {0} more', more)] : []].map((text, index) => [index === 0 ? t('Differs from it') : '', text]);
}

export class Marks implements vscode.Disposable {
  readonly bindings: BindingStore;
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #planned = new Map<MachineId, readonly Differing[]>();
  #listed: ReadonlyMap<MachineId, Drift> = new Map();
  #vagrant: ReadonlyMap<MachineId, VagrantLink> = new Map();

  constructor(bindings: BindingStore) {
    this.bindings = bindings;
    this.bindings.onDidChange(() => { this.#changed.fire(); });
  }

  of(id: MachineId): Mark | undefined {
    const owner = this.bindings.ownerOf(id);
    if (owner) {
      const file = decodeURIComponent(owner.file.slice(owner.file.lastIndexOf('/') + 1));
      const drift = this.#driftOf(id);
      const rows: (readonly [string, string])[] = [[t('File'), `${file} (${owner.name})`]];
      if ('gone' in drift) {
        rows.push([t('Differs from it'), drift.gone === 'file' ? t('the file is gone') : t('it is no longer in the file')]);
        return { short: `≠ ${file}`, rows };
      }
      rows.push(...differing(drift.differences));
      return { short: drift.differences.length > 0 ? `≠ ${file}` : file, rows };
    }
    const link = this.#vagrant.get(id);
    return link && { short: 'Vagrant', rows: [['Vagrant', `${link.folder} (${link.name})`]] };
  }

  /** What a plan found out: its machines differ from the file, or do not. */
  planned(plan: Plan, say: (difference: Plan['steps'][number]['differences'][number]) => string): void {
    const before = this.#picture();
    const listed = new Map(this.#listed);
    for (const step of plan.steps) {
      if (!step.machine || step.kind === 'conflict' || step.kind === 'blocked') continue;
      const { id } = step.machine;
      const differences = step.differences.map(one => ({ key: one.key, text: say(one) }));
      this.#planned.set(id, differences);
      listed.set(id, step.kind === 'unmanaged' ? { gone: 'name' } : { differences: differences.filter(one => listedKeys.has(one.key)) });
    }
    this.#listed = listed;
    this.#tell(before);
  }

  /** What a look at the machines found out, of all that belong to files. */
  listed(drifts: ReadonlyMap<MachineId, Drift>): void {
    const before = this.#picture();
    this.#listed = drifts;
    this.#tell(before);
  }

  /** It was brought to what its file says. */
  settled(id: MachineId): void {
    const before = this.#picture();
    this.#planned.delete(id);
    this.#listed = new Map([...this.#listed].filter(([one]) => one !== id));
    this.#tell(before);
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
    this.bindings.dispose();
    this.#changed.dispose();
  }

  #driftOf(id: MachineId): Drift {
    const listed = this.#listed.get(id);
    const planned = this.#planned.get(id) ?? [];
    if (!listed) return { differences: planned };
    if ('gone' in listed) return listed;
    return { differences: [...listed.differences, ...planned.filter(one => !listedKeys.has(one.key))] };
  }

  /** Rows are drawn again only when one of them says something else. */
  #picture(): string {
    return JSON.stringify([...new Set([...this.#listed.keys(), ...this.#planned.keys()])].sort().map(id => [id, this.#driftOf(id)]));
  }

  #tell(before: string): void {
    if (this.#picture() !== before) this.#changed.fire();
  }
}
