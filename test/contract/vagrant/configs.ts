// Machines as fast-check draws them: every key Gaia can write into a Vagrantfile, hostile texts wherever a text may stand, and within
// what Vagrant can bear (unique ports, guest paths and names; no NUL in paths): what it cannot is a diagnostic, with tests of its own.
import fc from 'fast-check';
import { optionKeys } from '../../../src/config/schema.ts';
import { hostileText, well } from './hostile.ts';

export type Json = { readonly [key: string]: unknown };
export interface DrawnMachine {
  readonly name: string;
  readonly provider: string;
  readonly config: Json;
}

const bare = (text: string): string => text.replaceAll('\0', '');
/** Texts for what becomes a file's name or path in Vagrant. */
const path = hostileText.map(text => bare(text) || 'x');
const name = hostileText.map(text => bare(well(text)).replace(/[[\]{}/]/g, '')).filter(text => text !== '' && text !== '.' && text !== '..');
const host = fc.stringMatching(/^[a-z0-9][-.a-z0-9]{0,20}$/);
const text = hostileText;
const texts = fc.array(text, { minLength: 1, maxLength: 3 });
const bool = fc.boolean();
const words = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}X$/), fc.oneof(text, fc.integer(), bool), { maxKeys: 3 });
const data = fc.dictionary(text, fc.oneof(text, fc.integer(), bool, texts, fc.dictionary(text, text, { maxKeys: 2 })), { maxKeys: 3 });
/** An optional property. */
const record = <T extends Record<string, fc.Arbitrary<unknown>>>(shape: T, required: (keyof T)[] = []): fc.Arbitrary<Json> => fc.record(shape, { requiredKeys: required as never }) as fc.Arbitrary<Json>;
const ip = fc.tuple(fc.integer({ min: 2, max: 254 }), fc.integer({ min: 2, max: 254 })).map(([a, b]) => `192.168.${String(a)}.${String(b)}`);
const port = fc.integer({ min: 1, max: 65535 });

const networks = fc.array(fc.oneof(
  record({ type: fc.constant('forwarded_port'), guest_port: fc.oneof(fc.constant(22), port), host_port: port, protocol: fc.constantFrom('tcp', 'udp'), host_ip: ip, guest_ip: ip, auto_correct: bool }, ['type', 'guest_port', 'host_port']),
  record({ type: fc.constant('forwarded_port'), guest_port: port, host_port: port, id: text.filter(one => well(one) !== 'ssh') }, ['type', 'guest_port', 'host_port', 'id']),
  record({ type: fc.constant('private_network'), ip, bridge: text, netmask: fc.constantFrom('255.255.255.0', '255.255.0.0', 16), gateway: ip, name: text, mac: fc.stringMatching(/^[0-9A-F]{12}$/), auto_config: bool, nic_type: text, internal: fc.oneof(bool, text) }, ['type', 'ip']),
  fc.constant({ type: 'private_network', dhcp: true }),
  record({ type: fc.constant('public_network'), bridge: fc.oneof(text, texts), netmask: fc.constantFrom('255.255.255.0', '255.0.0.0'), gateway: ip, vlan: port, model: text, firewall: bool, rate: port, ip, dhcp: bool, mac: fc.stringMatching(/^[0-9A-F]{12}$/), use_dhcp_assigned_default_route: bool, auto_config: bool }, ['type']),
), { maxLength: 5 }).map(list => distinct(list, one => forwardId(one)));

/** What Vagrant takes two forwards for one by. */
function forwardId(one: Json): string | undefined {
  if (one.type !== 'forwarded_port') return undefined;
  const protocol = String(one.protocol ?? 'tcp');
  const text_ = one.id === undefined ? (one.guest_port === 22 && protocol === 'tcp' ? 'ssh' : `${String(one.host_ip ?? '')}${protocol}${String(one.host_port)}`) : well(String(one.id));
  return text_;
}

const folders = fc.array(record({
  host_path: path, guest_path: path, type: fc.constantFrom('virtualbox', 'nfs', 'rsync', 'smb'), disabled: bool, create: bool, read_only: bool, owner: text, group: text, mount_options: texts, id: text,
  rsync__args: texts, rsync__exclude: fc.oneof(text, texts), rsync__auto: bool, rsync__chown: bool, rsync__verbose: bool, nfs_version: fc.constantFrom(3, 4, '4.1'), nfs_udp: bool, nfs_export: bool, smb_host: text, smb_username: text, automount: bool,
}, ['host_path', 'guest_path']), { maxLength: 3 }).map(list => distinct(list, one => well(String(one.guest_path)).replace(/\/$/, '')));

