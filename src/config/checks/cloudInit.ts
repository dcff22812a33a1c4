// cloud_init: what a provider cannot hand to the guest.
import type { MachineCheck } from './check.ts';
import { options, section } from './values.ts';

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
