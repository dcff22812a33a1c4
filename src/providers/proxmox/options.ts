// `provider_config` of a Proxmox VE machine: our keys, the words of the Vagrant plugin for the same things, and everything else, which goes to the API as it is.
import { GaiaError } from '../../machines/errors.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import type { CardAddress } from './addresses.ts';
import { formatPropertyString, parseConfigSize, parseTags } from './encode.ts';
import type { ParamValue } from './encode.ts';
import { present } from './fields.ts';

/** What a file says of one card. */
export interface AdapterWish {
  readonly bridge?: string;
  readonly vlan?: number;
  readonly model?: string;
  readonly mac?: string;
  readonly firewall?: boolean;
  /** Megabytes a second; 0 = no limit. */
  readonly rate?: number;
  /** Of a container's card. */
  readonly address?: CardAddress;
}

/** What is said of the first card stands among the options themselves. */
export interface CreateOptions extends AdapterWish {
  readonly kind: 'qemu' | 'lxc';
  readonly node?: string;
  readonly storage?: string;
  readonly diskBytes?: number;
  readonly vmid?: number;
  readonly pool?: string;
  readonly template?: string;
  readonly fullClone?: boolean;
  readonly cores?: number;
  readonly sockets?: number;
  readonly memoryMiB?: number;
  readonly cpu?: string;
  readonly nested?: boolean;
  readonly ostype?: string;
  readonly bios?: string;
  readonly machine?: string;
  readonly scsihw?: string;
  readonly kvm?: boolean;
  readonly diskBus?: 'scsi' | 'virtio' | 'sata' | 'ide';
  readonly diskFormat?: string;
  readonly ssd?: boolean;
  readonly discard?: boolean;
  readonly efiStorage?: string;
  readonly tpm?: boolean;
  readonly iso?: string;
  readonly isoStorage?: string;
  readonly importStorage?: string;
  readonly cloudInitStorage?: string;
  readonly ostemplate?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly ha?: boolean;
  readonly makeTemplate?: boolean;
  /** Keys for the API as they are. */
  readonly rest: Readonly<Record<string, ParamValue>>;
}

/** Words of the vagrant-proxmox plugin for our keys. */
const aliases: Readonly<Record<string, string>> = {
  selected_node: 'node',
  qemu_os: 'ostype',
  qemu_storage: 'storage',
  qemu_disk_size: 'disk_size',
  qemu_template: 'template',
  qemu_iso: 'iso',
  qemu_iso_file: 'iso',
  qemu_nic_model: 'model',
  qemu_bridge: 'bridge',
  qemu_cores: 'cores',
  qemu_sockets: 'sockets',
  vm_memory: 'memory',
  vm_storage: 'storage',
  vm_disk_size: 'disk_size',
  openvz_os_template: 'ostemplate',
  openvz_template_file: 'ostemplate',
};

/** Of the plugin, without a meaning here: who one is comes from the connection, and waiting is Gaia's own business. */
const ignored = new Set(['endpoint', 'user_name', 'password', 'vm_type', 'vm_id_range', 'vm_name_prefix', 'task_timeout', 'task_status_check_interval', 'ssh_timeout', 'ssh_status_check_interval', 'imgcopy_timeout', 'replace_qemu_iso_file', 'replace_openvz_template_file', 'type']);

const own = new Set(['node', 'storage', 'disk_size', 'vmid', 'pool', 'bridge', 'vlan', 'model', 'mac', 'firewall', 'rate', 'template', 'full_clone', 'cores', 'sockets', 'memory', 'cpu', 'nested', 'ostype', 'bios', 'machine', 'scsihw', 'kvm', 'disk_bus', 'disk_format', 'ssd', 'discard', 'efi_storage', 'tpm', 'iso', 'iso_storage', 'import_storage', 'cloud_init_storage', 'ostemplate', 'description', 'tags', 'ha', 'make_template']);

