// What a Vagrantfile does to `config` while it is read, in order: the objects its blocks get, and the list of what was done to them.
import type { RubyNode } from './prism.ts';
import { asString, known, NotKnown, RubyHash, RubyProc, toJson, VagrantObject, type Value } from './rubyValues.ts';

/** One thing done. `line` from 1; `provider`: it holds only for that provider. */
export type Done = { readonly line: number; readonly provider?: string; readonly plugin?: string; readonly unlessExists?: string } & (
  | { readonly kind: 'set'; readonly space: string; readonly key: string; readonly value: Value }
  | { readonly kind: 'network'; readonly type: string; readonly options: RubyHash }
  | { readonly kind: 'folder'; readonly host: Value; readonly guest: Value; readonly options: RubyHash }
  | { readonly kind: 'disk'; readonly type: string; readonly options: RubyHash; readonly node: RubyNode }
  | { readonly kind: 'cloudInit'; readonly options: RubyHash; readonly node: RubyNode }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'option'; readonly name: string; readonly key: string; readonly value: Value }
  | { readonly kind: 'keyed'; readonly name: string; readonly option: string; readonly key: string; readonly value: Value }
  | { readonly kind: 'customize'; readonly name: string; readonly args: readonly Value[]; readonly node: RubyNode }
  | { readonly kind: 'provision'; readonly name: string | undefined; readonly type: string; readonly options: RubyHash; readonly settings: readonly (readonly [string, Value])[]; readonly calls: readonly { readonly method: string; readonly args: readonly Value[] }[] }
  | { readonly kind: 'trigger'; readonly stage: 'before' | 'after'; readonly actions: readonly string[]; readonly settings: readonly (readonly [string, Value])[] }
  | { readonly kind: 'custom'; readonly text: string }
);

/** All machines of the file (`name` undefined), or one. */
export class Target {
  readonly name: string | undefined;
  readonly done: Done[] = [];
  options = new RubyHash();
  line: number;
  constructor(name: string | undefined, line: number) {
    this.name = name;
    this.line = line;
  }
}

/** What the objects need of whoever reads the file. */
export interface Reader {
  line(node: RubyNode): number;
  runBlock(block: RubyProc, args: readonly Value[], keep: Keep | undefined): Value;
  machine(name: string, node: RubyNode): Target;
  /** Inside of `if Vagrant.has_plugin?("…")`. */
  readonly plugin: string | undefined;
  /** Inside of `unless File.exist?("…")`. */
  readonly unlessExists: string | undefined;
}

/** Where a statement that is not understood is kept. */
export interface Keep {
  readonly target: Target;
  /** Inside the block of this provider, whose object is called so. */
  readonly provider?: { readonly name: string; readonly variable: string };
}

/** `config` */
export class ConfigObject extends VagrantObject {
  readonly target: Target;
  readonly reader: Reader;
  readonly provider: string | undefined;
  constructor(target: Target, reader: Reader, provider?: string) {
    super();
    this.target = target;
    this.reader = reader;
    this.provider = provider;
  }

  call(name: string, args: readonly Value[]): Value {
    if (args.length || name.endsWith('=')) throw new NotKnown(`config.${name}`);
    return new SpaceObject(this, name);
  }

