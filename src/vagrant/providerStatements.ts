// The `config.vm.provider` block of a machine: cpus, memory and provider_config in the words of Vagrant's providers and plugins.
import type { ConfigPath } from '../config/model.ts';
import { hypervOptions, impliedController, isDefault, proxmoxNames, proxmoxOptions, virtualboxOptions, wslOptions, type Defaults } from './options.ts';
import { args, env, join, range, rubyLiteral, symbol, type RubyValue } from './ruby.ts';
import { asDict, asList, asText, data, isDict, isSecret, pluginData, sizeInBytes, vagrantSize, type Dict } from './values.ts';
import { assign, blockCall, call, type Statement } from './view.ts';
import type { Sink } from './networkStatements.ts';

interface Words {
  /** What Vagrant calls the provider. */
  readonly name: string;
  readonly variable: string;
  readonly statements: (name: string, config: Dict, settings: Settings) => void;
}

/** Collects the block's statements; a default value leaves no trace. */
class Settings {
  readonly assigned: Statement[] = [];
  readonly called: Statement[] = [];
  readonly sink: Sink;
  readonly variable: string;
  private readonly defaults: Defaults;

  constructor(variable: string, defaults: Defaults, sink: Sink) {
    this.variable = variable;
    this.defaults = defaults;
    this.sink = sink;
  }

  set(option: string, value: unknown, path: ConfigPath, ruby: RubyValue = data(value)): void {
    if (!isDefault(this.defaults, option, value)) this.assigned.push(assign(path, this.variable, option, isSecret(option, value) ? this.sink.secret(option, path) : ruby));
  }

  callUnless(file: string, command: readonly RubyValue[], path: ConfigPath): void {
    const inner = call(path, this.variable, 'customize', [command]);
    this.called.push({ kind: 'condition', word: 'unless', path, comments: [], condition: `File.exist?(${rubyLiteral(file)})`, block: { statements: [inner], path } });
  }

  call(method: string, list: readonly RubyValue[], path: ConfigPath): void {
    this.called.push({ ...call(path, this.variable, method, []), args: args(list) });
  }
}

const own = (key: string): ConfigPath => ['config', 'provider_config', key];

/** The provider's own option, else Gaia's key for the same. */
function first(to: Settings, options: Dict, option: string, value: unknown, path: ConfigPath): void {
  if (options[option] === undefined) to.set(option, value, path);
  else to.set(option, options[option], own(option));
}

/** VirtualBox: Vagrant's options by name; all else is a flag of `VBoxManage modifyvm`. */
function virtualbox(name: string, config: Dict, to: Settings): void {
  const options = asDict(config.provider_config);
  if (options.name === undefined) to.set('name', name, ['name']);
  else to.set('name', options.name, own('name'));
  to.set('cpus', config.cpus, ['config', 'cpus']);
  to.set('memory', config.memory, ['config', 'memory']);
  const given = inTheirOrder(options);
  for (const [key, value] of given) {
    if (key === 'name') continue;
    if (key === 'unattended') to.sink.noEquivalent(own(key));
    else if (key in virtualboxOptions) to.set(key, value, own(key));
    else to.call('customize', [['modifyvm', symbol('id'), ...(is3d(key, value) && !given.some(([one]) => isController(one)) ? impliedController : []), flagName(key), flagValue(value)]], own(key));
  }
  // Other commands of VBoxManage, for Vagrant alone; `":id"` stands for the machine.
  asList(asDict(config.vagrant).customize).forEach((command, index) => {
    const path = ['config', 'vagrant', 'customize', index];
    if (isDict(command) && Array.isArray(command.command) && typeof command.unless_exists === 'string') {
      // A disk that is made once: `unless File.exist?(…)`.
      to.callUnless(command.unless_exists, command.command.map(word => (word === ':id' ? symbol('id') : data(word))), path);
    } else if (Array.isArray(command)) to.call('customize', [command.map(word => (word === ':id' ? symbol('id') : data(word)))], path);
  });
}

const flagName = (key: string): string => `--${key.replace(/_/g, '-')}`;

const wants3d = (options: Dict): boolean => Object.entries(options).some(([key, value]) => is3d(key, value));
const is3d = (key: string, value: unknown): boolean => /^--accelerate-?3d$/.test(flagName(key)) && flagValue(value) === 'on';
const isController = (key: string): boolean => flagName(key) === impliedController[0];

/** VirtualBox refuses 3D before the controller that can do it is set, and Vagrant runs the calls as they stand. */
function inTheirOrder(options: Dict): readonly [string, unknown][] {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return wants3d(options) ? [...entries.filter(([key]) => isController(key)), ...entries.filter(([key]) => !isController(key))] : entries;
}

