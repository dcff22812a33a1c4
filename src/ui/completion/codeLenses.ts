// A line over each machine: how it is, and what one does next.
import * as vscode from 'vscode';
import { machineSpec } from '../../config/spec.ts';
import type { ParsedMachine } from '../../config/model.ts';
import type { Machine } from '../../machines/machine.ts';
import { verbs } from '../../machines/actions.ts';
import { rangeIn } from '../diagnostics/diagnostics.ts';
import { isGaiaDocument } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { stateWords } from '../words.ts';
import type { GaiaDocuments } from './documents.ts';

/** Of a longer file only the machines on the screen have lenses, and so many above and below it: tens of thousands of them would keep VS Code busy for seconds. */
const mostMachines = 300;
const scrolledAfterMs = 150;

export class MachineLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #documents: GaiaDocuments;
  readonly #parts: Pick<Parts, 'fleet' | 'registry' | 'ensureProviders' | 'log' | 'marks'>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #subscriptions: readonly { dispose(): unknown }[];
  #looked = false;
  #scrolled: NodeJS.Timeout | undefined;

  constructor(documents: GaiaDocuments, parts: Pick<Parts, 'fleet' | 'registry' | 'ensureProviders' | 'log' | 'marks'>) {
    this.#documents = documents;
    this.#parts = parts;
    this.#subscriptions = [parts.fleet.onDidChange(() => { this.#changed.fire(); }), parts.marks.onDidChange(() => { this.#changed.fire(); }), vscode.window.onDidChangeTextEditorVisibleRanges(event => { this.#onScroll(event.textEditor.document); })];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!isGaiaDocument(document)) return [];
    this.#look();
    const { machines } = this.#documents.parsed(document);
    const lens = (range: vscode.Range, title: string, command: string, ...args: unknown[]): vscode.CodeLens => new vscode.CodeLens(range, { title, command, arguments: args });
    return near(document, machines).filter(m => m.name !== '').flatMap(machine => {
      const range = rangeIn(document, { offset: machine.range.offset, length: 1 });
      // What this file made stays its own under any name; a namesake is only looked at where there is none.
      const id = this.#parts.marks.bindings.of(document.uri.toString()).get(machine.name);
      const own = id && this.#parts.fleet.machine(id);
      const there = own ? [own] : this.#machinesFor(machine);
      const [only] = there;
      const apply = { machine: machine.name };
      const lenses: vscode.CodeLens[] = [];
      if (only && there.length === 1) {
        lenses.push(lens(range, `$(${stateIcon(only)}) ${stateWords[only.state]()}`, 'gaia.machine.showDetails', only.id));
        // A namesake that no apply of this file made is not the file's to change.
        if (own) lenses.push(lens(range, t('Apply Changes'), 'gaia.config.apply', document.uri, apply));
        else lenses.push(lens(range, t('Adopt'), 'gaia.config.adopt', document.uri, apply));
      } else if (only) lenses.push(lens(range, t('{0} machines of this name', there.length), 'gaia.config.plan', document.uri));
      else lenses.push(lens(range, `$(add) ${t('Create')}`, 'gaia.config.apply', document.uri, apply));
      lenses.push(lens(range, t('Preview'), 'gaia.config.preview', document.uri, apply));
      if (only && there.length === 1) {
        if (isPossible(only, 'start')) lenses.push(lens(range, `$(debug-start) ${t('Start')}`, 'gaia.machine.start', only.id));
        if (isPossible(only, 'shutDown')) lenses.push(lens(range, `$(debug-stop) ${t('Stop')}`, 'gaia.machine.stop', only.id));
      }
      return lenses;
    });
  }

  #onScroll(document: vscode.TextDocument): void {
    if (!isGaiaDocument(document) || this.#documents.parsed(document).machines.length <= mostMachines) return;
    clearTimeout(this.#scrolled);
    this.#scrolled = setTimeout(() => { this.#changed.fire(); }, scrolledAfterMs);
  }

  dispose(): void {
    clearTimeout(this.#scrolled);
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #machinesFor(machine: ParsedMachine): readonly Machine[] {
    const { name, provider, connection, options } = machineSpec(machine);
    // Providers' own names for a machine that shall be called otherwise there.
    const names = new Set([name, ...['name', 'vmname', 'distribution_name'].map(key => options[key]).filter(n => typeof n === 'string')]);
    return this.#parts.fleet.entries()
      .filter(entry => entry.provider.id === provider && (connection === undefined || [entry.provider.connection.id, entry.provider.connection.label].includes(connection)))
      .flatMap(entry => entry.machines.filter(m => names.has(m.name)));
  }

  /** A Gaia file is open: the machines may be asked for, once. */
  #look(): void {
    if (this.#looked) return;
    this.#looked = true;
    void this.#parts.ensureProviders().then(async () => {
      if (this.#parts.fleet.entries().some(entry => entry.status.kind === 'notAsked')) await this.#parts.fleet.refresh();
      this.#changed.fire();
    }, (error: unknown) => { this.#parts.log.error(error); });
  }
}

function isPossible(machine: Machine, verb: 'start' | 'shutDown'): boolean {
  const { from } = verbs[verb];
  return machine.template !== true && (from === 'any' || from.includes(machine.state));
}

function stateIcon({ state }: Machine): string {
  if (state === 'running') return 'vm-running';
  if (state === 'stopped' || state === 'paused' || state === 'suspended') return 'vm-outline';
  return state === 'error' ? 'error' : 'sync';
}

/** All of a usual file; of a long one those around what its editors show. */
function near(document: vscode.TextDocument, machines: readonly ParsedMachine[]): readonly ParsedMachine[] {
  if (machines.length <= mostMachines) return machines;
  const shown = vscode.window.visibleTextEditors.filter(editor => editor.document === document).flatMap(editor => editor.visibleRanges)
    .map(range => [document.offsetAt(range.start), document.offsetAt(range.end)] as const);
  const kept = new Set<ParsedMachine>();
  for (const [start, end] of shown) {
    const first = machines.findIndex(machine => machine.range.offset + machine.range.length >= start);
    const after = machines.findIndex(machine => machine.range.offset > end);
    if (first < 0) continue;
    for (const machine of machines.slice(Math.max(0, first - mostMachines / 2), Math.min(after < 0 ? machines.length : after, first + mostMachines) + mostMachines / 2)) kept.add(machine);
  }
  return [...kept];
}
