// What Vagrant must have understood of a machine, worked out from the config alone (no code of src/), and how that differs from what it did.
import fs from 'node:fs';
import path from 'node:path';
import { parse as parseYaml } from 'yaml';
import { well } from './hostile.ts';
import type { DrawnMachine, Json } from './configs.ts';

export interface Dumped {
  readonly name: string;
  readonly vm: Json;
  readonly ssh: Json;
  readonly winrm: Json;
  readonly provider: string;
  readonly provider_config: Json | null;
  readonly networks: readonly { type: string; options: Json }[];
  readonly synced_folders: readonly Json[];
  readonly disks: readonly Json[];
  readonly cloud_init: readonly Json[];
  readonly provisioners: readonly { name: string | null; type: string; run: string | null; before: string | null; after: string | null; config: Json }[];
  readonly triggers: { readonly before: readonly Json[]; readonly after: readonly Json[] };
  readonly unknown_settings: Json;
}

/** A text as Ruby holds it, everywhere in a value. */
function clean(value: unknown): unknown {
  if (typeof value === 'string') return well(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [well(key), clean(inner)]));
  return value;
}

const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const dict = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const onOff = (value: unknown): string => (value === true ? 'on' : value === false ? 'off' : well(String(value)));
const lines = (value: unknown): string => (Array.isArray(value) && value.length === 1 ? String(value[0]) : Array.isArray(value) ? value.map(one => `${String(one)}\n`).join('') : String(value));

/** `[what, expected, found]` of each difference. */
export function differences(machine: DrawnMachine, found: Dumped): [string, unknown, unknown][] {
  const wrong: [string, unknown, unknown][] = [];
  const same = (what: string, expected: unknown, actual: unknown): void => {
    const one = clean(expected);
    if (!equal(one, actual)) wrong.push([what, one, actual]);
  };
  const { config } = machine;
  const options = dict(config.provider_config);
  same('name', machine.name, found.name);
  same('unknown settings', {}, found.unknown_settings);
  same('provider', { wsl: 'wsl2' }[machine.provider] ?? machine.provider, found.provider);
  const box = config.box ?? (machine.provider === 'wsl' ? config.base_distro : undefined);
  same('box', box ?? null, found.vm.box);
  same('box_version', config.box_version === '>= 0' ? null : (config.box_version ?? null), found.vm.box_version);
  same('box_url', config.box_url === undefined ? null : [config.box_url], found.vm.box_url);
  same('box_architecture', config.box_architecture === 'auto' ? null : (config.box_architecture ?? null), found.vm.box_architecture);
  if (machine.provider !== 'wsl') same('hostname', config.hostname ?? null, found.vm.hostname);
  for (const space of ['vm', 'ssh', 'winrm'] as const) for (const [key, value] of Object.entries(dict(dict(config.vagrant)[space]))) same(`vagrant.${space}.${key}`, value, found[space][key]);
  networks(config, found, same);
  folders(config, found, same);
  disks(config, machine, found, same);
  const user = dict(config.cloud_init).user_data;
  cloudInit(dict(config.cloud_init), user, found, same);
  provisioners(config, found, same);
  triggers(config, found, same);
  providers[machine.provider]?.(machine, options, found.provider_config ?? {}, same);
  return wrong;
}

