// What Vagrant calls things, and what it takes for granted: the options of its providers and provisioners with their defaults
// (plugins/*/config.rb of Vagrant 2.3-2.4, the two plugins' config.rb). An option written with its default value is left out.

/** `undefined` = no default. A list holds all values that mean the same as leaving it out. */
export type Defaults = { readonly [option: string]: unknown };

export const virtualboxOptions: Defaults = {
  gui: false, name: undefined, linked_clone: false, linked_clone_snapshot: undefined, check_guest_additions: true, default_nic_type: undefined,
  auto_nat_dns_proxy: true, destroy_unused_network_interfaces: false, functional_vboxsf: true,
};

/** What 3D needs of VirtualBox, and a file that names no graphics controller means: in one call with 3D, by which an import knows that it was not written. */
export const impliedController = ['--graphicscontroller', 'vmsvga'] as const;

export const hypervOptions: Defaults = {
  memory: undefined, maxmemory: undefined, cpus: undefined, vmname: undefined, vlan_id: undefined, mac: undefined, linked_clone: false, differencing_disk: false,
  auto_start_action: 'Nothing', auto_stop_action: 'ShutDown', enable_checkpoints: true, enable_automatic_checkpoints: false,
  enable_virtualization_extensions: false, enable_enhanced_session_mode: false, ip_address_timeout: 120, vm_integration_services: undefined,
};

/** Options of the vagrant-proxmox plugin. */
export const proxmoxOptions: Defaults = {
  endpoint: undefined, selected_node: undefined, user_name: undefined, password: undefined, vm_type: undefined, openvz_os_template: undefined, openvz_template_file: undefined,
  replace_openvz_template_file: false, vm_id_range: '900..999', vm_name_prefix: 'vagrant_', vm_memory: 512, vm_disk_size: '20G', vm_storage: 'local', task_timeout: 60,
  task_status_check_interval: 2, ssh_timeout: 60, ssh_status_check_interval: 5, imgcopy_timeout: 120, qemu_os: undefined, qemu_cores: 1, qemu_sockets: 1, qemu_template: undefined,
  qemu_iso: undefined, qemu_iso_file: undefined, replace_qemu_iso_file: false, qemu_disk_size: undefined, qemu_storage: 'raid', qemu_nic_model: 'e1000', qemu_bridge: 'vmbr0',
};

/** Gaia's words for what the Proxmox plugin calls otherwise. */
export const proxmoxNames: Readonly<Record<string, string>> = {
  node: 'selected_node', storage: 'qemu_storage', disk_size: 'qemu_disk_size', ostype: 'qemu_os', cores: 'qemu_cores', sockets: 'qemu_sockets',
  model: 'qemu_nic_model', bridge: 'qemu_bridge', template: 'qemu_template', ostemplate: 'openvz_os_template',
};

/** Options of the vagrant-wsl2-provider plugin; the last four are its short words for /etc/wsl.conf. */
export const wslOptions: Defaults = {
  distribution_name: undefined, version: 2, memory: 4096, cpus: 2, kernel_command_line: '', swap: 1024, gui_support: false,
  systemd: undefined, boot_command: undefined, hostname: undefined, default_user: undefined,
};

export interface ProvisionerKind {
  /** What Vagrant calls it. */
  readonly type: string;
  /** The variable of its block; undefined: everything on one line. */
  readonly variable?: string;
  readonly defaults: Defaults;
}

const ansible: Defaults = { extra_vars: undefined, groups: undefined, host_vars: undefined, become: false, verbose: false, compatibility_mode: 'auto' };
const chef: Defaults = { install: true, log_level: 'info', version: 'latest', arguments: undefined };

export const provisionerKinds: Readonly<Record<string, ProvisionerKind>> = {
  shell: {
    type: 'shell',
    defaults: { privileged: true, binary: false, keep_color: false, sensitive: false, reset: false, reboot: false, powershell_elevated_interactive: false },
  },
  file: { type: 'file', defaults: {} },
  ansible: { type: 'ansible', variable: 'ansible', defaults: ansible },
  ansible_local: { type: 'ansible_local', variable: 'ansible', defaults: { ...ansible, install: true, install_mode: 'default', version: '', provisioning_path: '/vagrant' } },
  puppet: { type: 'puppet', variable: 'puppet', defaults: {} },
  puppet_server: { type: 'puppet_server', variable: 'puppet', defaults: { puppet_server: 'puppet' } },
  chef: { type: 'chef_solo', variable: 'chef', defaults: chef },
  chef_solo: { type: 'chef_solo', variable: 'chef', defaults: chef },
  chef_zero: { type: 'chef_zero', variable: 'chef', defaults: chef },
  chef_client: { type: 'chef_client', variable: 'chef', defaults: { ...chef, validation_client_name: 'chef-validator' } },
  chef_apply: { type: 'chef_apply', variable: 'chef', defaults: { version: 'latest' } },
  docker: { type: 'docker', variable: 'docker', defaults: {} },
  podman: { type: 'podman', variable: 'podman', defaults: {} },
  salt: { type: 'salt', variable: 'salt', defaults: { masterless: false, run_highstate: false, install_type: 'stable', verbose: false, colorize: false } },
  cfengine: { type: 'cfengine', variable: 'cf', defaults: {} },
};

/** Options every provisioner has, and which stand on its line. */
export const provisionerCommon = ['name', 'type', 'run', 'before', 'after', 'preserve_order', 'communicator_required'] as const;

/** What of a trigger is a setting of its own. */
export const triggerSettings: ReadonlySet<string> = new Set(['name', 'info', 'warn', 'on_error', 'only_on', 'ignore', 'exit_codes', 'abort', 'type']);
export const triggerDefaults: Defaults = { on_error: 'halt', type: 'action', exit_codes: 0 };

/** A trigger's scripts, which take the options of a shell provisioner. */
export type TriggerScript = 'run' | 'run_remote';
export const triggerScriptDefaults: { readonly [S in TriggerScript]: Defaults } = {
  run: { privileged: false, binary: false, keep_color: false },
  run_remote: { privileged: true, binary: false, keep_color: false, sensitive: false, reset: false, reboot: false, powershell_elevated_interactive: false },
};

/** Is `value` what Vagrant does anyway? */
export function isDefault(defaults: Defaults, option: string, value: unknown): boolean {
  return value === undefined || value === null || (option in defaults && defaults[option] !== undefined && defaults[option] === value);
}
