// What only Vagrant does: a machine that Gaia makes goes without it.
import type { ConfigPath } from '../model.ts';
import { provisionerTypes } from '../schema.ts';
import type { MachineCheck } from './check.ts';
import { customConfig } from './merges.ts';
import { entries, section, text } from './values.ts';

/** Gaia runs shell scripts and copies files over SSH or `wsl.exe`. */
const ownProvisioners = new Set(['shell', 'file']);
const foreignFolders = new Set(['nfs', 'rsync', 'smb', '9p', 'virtiofs', 'sshfs']);

export const vagrantOnly: MachineCheck = {
  code: 'vagrant-only',
  severity: 'hint',
  about: 'Only Vagrant does this. A machine that Gaia makes goes without it; *Run with Vagrant* makes it with Vagrant.',
  find({ config }) {
    const found: { readonly path: ConfigPath; readonly what: string }[] = [];
    if (entries(config, 'triggers').length > 0) found.push({ path: ['config', 'triggers'], what: 'triggers' });
    if (customConfig(config) !== undefined) found.push({ path: ['config', 'custom_config'], what: 'custom_config' });
    if (Object.keys(section(config, 'vagrant')).length > 0) found.push({ path: ['config', 'vagrant'], what: 'vagrant' });
    for (const { entry, path } of entries(config, 'provisioners')) {
      const type = text(entry['type']);
      if (type !== undefined && provisionerTypes.includes(type) && !ownProvisioners.has(type)) found.push({ path: [...path, 'type'], what: type });
    }
    for (const { entry, path } of entries(config, 'synced_folders')) {
      const type = text(entry['type']);
      if (type !== undefined && foreignFolders.has(type)) found.push({ path: [...path, 'type'], what: type });
    }
    return found.map(({ path, what }) => ({ path, atKey: path.length === 2, message: 'Only Vagrant does this ("{0}"): a machine that Gaia makes goes without it.', values: [what] }));
  },
};