function cloudInit(settings: Json, user: unknown, found: Dumped, same: Same): void {
  const [one] = found.cloud_init;
  if (typeof user === 'string') {
    const file = !user.includes('\n') && !user.startsWith('#');
    same('cloud_init', [file ? (user.endsWith('.sh') ? 'text/x-shellscript' : 'text/cloud-config') : user.startsWith('#!') ? 'text/x-shellscript' : 'text/cloud-config', file ? null : user, file ? user : null], [one?.content_type, one?.inline ?? null, one?.path ?? null]);
    return;
  }
  const keys = ((settings.ssh_keys ?? []) as string[]).filter(key => key.startsWith('ssh-'));
  const expected = tidy({
    hostname: settings.hostname, users: settings.user === undefined ? undefined : ['default', tidy({ name: settings.user, sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', ssh_authorized_keys: keys.length ? keys : undefined })],
    ssh_authorized_keys: settings.user === undefined && keys.length ? keys : undefined, package_update: settings.packages === undefined ? undefined : true, packages: settings.packages,
  });
  if (Object.keys(expected).length === 0) same('cloud_init', 0, found.cloud_init.length);
  else same('cloud_init', expected, one && String(one.inline).startsWith('#cloud-config\n') ? clean(parseYaml(String(one.inline))) : one);
}

type Same = (what: string, expected: unknown, actual: unknown) => void;

function networks(config: Json, found: Dumped, same: Same): void {
  const expected = list(config.networks).map(one => {
    if (one.type === 'forwarded_port') {
      const ssh = one.guest_port === 22 && (one.protocol ?? 'tcp') === 'tcp';
      const id = one.id ?? (ssh ? 'ssh' : `${String(one.host_ip ?? '')}${String(one.protocol ?? 'tcp')}${String(one.host_port)}`);
      return tidy({ type: one.type, guest: one.guest_port, host: one.host_port, protocol: one.protocol ?? 'tcp', host_ip: one.host_ip, guest_ip: one.guest_ip, id, auto_correct: one.auto_correct === true ? true : undefined });
    }
    return tidy({
      type: one.type, protocol: 'tcp', ip: one.ip, netmask: one.netmask === '255.255.255.0' ? undefined : one.netmask, name: one.name, mac: one.mac, auto_config: one.auto_config === false ? false : undefined, nic_type: one.nic_type, bridge: one.bridge,
      virtualbox__intnet: one.internal === false ? undefined : one.internal, use_dhcp_assigned_default_route: one.use_dhcp_assigned_default_route === true ? true : undefined,
      ...(one.dhcp === true && one.ip === undefined ? { dhcp: 'dhcp' } : {}),
    });
  });
  const implied = !expected.some(one => one.id === 'ssh');
  if (implied) expected.push({ type: 'forwarded_port', guest: 22, host: 2222, host_ip: '127.0.0.1', id: 'ssh', auto_correct: true, protocol: 'tcp' });
  // Windows guests get forwards for WinRM beside it.
  const winrm = dict(dict(config.vagrant).vm).communicator === 'winrm';
  const actual = found.networks.map(({ type, options }) => {
    const { type: inner, ...rest } = options;
    return { ...rest, type, ...(inner === undefined ? {} : { dhcp: inner }) } as Json;
  }).filter(one => !winrm || !/^winrm/.test(String(one.id)));
  same('networks', expected.map(stable).sort(), actual.map(stable).sort());
}

const stable = (one: Json): string => JSON.stringify(Object.entries(clean(one) as Json).sort(([a], [b]) => (a < b ? -1 : 1)));
const tidy = (one: Json): Json => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined));

function folders(config: Json, found: Dumped, same: Same): void {
  const written = list(config.synced_folders);
  const defaults: Json = { rsync__auto: true, rsync__verbose: false, nfs_version: 3, nfs_udp: true, nfs_export: true, automount: false };
  for (const one of written) {
    const guest = well(String(one.guest_path)).replace(/\/$/m, match => match).replace(/\/(?=\n|$)/g, '');
    const actual = found.synced_folders.find(folder => folder.guestpath === guest);
    const { host_path, guest_path: _guest, read_only, mount_options, create, ...rest } = one;
    const mount = [...list(mount_options), ...(read_only === true && !list(mount_options).includes('ro' as never) ? ['ro'] : [])];
    const kept = Object.fromEntries(Object.entries(rest).filter(([key, value]) => defaults[key] !== value));
    const expected = tidy({ ...kept, id: undefined, disabled: one.disabled === true, hostpath: host_path, guestpath: guest, create: create === true ? true : undefined, mount_options: mount.length ? mount : undefined });
    const { id: _id, ...seen } = actual ?? {};
    same(`folder ${JSON.stringify(one.guest_path)}`, expected, seen);
  }
}

function disks(config: Json, machine: DrawnMachine, found: Dumped, same: Same): void {
  const expected: Json[] = [];
  if (config.disk_size !== undefined && machine.provider === 'virtualbox') expected.push({ bytes: bytes(config.disk_size, 2 ** 20), primary: true });
  if (config.disk_size_gb !== undefined && machine.provider === 'hyperv') expected.push({ bytes: bytes(config.disk_size_gb, 2 ** 30), primary: true });
  for (const one of list(config.disks)) expected.push({ bytes: bytes(one.size, 2 ** 20), primary: false, name: diskName(one.name), disk_ext: one.format ?? null });
  same('disks', expected, found.disks.map(one => (one.primary === true ? { bytes: bytes(one.size, 1), primary: true } : { bytes: bytes(one.size, 1), primary: false, name: one.name, disk_ext: one.disk_ext })));
}

/** Vagrant replaces what cannot be in a file's name. */
const diskName = (name: unknown): string => well(String(name)).replace(/[^-_a-z0-9]/giu, '_');

/** Size in bytes, rounded up to KB as the file has no smaller unit. */
function bytes(value: unknown, unit: number): number {
  const found = /^\s*([\d.]+)\s*([KMGT]?)/.exec(String(value));
  const factor = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }[found?.[2] ?? ''] ?? unit;
  return Math.ceil(Number(found?.[1]) * factor / 1024) * 1024;
}

