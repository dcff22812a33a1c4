// What was done to a machine, as the machine's object in a .gaia.json: the generator's tables read backwards.
import { provisionerCommon, proxmoxNames, triggerSettings, virtualboxOptions } from './options.ts';
import type { Done, Target } from './recorder.ts';
import { asString, known, NotKnown, RubyHash, RubyRange, RubySymbol, toJson, type Value } from './rubyValues.ts';
import { isSecret } from './values.ts';

export interface ImportedMachine {
  readonly name: string;
  readonly provider: string;
  readonly config: Record<string, unknown>;
  /** For each path below the machine (joined by `/`): the line of the Vagrantfile it comes from. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Says that something done is not in the machine. */
export type Lose = (line: number, message: string) => void;
/** Keeps a statement in `custom_config` instead. */
export type KeepStatement = (done: Done) => string | undefined;

const providerNames: Readonly<Record<string, string>> = { virtualbox: 'virtualbox', hyperv: 'hyperv', proxmox: 'proxmox', wsl2: 'wsl', wsl: 'wsl' };

/** The provider of Gaia's that Vagrant would take first: the machine's own blocks before those of the file. */
export function providerOf(own: readonly Done[], all: readonly Done[], preferred: string | undefined): string {
  const named = [...own, ...all].flatMap(one => (one.kind === 'named' ? [one.name] : []));
  if (preferred !== undefined && providerNames[preferred] && (named.length === 0 || named.includes(preferred))) return preferred;
  return named.find(name => providerNames[name]) ?? (named[0] ?? 'virtualbox');
}

export function toMachine(name: string, target: Target | undefined, all: Target, preferred: string | undefined, lose: Lose, keep: KeepStatement): ImportedMachine {
  const vagrantName = providerOf(target?.done ?? [], all.done, preferred);
  const maker = new Maker(name, providerNames[vagrantName] ?? vagrantName);
  if (target) maker.from(target.line);
  const define = target ? target.options : new RubyHash();
  for (const [key, value] of define.entries()) maker.extra('define', asString(key), value, target?.line ?? 1);
  for (const done of [...all.done, ...(target?.done ?? [])]) {
    if (done.kind === 'option' && done.name !== vagrantName && done.provider === undefined && maker.other(done.name, done.key, done.value, done.line)) continue;
    if (done.kind === 'keyed' && done.name !== vagrantName && done.provider === undefined && maker.other(done.name, done.option, done.value, done.line, done.key)) continue;
    const foreign = 'name' in done && (done.kind === 'named' || done.kind === 'option' || done.kind === 'keyed' || done.kind === 'customize') ? done.name !== vagrantName : done.provider !== undefined && done.provider !== vagrantName;
    if (foreign) {
      if (done.kind === 'named') continue;
      const text = keep(done);
      if (text === undefined) lose(done.line, `a setting for the provider ${done.kind === 'option' || done.kind === 'keyed' || done.kind === 'customize' ? done.name : (done.provider ?? '')}`);
      else maker.custom(text, done.line);
      continue;
    }
    try {
      maker.take(done);
    } catch (thrown) {
      if (!(thrown instanceof NotKnown)) throw thrown;
      const text = thrown instanceof Secret ? undefined : keep(done);
      if (text === undefined) lose(done.line, thrown.message);
      else {
        maker.custom(text, done.line);
      }
    }
  }
  return maker.made();
}

/** Never kept. */
class Secret extends NotKnown {}

type Json = Record<string, unknown>;

class Maker {
  private name: string;
  private readonly provider: string;
  private readonly config: Json = {};
  private readonly options: Json = {};
  private readonly networks: Json[] = [];
  private readonly folders: Json[] = [];
  private readonly disks: Json[] = [];
  private readonly provisioners: Json[] = [];
  private readonly triggers: Json[] = [];
  private readonly extras: Record<string, Json> = {};
  private readonly customs: string[] = [];
  private readonly lines = new Map<string, number>();

  constructor(name: string, provider: string) {
    this.name = name;
    this.provider = provider;
  }

