// What a `config.vm.provider` block sets, as keys of a .gaia.json: the tables of providerStatements.ts read backwards.
import { Secret, type Json, type MachineBuilder } from './machineBuilder.ts';
import { whole } from './importNetworks.ts';
import { impliedController, proxmoxNames, virtualboxOptions } from './options.ts';
import { asString, known, NotKnown, RubyRange, RubySymbol, toJson, type Value } from './rubyValues.ts';
import { withSymbols } from './symbols.ts';

export function takeOption(to: MachineBuilder, key: string, value: Value, line: number): void {
  const json = toJson(value);
  const early = Object.keys(to.options).length === 0;
  const size = (own: string): void => {
    const number = whole(json);
    if (typeof number === 'number') to.set(own, number, line);
    else throw new NotKnown(`${key} of to kind`);
  };
  switch (to.provider) {
    case 'virtualbox':
      if (key === 'memory' || key === 'cpus') size(key);
      else if (key === 'name') to.named(String(json), line);
      else if (key in virtualboxOptions) to.put(key, json, line);
      else if (key === 'linked_clone' || key === 'customizations') throw new NotKnown(key);
      else throw new NotKnown(`the option ${key}`);
      return;
    case 'hyperv':
      if ((key === 'memory' || key === 'cpus') && early) size(key);
      else if (key === 'vmname') to.named(String(json), line);
      else to.put(key, json, line);
      return;
    case 'wsl': {
      const conf = /^wsl_conf\.(.+?)\.(.+)$/.exec(key);
      if (conf) {
        const all = (to.options.wsl_conf ??= {}) as Record<string, Json>;
        (all[conf[1] ?? ''] ??= {})[conf[2] ?? ''] = json;
        to.lines.set(`config/provider_config/wsl_conf/${conf[1] ?? ''}/${conf[2] ?? ''}`, line);
      } else if (key === 'distribution_name') to.named(String(json), line);
      else if (early && (key === 'memory' || key === 'cpus')) size(key);
      else if (early && (key === 'default_user' || key === 'hostname')) to.set(key, json, line);
      else to.put(key, json, line);
      return;
    }
    case 'proxmox': proxmoxOption(to, key, value, json, early, line); return;
    default:
      if (key.endsWith('()')) to.put(key, [...((to.options[key] as unknown[] | undefined) ?? []), withSymbols(value)], line);
      else to.put(key, withSymbols(value), line);
  }
}

function proxmoxOption(to: MachineBuilder, key: string, value: Value, json: unknown, early: boolean, line: number): void {
  const own = Object.entries(proxmoxNames).find(([, option]) => option === key)?.[0] ?? key;
  if (key === 'password') throw new Secret('A password in the clear: the Vagrantfile that Gaia writes reads the environment variable PROXMOX_PASSWORD');
  if (key === 'vm_memory' && early && typeof json === 'number') to.set('memory', json, line);
  else if (key === 'qemu_cores' && early && typeof json === 'number') to.set('cpus', json, line);
  else if (key === 'vm_type' && json === 'qemu' && early) {
    // Gaia's own default, unless a template of containers stands beside it.
    to.lines.set('config/provider_config/vm_type', line);
    return;
  }
  else if ((key === 'qemu_iso' || key === 'qemu_iso_file') && early) to.set('iso', json, line);
  else if (key === 'vm_id_range' && !(value instanceof RubyRange)) throw new NotKnown('such a range');
  else to.put(own, json, line);
  const type = to.lines.get('config/provider_config/vm_type');
  if (containerTemplates.has(key) && type !== undefined && to.options.vm_type === undefined) to.put('vm_type', 'qemu', type);
}

const containerTemplates: ReadonlySet<string> = new Set(['openvz_os_template', 'openvz_template_file']);

/** `["modifyvm", :id, "--flag", "value", …]` are options of the machine; anything else is Vagrant's alone. */
export function takeCustomize(to: MachineBuilder, args: readonly Value[], line: number, unlessExists: string | undefined): void {
  const command = args.length === 1 ? known(args[0] ?? null) : (asString(args[0] ?? null) === 'pre-boot' ? known(args[1] ?? null) : null);
  if (!Array.isArray(command) || to.provider !== 'virtualbox') throw new NotKnown('such a customize');
  const [verb, id, ...rest] = command;
  if (asString(verb ?? null) !== 'modifyvm' || unlessExists !== undefined) {
    const words = command.map(one => (one instanceof RubySymbol ? `:${one.name}` : toJson(one)));
    ((to.extras.customize ??= [] as unknown as Json) as unknown as unknown[]).push(unlessExists === undefined ? words : { unless_exists: unlessExists, command: words });
    to.lines.set(`config/vagrant/customize/${String((to.extras.customize as unknown as unknown[]).length - 1)}`, line);
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
  for (const [flag, value] of isImplied(rest, to) ? pairs.slice(1) : pairs) {
    if ((flag === 'memory' || flag === 'cpus') && typeof value === 'number') to.set(flag, value, line);
    else if (flag === 'name') to.named(String(value), line);
    else if (flag in virtualboxOptions) throw new NotKnown(`the flag ${flag}`);
    else to.put(flag, value, line);
  }
}

/** The controller and 3D in one call and nothing else: the file named no controller. After one that it did name, this is another. */
function isImplied(words: readonly Value[], to: MachineBuilder): boolean {
  const [flag, controller, next, on] = words;
  return words.length === 4 && flag === impliedController[0] && controller === impliedController[1] && typeof next === 'string' && /^--accelerate-?3d$/.test(next) && on === 'on' && to.options.graphicscontroller === undefined;
}

/** A text that is exactly how a number is written is that number. */
function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^(0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value;
}