function provisioners(config: Json, found: Dumped, same: Same): void {
  const written = list(config.provisioners);
  same('number of provisioners', written.length, found.provisioners.length);
  written.forEach((one, index) => {
    const actual = found.provisioners[index];
    if (!actual) return;
    const { type, name, run, before, after, ...rest } = one;
    const label = `provisioner ${String(index)} (${String(type)})`;
    const kind = type === 'chef' ? 'chef_solo' : String(type);
    same(`${label} head`, { type: kind, name: name ?? null, run: run === 'once' ? null : (run ?? null), before: before ?? null, after: after ?? null }, { type: actual.type, name: actual.name, run: actual.run, before: actual.before, after: actual.after });
    for (const [key, value] of Object.entries(rest)) same(`${label} ${key}`, ...readProvisioner(kind, key, value, actual.config, rest));
  });
}

/** Each action is a trigger of its own for Vagrant. */
function triggers(config: Json, found: Dumped, same: Same): void {
  for (const stage of ['before', 'after'] as const) {
    const expected = list(config.triggers).filter(one => one[stage] !== undefined).flatMap(one => (Array.isArray(one[stage]) ? (one[stage] as unknown[]) : [one[stage]]).map((command): Json => ({
      command, name: one.name ?? null, info: one.info ?? null, warn: one.warn ?? null, on_error: one.on_error ?? 'halt', type: one.type ?? 'action',
      only_on: one.only_on === undefined ? null : Array.isArray(one.only_on) ? one.only_on : [one.only_on], ignore: one.ignore === undefined ? [] : Array.isArray(one.ignore) ? one.ignore : [one.ignore],
      exit_codes: one.exit_codes === undefined ? [0] : Array.isArray(one.exit_codes) ? one.exit_codes : [one.exit_codes], abort: one.abort === true ? 1 : (one.abort ?? null),
    })));
    same(`${stage} triggers`, expected, found.triggers[stage].map(({ run: _run, run_remote: _remote, ruby: _ruby, ruby_block: _block, ...rest }) => rest));
    const scripts = list(config.triggers).filter(one => one[stage] !== undefined).flatMap(one => (Array.isArray(one[stage]) ? (one[stage] as unknown[]) : [one[stage]]).map(() => one));
    scripts.forEach((one, index) => {
      for (const key of ['run', 'run_remote'] as const) {
        const actual = found.triggers[stage][index]?.[key];
        if (one[key] === undefined) same(`${stage} trigger ${String(index)} ${key}`, null, actual ?? null);
        else for (const [option, value] of Object.entries(dict(one[key]))) same(`${stage} trigger ${String(index)} ${key} ${option}`, ...readProvisioner('shell', option, value, dict(actual), {}));
      }
    });
  }
}