const flagValue = (value: unknown): string => (value === true ? 'on' : value === false ? 'off' : typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value));

function hyperv(name: string, config: Dict, to: Settings): void {
  const options = asDict(config.provider_config);
  first(to, options, 'vmname', name, ['name']);
  first(to, options, 'cpus', config.cpus, ['config', 'cpus']);
  first(to, options, 'memory', config.memory, ['config', 'memory']);
  if (options.dynamic_memory === true && options.maxmemory === undefined) to.set('maxmemory', options.memory ?? config.memory, own('dynamic_memory'));
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || ['switch', 'dynamic_memory', 'vmname', 'cpus', 'memory'].includes(key)) continue;
    if (key === 'vm_integration_services' && isDict(value)) {
      // Options of Vagrant: Symbols, not texts.
      if (Object.keys(value).length) to.set(key, value, own(key), Object.fromEntries(Object.entries(value).map(([service, on]) => [service, data(on)])));
    } else if (key in hypervOptions) to.set(key, value, own(key));
    else to.sink.noEquivalent(own(key));
  }
  if (config.generation !== undefined) to.sink.noEquivalent(['config', 'generation']);
}

/** The vagrant-proxmox plugin. Who one is and what the server is called come from the environment. */
function proxmox(_name: string, config: Dict, to: Settings): void {
  const options = asDict(config.provider_config);
  const set = (option: string, value: unknown, path: ConfigPath): void => {
    if (option === 'qemu_os' || option === 'vm_type') to.set(option, value, path, typeof value === 'string' ? symbol(value) : data(value));
    else if (option.endsWith('disk_size')) to.set(option, value, path, plainSize(value));
    else if (option === 'vm_id_range') to.set(option, value, path, idRange(value));
    else to.set(option, value, path);
  };
  if (options.endpoint === undefined) to.set('endpoint', {}, ['provider'], join('https://', { env: 'PROXMOX_HOST' }, ':8006/api2/json'));
  else set('endpoint', options.endpoint, own('endpoint'));
  if (options.user_name === undefined) to.set('user_name', {}, ['provider'], env('PROXMOX_USER'));
  else set('user_name', options.user_name, own('user_name'));
  to.assigned.push(assign(['provider'], to.variable, 'password', env('PROXMOX_PASSWORD')));
  const template = ['ostemplate', 'openvz_os_template', 'openvz_template_file'].find(key => options[key] !== undefined);
  const container = options.type === 'lxc' || options.type === 'container' ? 'type' : template;
  if (options.vm_type === undefined && container !== undefined) to.set('vm_type', 'openvz', own(container), symbol('openvz'));
  else if (options.vm_type === undefined) to.set('vm_type', 'qemu', ['provider'], symbol('qemu'));
  else set('vm_type', options.vm_type, own('vm_type'));
  if (config.memory === undefined && options.memory !== undefined) first(to, options, 'vm_memory', options.memory, own('memory'));
  else first(to, options, 'vm_memory', config.memory, ['config', 'memory']);
  const cores = options.qemu_cores === undefined ? 'cores' : 'qemu_cores';
  if (options[cores] === undefined) to.set('qemu_cores', config.cpus, ['config', 'cpus']);
  else to.set('qemu_cores', options[cores], own(cores));
  if (options.qemu_disk_size === undefined && options.disk_size === undefined && config.disk_size !== undefined) set('qemu_disk_size', config.disk_size, ['config', 'disk_size']);
  const iso = asText(config.iso) ?? asText(options.iso);
  if (iso !== undefined && options.qemu_iso === undefined && options.qemu_iso_file === undefined) to.set(/^[^/\\:]+:iso\//.test(iso) ? 'qemu_iso' : 'qemu_iso_file', iso, config.iso === undefined ? own('iso') : ['config', 'iso']);
  for (const [key, value] of Object.entries(options)) {
    const option = proxmoxNames[key] ?? key;
    if (['endpoint', 'user_name', 'vm_type', 'vm_memory', 'qemu_cores', 'type', 'memory', 'iso'].includes(option)) continue;
    if (key === 'password' && value !== undefined) to.sink.secret('PROXMOX_PASSWORD', own(key));
    else if (option !== key && options[option] !== undefined) continue;
    else if (option in proxmoxOptions) set(option, value, own(key));
    else if (value !== undefined) to.sink.noEquivalent(own(key));
  }
}

/** The plugin takes `64G`. */
function plainSize(value: unknown): RubyValue {
  const bytes = sizeInBytes(value);
  return bytes === undefined ? data(value) : vagrantSize(bytes).replace(/B$/, '');
}

function idRange(value: unknown): RubyValue {
  const found = typeof value === 'string' ? /^\s*(\d+)\s*\.\.\s*(\d+)\s*$/.exec(value) : null;
  return found ? range(Number(found[1]), Number(found[2])) : data(value);
}

/** The vagrant-wsl2-provider plugin. What it cannot do, the setup script does (setupScript.ts). */
function wsl(name: string, config: Dict, to: Settings): void {
  const options = asDict(config.provider_config);
  first(to, options, 'distribution_name', asText(config.name) ?? name, config.name === undefined ? ['name'] : ['config', 'name']);
  for (const key of ['cpus', 'memory', 'default_user', 'hostname']) first(to, options, key, config[key], ['config', key]);
  for (const [key, value] of Object.entries(options)) {
    if (['distribution_name', 'cpus', 'memory', 'default_user', 'hostname'].includes(key)) continue;
    if (key === 'wsl_conf' && isDict(value)) wslConf(value, to);
    else if (key in wslOptions) to.set(key, value, own(key));
    else if (value !== undefined) to.sink.noEquivalent(own(key));
  }
}

function wslConf(sections: Dict, to: Settings): void {
  for (const [section, keys] of Object.entries(sections)) {
    for (const [key, value] of Object.entries(asDict(keys))) {
      const path = ['config', 'provider_config', 'wsl_conf', section, key];
      // The plugin reads section and key as method names.
      if (/^[a-z][A-Za-z0-9_]*$/.test(section) && /^[a-z][A-Za-z0-9_]*$/.test(key)) to.assigned.push(assign(path, `${to.variable}.wsl_conf.${section}`, key, data(value)));
      else to.sink.noEquivalent(path);
    }
  }
}

const words: Readonly<Record<string, Words & { readonly defaults: Defaults }>> = {
  virtualbox: { name: 'virtualbox', variable: 'vb', defaults: virtualboxOptions, statements: virtualbox },
  hyperv: { name: 'hyperv', variable: 'h', defaults: hypervOptions, statements: hyperv },
  proxmox: { name: 'proxmox', variable: 'proxmox', defaults: proxmoxOptions, statements: proxmox },
  wsl: { name: 'wsl2', variable: 'wsl', defaults: wslOptions, statements: wsl },
};

/** The plugin that Vagrant needs for a provider, or undefined where Vagrant has it built in. */
export const providerPlugin: Readonly<Record<string, string>> = { proxmox: 'vagrant-proxmox', wsl: 'vagrant-wsl2-provider' };

/** Settings of a provider that Gaia does not know: `key` is a setting, an object sets keys in it, `"name()"` is a list of calls. */
export function foreignStatements(values: Dict, path: ConfigPath, sink: Sink): Statement[] {
  return Object.entries(values).flatMap(([key, value]): Statement[] => {
    const at = [...path, key];
    const method = /^([a-z_][A-Za-z0-9_]*)\(\)$/.exec(key)?.[1];
    if (method !== undefined) return asList(value).map((list, index) => foreignCall([...at, index], method, asList(list)));
    if (!/^[a-z_][A-Za-z0-9_]*$/.test(key)) return [];
    if (isDict(value)) return Object.entries(value).map(([inner, one]) => assign([...at, inner], 'provider', `${key}[${rubyLiteral(inner)}]`, isSecret(inner, one) ? sink.secret(inner, [...at, inner]) : pluginData(one)));
    return [assign(at, 'provider', key, isSecret(key, value) ? sink.secret(key, at) : pluginData(value))];
  });
}

function foreignCall(path: ConfigPath, method: string, list: readonly unknown[]): Statement {
  const last = list.at(-1);
  const options = isDict(last) ? Object.fromEntries(Object.entries(last).map(([key, value]) => [key, pluginData(value)])) : {};
  return call(path, 'provider', method, (isDict(last) ? list.slice(0, -1) : list).map(pluginData), options);
}

export function providerStatements(name: string, provider: string, config: Dict, sink: Sink): Statement[] {
  const known = words[provider];
  if (!known) {
    if (provider === '') return [];
    // A provider that another extension brought: Vagrant's plugin may bear the same name.
    const statements = foreignStatements(asDict(config.provider_config), ['config', 'provider_config'], sink);
    return [blockCall(['provider'], sink.receiver, 'provider', [provider], {}, { variable: 'provider', statements, path: ['config', 'provider_config'] })];
  }
  const settings = new Settings(known.variable, known.defaults, sink);
  known.statements(name, config, settings);
  const made = blockCall(['provider'], sink.receiver, 'provider', [known.name], {}, { variable: known.variable, statements: [...settings.assigned, ...settings.called], path: ['config', 'provider_config'] });
  const plugin = providerPlugin[provider];
  if (plugin) made.comments.push(`Needs a plugin: vagrant plugin install ${plugin}`);
  return [made];
}