  take(done: Done): void {
    switch (done.kind) {
      case 'set':
        if (done.plugin === undefined) this.setting(done.space, done.key, done.value, done.line);
        else this.ifPlugin(done.plugin, done.space, done.key, done.value, done.line);
        break;
      case 'network': this.network(done.type, done.options, done.line); break;
      case 'folder': this.folder(asString(done.host), asString(done.guest), done.options, done.line); break;
      case 'disk': this.disk(done.type, done.options, done.line); break;
      case 'cloudInit': this.cloudInit(done.options, done.line); break;
      case 'named': this.lines.set('provider', done.line); break;
      case 'option': this.option(done.key, done.value, done.line); break;
      case 'keyed':
        if (Object.values(providerNames).includes(this.provider)) throw new NotKnown(`the option ${done.option}`);
        this.put(done.option, { ...(this.options[done.option] as Json | undefined), [done.key]: withSymbols(done.value) }, done.line);
        break;
      case 'customize': this.customize(done.args, done.line, done.unlessExists); break;
      case 'provision': this.provision(done); break;
      case 'trigger': this.trigger(done); break;
      case 'custom': this.custom(done.text, done.line); break;
    }
  }

  /** The line that names the machine. */
  from(line: number): void {
    this.lines.set('', line);
  }

  custom(text: string, line: number): void {
    this.customs.push(text);
    if (!this.lines.has('config/custom_config')) this.lines.set('config/custom_config', line);
  }

  extra(space: string, key: string, value: Value, line: number): void {
    (this.extras[space] ??= {})[key] = coreSpaces.has(space) || space === 'define' ? toJson(value) : withSymbols(value);
    this.lines.set(`config/vagrant/${space}/${key}`, line);
  }

  /** A setting for another of Vagrant's providers. */
  other(provider: string, key: string, value: Value, line: number, within?: string): boolean {
    const json = withSymbols(value);
    if (!/^[a-z_][A-Za-z0-9_]*(\(\))?$/.test(key) || value instanceof RubyRange || value instanceof RubyHash || isSecret(key, json)) return false;
    const providers = (this.extras.providers ??= {}) as Record<string, Json>;
    const of = (providers[provider] ??= {});
    if (key.endsWith('()')) of[key] = [...((of[key] as unknown[] | undefined) ?? []), json];
    else if (within === undefined) of[key] = json;
    else of[key] = { ...(of[key] as Json | undefined), [within]: json };
    this.lines.set(`config/vagrant/providers/${provider}/${key}`, line);
    return true;
  }

  private ifPlugin(plugin: string, space: string, key: string, value: Value, line: number): void {
    const plugins = (this.extras.plugins ??= {}) as Record<string, Record<string, Json>>;
    ((plugins[plugin] ??= {})[space] ??= {})[key] = coreSpaces.has(space) ? toJson(value) : withSymbols(value);
    this.lines.set(`config/vagrant/plugins/${plugin}/${space}/${key}`, line);
  }

  private set(key: string, value: unknown, line: number): void {
    this.config[key] = value;
    this.lines.set(`config/${key}`, line);
  }

  private setting(space: string, key: string, value: Value, line: number): void {
    if (space === 'vm' && key === 'box' && this.provider === 'wsl') this.set('base_distro', toJson(value), line);
    else if (space === 'vm' && ['box', 'box_version', 'box_architecture', 'hostname'].includes(key)) this.set(key, String(toJson(value)), line);
    else if (space === 'vm' && key === 'box_url' && !(Array.isArray(value) && value.length !== 1)) this.set('box_url', asString(Array.isArray(value) ? (value[0] ?? '') : value), line);
    else this.extra(space, key, value, line);
  }