const ansible = { playbook: text, inventory_path: text, extra_vars: data, groups: fc.dictionary(text, texts, { maxKeys: 2 }), host_vars: fc.dictionary(text, fc.dictionary(text, text, { maxKeys: 2 }), { maxKeys: 2 }), become: bool, become_user: text, limit: fc.oneof(text, texts), tags: fc.oneof(text, texts), skip_tags: fc.oneof(text, texts), verbose: fc.oneof(bool, fc.constantFrom('v', 'vvv')), vault_password_file: text, galaxy_role_file: text, galaxy_roles_path: text, start_at_task: text, raw_arguments: texts, compatibility_mode: fc.constantFrom('auto', '1.8', '2.0') };
const chef = { environment: text, run_list: texts, json: data, version: text, install: bool, arguments: text, log_level: fc.constantFrom('debug', 'info'), node_name: text };
const paths = fc.oneof(path, fc.array(path, { minLength: 1, maxLength: 3 }));
const chefPaths = { cookbooks_path: paths, roles_path: paths, data_bags_path: paths, environments_path: paths, nodes_path: paths };
const images = { images: texts, build_image: text, containers: fc.array(record({ name: text, image: text, args: text, cmd: text, daemonize: bool, auto_assign_name: bool, restart: text }, ['name']), { maxLength: 2 }).map(list => distinct(list, one => well(String(one.name)))) };

const kinds: Readonly<Record<string, [Record<string, fc.Arbitrary<unknown>>, string[]]>> = {
  shell: [{ inline: fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 4 })), path, args: fc.oneof(text, fc.array(fc.oneof(text, fc.integer()), { maxLength: 3 })), env: words, privileged: bool, binary: bool, keep_color: bool, upload_path: text, reset: bool, reboot: bool, sensitive: bool, sha256: text, powershell_args: text, powershell_elevated_interactive: bool }, []],
  file: [{ source: path, destination: text }, ['source', 'destination']],
  ansible: [ansible, ['playbook']],
  ansible_local: [{ ...ansible, install: bool, install_mode: fc.constantFrom('default', 'pip'), version: text, provisioning_path: text }, ['playbook']],
  puppet: [{ manifests_path: text, manifest_file: text, environment: text, environment_path: text, module_path: fc.oneof(text, texts), hiera_config_path: text, facter: data, working_directory: text, options: texts }, []],
  puppet_server: [{ puppet_server: text, puppet_node: text, facter: data, options: texts }, []],
  chef: [{ ...chef, ...chefPaths }, []],
  chef_solo: [{ ...chef, ...chefPaths }, []],
  chef_zero: [{ ...chef, ...chefPaths }, []],
  chef_client: [{ ...chef, chef_server_url: text, validation_key_path: text, validation_client_name: text }, []],
  chef_apply: [{ recipe: text, version: text }, ['recipe']],
  docker: [images, []],
  podman: [images, []],
  cfengine: [{ mode: fc.constantFrom('bootstrap', 'single_run'), policy_server_address: text, am_policy_hub: bool, install: fc.oneof(bool, fc.constant('force')), run_file: text, files_path: text, classes: texts, extra_agent_args: text, force_bootstrap: bool, upload_path: text }, []],
  salt: [{ masterless: bool, minion_config: text, run_highstate: bool, pillar_data: data, install_type: fc.constantFrom('stable', 'git'), version: text, bootstrap_options: text, verbose: bool, colorize: bool, log_level: text }, []],
};

const provisioners = fc.array(fc.oneof(...Object.entries(kinds).map(([type, [shape, required]]) => ({
  weight: type === 'shell' ? 6 : 1,
  arbitrary: fc.tuple(record(shape, required), record({ name: name, run: fc.constantFrom('once', 'always', 'never'), before: fc.constantFrom('all', 'each'), after: fc.constantFrom('all', 'each') })).map(([own, common]): Json => {
    // Vagrant refuses both at once.
    const { after, ...rest } = common;
    return { type, ...own, ...(rest.before === undefined && after !== undefined ? { ...rest, after } : rest) };
  }),
}))), { maxLength: 4 }).map(list => distinct(list, one => (one.name === undefined ? undefined : well(String(one.name)))));

