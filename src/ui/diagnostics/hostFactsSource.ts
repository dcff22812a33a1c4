// Gathers what the checks want to know of this computer: at once what is known, later what has to be looked up; a change is told by an event.
import * as vscode from 'vscode';
import type { HostFacts, RubyProblem, WantedFacts } from '../../config/check.ts';
import { rubyProblems } from '../../config/ruby.ts';
import { listStore, vagrantHome } from '../../images/boxStore.ts';
import { networksConfPath, parseNetworksConf } from '../../machines/hostOnlyRanges.ts';
import { readText } from '../../system/files.ts';
import { hostResources, takenPorts } from '../../system/hostFacts.ts';
import { thisPlatform } from '../../system/platform.ts';
import { rubyParser } from '../../system/rubyParser.ts';
import type { Parts } from '../parts.ts';
import { hostPathUri } from './hostPath.ts';

/** How long an answer holds before it is looked up again, in ms. */
const holds = { ports: 10_000, paths: 5_000, computer: 60_000 } as const;

export class HostFactsSource implements vscode.Disposable {
  readonly #parts: Pick<Parts, 'registry' | 'fleet' | 'log'>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscriptions: { dispose(): unknown }[];
  /** What holds for all documents. */
  #computer: HostFacts = hostResources();
  #computerAt = -Infinity;
  #ports: { readonly taken: ReadonlySet<string>; readonly asked: ReadonlySet<string>; readonly at: number } = { taken: new Set(), asked: new Set(), at: -Infinity };
  #ruby: ReadonlyMap<string, readonly RubyProblem[]> = new Map();
  readonly #rubyAsked = new Set<string>();
  readonly #paths = new WeakMap<vscode.TextDocument, { readonly known: ReadonlyMap<string, boolean>; readonly asked: string; readonly at: number }>();
  readonly #combined = new WeakMap<vscode.TextDocument, { readonly parts: readonly unknown[]; readonly facts: HostFacts }>();
  #disposed = false;

  constructor(parts: Pick<Parts, 'registry' | 'fleet' | 'log'>) {
    this.#parts = parts;
    this.#subscriptions = [parts.registry.onDidChange(() => { this.#machinesChanged(); }), parts.fleet.onDidChange(change => { if (!isTransient(change)) this.#machinesChanged(); })];
    this.#machinesChanged();
  }