  private network(type: string, options: RubyHash, line: number): void {
    const made: Json = { type };
    const given = toJson(options) as Json;
    if (type === 'forwarded_port') {
      const { guest, host, protocol, id, auto_correct, ...rest } = given;
      made.guest_port = whole(guest);
      made.host_port = whole(host);
      if (protocol !== undefined && protocol !== 'tcp') made.protocol = protocol;
      if (id !== undefined && !(id === 'ssh' && made.guest_port === 22)) made.id = id;
      if (auto_correct === true || auto_correct === 'true') made.auto_correct = true;
      Object.assign(made, rest);
      const key = (one: Json): string => String(one.id ?? (one.guest_port === 22 && (one.protocol ?? 'tcp') === 'tcp' ? (id === undefined && one === made ? 'tcp22' : 'ssh') : `${String(one.host_ip ?? '')}${String(one.protocol ?? 'tcp')}${String(one.host_port)}`));
      const before = this.networks.findIndex(one => one.type === 'forwarded_port' && key(one) === key(made));
      if (before >= 0) {
        this.networks[before] = { ...this.networks[before], ...made };
        return;
      }
    } else if (type === 'private_network' || type === 'public_network') {
      const { type: kind, virtualbox__intnet, intnet, auto_config, ...rest } = given;
      if (kind === 'dhcp' && rest.ip === undefined) made.dhcp = true;
      Object.assign(made, rest);
      if (auto_config === false) made.auto_config = false;
      const internal = virtualbox__intnet ?? intnet;
      if (internal !== undefined && internal !== false) made.internal = internal;
    } else throw new NotKnown(`the network type ${type}`);
    this.lines.set(`config/networks/${String(this.networks.length)}`, line);
    this.networks.push(made);
  }

  private folder(host: string, guest: string, options: RubyHash, line: number): void {
    const { nfs, type, ...rest } = toJson(options) as Json;
    const made: Json = { host_path: host, guest_path: guest };
    if (type !== undefined && type !== null) made.type = type;
    else if (nfs === true) made.type = 'nfs';
    for (const [key, value] of Object.entries(rest)) if (value !== null && !((key === 'disabled' || key === 'create') && value === false)) made[key] = (key === 'disabled' || key === 'create') && value === 'true' ? true : value;
    const before = this.folders.findIndex(one => String(one.guest_path).replace(/\/$/, '') === guest.replace(/\/$/, ''));
    if (before >= 0) {
      const { disabled: _, ...old } = this.folders[before] ?? {};
      this.folders[before] = { ...old, ...made };
      return;
    }
    this.lines.set(`config/synced_folders/${String(this.folders.length)}`, line);
    this.folders.push(made);
  }

  private disk(type: string, options: RubyHash, line: number): void {
    const { size, primary, name, disk_ext, ...rest } = toJson(options) as Json;
    if (type !== 'disk' || (typeof size !== 'string' && typeof size !== 'number') || (primary === true && (name !== undefined || Object.keys(rest).length))) throw new NotKnown('such a disk');
    if (primary === true) {
      const gigabytes = /^(\d+)\s?GB$/.exec(String(size));
      if (this.provider === 'hyperv' && gigabytes) this.set('disk_size_gb', Number(gigabytes[1]), line);
      else this.set('disk_size', typeof size === 'number' ? `${String(size)}B` : size, line);
      return;
    }
    this.lines.set(`config/disks/${String(this.disks.length)}`, line);
    this.disks.push({ size, ...(name === undefined ? {} : { name }), ...(disk_ext === undefined ? {} : { format: disk_ext }), ...rest });
  }

  private cloudInit(options: RubyHash, line: number): void {
    const { content_type, inline, ...rest } = toJson(options) as Json;
    if (typeof inline !== 'string' || Object.keys(rest).length || content_type !== (inline.startsWith('#!') ? 'text/x-shellscript' : 'text/cloud-config') || this.config.cloud_init !== undefined) throw new NotKnown('such a cloud_init');
    this.set('cloud_init', { user_data: inline }, line);
  }

  private put(key: string, value: unknown, line: number): void {
    this.options[key] = value;
    this.lines.set(`config/provider_config/${key}`, line);
  }

