// What Vagrantfiles take from Ruby's library and from Vagrant itself, as far as it needs no disk and no process: ENV, File, YAML, versions, patterns.
import { parse as parseYaml } from 'yaml';
import type { Interpreter } from './evaluate.ts';
import { callMethod } from './rubyMethods.ts';
import { asString, FileQuestion, NotKnown, PluginQuestion, RubyHash, RubyPattern, RubySymbol, UnsetVariable, VagrantObject, type RubyProc, type Value } from './rubyValues.ts';

/** `ENV` */
export class EnvironmentObject extends VagrantObject {
  private readonly interpreter: Interpreter;
  constructor(interpreter: Interpreter) {
    super();
    this.interpreter = interpreter;
  }
  call(name: string, args: readonly Value[], block: RubyProc | undefined): Value {
    const variable = asString(args[0] ?? null);
    const set = this.interpreter.environment.get(variable);
    switch (name) {
      // Vagrant expands `~` in host paths itself.
      case '[]': return set ?? (variable === 'HOME' ? '~' : new UnsetVariable(variable));
      case '[]=': case 'store': this.interpreter.environment.set(variable, args[1] ?? null); return args[1] ?? null;
      case 'fetch':
        if (set !== undefined) return set;
        if (variable === 'HOME') return '~';
        if (args.length > 1) return args[1] ?? null;
        if (block) return this.interpreter.runBlock(block, [variable], undefined);
        throw new NotKnown(`the environment variable ${variable}`);
      case 'key?': case 'has_key?': case 'include?': return set !== undefined;
      default: throw new NotKnown(`ENV.${name}`);
    }
  }
}

/** `Vagrant`, and of `File` and `Dir` what needs no disk: paths stay relative to the Vagrantfile. */
export class LibraryObject extends VagrantObject {
  private readonly library: string;
  private readonly interpreter: Interpreter;
  constructor(library: string, interpreter: Interpreter) {
    super();
    this.library = library;
    this.interpreter = interpreter;
  }
  /** A file's text; undefined: it is not there. */
  private file(path: Value | undefined): string | undefined {
    const { files } = this.interpreter;
    if (!files) throw new NotKnown(`the file ${asString(path ?? null)}`);
    return files.get(expand(asString(path ?? null), undefined));
  }

