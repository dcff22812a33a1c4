// Keys: misspelt ones, and those of another provider.
import { isObject } from '../merge.ts';
import type { ConfigPath } from '../model.ts';
import { commonKeys, isKnownProvider, isOption, keysAt, knownProviders, modifyvmFlags, nearest, optionKeys, plainFlag, propertyAt, providerKeys, providerLabels, provisionerTypes } from '../schema.ts';
import { entries, text } from './values.ts';
import type { CheckedMachine, Finding, MachineCheck } from './check.ts';

/** Keys that hold for another provider too, beyond what the schema says: a description of what the machine has anyway. */
const shared = new Set(['name']);

const removal = (path: ConfigPath, key: string) => ({ title: 'Remove "{0}"', values: [key], changes: [{ kind: 'remove' as const, path }] });
const renaming = (path: ConfigPath, key: string) => ({ title: 'Change to "{0}"', values: [key], changes: [{ kind: 'renameKey' as const, path, key }], preferred: true });

export const unknownKey: MachineCheck = {
  code: 'unknown-key',
  severity: 'warning',
  about: 'Gaia has no such key here, so nothing uses it. Often it is misspelt.',
  find(machine) {
    const { config, provider } = machine;
    const found: Finding[] = [];
    const known = [...Object.keys(commonKeys), ...(isKnownProvider(provider) ? Object.keys(providerKeys[provider]) : [])];
    const others = new Set(knownProviders.flatMap(p => Object.keys(providerKeys[p])));
    // Entries of lists may carry options of Vagrant that Gaia has no word for: they pass through, so only slips are told there.
    const look = (value: unknown, path: ConfigPath, keys: readonly string[], open = false): void => {
      if (!isObject(value)) return;
      for (const key of Object.keys(value)) {
        if (keys.includes(key) || (path.length === 1 && (others.has(key) || shared.has(key)))) continue;
        const meant = nearest(key, keys);
        if (open && (meant === undefined || vagrantOptions.has(key))) continue;
        found.push({
          path: [...path, key], atKey: true, message: meant === undefined ? 'Gaia has no key "{0}" here: nothing uses it.' : 'Gaia has no key "{0}" here. Did you mean "{1}"?', values: [key, meant ?? ''],
          fixes: meant === undefined ? [removal([...path, key], key)] : [renaming([...path, key], meant), removal([...path, key], key)],
        });
      }
    };
    look(config, ['config'], known);
    const value = { name: machine.name, provider, config };
    for (const list of ['networks', 'synced_folders', 'provisioners', 'triggers', 'disks'] as const) {
      const items = config[list];
      if (!Array.isArray(items)) continue;
      items.forEach((item: unknown, i) => {
        const path = ['config', list, i];
        // An unknown type would make every key unknown.
        if (isObject(item) && 'type' in item && !isKnownType(value, path, item['type'])) return;
        look(item, path, allowedKeys(value, path, item), true);
        if (list === 'triggers' && isObject(item)) for (const script of ['run', 'run_remote']) look(item[script], [...path, script], keysAt(value, [...path, script]), true);
      });
    }
    look(config['cloud_init'], ['config', 'cloud_init'], keysAt(value, ['config', 'cloud_init']));
    look(config['clone_from'], ['config', 'clone_from'], ['name', 'linked', 'snapshot']);
    return found;
  },
};

/** Options of Vagrant's networks, folders and steps that are spelt like one of Gaia's (../truth: vagrant-provider-options.json). */
const vagrantOptions = new Set(['adapter', 'adapter_ip', 'dhcp_ip', 'dhcp_lower', 'dhcp_upper', 'hostname', 'intnet', 'dev', 'smb_password', 'smb_id', 'nfs_uuid', 'md5', 'sha1', 'sha384', 'sha512', 'sudo', 'sudo_user', 'groups', 'playbooks', 'environments', 'config_file', 'cmd']);

/** keysAt, remembered by list and type: the answer does not depend on anything else. */
const remembered = new Map<string, readonly string[]>();
function allowedKeys(machine: unknown, path: ConfigPath, item: unknown): readonly string[] {
  const type = isObject(item) ? item['type'] : undefined;
  const memo = `${String(path[1])}/${typeof type === 'string' ? type : ''}`;
  let keys = remembered.get(memo);
  if (!keys) { keys = keysAt(machine, path); if (remembered.size < 100) remembered.set(memo, keys); }
  return keys;
}