const actions = fc.constantFrom('up', 'halt', 'reload', 'provision', 'destroy', 'suspend', 'resume', 'all');
const triggerActions = fc.oneof(actions, text.filter(one => one !== ''), fc.uniqueArray(actions, { minLength: 1, maxLength: 3 }));
const script = { inline: fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 4 })), args: fc.oneof(text, fc.array(fc.oneof(text, fc.integer()), { maxLength: 3 })), keep_color: bool };
const trigger = { name: text, info: text, warn: text, on_error: fc.constantFrom('halt', 'continue'), only_on: fc.oneof(text, texts), ignore: fc.oneof(actions, fc.array(actions, { maxLength: 3 })), exit_codes: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 3 })), abort: fc.oneof(bool, fc.integer({ min: 1, max: 255 })), type: fc.constantFrom('action', 'command', 'hook'),
  run: fc.oneof(record(script, ['inline']), record({ path, args: text }, ['path'])), run_remote: fc.oneof(record({ ...script, env: words, privileged: bool, binary: bool, upload_path: text, sensitive: bool, reset: bool, reboot: bool, powershell_args: text, powershell_elevated_interactive: bool }, ['inline']), record({ path, args: text }, ['path'])) };
const triggers = fc.array(fc.oneof(record({ before: triggerActions, ...trigger }, ['before', 'info']), record({ after: triggerActions, ...trigger }, ['after', 'run'])), { maxLength: 3 });

const flags = fc.dictionary(fc.constantFrom(...Object.keys(optionKeys.virtualbox).filter(key => !['gui', 'name', 'linked_clone', 'linked_clone_snapshot', 'check_guest_additions', 'default_nic_type', 'auto_nat_dns_proxy', 'destroy_unused_network_interfaces', 'functional_vboxsf', 'unattended'].includes(key)), 'vram', 'graphicscontroller', 'accelerate3d', 'clipboard', 'draganddrop', 'nested_hw_virt', 'natdnshostresolver1', 'ioapic', 'usb', 'groups', 'description', 'macaddress1', 'paravirtprovider'), fc.oneof(text, bool, fc.integer({ min: 0, max: 999 })), { maxKeys: 4 });
const virtualbox = fc.tuple(flags, record({ gui: bool, name: text, linked_clone: bool, linked_clone_snapshot: text, check_guest_additions: bool, default_nic_type: text, auto_nat_dns_proxy: bool, destroy_unused_network_interfaces: bool, functional_vboxsf: bool })).map(parts => Object.assign({}, ...parts) as Json);
const hyperv = record({ vmname: text, memory: fc.integer({ min: 512, max: 9999 }), cpus: fc.integer({ min: 1, max: 64 }), maxmemory: fc.integer({ min: 512, max: 9999 }), vlan_id: port, mac: text, linked_clone: bool, differencing_disk: bool, auto_start_action: fc.constantFrom('Nothing', 'StartIfRunning', 'Start'), auto_stop_action: fc.constantFrom('ShutDown', 'TurnOff', 'Save'), enable_checkpoints: bool, enable_automatic_checkpoints: bool, enable_virtualization_extensions: bool, enable_enhanced_session_mode: bool, ip_address_timeout: port, minmemory: port, checkpoint_type: text, secure_boot: bool, secure_boot_template: text, tpm: bool, notes: text, path: text, vm_integration_services: record({ guest_service_interface: bool, heartbeat: bool, key_value_pair_exchange: bool, shutdown: bool, time_synchronization: bool, vss: bool }) });
const proxmox = record({ node: text, storage: text, disk_size: fc.constantFrom('64G', '512M', 32768), ostype: text, cores: port, sockets: port, model: text, bridge: text, template: text, endpoint: text, user_name: text, vm_type: fc.constantFrom('qemu', 'openvz'), qemu_iso: text, vm_name_prefix: text, vm_storage: text, openvz_os_template: text, task_timeout: port, ssh_timeout: port, replace_qemu_iso_file: bool, vm_id_range: fc.constantFrom('900..950', '1000..1999'),
  // Words of Gaia alone, which leave no trace, and the plugin's own for what has one of Gaia's.
  vmid: port, pool: text, vlan: port, mac: text, firewall: bool, rate: port, full_clone: bool, cpu: text, numa: bool, bios: text, agent: bool, tags: text, ha: bool, ssd: bool, disk_bus: text, features: text,
  vm_disk_size: fc.constantFrom('8G'), openvz_template_file: text, imgcopy_timeout: port, task_status_check_interval: port, ssh_status_check_interval: port, replace_openvz_template_file: bool });
