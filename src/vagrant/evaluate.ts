// Reads a Vagrantfile as Ruby would, as far as values are known without running anything: no file, no process, no network is touched.
// What is not known stops the one statement that needs it, and that is kept or reported.
import { keptText } from './keep.ts';
import { EnvironmentObject, LibraryObject, newestVagrant, pattern } from './rubyLibrary.ts';
import { forget, harmless, mentionsVagrant, talksOnly, writes } from './rubyNodes.ts';
import type { RubyNode, RubySource } from './prism.ts';
import { ConfigObject, Target, type Keep, type Reader } from './recorder.ts';
import { callMethod, format, list } from './rubyMethods.ts';
import { asString, isTrue, known, NotKnown, FileQuestion, PluginQuestion, RubyHash, RubyProc, RubyRange, RubySymbol, Scope, Unknown, UnsetVariable, VagrantObject, type Value } from './rubyValues.ts';

export interface Kept {
  readonly line: number;
  readonly message: string;
  readonly kept: 'custom_config' | 'dropped';
}

/** What Gaia itself writes for whoever a Proxmox server is and who asks: said by the connection, not by the config. */
const ownLookUp = /^\w+\.(?:endpoint\s*=\s*"https:\/\/#\{ENV\["PROXMOX_HOST"\]\}:8006\/api2\/json"|user_name\s*=\s*ENV\["PROXMOX_USER"\]|password\s*=\s*ENV\["PROXMOX_PASSWORD"\])$/;

