// cloud_init: what a provider cannot hand to the guest.
import type { MachineCheck } from './check.ts';
import { entries, options, section, text } from './values.ts';

export const cloudInitOnProxmox: MachineCheck = {
  code: 'cloud-init-on-proxmox',
  severity: 'error',
  about: 'Proxmox VE takes no user data, packages or network configuration through its API. They stand in a snippet, a file in a storage of the server, which `provider_config.cicustom` names: `user=local:snippets/user.yaml`. User, password, keys, addresses and DNS need no snippet.',
  find({ provider, config }) {
    if (provider !== 'proxmox' || options(config)['cicustom'] !== undefined) return [];
    const given = section(config, 'cloud_init');
    return ['user_data', 'packages', 'network_config'].filter(key => given[key] !== undefined && !(Array.isArray(given[key]) && given[key].length === 0)).map(key => {
      const path = ['config', 'cloud_init', key];
      return {
        path, atKey: true, message: 'Proxmox VE cannot be told "{0}": put it into a snippet, and name that in "cicustom".', values: [key],
        fixes: [
          { title: 'Remove "{0}"', values: [key], changes: [{ kind: 'remove' as const, path }] },
          { title: 'Set "{0}"', values: ['cicustom'], changes: [{ kind: 'set' as const, path: ['config', 'provider_config', 'cicustom'], value: 'user=local:snippets/user.yaml' }] },
        ],
      };
    });
  },
};

/** Clones have the drive of their template, containers need none. */
export const addressWithoutCloudInit: MachineCheck = {
  code: 'address-without-cloud-init',
  severity: 'information',
  about: 'Proxmox VE gives a VM its address (`ip`, `netmask`, `gateway`) by cloud-init, which runs in cloud images. Without `cloud_init` in the file the address is to be set inside the machine; an empty one, `{}`, is enough.',
  find({ provider, config }) {
    const given = options(config);
    const isContainer = ['lxc', 'container'].includes(text(given['type']) ?? '') || given['vm_type'] === 'openvz' || ['ostemplate', 'openvz_os_template', 'openvz_template_file'].some(key => given[key] !== undefined) || config['tarball'] !== undefined;
    const isClone = config['clone_from'] !== undefined || config['box'] !== undefined || given['template'] !== undefined || given['qemu_template'] !== undefined;
    const hasCloudInit = config['cloud_init'] !== undefined || Object.keys(given).some(key => /^(?:ci[a-z]+|sshkeys|ipconfig\d+)$/.test(key));
    if (provider !== 'proxmox' || isContainer || isClone || hasCloudInit) return [];
    return entries(config, 'networks').filter(({ entry }) => text(entry['ip']) !== undefined && entry['type'] !== 'forwarded_port').map(({ path }) => ({
      path: [...path, 'ip'], atKey: true, message: 'A VM of Proxmox VE gets its address by cloud-init alone: without "cloud_init" set it inside the machine.',
      fixes: [{ title: 'Set "{0}"', values: ['cloud_init'], changes: [{ kind: 'set' as const, path: ['config', 'cloud_init'], value: {} }] }],
    }));
  },
};
