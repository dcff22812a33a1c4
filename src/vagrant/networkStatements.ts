// networks, synced_folders, disks and cloud_init of a machine as statements of a Vagrantfile.
import type { ConfigPath } from '../config/model.ts';
import { env, symbol, type RubyValue } from './ruby.ts';
import { asDict, asList, asText, data, isDict, isSecret, joinLines, sizeInBytes, vagrantSize, type Dict } from './values.ts';
import { call, textCall, type Statement, type ViewProblem } from './view.ts';

type Options = Record<string, RubyValue>;

/** What a part of the view may say on the side. */
export interface Sink {
  readonly receiver: string;
  problem(problem: ViewProblem): void;
  /** These keys mean something to Gaia and nothing to Vagrant. */
  noEquivalent(path: ConfigPath): void;
  /** The look-up that stands for a secret, said once per place. */
  secret(name: string, path: ConfigPath): RubyValue;
}

const networkTypes = ['private_network', 'public_network', 'forwarded_port'];

export function networkStatements(config: Dict, provider: string, sink: Sink): Statement[] {
  const made = asList(config.networks).flatMap((value, index): Statement[] => {
    const path = ['config', 'networks', index];
    if (!isDict(value)) return [];
    const type = asText(value.type) ?? '';
    if (!networkTypes.includes(type)) return [];
    const options = type === 'forwarded_port' ? forwarded(value) : network(value, type, provider, path, sink);
    return [call(path, sink.receiver, 'network', [type], options)];
  });
  const bridge = asText(asDict(config.provider_config).switch);
  if (provider === 'hyperv' && bridge && !asList(config.networks).some(one => isDict(one) && one.bridge !== undefined)) {
    made.push(call(['config', 'provider_config', 'switch'], sink.receiver, 'network', ['public_network'], { bridge }));
  }
  return made;
}

function forwarded(value: Dict): Options {
  const { type: _type, guest_port, host_port, protocol, host_ip, guest_ip, id, auto_correct, ...rest } = value;
  const options: Options = { guest: data(guest_port), host: data(host_port) };
  if (protocol !== undefined && protocol !== 'tcp') options.protocol = data(protocol);
  if (host_ip !== undefined && host_ip !== '') options.host_ip = data(host_ip);
  if (guest_ip !== undefined && guest_ip !== '') options.guest_ip = data(guest_ip);
  // Vagrant would add its own forward for SSH beside this one, unless this one bears its name (docs/providers/vagrant.md).
  if (id !== undefined) options.id = data(id);
  else if (guest_port === 22 && (protocol === undefined || protocol === 'tcp')) options.id = 'ssh';
  if (auto_correct === true) options.auto_correct = true;
  return { ...options, ...others(rest) };
}

const onlyGaia = ['gateway', 'vlan', 'model', 'firewall', 'rate'];

function network(value: Dict, type: string, provider: string, path: ConfigPath, sink: Sink): Options {
  const { type: _type, ip, dhcp, netmask, bridge, name, mac, auto_config, nic_type, internal, use_dhcp_assigned_default_route, ...rest } = value;
  const options: Options = {};
  if (ip !== undefined) options.ip = data(ip);
  else if (dhcp === true || (type === 'private_network' && provider === 'virtualbox' && internal === undefined && rest.type === undefined)) options.type = 'dhcp';
  if (netmask !== undefined && netmask !== '255.255.255.0' && netmask !== 24) options.netmask = data(netmask);
  if (bridge !== undefined) options.bridge = data(bridge);
  if (name !== undefined) options.name = data(name);
  if (mac !== undefined) options.mac = data(mac);
  if (auto_config === false) options.auto_config = false;
  if (nic_type !== undefined) options.nic_type = data(nic_type);
  if (internal !== undefined && internal !== false) options.virtualbox__intnet = data(internal);
  if (use_dhcp_assigned_default_route === true) options.use_dhcp_assigned_default_route = true;
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(rest)) {
    if (onlyGaia.includes(key)) sink.noEquivalent([...path, key]);
    else kept[key] = inner;
  }
  return { ...options, ...others(kept) };
}

/** Options Gaia has no word for are Vagrant's own and go through as they are. */
function others(rest: Dict): Options {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined).map(([key, value]) => [key, data(value)]));
}

export function folderStatements(config: Dict, sink: Sink): Statement[] {
  return asList(config.synced_folders).flatMap((value, index): Statement[] => {
    const path = ['config', 'synced_folders', index];
    if (!isDict(value)) return [];
    const { host_path, guest_path, type, disabled, create, read_only, mount_options, ...rest } = value;
    const options: Options = {};
    if (type !== undefined && type !== '') options.type = data(type);
    if (disabled === true) options.disabled = true;
    if (create === true) options.create = true;
    const mount = [...asList(mount_options), ...(read_only === true && !asList(mount_options).includes('ro') ? ['ro'] : [])];
    for (const [key, inner] of Object.entries(rest)) {
      if (inner === undefined || folderDefaults[key] === inner) continue;
      options[key] = isSecret(key, inner) ? sink.secret(key, [...path, key]) : data(inner);
    }
    if (mount.length) options.mount_options = mount.map(data);
    return [call(path, sink.receiver, 'synced_folder', [data(host_path), data(guest_path)], options)];
  });
}

