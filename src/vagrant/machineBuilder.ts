// A machine's object as it grows while a Vagrantfile is read, with the line that each value comes from.
import { RubyRange, RubyHash, asString, toJson, NotKnown, type Value } from './rubyValues.ts';
import { withSymbols } from './symbols.ts';
import { isSecret } from './values.ts';

export interface ImportedMachine {
  readonly name: string;
  readonly provider: string;
  readonly config: Record<string, unknown>;
  /** For each path below the machine (joined by `/`): the line of the Vagrantfile it comes from. */
  readonly lines: ReadonlyMap<string, number>;
}

export type Json = Record<string, unknown>;

/** Gaia's words for Vagrant's providers. */
export const gaiaProviders: Readonly<Record<string, string>> = { virtualbox: 'virtualbox', hyperv: 'hyperv', proxmox: 'proxmox', wsl2: 'wsl', wsl: 'wsl' };

/** Never kept. */
export class Secret extends NotKnown {}

export class MachineBuilder {
  name: string;
  readonly provider: string;
  readonly config: Json = {};
  readonly options: Json = {};
  readonly networks: Json[] = [];
  readonly folders: Json[] = [];
  readonly disks: Json[] = [];
  readonly provisioners: Json[] = [];
  readonly triggers: Json[] = [];
  readonly extras: Record<string, Json> = {};
  readonly customs: string[] = [];
  readonly lines = new Map<string, number>();

  constructor(name: string, provider: string) {
    this.name = name;
    this.provider = provider;
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

  ifPlugin(plugin: string, space: string, key: string, value: Value, line: number): void {
    const plugins = (this.extras.plugins ??= {}) as Record<string, Record<string, Json>>;
    ((plugins[plugin] ??= {})[space] ??= {})[key] = coreSpaces.has(space) ? toJson(value) : withSymbols(value);
    this.lines.set(`config/vagrant/plugins/${plugin}/${space}/${key}`, line);
  }

  set(key: string, value: unknown, line: number): void {
    this.config[key] = value;
    this.lines.set(`config/${key}`, line);
  }

  setting(space: string, key: string, value: Value, line: number): void {
    if (space === 'vm' && key === 'box' && this.provider === 'wsl') this.set('base_distro', toJson(value), line);
    else if (space === 'vm' && ['box', 'box_version', 'box_architecture', 'hostname'].includes(key)) this.set(key, String(toJson(value)), line);
    else if (space === 'vm' && key === 'box_url' && !(Array.isArray(value) && value.length !== 1)) this.set('box_url', asString(Array.isArray(value) ? (value[0] ?? '') : value), line);
    else this.extra(space, key, value, line);
  }

  put(key: string, value: unknown, line: number): void {
    this.options[key] = value;
    this.lines.set(`config/provider_config/${key}`, line);
  }

  /** A VM's name of its own; a machine that was not given one in the file takes it. */
  named(json: string, line: number): void {
    if (this.name === '') this.name = json;
    else if (json !== this.name) this.put(this.provider === 'virtualbox' ? 'name' : this.provider === 'hyperv' ? 'vmname' : 'distribution_name', json, line);
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

function customText(parts: readonly string[]): unknown {
  const text = parts.join('\n');
  if (text === '') return undefined;
  return text.includes('\n') ? text.split('\n') : text;
}