/** What a key of a provisioner is in Vagrant's own object, after its clean-up. */
function readProvisioner(kind: string, key: string, value: unknown, config: Json, all: Json): [unknown, unknown] {
  const actual = config[key];
  if (kind === 'shell' && key === 'inline') return [lines(value), actual];
  if (kind === 'shell' && key === 'args') return [Array.isArray(value) ? value.map(String) : value, actual];
  if (kind === 'shell' && key === 'env') return [Object.fromEntries(Object.entries(dict(value)).map(([name, inner]) => [name, String(inner)])), actual];
  if (kind === 'docker' || kind === 'podman') return container(key, value, config);
  if (kind.startsWith('chef')) {
    if (/_path$/.test(key) && /^(cookbooks|roles|data_bags|environments|nodes)_/.test(key)) return [(Array.isArray(value) ? value : [value]).map(one => ['host', kind === 'chef_zero' ? absolute(well(String(one))) : one]), actual];
    if (key === 'json') return [value, actual];
    if (key === 'log_level') return [value, actual];
  }
  if (kind === 'puppet' && key === 'module_path') return [Array.isArray(value) ? value : [value], Array.isArray(actual) ? actual : [actual]];
  if (kind === 'puppet' && (key === 'manifests_path' || key === 'environment_path')) return [['host', value], actual];
  // A default value is left out, and these then read nil.
  if (kind === 'salt' && (value === false || (key === 'install_type' && value === 'stable'))) return [null, actual === false ? null : actual];
  void all;
  return [value, actual];
}

const absolute = (one: string): string => path.resolve(one);

function container(key: string, value: unknown, config: Json): [unknown, unknown] {
  if (key === 'images') return [[...new Set(value as string[])], config.images];
  if (key === 'build_image') return [[[value, {}]], (config.build_images ?? config.__build_images) as unknown];
  return [Object.fromEntries(list(value).map(one => [String(one.name), tidy({ image: one.image ?? one.name, args: one.args, cmd: one.cmd, daemonize: one.daemonize ?? true, auto_assign_name: one.auto_assign_name ?? true, restart: one.restart ?? 'always' })])), dict(config.containers)];
}

/** What the providers of Vagrant know: all else is Gaia's alone. */
const pluginOptions = (({ providers: all }) => ({ proxmox: all.proxmox?.options ?? {}, hyperv: all.hyperv?.options ?? {} }))(JSON.parse(fs.readFileSync(path.resolve(import.meta.dirname, '../../truth/vagrant/options.json'), 'utf8')) as { providers: Record<string, { options: Json }> });

