// Reads a Vagrantfile as Ruby would, as far as values are known without running anything: no file, no process, no network is touched.
// What is not known stops the one statement that needs it, and that is kept or reported.
import { keptText } from './keep.ts';
import { send } from './calls.ts';
import { Leave } from './controlFlow.ts';
import { evaluate } from './expressions.ts';
import { bind } from './parameters.ts';
import type { RubyNode, RubySource } from './prism.ts';
import { ConfigObject, Target, type Keep, type Reader } from './recorder.ts';
import { forget, mentionsVagrant, writes } from './rubyNodes.ts';
import { asString, NotKnown, Scope, Unknown, type RubyProc, type Value } from './rubyValues.ts';

export interface Kept {
  readonly line: number;
  readonly message: string;
  readonly kept: 'custom_config' | 'dropped';
}

/** What Gaia itself writes for whoever a Proxmox server is and who asks: said by the connection, not by the config. */
const ownLookUp = /^\w+\.(?:endpoint\s*=\s*"https:\/\/#\{ENV\["PROXMOX_HOST"\]\}:8006\/api2\/json"|user_name\s*=\s*ENV\["PROXMOX_USER"\]|password\s*=\s*ENV\["PROXMOX_PASSWORD"\])$/;

/** More steps than any Vagrantfile takes: a loop without an end must not hang the editor. */
const mostSteps = 500_000;

export class Interpreter implements Reader {
  readonly all = new Target(undefined, 1);
  readonly machines = new Map<string, Target>();
  readonly report: Kept[] = [];
  readonly constants = new Map<string, Value>();
  readonly globals = new Map<string, Value>();
  readonly methods = new Map<string, RubyNode>();
  /** ENV as the file itself sets it. */
  readonly environment = new Map<string, Value>();
  readonly source: RubySource;
  plugin: string | undefined;
  unlessExists: string | undefined;
  /** Another file of the project is loaded: it may have set any variable. */
  loadsOthers = false;
  /** Where a statement goes that is not understood; undefined: it stops the block it stands in. */
  keep: Keep | undefined;
  private steps = 0;
  private depth = 0;

  /** Files beside the Vagrantfile, by their path from there; undefined: nothing is known of any. */
  readonly files: ReadonlyMap<string, string> | undefined;

  constructor(source: RubySource, files?: ReadonlyMap<string, string>) {
    this.source = source;
    this.files = files;
  }

  run(): void {
    this.statements(this.source.tree.statements as RubyNode, new Scope());
  }

  line(node: RubyNode): number {
    return this.source.line(node.location.startOffset);
  }

  machine(name: string, node: RubyNode): Target {
    let target = this.machines.get(name);
    if (!target) this.machines.set(name, (target = new Target(name, this.line(node))));
    return target;
  }

  /** Runs a block for `config`, a provider … : what it does not understand goes where `keep` says; undefined: it stops the whole block. */
  runBlock(block: RubyProc, args: readonly Value[], keep: Keep | undefined): Value {
    const before = this.keep;
    this.keep = keep;
    try {
      return this.yield(block, args);
    } finally {
      this.keep = before;
    }
  }

  readonly yield = (block: RubyProc, args: readonly Value[]): Value => {
    if (block.node.type === 'SymbolNode') return send(this, args[0] ?? null, asString(this.value(block.node, new Scope())), [], undefined, block.node);
    const scope = new Scope(block.scope);
    bind(this, block.node.parameters as RubyNode | null, args, scope, block.node.type !== 'LambdaNode');
    try {
      return this.statements(block.node.body as RubyNode | null, scope);
    } catch (thrown) {
      if (thrown instanceof Leave && thrown.how === 'next') return thrown.value;
      throw thrown;
    }
  };

  /** Statement by statement; one that is not understood is kept or reported, and the next goes on. */
  statements(node: RubyNode | null, scope: Scope): Value {
    if (!node) return null;
    if (node.type === 'BeginNode') return this.value(node, scope);
    const body = node.body as RubyNode[];
    let last: Value = null;
    body.forEach((statement, at) => {
      if (ownLookUp.test(this.source.text(statement.location))) return;
      const rollBack = this.mark();
      try {
        last = this.value(statement, scope);
      } catch (thrown) {
        if (!(thrown instanceof NotKnown)) throw thrown;
        const touches = mentionsVagrant(statement, scope);
        const top = node === this.source.tree.statements;
        if (touches && !this.keep && !top) throw thrown;
        if (!touches && at === body.length - 1 && this.depth > 0 && !top && !writes(statement)) throw thrown;
        rollBack();
        forget(statement, scope, this, thrown.message);
        if (touches) this.keepStatement(statement, scope, thrown.message);
        last = new Unknown(thrown.message);
      }
    });
    return last;
  }

  private keepStatement(statement: RubyNode, scope: Scope, why: string): void {
    const { keep } = this;
    const line = this.line(statement);
    const text = keep && keptText(statement, scope, this, keep);
    const message = `Not known without running the file: ${why}`;
    if (text === undefined) this.report.push({ line, message, kept: 'dropped' });
    else {
      keep?.target.done.push({ kind: 'custom', text, line });
      this.report.push({ line, message, kept: 'custom_config' });
    }
  }

  /** What was done so far; the function that comes back takes away what was done since. */
  private mark(): () => void {
    const lengths = [this.all, ...this.machines.values()].map(target => [target, target.done.length] as const);
    const names = new Set(this.machines.keys());
    const reported = this.report.length;
    return () => {
      for (const [target, length] of lengths) target.done.length = length;
      for (const name of [...this.machines.keys()]) if (!names.has(name)) this.machines.delete(name);
      this.report.length = reported;
    };
  }

  /** The value of a node. */
  value(node: RubyNode | null | undefined, scope: Scope): Value {
    if (!node) return null;
    if (++this.steps > mostSteps) throw new Error('This Vagrantfile takes too many steps to read.');
    if (++this.depth > 400) throw new NotKnown('code nested too deeply');
    try {
      return evaluate(this, node, scope);
    } finally {
      this.depth--;
    }
  }

  /** `Vagrant.configure("2") { |config| … }` */
  configure(block: RubyProc): Value {
    return this.runBlock(block, [new ConfigObject(this.all, this)], { target: this.all });
  }
}