  private option(key: string, value: Value, line: number): void {
    const json = toJson(value);
    const early = Object.keys(this.options).length === 0;
    const size = (own: string): void => {
      const number = whole(json);
      if (typeof number === 'number') this.set(own, number, line);
      else throw new NotKnown(`${key} of this kind`);
    };
    switch (this.provider) {
      case 'virtualbox':
        if (key === 'memory' || key === 'cpus') size(key);
        else if (key === 'name') this.named(String(json), line);
        else if (key in virtualboxOptions) this.put(key, json, line);
        else if (key === 'linked_clone' || key === 'customizations') throw new NotKnown(key);
        else throw new NotKnown(`the option ${key}`);
        return;
      case 'hyperv':
        if ((key === 'memory' || key === 'cpus') && early) size(key);
        else if (key === 'vmname') this.named(String(json), line);
        else this.put(key, json, line);
        return;
      case 'wsl': {
        const conf = /^wsl_conf\.(.+?)\.(.+)$/.exec(key);
        if (conf) {
          const all = (this.options.wsl_conf ??= {}) as Record<string, Json>;
          (all[conf[1] ?? ''] ??= {})[conf[2] ?? ''] = json;
          this.lines.set(`config/provider_config/wsl_conf/${conf[1] ?? ''}/${conf[2] ?? ''}`, line);
        } else if (key === 'distribution_name') this.named(String(json), line);
        else if (early && (key === 'memory' || key === 'cpus')) size(key);
        else if (early && (key === 'default_user' || key === 'hostname')) this.set(key, json, line);
        else this.put(key, json, line);
        return;
      }
      case 'proxmox': this.proxmox(key, value, json, early, line); return;
      default:
        if (key.endsWith('()')) this.put(key, [...((this.options[key] as unknown[] | undefined) ?? []), withSymbols(value)], line);
        else this.put(key, withSymbols(value), line);
    }
  }

  private proxmox(key: string, value: Value, json: unknown, early: boolean, line: number): void {
    const own = Object.entries(proxmoxNames).find(([, option]) => option === key)?.[0] ?? key;
    if (key === 'password') throw new Secret('A password in the clear: the Vagrantfile that Gaia writes reads the environment variable PROXMOX_PASSWORD');
    if (key === 'vm_memory' && early && typeof json === 'number') this.set('memory', json, line);
    else if (key === 'qemu_cores' && early && typeof json === 'number') this.set('cpus', json, line);
    else if (key === 'vm_type' && json === 'qemu' && early) return;
    else if ((key === 'qemu_iso' || key === 'qemu_iso_file') && early) this.set('iso', json, line);
    else if (key === 'vm_id_range' && !(value instanceof RubyRange)) throw new NotKnown('such a range');
    else this.put(own, json, line);
  }

  /** A VM's name of its own; a machine that was not given one in the file takes it. */
  private named(json: string, line: number): void {
    if (this.name === '') this.name = json;
    else if (json !== this.name) this.put(this.provider === 'virtualbox' ? 'name' : this.provider === 'hyperv' ? 'vmname' : 'distribution_name', json, line);
  }

