// A machine of a .gaia.json as the provider-neutral request that create and plan work with.
// Tolerant: what has the wrong type is left out (validate.ts has said so); nothing is invented.
import type { CloudInitSpec, DiskSpec, MachineSource, MachineSpec, NetworkSpec, PortForwardSpec, SharedFolderSpec } from '../machines/spec.ts';
import { isObject } from './merge.ts';
import type { ParsedMachine } from './model.ts';
import { sizeBytes } from './sizes.ts';

type Values = { readonly [key: string]: unknown };

/** Keys of `config` that belong to one provider and are not told by another part of the spec. */
const providerKeys = ['generation', 'disk_size_gb', 'base_distro', 'source_distro', 'install_location', 'default_user'] as const;

/** What `machine` asks for. WSL: the distribution's own `name` in its config wins over the machine's. */
export function machineSpec(machine: Pick<ParsedMachine, 'name' | 'provider' | 'config'>): MachineSpec {
  const { config } = machine;
  const networks = objects(config['networks']);
  const keys = Object.fromEntries(providerKeys.filter(key => config[key] !== undefined).map(key => [key, config[key]]));
  return {
    name: text(config['name']) ?? machine.name,
    provider: machine.provider,
    ...defined({
      called: machine.provider === 'virtualbox' && isObject(config['provider_config']) ? text(config['provider_config']['name']) : undefined,
      connection: text(config['connection']),
      description: text(config['description']),
      // An empty list is a list: the machine is to have none.
      tags: Array.isArray(config['tags']) ? texts(config['tags']) ?? [] : undefined,
      hostname: text(config['hostname']),
      cpus: integer(config['cpus']),
      memoryMiB: integer(config['memory']),
      cloudInit: cloudInit(config['cloud_init']),
      start: boolean(config['start']),
      providerKeys: Object.keys(keys).length > 0 ? keys : undefined,
    }),
    source: machineSource(machine),
    disks: disks(machine),
    networks: networks.flatMap(network),
    portForwards: networks.flatMap(portForward),
    sharedFolders: objects(config['synced_folders']).flatMap(sharedFolder),
    options: isObject(config['provider_config']) ? config['provider_config'] : {},
  };
}

/** Where the machine comes from. With several sources (which check.ts reports) the first of this order. */
export function machineSource({ provider, config }: Pick<ParsedMachine, 'provider' | 'config'>): MachineSource {
  const options = isObject(config['provider_config']) ? config['provider_config'] : {};
  const checksum = text(config['checksum']);
  const clone = config['clone_from'] ?? (provider === 'proxmox' ? options['template'] ?? options['qemu_template'] : undefined);
  const tarball = text(config['tarball']);
  const [image, iso, box, sourceDistro, baseDistro] = [text(config['image']), text(config['iso']), text(config['box']), text(config['source_distro']), text(config['base_distro'])];
  const proxmoxIso = provider === 'proxmox' ? text(options['qemu_iso']) : undefined;
  const of = nameOf(clone);
  if (of !== undefined) {
    const details = isObject(clone) ? clone : {};
    // Proxmox says it the other way round: full_clone.
    const linked = boolean(details['linked']) ?? (provider === 'proxmox' && typeof options['full_clone'] === 'boolean' ? !options['full_clone'] : undefined);
    return { kind: 'clone', of, ...defined({ linked, snapshot: text(details['snapshot']) }) };
  }
  if (tarball) return { kind: 'tarball', url: tarball };
  if (image) return { kind: 'image', url: image, ...defined({ checksum }) };
  if (iso ?? proxmoxIso) return { kind: 'iso', url: (iso ?? proxmoxIso) as string, ...defined({ checksum }) };
  if (box) return { kind: 'box', name: box, ...defined({ version: text(config['box_version']), url: text(config['box_url']) }) };
  if (sourceDistro) return { kind: 'clone', of: sourceDistro };
  if (baseDistro) return { kind: 'distribution', name: baseDistro };
  return { kind: 'empty' };
}