const folderDefaults: Dict = { rsync__auto: true, rsync__verbose: false, nfs_version: 3, nfs_udp: true, nfs_export: true, automount: false, smb_password: '' };

export function diskStatements(config: Dict, provider: string, sink: Sink): Statement[] {
  const made: Statement[] = [];
  const size = (value: unknown, path: ConfigPath, unit?: string): string | undefined => {
    const bytes = sizeInBytes(value, unit);
    if (bytes === undefined) sink.problem({ code: 'vagrant.diskSize', severity: 'error', message: '"{0}" is not a size Vagrant understands: write 64GB, 512MB …', values: [String(value)], path });
    return bytes === undefined ? undefined : vagrantSize(bytes);
  };
  const [key, unit] = provider === 'hyperv' && config.disk_size === undefined ? ['disk_size_gb', 'G'] as const : ['disk_size', 'M'] as const;
  if (config[key] !== undefined && (provider === 'virtualbox' || provider === 'hyperv')) {
    const first = size(config[key], ['config', key], unit);
    if (first) made.push(call(['config', key], sink.receiver, 'disk', [symbol('disk')], { size: first, primary: true }));
  }
  asList(config.disks).forEach((value, index) => {
    if (!isDict(value)) return;
    const path = ['config', 'disks', index];
    const { size: written, name, storage, format, ...rest } = value;
    const bytes = size(written, [...path, 'size']);
    if (!bytes) return;
    const options: Options = { size: bytes, name: data(name ?? `disk${String(index + 1)}`) };
    if (format !== undefined) options.disk_ext = data(format);
    if (storage !== undefined) sink.noEquivalent([...path, 'storage']);
    made.push(call(path, sink.receiver, 'disk', [symbol('disk')], { ...options, ...others(rest) }));
  });
  return made;
}

export function cloudInitStatements(config: Dict, sink: Sink, toYaml: (value: unknown) => string): Statement[] {
  if (!isDict(config.cloud_init)) return [];
  const path = ['config', 'cloud_init'];
  for (const key of ['network_config', 'ip_config', 'nameserver', 'search_domain']) if (config.cloud_init[key] !== undefined) sink.noEquivalent([...path, key]);
  const file = userDataFile(config.cloud_init.user_data);
  if (file !== undefined) return [call([...path, 'user_data'], sink.receiver, 'cloud_init', [], { content_type: /\.sh$/i.test(file) ? 'text/x-shellscript' : 'text/cloud-config', path: file })];
  if (config.cloud_init.user_data === undefined) asList(config.cloud_init.ssh_keys).forEach((key, index) => { if (!isPublicKey(key)) sink.noEquivalent([...path, 'ssh_keys', index]); });
  const text = userData(config.cloud_init, toYaml);
  if (text === undefined) return [];
  const type = text.startsWith('#!') ? 'text/x-shellscript' : 'text/cloud-config';
  return [textCall(path, sink.receiver, 'cloud_init', [], { content_type: type }, 'inline', text, 'CLOUD')];
}

/** `user_data` that names a file: one line that is no cloud-config and no script. */
function userDataFile(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && !/[\r\n]/.test(value) && !/^#(?:cloud-config|!)/.test(value) ? value : undefined;
}

/** Others are names of files that hold one: Gaia reads them when it makes the machine, a Vagrantfile could not. */
const isPublicKey = (key: unknown): boolean => typeof key === 'string' && /^(?:ssh-|ecdsa-|sk-)\S+ \S/.test(key);

/** The user data as given, else made from the short words. A password is never in it: `password_env` is set by Gaia itself. */
export function userData(settings: Dict, toYaml: (value: unknown) => string): string | undefined {
  const given = joinLines(settings.user_data);
  if (given !== undefined) return given;
  const keys = asList(settings.ssh_keys).filter(isPublicKey);
  const user = asText(settings.user);
  const document = {
    ...(settings.hostname === undefined ? {} : { hostname: settings.hostname }),
    ...(user === undefined ? (keys.length ? { ssh_authorized_keys: keys } : {}) : { users: ['default', { name: user, sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', ...(keys.length ? { ssh_authorized_keys: keys } : {}) }] }),
    ...(asList(settings.packages).length ? { package_update: true, packages: asList(settings.packages) } : {}),
  };
  return Object.keys(document).length ? `#cloud-config\n${toYaml(document)}` : undefined;
}

/** `ENV["NAME"]` for a secret that the config holds in the clear. */
export const lookUp = (name: string): RubyValue => env(name.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase());