const providers: Readonly<Record<string, (machine: DrawnMachine, options: Json, found: Json, same: Same) => void>> = {
  virtualbox: (machine, options, found, same) => {
    const own = ['gui', 'name', 'linked_clone', 'linked_clone_snapshot', 'check_guest_additions', 'default_nic_type', 'auto_nat_dns_proxy', 'destroy_unused_network_interfaces', 'functional_vboxsf'];
    const { config } = machine;
    for (const key of own) if (options[key] !== undefined) same(`vb.${key}`, options[key], found[key]);
    if (options.name === undefined) same('vb.name', machine.name, found.name);
    const given = Object.entries(options).filter(([key]) => !own.includes(key));
    const wants3d = given.some(([key, value]) => key === 'accelerate3d' && onOff(value) === 'on');
    // 3D needs a graphics controller that has it, before: the one that is named, else this one.
    const named = given.filter(([key]) => wants3d && key === 'graphicscontroller');
    const flags = [...named, ...given.filter(one => !named.includes(one))].map(([key, value]) => ['pre-boot', ['modifyvm', 'id', ...key === 'accelerate3d' && wants3d && named.length === 0 ? ['--graphicscontroller', 'vmsvga'] : [], `--${key.replaceAll('_', '-')}`, onOff(value)]]);
    const sizes = [...(config.cpus === undefined ? [] : [['pre-boot', ['modifyvm', 'id', '--cpus', config.cpus]]]), ...(config.memory === undefined ? [] : [['pre-boot', ['modifyvm', 'id', '--memory', String(config.memory)]]])];
    same('vb.customize', [...sizes, ...flags], found.customizations);
  },
  hyperv: (machine, given, found, same) => {
    const options = Object.fromEntries(Object.entries(given).filter(([key]) => key in pluginOptions.hyperv));
    const linked = options.linked_clone === true || options.differencing_disk === true;
    const checkpoints = options.enable_checkpoints !== false || options.enable_automatic_checkpoints === true;
    const expected: Json = { vmname: machine.name, cpus: machine.config.cpus, memory: machine.config.memory, ...options, linked_clone: linked, differencing_disk: linked, enable_checkpoints: checkpoints };
    for (const [key, value] of Object.entries(expected)) if (value !== undefined) same(`hyperv.${key}`, value, found[key]);
  },
  proxmox: (machine, given, found, same) => {
    const words = ['node', 'storage', 'disk_size', 'ostype', 'cores', 'sockets', 'model', 'bridge', 'template'];
    const options = Object.fromEntries(Object.entries(given).filter(([key]) => words.includes(key) || key in pluginOptions.proxmox));
    const { node, storage, disk_size, ostype, cores, sockets, model, bridge, template, ...rest } = options;
    const size = (value: unknown): string | undefined => (value === undefined ? undefined : value === 32768 ? '32G' : String(value));
    const expected: Json = { ...rest, endpoint: options.endpoint ?? 'https://pve.test:8006/api2/json', user_name: options.user_name ?? 'me@pam', password: 'from the environment', vm_type: options.vm_type ?? (options.openvz_os_template === undefined && options.openvz_template_file === undefined ? 'qemu' : 'openvz'), vm_memory: machine.config.memory === 512 ? undefined : machine.config.memory, selected_node: node, qemu_storage: storage === 'raid' ? undefined : storage, qemu_disk_size: size(disk_size), qemu_os: ostype, qemu_cores: (cores ?? machine.config.cpus) === 1 ? undefined : (cores ?? machine.config.cpus), qemu_sockets: sockets === 1 ? undefined : sockets, qemu_nic_model: model, qemu_bridge: bridge, qemu_template: template };
    const defaults: Json = { task_timeout: 60, task_status_check_interval: 2, ssh_timeout: 60, ssh_status_check_interval: 5, imgcopy_timeout: 120, replace_qemu_iso_file: false, replace_openvz_template_file: false };
    for (const [key, value] of Object.entries(expected)) if (value !== undefined && defaults[key] !== value) same(`proxmox.${key}`, value, found[key]);
  },
  wsl: (machine, options, found, same) => {
    const { systemd, boot_command, hostname, default_user, wsl_conf, vhd_size: _size, set_default: _default, ...rest } = options;
    const defaults: Json = { version: 2, memory: 4096, cpus: 2, swap: 1024, gui_support: false, kernel_command_line: '' };
    const expected: Json = { distribution_name: machine.name, cpus: machine.config.cpus, memory: machine.config.memory, ...rest };
    for (const [key, value] of Object.entries(expected)) if (value !== undefined && defaults[key] !== value) same(`wsl.${key}`, value, found[key]);
    const conf: Record<string, Json> = {};
    const put = (section: string, key: string, value: unknown): void => { if (value !== undefined) conf[section] = { ...conf[section], [key]: value }; };
    put('boot', 'systemd', systemd);
    put('boot', 'command', boot_command);
    put('network', 'hostname', hostname ?? machine.config.hostname);
    put('user', 'default', default_user ?? machine.config.default_user);
    for (const [section, keys] of Object.entries(dict(wsl_conf))) for (const [key, value] of Object.entries(dict(keys))) put(section, key, value);
    same('wsl.conf', conf, dict(found.wsl_conf));
  },
};

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, index) => equal(one, b[index]));
  if (typeof a === 'object' && a !== null) {
    if (typeof b !== 'object' || b === null || Array.isArray(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every(key => key in b && equal((a as Json)[key], (b as Json)[key]));
  }
  return a === b;
}