function disks({ provider, config }: Pick<ParsedMachine, 'provider' | 'config'>): DiskSpec[] {
  const options = isObject(config['provider_config']) ? config['provider_config'] : {};
  const gigabytes = config['disk_size_gb'];
  const first = sizeBytes(config['disk_size'])
    ?? (provider === 'hyperv' && typeof gigabytes === 'number' ? sizeBytes(gigabytes * 1024) : undefined)
    ?? (provider === 'proxmox' ? sizeBytes(options['disk_size'] ?? options['qemu_disk_size']) : undefined);
  const storage = provider === 'proxmox' ? text(options['storage'] ?? options['qemu_storage']) : undefined;
  const more = objects(config['disks']).flatMap((disk): DiskSpec[] => {
    const size = sizeBytes(disk['size']);
    return size === undefined ? [] : [{ sizeBytes: size, ...defined({ name: text(disk['name']), storage: text(disk['storage']), format: text(disk['format']) }) }];
  });
  // Further disks keep their place, also of an adopted machine whose source nobody knows: where nothing is said of the first one's size, that is told as 0.
  if (first === undefined) return more.length > 0 ? [{ sizeBytes: 0 }, ...more] : [];
  return [{ sizeBytes: first, ...defined({ storage }) }, ...more];
}

function network(entry: Values): NetworkSpec[] {
  const [given, mask] = [text(entry['ip']), entry['netmask']];
  const address = { ip: given === 'dhcp' ? undefined : given, dhcp: given === 'dhcp' ? true : boolean(entry['dhcp']), netmask: typeof mask === 'number' ? maskOf(mask) : text(mask), gateway: text(entry['gateway']) };
  if (entry['type'] === 'private_network') return [{ type: 'private_network', ...defined({ ...address, name: text(entry['name']) ?? text(entry['bridge']) }) }];
  if (entry['type'] === 'public_network') {
    const bridge = Array.isArray(entry['bridge']) ? (entry['bridge'] as unknown[])[0] : entry['bridge'];
    return [{ type: 'public_network', ...defined({ ...address, bridge: text(bridge), vlan: integer(entry['vlan']), model: text(entry['model']), mac: text(entry['mac']), firewall: boolean(entry['firewall']), rate: number(entry['rate']) }) }];
  }
  return [];
}

function portForward(entry: Values): PortForwardSpec[] {
  const [guestPort, hostPort] = [integer(entry['guest_port']), integer(entry['host_port'])];
  if (entry['type'] !== 'forwarded_port' || guestPort === undefined || hostPort === undefined) return [];
  return [{ guestPort, hostPort, protocol: entry['protocol'] === 'udp' ? 'udp' : 'tcp', ...defined({ hostIp: text(entry['host_ip']), guestIp: text(entry['guest_ip']), id: text(entry['id']), autoCorrect: boolean(entry['auto_correct']) }) }];
}

const folderKeys = ['host_path', 'guest_path', 'type', 'read_only', 'disabled'];

function sharedFolder(entry: Values): SharedFolderSpec[] {
  const [hostPath, guestPath] = [text(entry['host_path']), text(entry['guest_path'])];
  if (hostPath === undefined || guestPath === undefined) return [];
  const options = Object.fromEntries(Object.entries(entry).filter(([key]) => !folderKeys.includes(key)));
  return [{ hostPath, guestPath, ...defined({ type: text(entry['type']), readOnly: boolean(entry['read_only']), disabled: boolean(entry['disabled']), options: Object.keys(options).length > 0 ? options : undefined }) }];
}

function cloudInit(value: unknown): CloudInitSpec | undefined {
  if (!isObject(value)) return undefined;
  return defined({
    user: text(value['user']), passwordEnv: text(value['password_env']), sshKeys: texts(value['ssh_keys']), packages: texts(value['packages']), hostname: text(value['hostname']),
    userData: text(value['user_data']), networkConfig: text(value['network_config']), ipConfig: text(value['ip_config']), nameserver: text(value['nameserver']), searchDomain: text(value['search_domain']),
  });
}

/** 24 → 255.255.255.0; beyond what IPv4 has, the bits themselves. */
function maskOf(prefix: number): string | undefined {
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > 128) return undefined;
  if (prefix > 32) return String(prefix);
  return [0, 8, 16, 24].map(from => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - from)))).join('.');
}

function nameOf(clone: unknown): string | undefined {
  const name = isObject(clone) ? clone['name'] : clone;
  return typeof name === 'number' ? String(name) : text(name);
}

/** Only what is there: with exactOptionalPropertyTypes an undefined property is not the same as none. */
function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function objects(value: unknown): readonly Values[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value.filter(item => typeof item === 'string') : undefined;
}
function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
function boolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