/** Throws GaiaError `invalidInput` for a value of a known key that cannot be. */
export function readOptions(spec: Pick<MachineSpec, 'options' | 'source'>): CreateOptions {
  const values: Record<string, unknown> = {};
  const rest: Record<string, ParamValue> = {};
  for (const [given, value] of Object.entries(spec.options)) {
    const key = aliases[given] ?? given;
    if (value === undefined || value === null || ignored.has(given)) continue;
    // Our own word wins over the plugin's for the same thing.
    if (own.has(key)) values[key] = given !== key && values[key] !== undefined ? values[key] : value;
    else rest[key] = paramValue(key, value);
  }
  for (const given of Object.keys(spec.options)) if (own.has(given) && spec.options[given] !== undefined && spec.options[given] !== null) values[given] = spec.options[given];
  const text = (key: string): string | undefined => (values[key] === undefined ? undefined : String(values[key] as string | number));
  const integer = (key: string): number | undefined => {
    if (values[key] === undefined) return undefined;
    const number = Number(values[key]);
    if (Number.isInteger(number)) return number;
    throw new GaiaError('invalidInput', { message: 'provider_config.{0} must be a whole number.', values: [key] });
  };
  const decimal = (key: string): number | undefined => {
    if (values[key] === undefined) return undefined;
    const number = Number(values[key]);
    if (Number.isFinite(number) && number >= 0) return number;
    throw new GaiaError('invalidInput', { message: 'provider_config.{0} must be a number from 0 up.', values: [key] });
  };
  const truth = (key: string): boolean | undefined => (values[key] === undefined ? undefined : values[key] === true || values[key] === 1 || values[key] === '1' || values[key] === 'true');
  const size = values['disk_size'] === undefined ? undefined : parseConfigSize(values['disk_size']);
  if (values['disk_size'] !== undefined && size === undefined) throw new GaiaError('invalidInput', { message: 'provider_config.{0} is no size: {1}', values: ['disk_size', text('disk_size') ?? ''], hint: 'Write "64G", or a number of MB.' });
  const bus = text('disk_bus');
  if (bus !== undefined && !['scsi', 'virtio', 'sata', 'ide'].includes(bus)) throw new GaiaError('invalidInput', { message: 'provider_config.{0} must be one of {1}.', values: ['disk_bus', 'scsi, virtio, sata, ide'] });
  const container = spec.options['type'] === 'lxc' || spec.options['type'] === 'container' || spec.options['vm_type'] === 'openvz' || values['ostemplate'] !== undefined || spec.source.kind === 'tarball';
  const tags = values['tags'];
  return present<CreateOptions>({
    kind: container ? 'lxc' : 'qemu',
    node: text('node'),
    storage: text('storage'),
    diskBytes: size,
    vmid: integer('vmid'),
    pool: text('pool'),
    bridge: text('bridge'),
    vlan: integer('vlan'),
    model: text('model'),
    mac: text('mac'),
    firewall: truth('firewall'),
    rate: decimal('rate'),
    template: text('template'),
    fullClone: truth('full_clone'),
    cores: integer('cores'),
    sockets: integer('sockets'),
    memoryMiB: integer('memory'),
    cpu: text('cpu'),
    nested: truth('nested'),
    ostype: text('ostype'),
    bios: text('bios'),
    machine: text('machine'),
    scsihw: text('scsihw'),
    kvm: truth('kvm'),
    diskBus: bus as CreateOptions['diskBus'],
    diskFormat: text('disk_format'),
    ssd: truth('ssd'),
    discard: truth('discard'),
    efiStorage: text('efi_storage'),
    tpm: truth('tpm'),
    iso: text('iso'),
    isoStorage: text('iso_storage'),
    importStorage: text('import_storage'),
    cloudInitStorage: text('cloud_init_storage'),
    ostemplate: text('ostemplate'),
    description: text('description'),
    tags: Array.isArray(tags) ? tags.map(String) : typeof tags === 'string' ? parseTags(tags) : undefined,
    ha: truth('ha'),
    makeTemplate: truth('make_template'),
    rest,
  });
}

/** A JSON value as the API takes it: an object becomes `key=value,…`, a list is joined. */
function paramValue(key: string, value: unknown): ParamValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(String).join(',');
  if (typeof value === 'object' && value !== null) return formatPropertyString({ options: value as Record<string, ParamValue> });
  throw new GaiaError('invalidInput', { message: 'provider_config.{0} has a value that Proxmox VE cannot take.', values: [key] });
}

/** A clone is what its template is, unless the file says otherwise: its disks lie where those lie, in their format. */
export function isMadeAnew(spec: Pick<MachineSpec, 'source'>): boolean {
  return ['empty', 'iso', 'image', 'tarball'].includes(spec.source.kind);
}