class Leave extends Error {
  readonly how: 'next' | 'break' | 'return';
  readonly value: Value;
  constructor(how: 'next' | 'break' | 'return', value: Value) {
    super(how);
    this.how = how;
    this.value = value;
  }
}

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
  private keep: Keep | undefined;
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

  private readonly yield = (block: RubyProc, args: readonly Value[]): Value => {
    if (block.node.type === 'SymbolNode') return this.send(args[0] ?? null, asString(this.value(block.node, new Scope())), [], undefined, block.node);
    const scope = new Scope(block.scope);
    this.bind(block.node.parameters as RubyNode | null, args, scope, block.node.type !== 'LambdaNode');
    try {
      return this.statements(block.node.body as RubyNode | null, scope);
    } catch (thrown) {
      if (thrown instanceof Leave && thrown.how === 'next') return thrown.value;
      throw thrown;
    }
  };

  private bind(node: RubyNode | null, given: readonly Value[], scope: Scope, spread: boolean): void {
    if (!node) return;
    if (node.type === 'NumberedParametersNode' || node.type === 'ItParametersNode') {
      scope.variables.set('it', given[0] ?? null);
      given.forEach((one, at) => scope.variables.set(`_${String(at + 1)}`, one));
      return;
    }
    const parameters = (node.type === 'BlockParametersNode' ? node.parameters : node) as RubyNode | null;
    if (!parameters) return;
    const requireds = parameters.requireds as RubyNode[];
    const optionals = parameters.optionals as RubyNode[];
    const posts = parameters.posts as RubyNode[];
    const keywords = parameters.keywords as RubyNode[];
    const rest = parameters.rest as RubyNode | null;
    let values = [...given];
    const named = keywords.length && values.at(-1) instanceof RubyHash ? (values.pop() as RubyHash) : undefined;
    if (spread && values.length === 1 && Array.isArray(values[0]) && requireds.length + optionals.length + posts.length + (rest ? 1 : 0) > 1) values = [...values[0]];
    requireds.forEach(one => { this.assignTo(one, values.shift() ?? null, scope); });
    for (const one of optionals) scope.variables.set(String(one.name), values.length > posts.length ? (values.shift() ?? null) : this.value(one.value as RubyNode, scope));
    if (rest && typeof rest.name === 'string') scope.variables.set(rest.name, values.splice(0, Math.max(0, values.length - posts.length)));
    posts.forEach(one => { this.assignTo(one, values.shift() ?? null, scope); });
    for (const one of keywords) scope.variables.set(String(one.name), named?.get(new RubySymbol(String(one.name))) ?? (one.value ? this.value(one.value as RubyNode, scope) : null));
  }

  private assignTo(target: RubyNode, value: Value, scope: Scope): void {
    switch (target.type) {
      case 'RequiredParameterNode': scope.variables.set(String(target.name), value); return;
      case 'LocalVariableTargetNode': scope.set(String(target.name), value); return;
      case 'GlobalVariableTargetNode': case 'InstanceVariableTargetNode': this.globals.set(String(target.name), value); return;
      case 'MultiTargetNode': {
        const parts = Array.isArray(value) ? [...value] : [value];
        (target.lefts as RubyNode[]).forEach(one => { this.assignTo(one, parts.shift() ?? null, scope); });
        return;
      }
      default: throw new NotKnown('such an assignment');
    }
  }

  /** Statement by statement; one that is not understood is kept or reported, and the next goes on. */
  private statements(node: RubyNode | null, scope: Scope): Value {
    if (!node) return null;
    if (node.type === 'BeginNode') return this.value(node, scope);
    const body = node.body as RubyNode[];
    let last: Value = null;
    body.forEach((statement, at) => {
      if (ownLookUp.test(this.source.text(statement.location))) return;
      const mark = this.mark();
      try {
        last = this.value(statement, scope);
      } catch (thrown) {
        if (!(thrown instanceof NotKnown)) throw thrown;
        const touches = mentionsVagrant(statement, scope);
        const top = node === this.source.tree.statements;
        if (touches && !this.keep && !top) throw thrown;
        if (!touches && at === body.length - 1 && this.depth > 0 && !top && !writes(statement)) throw thrown;
        this.rollBack(mark);
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

  private rollBack(mark: () => void): void {
    mark();
  }

  /** The value of a node. */
  value(node: RubyNode | null | undefined, scope: Scope): Value {
    if (!node) return null;
    if (++this.steps > mostSteps) throw new Error('This Vagrantfile takes too many steps to read.');
    if (++this.depth > 400) throw new NotKnown('code nested too deeply');
    try {
      return this.evaluate(node, scope);
    } finally {
      this.depth--;
    }
  }

  private evaluate(node: RubyNode, scope: Scope): Value {
    const child = (field: string): RubyNode | null => (node[field] as RubyNode | null | undefined) ?? null;
    const children = (field: string): RubyNode[] => (node[field] as RubyNode[] | undefined) ?? [];
    const name = String(node.name);
    switch (node.type) {
      case 'StatementsNode': return this.statements(node, scope);
      case 'ParenthesesNode': return this.value(child('body'), scope);
      case 'NilNode': return null;
      case 'TrueNode': return true;
      case 'FalseNode': return false;
      case 'IntegerNode': return integer(this.source.text(node.location));
      case 'FloatNode': return Number(this.source.text(node.location).replaceAll('_', ''));
      case 'StringNode': return this.unescaped(node, 'contentLoc');
      case 'SymbolNode': return new RubySymbol(this.unescaped(node, 'valueLoc'));
      case 'InterpolatedStringNode': return children('parts').map(part => asString(this.value(part, scope))).join('');
      case 'InterpolatedSymbolNode': return new RubySymbol(children('parts').map(part => asString(this.value(part, scope))).join(''));
      case 'EmbeddedStatementsNode': return this.value(child('statements'), scope);
      case 'EmbeddedVariableNode': return this.value(child('variable'), scope);
      case 'ArrayNode': return children('elements').flatMap(one => (one.type === 'SplatNode' ? list(this.value(one.expression as RubyNode, scope)) : [this.value(one, scope)]));
      case 'HashNode': case 'KeywordHashNode': return this.hash(children('elements'), scope);
      case 'RangeNode': return this.range(node, scope);
      case 'ImplicitNode': return this.value(child('value'), scope);
      case 'LocalVariableReadNode': return scope.find(name) ?? null;
      case 'ItLocalVariableReadNode': return scope.find('it') ?? null;
      case 'GlobalVariableReadNode': case 'InstanceVariableReadNode': {
        const value = this.globals.get(name);
        if (value === undefined && this.loadsOthers) throw new NotKnown(name);
        return value ?? null;
      }
      case 'ConstantReadNode': return this.constant(name);
      case 'SourceFileNode': return 'Vagrantfile';
      case 'LocalVariableWriteNode': return this.write(value => { scope.set(name, value); }, child('value'), scope);
      case 'GlobalVariableWriteNode': case 'InstanceVariableWriteNode': return this.write(value => { this.globals.set(name, value); }, child('value'), scope);
      case 'ConstantWriteNode': return this.write(value => { this.constants.set(name, value); }, child('value'), scope);
      case 'LocalVariableOrWriteNode': { const now = scope.find(name) ?? null; return isTrue(now) ? now : this.write(value => { scope.set(name, value); }, child('value'), scope); }
      case 'GlobalVariableOrWriteNode': case 'InstanceVariableOrWriteNode': { const now = this.globals.get(name) ?? null; return isTrue(now) ? now : this.write(value => { this.globals.set(name, value); }, child('value'), scope); }
      case 'LocalVariableOperatorWriteNode': { const made = callMethod(scope.find(name) ?? null, String(node.binaryOperator), [this.value(child('value'), scope)], undefined, this.yield); scope.set(name, made); return made; }
      case 'GlobalVariableOperatorWriteNode': case 'InstanceVariableOperatorWriteNode': { const made = callMethod(this.globals.get(name) ?? null, String(node.binaryOperator), [this.value(child('value'), scope)], undefined, this.yield); this.globals.set(name, made); return made; }
      case 'IndexOrWriteNode': case 'IndexOperatorWriteNode': return this.indexWrite(node, scope);
      case 'CallOrWriteNode': case 'CallOperatorWriteNode': return this.attributeWrite(node, scope);
      case 'MultiWriteNode': {
        const value = this.value(child('value'), scope);
        const parts = Array.isArray(value) ? [...value] : [value];
        for (const target of children('lefts')) this.assignTo(target, parts.shift() ?? null, scope);
        return value;
      }
      case 'IfNode': return this.choose(child('predicate'), child('statements'), child('subsequent'), scope);
      case 'UnlessNode': return this.choose(child('predicate'), child('elseClause'), child('statements'), scope);
      case 'RegularExpressionNode': return pattern(this.source.text(node.contentLoc as RubyNode['location']), this.source.text(node.closingLoc as RubyNode['location']));
      case 'ElseNode': return this.value(child('statements'), scope);
      case 'CaseNode': return this.caseOf(node, scope);
      case 'WhileNode': case 'UntilNode': return this.loop(node, scope);
      case 'ForNode': return this.forLoop(node, scope);
      case 'AndNode': { const left = this.value(child('left'), scope); return isTrue(left) ? this.value(child('right'), scope) : left; }
      case 'OrNode': { const left = this.value(child('left'), scope); return isTrue(left) ? left : this.value(child('right'), scope); }
      case 'BeginNode': return this.value(child('statements'), scope);
      case 'RescueModifierNode': return this.value(child('expression'), scope);
      case 'DefNode': this.methods.set(name, node); return new RubySymbol(name);
      case 'ClassNode': case 'ModuleNode': this.constants.set(name, new Unknown(`the class ${name}`)); return null;
      case 'LambdaNode': return new RubyProc(node, scope);
      case 'NextNode': throw new Leave('next', this.first(child('arguments'), scope));
      case 'BreakNode': throw new Leave('break', this.first(child('arguments'), scope));
      case 'ReturnNode': throw new Leave('return', this.first(child('arguments'), scope));
      case 'DefinedNode': return this.isDefined(child('value'), scope);
      case 'ConstantPathNode': return this.path(this.source.text(node.location));
      case 'SelfNode': throw new NotKnown('self');
      case 'CallNode': return this.callNode(node, scope);
      default: throw new NotKnown(`${node.type.replace(/Node$/, '')}: ${firstLine(this.source.text(node.location))}`);
    }
  }

  /** Prism's own decoder takes U+FEFF at a text's start for a byte order mark, and drops one. */
  private unescaped(node: RubyNode, content: string): string {
    const { value } = node.unescaped as { value: string };
    const written = node[content] ? this.source.text(node[content] as RubyNode['location']) : '';
    const opening = node.openingLoc ? this.source.text(node.openingLoc as RubyNode['location']) : '';
    const raw = opening === "'" || opening.startsWith('%q');
    return written.startsWith('\ufeff') || (!raw && /^\\u\{?feff/i.test(written)) ? `\ufeff${value}` : value;
  }

  private first(node: RubyNode | null, scope: Scope): Value {
    const args = (node?.arguments as RubyNode[] | undefined) ?? [];
    return args.length > 1 ? args.map(one => this.value(one, scope)) : this.value(args[0], scope);
  }

  /** A value that is not known goes into the variable as such: it is enough for what does not use it. */
  private write(set: (value: Value) => void, node: RubyNode | null, scope: Scope): Value {
    let value: Value;
    try {
      value = this.value(node, scope);
    } catch (thrown) {
      if (!(thrown instanceof NotKnown)) throw thrown;
      if (node && mentionsVagrant(node, scope)) throw thrown;
      value = new Unknown(thrown.message);
    }
    set(value);
    return value;
  }

  private hash(elements: readonly RubyNode[], scope: Scope): RubyHash {
    const made = new RubyHash();
    for (const one of elements) {
      if (one.type === 'AssocSplatNode') {
        const inner = known(this.value(one.value as RubyNode, scope));
        if (!(inner instanceof RubyHash)) throw new NotKnown('a hash made of something else');
        for (const [key, value] of inner.entries()) made.set(key, value);
      } else made.set(this.value(one.key as RubyNode, scope), this.value(one.value as RubyNode, scope));
    }
    return made;
  }

  private range(node: RubyNode, scope: Scope): Value {
    const from = known(this.value(node.left as RubyNode | null, scope));
    const to = known(node.right ? this.value(node.right as RubyNode, scope) : -1);
    const open = this.source.text(node.operatorLoc as RubyNode['location']) === '...';
    if (typeof from === 'number' && typeof to === 'number') return new RubyRange(from, open ? to - 1 : to);
    if (typeof from === 'string' && typeof to === 'string' && from.length === 1 && to.length === 1) return new RubyRange(from.charCodeAt(0), to.charCodeAt(0) - (open ? 1 : 0)).toArray().map(code => String.fromCharCode(code));
    throw new NotKnown('such a range');
  }

  private constant(name: string): Value {
    const value = this.constants.get(name);
    if (value !== undefined) return value;
    if (name === 'ENV') return new EnvironmentObject(this);
    // The file is read as `vagrant up` would read it.
    if (name === 'ARGV') return ['up'];
    if (['Array', 'Hash', 'YAML', 'JSON'].includes(name)) return new LibraryObject(name, this);
    if (name === 'Vagrant' || name === 'File' || name === 'Dir' || name === 'IO') return new LibraryObject(name, this);
    throw new NotKnown(name);
  }

  private path(text: string): Value {
    const value = this.constants.get(text);
    if (value !== undefined) return value;
    if (text === 'Vagrant::VERSION') return newestVagrant;
    if (text === 'File::RDONLY') return 0;
    if (text === 'Gem::Version') return new LibraryObject(text, this);
    throw new NotKnown(text);
  }

  /** Both ways of a condition that is not known may come to the same: nothing that concerns a machine. */
  private choose(predicate: RubyNode | null, then: RubyNode | null, otherwise: RubyNode | null, scope: Scope): Value {
    let answer: boolean;
    try {
      const value = this.value(predicate, scope);
      if (value instanceof PluginQuestion && this.plugin === undefined && talksOnly(otherwise)) return this.ifPlugin(value.plugin, then, scope);
      if (value instanceof FileQuestion && this.unlessExists === undefined && talksOnly(then)) return this.unlessFile(value.path, otherwise, scope);
      answer = isTrue(value);
    } catch (thrown) {
      if (thrown instanceof NotKnown && talksOnly(then) && talksOnly(otherwise)) return null;
      throw thrown;
    }
    return this.value(answer ? then : otherwise, scope);
  }

  private unlessFile(path: string, then: RubyNode | null, scope: Scope): Value {
    if (talksOnly(then)) return null;
    const { keep } = this;
    this.keep = undefined;
    this.unlessExists = path;
    try {
      return this.value(then, scope);
    } finally {
      this.keep = keep;
      this.unlessExists = undefined;
    }
  }

  private ifPlugin(plugin: string, then: RubyNode | null, scope: Scope): Value {
    if (talksOnly(then)) return null;
    const { keep } = this;
    this.keep = undefined;
    this.plugin = plugin;
    try {
      return this.value(then, scope);
    } finally {
      this.keep = keep;
      this.plugin = undefined;
    }
  }

  private caseOf(node: RubyNode, scope: Scope): Value {
    const subject = node.predicate ? known(this.value(node.predicate as RubyNode, scope)) : undefined;
    for (const one of node.conditions as RubyNode[]) {
      for (const condition of (one.conditions as RubyNode[] | undefined) ?? []) {
        const value = this.value(condition, scope);
        const hit = subject === undefined ? isTrue(value) : isTrue(callMethod(value, '===', [subject], undefined, this.yield));
        if (hit) return this.value(one.statements as RubyNode | null, scope);
      }
    }
    return this.value(node.elseClause as RubyNode | null, scope);
  }

  private loop(node: RubyNode, scope: Scope): Value {
    for (let turns = 0; isTrue(this.value(node.predicate as RubyNode, scope)) === (node.type === 'WhileNode'); turns++) {
      if (turns > 10_000) throw new NotKnown('a loop without an end');
      this.value(node.statements as RubyNode | null, scope);
    }
    return null;
  }

  private forLoop(node: RubyNode, scope: Scope): Value {
    for (const one of list(this.value(node.collection as RubyNode, scope))) {
      this.assignTo(node.index as RubyNode, one, scope);
      this.value(node.statements as RubyNode | null, scope);
    }
    return null;
  }

  private isDefined(node: RubyNode | null, scope: Scope): Value {
    if (node?.type === 'LocalVariableReadNode') return scope.find(String(node.name)) === undefined ? null : 'local-variable';
    if (node?.type === 'ConstantReadNode') return this.constants.has(String(node.name)) ? 'constant' : null;
    if (node?.type === 'GlobalVariableReadNode') return this.globals.has(String(node.name)) ? 'global-variable' : null;
    throw new NotKnown('defined?');
  }

  private indexWrite(node: RubyNode, scope: Scope): Value {
    const receiver = this.value(node.receiver as RubyNode, scope);
    const args = this.args(node.arguments as RubyNode | null, scope);
    const now = this.send(receiver, '[]', args, undefined, node);
    if (node.type === 'IndexOrWriteNode' && isTrue(now)) return now;
    const value = this.value(node.value as RubyNode, scope);
    return this.send(receiver, '[]=', [...args, node.type === 'IndexOrWriteNode' ? value : callMethod(now, String(node.binaryOperator), [value], undefined, this.yield)], undefined, node);
  }

  private attributeWrite(node: RubyNode, scope: Scope): Value {
    const receiver = this.value(node.receiver as RubyNode, scope);
    const now = this.send(receiver, String(node.readName), [], undefined, node);
    if (node.type === 'CallOrWriteNode' && isTrue(now)) return now;
    const value = this.value(node.value as RubyNode, scope);
    return this.send(receiver, String(node.writeName), [node.type === 'CallOrWriteNode' ? value : callMethod(now, String(node.binaryOperator), [value], undefined, this.yield)], undefined, node);
  }

  private args(node: RubyNode | null, scope: Scope): Value[] {
    return ((node?.arguments as RubyNode[] | undefined) ?? []).flatMap(one => (one.type === 'SplatNode' ? list(this.value(one.expression as RubyNode, scope)) : [this.value(one, scope)]));
  }

  private callNode(node: RubyNode, scope: Scope): Value {
    const name = String(node.name);
    const receiverNode = node.receiver as RubyNode | null;
    const blockNode = node.block as RubyNode | null;
    if (!receiverNode) return this.ownCall(name, node, blockNode, scope);
    if (name === 'run' && this.source.text(receiverNode.location) === 'Vagrant::Config') throw new NotKnown('a Vagrantfile of version 1');
    const receiver = this.value(receiverNode, scope);
    if (name === 'configure' && blockNode?.type === 'BlockNode' && this.source.text(receiverNode.location) === 'Vagrant') return this.configure(new RubyProc(blockNode, scope));
    // `a&.b`
    if ((receiver === null || receiver instanceof UnsetVariable) && this.source.text((node.callOperatorLoc as RubyNode['location'] | null) ?? { startOffset: 0, length: 0 }) === '&.') return null;
    const args = this.args(node.arguments as RubyNode | null, scope);
    const block = this.block(blockNode, scope);
    if (name === '<<' && typeof receiver === 'string' && receiverNode.type === 'LocalVariableReadNode') {
      const made = receiver + asString(args[0] ?? null);
      scope.set(String(receiverNode.name), made);
      return made;
    }
    if (receiver instanceof RubyProc) {
      if (name === 'call' || name === '()' || name === '[]' || name === 'yield') return this.yield(receiver, args);
      throw new NotKnown(name);
    }
    return this.breakable(() => this.send(receiver, name, args, block, node));
  }

  private breakable(run: () => Value): Value {
    try {
      return run();
    } catch (thrown) {
      if (thrown instanceof Leave && thrown.how === 'break') return thrown.value;
      throw thrown;
    }
  }

  private block(node: RubyNode | null, scope: Scope): RubyProc | undefined {
    if (!node) return undefined;
    if (node.type === 'BlockNode') return new RubyProc(node, scope);
    const given = node.expression as RubyNode | null;
    if (given?.type === 'SymbolNode') return new RubyProc(given, undefined);
    const value = this.value(given, scope);
    if (value instanceof RubyProc) return value;
    throw new NotKnown('such a block');
  }

  private send(receiver: Value, name: string, args: readonly Value[], block: RubyProc | undefined, node: RubyNode): Value {
    if (receiver instanceof VagrantObject) {
      if (name === '==' || name === '!=' || name === 'nil?') throw new NotKnown('a comparison of Vagrant\'s objects');
      return receiver.call(name, args, block, node);
    }
    return callMethod(receiver, name, args, block, this.yield);
  }

  /** A call without a receiver: a method of the file, or one of Ruby's. */
  private ownCall(name: string, node: RubyNode, blockNode: RubyNode | null, scope: Scope): Value {
    const method = this.methods.get(name);
    if (method) {
      const args = this.args(node.arguments as RubyNode | null, scope);
      const inner = new Scope();
      this.bind(method.parameters as RubyNode | null, args, inner, false);
      const block = this.block(blockNode, scope);
      if (block) inner.variables.set('&', block);
      try {
        return this.value(method.body as RubyNode | null, inner);
      } catch (thrown) {
        if (thrown instanceof Leave && thrown.how === 'return') return thrown.value;
        throw thrown;
      }
    }
    if (name === 'it' && scope.find('it') !== undefined) return scope.find('it') ?? null;
    if (name === 'require_relative' || name === 'load' || (name === 'require' && !/^['"][\w/-]+['"]$/.test(this.source.text((node.arguments as RubyNode | null)?.location ?? { startOffset: 0, length: 0 })))) this.loadsOthers = true;
    if (harmless.has(name)) return null;
    const args = this.args(node.arguments as RubyNode | null, scope);
    const block = this.block(blockNode, scope);
    switch (name) {
      case 'format': case 'sprintf': return format(asString(args[0] ?? null), args.slice(1));
      case 'lambda': case 'proc': return block ?? null;
      case 'Integer': return typeof args[0] === 'number' ? args[0] : Number.parseInt(asString(args[0] ?? null), 10);
      case 'String': return asString(args[0] ?? null);
      case 'Array': return args[0] === null ? [] : Array.isArray(args[0]) ? args[0] : [args[0] ?? null];
      case '__dir__': return '.';
      case 'loop': throw new NotKnown('a loop without an end');
      default: throw new NotKnown(name);
    }
  }

  /** `Vagrant.configure("2") { |config| … }` */
  configure(block: RubyProc): Value {
    return this.runBlock(block, [new ConfigObject(this.all, this)], { target: this.all });
  }
}

function integer(text: string): number {
  const plain = text.replaceAll('_', '');
  const octal = /^(-?)0o?([0-7]+)$/.exec(plain);
  return octal ? Number.parseInt(octal[2] ?? '0', 8) * (octal[1] === '-' ? -1 : 1) : Number(plain);
}

const firstLine = (text: string): string => text.split('\n')[0]?.slice(0, 80) ?? '';