  /** What is known now. The same object as before as long as nothing changed. */
  factsFor(document: vscode.TextDocument): HostFacts {
    const paths = this.#paths.get(document)?.known;
    const parts = [this.#computer, this.#ports.taken, this.#ruby, paths];
    const before = this.#combined.get(document);
    if (before?.parts.every((part, i) => part === parts[i]) === true) return before.facts;
    const facts: HostFacts = { ...this.#computer, takenPorts: this.#ports.taken, ruby: this.#ruby, ...(paths && { paths }) };
    this.#combined.set(document, { parts, facts });
    return facts;
  }

  /** Looks up what `document` wants to know and is not known, or not any more. `again`: whatever its age (the file was saved, the window came back). */
  lookUp(document: vscode.TextDocument, wanted: WantedFacts, again = false): void {
    const now = Date.now();
    const portsAsked = new Set(wanted.ports.map(p => `${p.protocol}/${String(p.port)}`));
    if (portsAsked.size > 0 && (again || now - this.#ports.at > holds.ports || [...portsAsked].some(p => !this.#ports.asked.has(p)))) {
      this.#ports = { ...this.#ports, asked: new Set([...this.#ports.asked, ...portsAsked]), at: now };
      this.#later(takenPorts(wanted.ports).then(taken => {
        if (sameSet(taken, this.#ports.taken)) return false;
        this.#ports = { ...this.#ports, taken };
        return true;
      }));
    }
    const asked = wanted.paths.join('\n');
    const paths = this.#paths.get(document);
    if (wanted.paths.length > 0 && (again || paths?.asked !== asked || now - paths.at > holds.paths)) {
      this.#paths.set(document, { known: paths?.known ?? new Map(), asked, at: now });
      this.#later(this.#existing(document.uri, wanted.paths).then(known => {
        const before = this.#paths.get(document)?.known;
        if (before && before.size === known.size && [...known].every(([path, there]) => before.get(path) === there)) return false;
        this.#paths.set(document, { known, asked, at: now });
        return true;
      }));
    }
    const ruby = wanted.ruby.filter(source => !this.#rubyAsked.has(source));
    if (ruby.length > 0) {
      for (const source of ruby) this.#rubyAsked.add(source);
      this.#later(rubyParser().then(parse => {
        const known = new Map([...this.#ruby].slice(-200));
        for (const source of ruby) known.set(source, rubyProblems(source, parse));
        this.#ruby = known;
        return true;
      }));
    }
    if (now - this.#computerAt > holds.computer) {
      this.#computerAt = now;
      this.#later(this.#lookAtComputer());
    }
  }

  dispose(): void {
    this.#disposed = true;
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #lookAtComputer(): Promise<boolean> {
    const { platform, os, env, home } = { ...thisPlatform(), platform: process.platform };
    const boxes = await listStore(`${vagrantHome(env, home)}/boxes`).catch(() => []);
    const hostOnlyNetworks = os === 'win32' ? undefined : parseNetworksConf(await readText(networksConfPath).catch(() => undefined));
    const virtualboxVersion = os === 'darwin' || os === 'linux' ? await this.#virtualBoxVersion() : undefined;
    const next: HostFacts = { ...this.#computer, platform, boxes, ...(hostOnlyNetworks && { hostOnlyNetworks }), ...(virtualboxVersion !== undefined && { virtualboxVersion }) };
    if (JSON.stringify(comparable(next)) === JSON.stringify(comparable(this.#computer))) return false;
    this.#computer = next;
    return true;
  }

  async #virtualBoxVersion(): Promise<string | undefined> {
    const provider = this.#parts.registry.get('virtualbox');
    return provider ? (await provider.diagnose(AbortSignal.timeout(10_000)).catch(() => undefined))?.version : undefined;
  }

  /** Which providers there are, and which machines run: their ports are theirs. */
  #machinesChanged(): void {
    const providers = [...new Set(this.#parts.registry.all().map(p => p.id))];
    const running = new Set(this.#parts.fleet.entries().flatMap(({ provider, machines }) => machines.filter(m => m.state !== 'stopped' && m.state !== 'suspended').map(m => `${provider.id}/${m.name}`)));
    if (sameSet(running, this.#computer.running ?? new Set()) && providers.join() === (this.#computer.providers ?? []).join()) return;
    this.#computer = { ...this.#computer, providers, running };
    this.#ports = { ...this.#ports, at: -Infinity };
    this.#changed.fire();
  }

  async #existing(document: vscode.Uri, paths: readonly string[]): Promise<ReadonlyMap<string, boolean>> {
    const known = new Map<string, boolean>();
    await Promise.all(paths.map(async path => {
      const uri = hostPathUri(document, path);
      if (!uri) return;
      try {
        await vscode.workspace.fs.stat(uri);
        known.set(path, true);
      } catch (error) {
        // Anything but "not there" (no permission, no such file system) says nothing.
        if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') known.set(path, false);
      }
    }));
    return known;
  }

  #later(work: Promise<boolean>): void {
    work.then(changed => { if (changed && !this.#disposed) this.#changed.fire(); }, (error: unknown) => { this.#parts.log.error(error); });
  }
}

function comparable({ takenPorts: _ports, paths: _paths, running, ruby: _ruby, hostOnlyNetworks, ...rest }: HostFacts): unknown {
  return { ...rest, running: [...(running ?? [])], networks: hostOnlyNetworks?.ranges.map(range => range.text) };
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every(item => b.has(item));
}

/** A change of status alone (a list that began) says nothing about machines. */
function isTransient(change: { readonly added?: readonly unknown[]; readonly removed?: readonly unknown[]; readonly changed?: readonly unknown[] }): boolean {
  return [change.added, change.removed, change.changed].every(list => list === undefined || list.length === 0);
}