  add(done: DistributiveOmit<Done, 'line' | 'provider' | 'plugin' | 'unlessExists'>, node: RubyNode): void {
    const { plugin, unlessExists } = this.reader;
    if (unlessExists !== undefined && done.kind !== 'customize') throw new NotKnown(`the file ${unlessExists}`);
    if (plugin !== undefined && done.kind !== 'set') throw new NotKnown('Vagrant.has_plugin?');
    this.target.done.push({ ...done, line: this.reader.line(node), ...(plugin === undefined ? {} : { plugin }), ...(unlessExists === undefined ? {} : { unlessExists }), ...(this.provider === undefined ? {} : { provider: this.provider }) } as Done);
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** `config.vm`, `config.ssh`, `config.<plugin>` */
class SpaceObject extends VagrantObject {
  private readonly config: ConfigObject;
  readonly space: string;
  constructor(config: ConfigObject, space: string) {
    super();
    this.config = config;
    this.space = space;
  }

  call(name: string, args: readonly Value[], block: RubyProc | undefined, node: RubyNode): Value {
    const { config } = this;
    if (name.endsWith('=') && name !== '==' && args.length === 1) {
      const value = known(args[0] ?? null);
      deeplyKnown(value);
      const key = name.slice(0, -1);
      config.add({ kind: 'set', space: this.space, key: this.space === 'vm' && key === 'host_name' ? 'hostname' : key, value }, node);
      return value;
    }
    if (this.space === 'trigger' && (name === 'before' || name === 'after')) return addTrigger(config, name, args, block, node);
    if (this.space === 'vm' && Object.hasOwn(vmMethods, name)) return vmMethods[name]?.(config, args, block, node) ?? null;
    if (args.length === 0 && !block) {
      const before = config.target.done.findLast(one => one.kind === 'set' && one.space === this.space && one.key === name);
      if (before?.kind === 'set') return before.value;
    }
    throw new NotKnown(`config.${this.space}.${name}`);
  }
}

/** Throws when anything in a value is not known: nothing is recorded then. */
function deeplyKnown(value: Value): void {
  const it = known(value);
  if (Array.isArray(it)) it.forEach(deeplyKnown);
  else if (it instanceof RubyHash) it.entries().forEach(([, inner]) => { deeplyKnown(inner); });
  else if (it instanceof RubyProc || it instanceof VagrantObject) throw new NotKnown('code as a value');
}

function options(value: Value | undefined): RubyHash {
  if (value === undefined) return new RubyHash();
  if (!(value instanceof RubyHash)) throw new NotKnown('such an argument');
  deeplyKnown(value);
  return new RubyHash(value.entries().map(([key, inner]) => [asString(key), inner]));
}

const vmMethods: Readonly<Record<string, (config: ConfigObject, args: readonly Value[], block: RubyProc | undefined, node: RubyNode) => Value>> = {
  network: (config, args, _block, node) => {
    config.add({ kind: 'network', type: asString(args[0] ?? null), options: options(args[1]) }, node);
    return null;
  },
  synced_folder: (config, args, _block, node) => {
    if (args[1] instanceof RubyHash || args.length < 2) throw new NotKnown('a folder without a guest path');
    config.add({ kind: 'folder', host: asString(args[0] ?? null), guest: asString(args[1] ?? null), options: options(args[2]) }, node);
    return null;
  },
  disk: (config, args, block, node) => {
    if (block) throw new NotKnown('a disk with a block');
    config.add({ kind: 'disk', type: asString(args[0] ?? null), options: options(args[1]), node }, node);
    return null;
  },
  cloud_init: (config, args, block, node) => {
    if (block) throw new NotKnown('cloud_init with a block');
    config.add({ kind: 'cloudInit', options: options(args.find(one => one instanceof RubyHash)), node }, node);
    return null;
  },
  define: (config, args, block, node) => {
    const target = config.reader.machine(asString(args[0] ?? null), node);
    if (args[1] !== undefined) target.options = new RubyHash([...target.options.entries(), ...options(args[1]).entries()]);
    if (block) config.reader.runBlock(block, [new ConfigObject(target, config.reader, config.provider)], { target });
    return null;
  },
  provider: (config, args, block, node) => {
    const name = asString(args[0] ?? null);
    config.add({ kind: 'named', name }, node);
    if (block) {
      const variable = blockVariable(block);
      config.reader.runBlock(block, [new ProviderObject(config, name), new ConfigObject(config.target, config.reader, name)], { target: config.target, provider: { name, variable } });
    }
    return null;
  },
  provision: (config, args, block, node) => {
    const given = options(args[1]);
    const type = given.get('type');
    const first = asString(args[0] ?? null);
    given.delete('type');
    const object = new ProvisionerObject();
    if (block) config.reader.runBlock(block, [object], undefined);
    config.add({ kind: 'provision', name: type === undefined ? undefined : first, type: type === undefined ? first : asString(type), options: given, settings: object.settings, calls: object.calls }, node);
    return null;
  },
};

/** `config.trigger.before :up, :reload do |trigger| … end`, or with a Hash in the block's place. */
function addTrigger(config: ConfigObject, stage: 'before' | 'after', args: readonly Value[], block: RubyProc | undefined, node: RubyNode): Value {
  const words = args.flat();
  const given = words.at(-1) instanceof RubyHash ? options(words.pop()) : new RubyHash();
  const object = new TriggerObject();
  if (block) config.reader.runBlock(block, [object], undefined);
  const settings = [...object.settings, ...given.entries().map(([key, value]) => [asString(key), value] as const)];
  // A pattern, say, has no word in JSON: the whole trigger stays Ruby.
  for (const [, value] of settings) toJson(value);
  config.add({ kind: 'trigger', stage, actions: words.map(asString), settings }, node);
  return null;
}

function blockVariable(block: RubyProc): string {
  const parameters = (block.node.parameters as RubyNode | null)?.parameters as RubyNode | null | undefined;
  const first = (parameters?.requireds as RubyNode[] | undefined)?.[0];
  return typeof first?.name === 'string' ? first.name : 'provider';
}

/** `vb`, `h` … */
class ProviderObject extends VagrantObject {
  private readonly config: ConfigObject;
  readonly name: string;
  constructor(config: ConfigObject, name: string) {
    super();
    this.config = config;
    this.name = name;
  }

  call(method: string, args: readonly Value[], _block: RubyProc | undefined, node: RubyNode): Value {
    args.forEach(deeplyKnown);
    if (method.endsWith('=') && method !== '==') {
      this.config.add({ kind: 'option', name: this.name, key: method.slice(0, -1), value: args[0] ?? null }, node);
      return args[0] ?? null;
    }
    if (method === 'customize') {
      this.config.add({ kind: 'customize', name: this.name, args, node }, node);
      return null;
    }
    if (this.name === 'wsl2' && method === 'wsl_conf' && args.length === 0) return new WslConf(this.config, undefined);
    // Methods of other providers' plugins: `libvirt.storage :file, size: "20G"`
    if (args.length > 0 && !_block && !['virtualbox', 'hyperv', 'proxmox', 'wsl2'].includes(this.name)) {
      this.config.add({ kind: 'option', name: this.name, key: `${method}()`, value: [...args] }, node);
      return null;
    }
    // `v.vmx["memsize"] = "1024"`
    if (args.length === 0) return new KeyedObject(this.config, this.name, method);
    throw new NotKnown(`${this.name}: ${method}`);
  }
}

class KeyedObject extends VagrantObject {
  private readonly config: ConfigObject;
  private readonly provider: string;
  private readonly option: string;
  constructor(config: ConfigObject, provider: string, option: string) {
    super();
    this.config = config;
    this.provider = provider;
    this.option = option;
  }
  call(name: string, args: readonly Value[], _block: RubyProc | undefined, node: RubyNode): Value {
    if (name !== '[]=' || args.length !== 2) throw new NotKnown(`${this.provider}: ${this.option}`);
    args.forEach(deeplyKnown);
    this.config.add({ kind: 'keyed', name: this.provider, option: this.option, key: asString(args[0] ?? null), value: args[1] ?? null }, node);
    return args[1] ?? null;
  }
}

/** `wsl.wsl_conf.section.key = value` */
class WslConf extends VagrantObject {
  private readonly config: ConfigObject;
  private readonly section: string | undefined;
  constructor(config: ConfigObject, section: string | undefined) {
    super();
    this.config = config;
    this.section = section;
  }
  call(name: string, args: readonly Value[], _block: RubyProc | undefined, node: RubyNode): Value {
    if (this.section === undefined) return new WslConf(this.config, name);
    if (!name.endsWith('=')) throw new NotKnown(`wsl_conf.${this.section}.${name}`);
    this.config.add({ kind: 'option', name: 'wsl2', key: `wsl_conf.${this.section}.${name.slice(0, -1)}`, value: known(args[0] ?? null) }, node);
    return null;
  }
}

/** What a provisioner's block gets. */
class ProvisionerObject extends VagrantObject {
  readonly settings: [string, Value][] = [];
  readonly calls: { method: string; args: readonly Value[] }[] = [];
  call(name: string, args: readonly Value[], block: RubyProc | undefined): Value {
    if (block) throw new NotKnown(`a block for ${name}`);
    args.forEach(deeplyKnown);
    if (name.endsWith('=') && name !== '==') this.settings.push([name.slice(0, -1), args[0] ?? null]);
    else if (args.length === 0) return this.settings.findLast(([key]) => key === name)?.[1] ?? new RubyHash();
    else this.calls.push({ method: name, args });
    return null;
  }
}

/** What a trigger's block gets: settings alone. `trigger.ruby` is code, so the whole trigger stays Ruby. */
class TriggerObject extends VagrantObject {
  readonly settings: [string, Value][] = [];
  call(name: string, args: readonly Value[], block: RubyProc | undefined): Value {
    args.forEach(deeplyKnown);
    if (!block && name.endsWith('=') && name !== '==') this.settings.push([name.slice(0, -1), args[0] ?? null]);
    else throw new NotKnown(`trigger.${name}`);
    return args[0] ?? null;
  }
}