  call(name: string, args: readonly Value[], block: RubyProc | undefined): Value {
    switch (`${this.library}.${name}`) {
      case 'Vagrant.configure': return block ? this.interpreter.configure(block) : null;
      case 'Vagrant.has_plugin?': return new PluginQuestion(asString(args[0] ?? null));
      case 'Array.[]': return [...args];
      case 'Array.new': if (args.length === 0) return []; throw new NotKnown('Array.new');
      case 'Hash.new': if (args.length === 0 && !block) return new RubyHash(); throw new NotKnown('Hash.new');
      case 'Gem::Version.new': case 'Gem::Version.create': return new VersionObject(asString(args[0] ?? null));
      case 'Vagrant.require_version': case 'Vagrant.require_plugin': return null;
      case 'File.join': return tidyPath(args.flatMap(one => (Array.isArray(one) ? one : [one])).map(asString).filter(one => one !== '').join('/'));
      case 'File.dirname': { const of = asString(args[0] ?? null); return of.includes('/') ? of.slice(0, of.lastIndexOf('/')) : '.'; }
      case 'File.basename': { const base = asString(args[0] ?? null).replace(/\/+$/, '').replace(/^.*\//, ''); return args.length > 1 ? base.replace(asString(args[1] ?? null), '') : base; }
      case 'File.extname': return /\.[^./]+$/.exec(asString(args[0] ?? null))?.[0] ?? '';
      case 'File.expand_path': return expand(asString(args[0] ?? null), args.length > 1 ? asString(args[1] ?? null) : undefined);
      case 'File.exist?': case 'File.exists?': case 'File.file?': return this.interpreter.files ? this.file(args[0]) !== undefined : new FileQuestion(asString(args[0] ?? null));
      case 'File.directory?': case 'Dir.exist?': { const folder = `${asString(args[0] ?? null)}/`; if (!this.interpreter.files) throw new NotKnown(`${this.library}.${name}`); return [...this.interpreter.files.keys()].some(path => path.startsWith(folder)); }
      case 'File.read': case 'IO.read': case 'File.open': { const text = this.file(args[0]); if (text === undefined || block) throw new NotKnown(`the file ${asString(args[0] ?? null)}`); return new FileText(text); }
      case 'YAML.load_file': case 'YAML.safe_load_file': { const text = this.file(args[0]); if (text === undefined) throw new NotKnown(`the file ${asString(args[0] ?? null)}`); return yamlValue(text); }
      case 'YAML.load': case 'YAML.safe_load': case 'JSON.parse': case 'JSON.load': return yamlValue(args[0] instanceof FileText ? args[0].text : asString(args[0] ?? null));
      case 'Dir.pwd': case 'Dir.getwd': return '.';
      case 'Dir.home': return '~';
      default: throw new NotKnown(`${this.library}.${name}`);
    }
  }
}

/** What `File.open` or `File.read` gives. */
class FileText extends VagrantObject {
  readonly text: string;
  constructor(text: string) {
    super();
    this.text = text;
  }
  call(name: string, args: readonly Value[], block: RubyProc | undefined): Value {
    if (name === 'read' || name === 'to_s') return this.text;
    if (name === 'close') return null;
    return callMethod(this.text, name, args, block, () => null);
  }
}

/** YAML, and JSON, which is YAML. Symbols (`:key:`) are Symbols. */
function yamlValue(text: string): Value {
  const of = (value: unknown): Value => {
    if (typeof value === 'string') return /^:[A-Za-z_]\w*$/.test(value) ? new RubySymbol(value.slice(1)) : value;
    if (Array.isArray(value)) return value.map(of);
    if (value instanceof Map) return new RubyHash([...value].map(([key, inner]) => [of(key), of(inner)]));
    return typeof value === 'number' || typeof value === 'boolean' ? value : null;
  };
  try {
    return of(parseYaml(text, { mapAsMap: true, version: '1.1', schema: 'yaml-1.1' }));
  } catch {
    throw new NotKnown('YAML that cannot be read');
  }
}

/** The Vagrant that a file is read for: only files that ask for their version's features see it. */
export const newestVagrant = '2.4.9';

class VersionObject extends VagrantObject {
  readonly parts: readonly number[];
  constructor(text: string) {
    super();
    this.parts = text.split('.').map(part => Number.parseInt(part, 10) || 0);
  }
  call(name: string, args: readonly Value[]): Value {
    const other = args[0];
    if (!(other instanceof VersionObject)) throw new NotKnown('a comparison of versions');
    let order = 0;
    for (let at = 0; at < Math.max(this.parts.length, other.parts.length) && order === 0; at++) order = (this.parts[at] ?? 0) - (other.parts[at] ?? 0);
    return callMethod(order, name, [0], undefined, () => null);
  }
}

/** A pattern that JavaScript reads as Ruby does. */
export function pattern(source: string, closing: string): RubyPattern {
  if (/\\[GRXKhHpPkg]|\(\?[<>#]|\[\[:|\[.*&&|#\{|\(\?[imx-]/.test(source) || /[xomunse]/.test(closing)) throw new NotKnown('such a pattern');
  try {
    return new RubyPattern(new RegExp(source.replaceAll('\\A', '(?<![\\s\\S])').replaceAll('\\z', '(?![\\s\\S])').replaceAll('\\Z', '(?=\\n?(?![\\s\\S]))'), `m${closing.includes('i') ? 'i' : ''}`));
  } catch {
    throw new NotKnown('such a pattern');
  }
}

const tidyPath = (path: string): string => path.replace(/([^:])\/{2,}/g, '$1/').replace(/(^|\/)\.\/(?=.)/g, '$1');

/** A path relative to the Vagrantfile. `File.expand_path("..", __FILE__)` is its folder. */
function expand(path: string, from: string | undefined): string {
  if (path.startsWith('/') || path.startsWith('~')) return path;
  const parts: string[] = [];
  for (const part of [...(from ?? '.').split('/'), ...path.split('/')]) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.length === 0 || parts.at(-1) === '..') parts.push('..');
      else parts.pop();
    } else parts.push(part);
  }
  return parts.length ? parts.join('/') : '.';
}