const wsl = record({ vhd_size: text, set_default: bool, version: fc.constantFrom(1, 2), systemd: bool, boot_command: text, hostname: host, default_user: text, memory: port, cpus: port, swap: port, kernel_command_line: text, gui_support: bool, distribution_name: text, wsl_conf: fc.dictionary(fc.constantFrom('automount', 'interop', 'time'), fc.dictionary(fc.constantFrom('enabled', 'root', 'appendWindowsPath'), fc.oneof(text, bool, fc.integer()), { maxKeys: 2 }), { maxKeys: 2 }) });

const extras = record({
  vm: record({ boot_timeout: port, box_check_update: bool, graceful_halt_timeout: port, post_up_message: text, communicator: fc.constantFrom('ssh', 'winrm'), guest: fc.constantFrom('linux', 'windows') }),
  ssh: record({ forward_agent: bool, username: text, insert_key: bool, shell: text, keep_alive: bool }),
  winrm: record({ username: text, port: port, timeout: port }),
});

const common = {
  box: text, box_version: fc.constantFrom('1.2.3', '>= 1.0, < 2', '~> 0.9', '>= 0'), box_url: text, box_architecture: fc.constantFrom('auto', 'amd64', 'arm64'), hostname: host, cpus: fc.integer({ min: 1, max: 128 }), memory: fc.integer({ min: 512, max: 99999 }),
  networks, synced_folders: folders, provisioners, triggers, vagrant: extras,
  cloud_init: fc.oneof(
    record({ user_data: fc.oneof(text.map(one => `#cloud-config\n${one}`), text.map(one => `#!/bin/sh\n${one}`), fc.constantFrom('./user data.yaml', 'first.sh')), ip_config: text, nameserver: text }, ['user_data']),
    record({ user: text.filter(one => one !== ''), password_env: fc.constant('VM_PASSWORD'), ssh_keys: fc.array(fc.oneof(text.map(one => `ssh-ed25519 AAAA${one}`), fc.constant('~/.ssh/id_ed25519.pub')), { maxLength: 3 }), packages: texts, hostname: host, network_config: text, search_domain: text }),
  ),
  disks: fc.array(record({ size: fc.oneof(fc.constantFrom('10G', '512MB', '1 TB', '1.5GiB'), fc.integer({ min: 1, max: 99999 })), name: text, storage: text, format: fc.constantFrom('vdi', 'vmdk') }, ['size', 'name']), { maxLength: 2 }),
};

const shapes: Readonly<Record<string, Record<string, fc.Arbitrary<unknown>>>> = {
  virtualbox: { ...common, disk_size: fc.oneof(fc.constantFrom('64G', '40 GB', '100MB'), fc.integer({ min: 1, max: 999999 })), provider_config: virtualbox },
  hyperv: { ...common, disk_size_gb: fc.integer({ min: 1, max: 4096 }), provider_config: hyperv },
  proxmox: { ...common, provider_config: proxmox },
  wsl: { ...common, base_distro: text, default_user: text, provider_config: wsl },
};

export const drawnMachine: fc.Arbitrary<DrawnMachine> = fc.oneof(...Object.entries(shapes).map(([provider, shape]) => ({
  weight: provider === 'virtualbox' ? 3 : 1,
  arbitrary: fc.tuple(name, record(shape)).map(([drawn, config]): DrawnMachine => ({ name: drawn, provider, config })),
})));

/** Several machines of one file, with names that differ. */
export const drawnFile: fc.Arbitrary<DrawnMachine[]> = fc.array(drawnMachine, { minLength: 1, maxLength: 4 }).map(list => distinct(list, one => one.name));

function distinct<T>(list: readonly T[], key: (one: T) => string | undefined): T[] {
  const seen = new Set<string>();
  return list.filter(one => {
    const of = key(one);
    if (of === undefined) return true;
    if (seen.has(of)) return false;
    seen.add(of);
    return true;
  });
}