  /** `["modifyvm", :id, "--flag", "value", …]` are options of the machine; anything else is Vagrant's alone. */
  private customize(args: readonly Value[], line: number, unlessExists: string | undefined): void {
    const command = args.length === 1 ? known(args[0] ?? null) : (asString(args[0] ?? null) === 'pre-boot' ? known(args[1] ?? null) : null);
    if (!Array.isArray(command) || this.provider !== 'virtualbox') throw new NotKnown('such a customize');
    const [verb, id, ...rest] = command;
    if (asString(verb ?? null) !== 'modifyvm' || unlessExists !== undefined) {
      const words = command.map(one => (one instanceof RubySymbol ? `:${one.name}` : toJson(one)));
      ((this.extras.customize ??= [] as unknown as Json) as unknown as unknown[]).push(unlessExists === undefined ? words : { unless_exists: unlessExists, command: words });
      this.lines.set(`config/vagrant/customize/${String((this.extras.customize as unknown as unknown[]).length - 1)}`, line);
      return;
    }
    if (asString(verb ?? null) !== 'modifyvm' || !(id instanceof RubySymbol && id.name === 'id') || rest.length % 2 !== 0) throw new NotKnown(`customize ${asString(verb ?? null)}`);
    const pairs: [string, unknown][] = [];
    for (let at = 0; at < rest.length; at += 2) {
      const flag = /^--?([A-Za-z][A-Za-z0-9-]*)$/.exec(asString(rest[at] ?? null));
      if (!flag) throw new NotKnown('such a flag');
      const value = toJson(rest[at + 1] ?? null);
      if (typeof value === 'object') throw new NotKnown('such a value');
      pairs.push([(flag[1] ?? '').replaceAll('-', '_'), numeric(value)]);
    }
    for (const [flag, value] of pairs) {
      if ((flag === 'memory' || flag === 'cpus') && typeof value === 'number') this.set(flag, value, line);
      else if (flag === 'name') this.named(String(value), line);
      else if (flag in virtualboxOptions) throw new NotKnown(`the flag ${flag}`);
      else this.put(flag, value, line);
    }
  }

  private provision(done: Done & { kind: 'provision' }): void {
    const made: Json = { type: done.type };
    if (done.name !== undefined) made.name = done.name;
    if (!knownProvisioners.has(done.type) && done.calls.length) throw new NotKnown(`the provisioner ${done.type}`);
    const put = (key: string, value: unknown): void => {
      if (done.type === 'shell' && key === 'inline' && typeof value === 'string') made.inline = asLines(value);
      else if (done.type === 'shell' && key === 'args' && typeof value === 'number') made.args = String(value);
      else if (!(key === 'run' && value === 'once') && value !== null) made[key] = value;
    };
    const json = knownProvisioners.has(done.type) ? toJson : pluginJson;
    for (const [key, value] of done.options.entries()) put(asString(key), (common.has(asString(key)) ? toJson : json)(value));
    for (const [key, value] of done.settings) put(key, json(value));
    for (const { method, args } of done.calls) this.called(done.type, method, args, made);
    if ((made.privileged === true || made.privileged === 'true') && done.type === 'shell') delete made.privileged;
    if (made.privileged === 'false') made.privileged = false;
    const before = made.name === undefined ? -1 : this.provisioners.findIndex(one => one.name === made.name);
    if (before >= 0) {
      this.provisioners[before] = { ...this.provisioners[before], ...made };
      return;
    }
    this.lines.set(`config/provisioners/${String(this.provisioners.length)}`, done.line);
    this.provisioners.push(made);
  }

  private trigger(done: Done & { kind: 'trigger' }): void {
    const { actions } = done;
    if (actions.length === 0 || actions.includes('')) throw new NotKnown('a trigger without an action');
    const made: Json = { [done.stage]: actions.length === 1 ? actions[0] : actions };
    for (const [key, value] of done.settings) {
      const json = toJson(value);
      if (json === null) continue;
      if (key === 'run' || key === 'run_remote') made[key] = triggerScript(json);
      else if (triggerSettings.has(key)) made[key] = json;
      else throw new NotKnown(`trigger.${key}`);
    }
    this.lines.set(`config/triggers/${String(this.triggers.length)}`, done.line);
    this.triggers.push(made);
  }

  private called(type: string, method: string, args: readonly Value[], made: Json): void {
    const first = toJson(args[0] ?? null);
    const list = (key: string): unknown[] => (made[key] = Array.isArray(made[key]) ? made[key] : []) as unknown[];
    if (type === 'docker' || type === 'podman') {
      if (method === 'pull_images') list('images').push(...args.flatMap(one => toJson(one) as string));
      else if (method === 'run') list('containers').push({ name: first, ...(args[1] === undefined ? {} : (toJson(args[1]) as Json)) });
      else if (method === 'build_image' && args.length === 1 && made.build_image === undefined) made.build_image = first;
      else throw new NotKnown(`${type}: ${method}`);
    } else if (type.startsWith('chef') && method === 'add_recipe') list('run_list').push(`recipe[${String(first)}]`);
    else if (type.startsWith('chef') && method === 'add_role') list('run_list').push(`role[${String(first)}]`);
    else if (type === 'salt' && method === 'pillar') made.pillar_data = { ...(made.pillar_data as Json | undefined), ...(first as Json) };
    else throw new NotKnown(`${type}: ${method}`);
  }