const knownTypes = new Map<string, ReadonlySet<unknown>>();
function isKnownType(machine: unknown, path: ConfigPath, type: unknown): boolean {
  const list = String(path[1]);
  let types = knownTypes.get(list);
  if (!types) { types = new Set(propertyAt(machine, [...path, 'type'])?.enum ?? []); knownTypes.set(list, types); }
  return list === 'synced_folders' || list === 'triggers' || types.has(type);
}

export const foreignKey: MachineCheck = {
  code: 'foreign-key',
  severity: 'warning',
  about: 'The key belongs to another provider: this one has no such thing and ignores it.',
  find({ provider, config }) {
    if (!isKnownProvider(provider)) return [];
    return Object.keys(config).filter(key => !Object.hasOwn(commonKeys, key) && !Object.hasOwn(providerKeys[provider], key) && !shared.has(key)).flatMap((key): Finding[] => {
      const owner = knownProviders.find(p => Object.hasOwn(providerKeys[p], key));
      if (!owner) return [];
      const fixes = [removal(['config', key], key)];
      const size = config[key];
      if (key === 'disk_size_gb' && typeof size === 'number' && config['disk_size'] === undefined) fixes.unshift({ title: 'Change to "disk_size": "{0}G"', values: [String(size)], changes: [{ kind: 'set', path: ['config', 'disk_size'], value: `${String(size)}G` }, { kind: 'remove', path: ['config', key] }] as never });
      return [{ path: ['config', key], atKey: true, message: '"{0}" is a key of {1}: {2} ignores it.', values: [key, providerLabels[owner], providerLabels[provider]], fixes }];
    });
  },
};

export const misspeltOption: MachineCheck = {
  code: 'misspelt-option',
  severity: 'warning',
  about: '`provider_config` passes on what Gaia does not know, so any key is allowed; but this one looks like a known key with a slip, or like a key of another provider.',
  find({ provider, config }: CheckedMachine) {
    const given = config['provider_config'];
    if (!isKnownProvider(provider) || !isObject(given)) return [];
    return Object.keys(given).filter(key => !isOption(provider, key)).flatMap((key): Finding[] => {
      const path = ['config', 'provider_config', key];
      const owner = knownProviders.find(p => p !== provider && Object.hasOwn(optionKeys[p], key));
      if (owner) return [{ path, atKey: true, message: '"{0}" is an option of {1}, not of {2}.', values: [key, providerLabels[owner], providerLabels[provider]], fixes: [removal(path, key)] }];
      const own = nearest(key, Object.keys(optionKeys[provider])) ?? (provider === 'virtualbox' ? nearestFlag(key) : undefined);
      if (own !== undefined) return [{ path, atKey: true, message: 'There is no option "{0}". Did you mean "{1}"?', values: [key, own], fixes: [renaming(path, own), removal(path, key)] }];
      if (isObject(given[key]) || !Object.hasOwn(commonKeys, key)) return [];
      return [{ path, atKey: true, message: '"{0}" belongs into "config", not into "provider_config".', values: [key], fixes: [{ title: 'Move "{0}" to "config"', values: [key], changes: [{ kind: 'set', path: ['config', key], value: given[key] }, { kind: 'remove', path }], preferred: true }] }];
    });
  },
};

export const pluginProvisioner: MachineCheck = {
  code: 'plugin-provisioner',
  severity: 'information',
  about: 'A provisioner that Vagrant does not bring along. Perhaps a plugin of Vagrant does: then its name and options are passed on as they stand here, and only Vagrant can run it.',
  find({ config }) {
    return entries(config, 'provisioners').flatMap(({ entry, path }): Finding[] => {
      const type = text(entry['type']);
      if (type === undefined || provisionerTypes.includes(type)) return [];
      const meant = nearest(type, provisionerTypes);
      const at = [...path, 'type'];
      return [meant === undefined
        ? { path: at, message: 'Vagrant itself has no provisioner "{0}": it must come from a plugin, and only Vagrant can run it.', values: [type] }
        : { path: at, severity: 'warning', message: 'Vagrant itself has no provisioner "{0}". Did you mean "{1}"?', values: [type, meant], fixes: [{ title: 'Use "{0}"', values: [meant], changes: [{ kind: 'set', path: at, value: meant }], preferred: true }] }];
    });
  },
};

function nearestFlag(key: string): string | undefined {
  const number = /\d+$/.exec(key)?.[0] ?? '';
  const flag = nearest(plainFlag(key), modifyvmFlags);
  return flag?.replace(/n$/, number === '' ? 'n' : number);
}