  made(): ImportedMachine {
    const config: Json = {};
    const wanted: [string, unknown][] = [
      ...['box', 'base_distro', 'box_version', 'box_url', 'box_architecture', 'hostname', 'cpus', 'memory', 'disk_size', 'disk_size_gb', 'default_user', 'iso'].map(key => [key, this.config[key]] as [string, unknown]),
      ['disks', this.disks], ['networks', this.networks], ['synced_folders', this.folders], ['cloud_init', this.config.cloud_init], ['provisioners', this.provisioners], ['triggers', this.triggers],
      ['provider_config', this.options], ['vagrant', this.extras], ['custom_config', customText(this.customs)],
    ];
    for (const [key, value] of wanted) {
      if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) continue;
      config[key] = value;
    }
    return { name: this.name, provider: this.provider, config, lines: this.lines };
  }
}

const coreSpaces = new Set(['vm', 'ssh', 'winrm', 'winssh', 'vagrant', 'nfs']);

/** For plugins, whose settings know Symbols from texts: `:name` is a Symbol. */
function withSymbols(value: Value): unknown {
  if (value instanceof RubySymbol) return `:${value.name}`;
  if (typeof value === 'string' && /^:[A-Za-z_]\w*$/.test(value)) throw new NotKnown('a text that looks like a Symbol');
  if (value instanceof RubyHash) return Object.fromEntries(value.entries().map(([key, inner]) => [asString(key), withSymbols(inner)]));
  return Array.isArray(value) ? value.map(withSymbols) : toJson(value);
}

function triggerScript(json: unknown): Json {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new NotKnown('such a script of a trigger');
  return Object.fromEntries(Object.entries(json).map(([key, value]: [string, unknown]) => [key, key === 'inline' && typeof value === 'string' ? asLines(value) : key === 'args' && typeof value === 'number' ? String(value) : value]));
}

/** As `withSymbols`, with keys that are Symbols too. */
function pluginJson(value: Value): unknown {
  if (Array.isArray(value)) return value.map(pluginJson);
  if (!(value instanceof RubyHash)) return withSymbols(value);
  const pairs = value.entries();
  const symbols = pairs.every(([key]) => key instanceof RubySymbol);
  if (!symbols && pairs.some(([key]) => typeof key !== 'string' || /^:[A-Za-z_]\w*$/.test(key))) throw new NotKnown('keys of several kinds');
  return Object.fromEntries(pairs.map(([key, inner]) => [symbols ? `:${asString(key)}` : asString(key), pluginJson(inner)]));
}

/** What stands on any provisioner's line. */
const common: ReadonlySet<string> = new Set(provisionerCommon);

const knownProvisioners = new Set(['shell', 'file', 'ansible', 'ansible_local', 'puppet', 'puppet_server', 'chef_solo', 'chef_zero', 'chef_client', 'chef_apply', 'docker', 'podman', 'salt', 'cfengine']);

function customText(parts: readonly string[]): unknown {
  const text = parts.join('\n');
  if (text === '') return undefined;
  return text.includes('\n') ? text.split('\n') : text;
}

/** `"2048"` is 2048. */
function whole(value: unknown): unknown {
  return typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
}

/** A text that is exactly how a number is written is that number. */
function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^(0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value;
}

/** A script of several lines is easier to edit as a list of them. */
function asLines(text: string): unknown {
  if (!text.endsWith('\n') || text.includes('\r')) return text;
  const lines = text.slice(0, -1).split('\n');
  return lines.length > 1 ? lines : text;
}
