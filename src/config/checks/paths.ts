// Files and folders of this computer that a config names.
import type { CheckedMachine, Finding, HostFacts, MachineCheck } from './check.ts';
import type { ConfigPath } from '../model.ts';
import { isObject } from '../merge.ts';
import { phrase } from '../phrase.ts';
import { entries, options, text } from './values.ts';

interface NamedPath {
  readonly value: string;
  readonly path: ConfigPath;
  readonly what: 'folder' | 'script' | 'file';
}

/** Every path of this computer in a machine, as written. What is an address, a volume of a provider or made on demand is none. */
export function hostPaths({ provider, config }: CheckedMachine): readonly NamedPath[] {
  const found: NamedPath[] = [];
  const add = (value: unknown, path: ConfigPath, what: NamedPath['what']): void => {
    const name = text(value);
    if (name !== undefined && !/^[a-z][a-z0-9+.-]+:\/\//i.test(name) && !name.includes('\0')) found.push({ value: name, path, what });
  };
  for (const { entry, path } of entries(config, 'synced_folders')) if (entry['create'] !== true && entry['disabled'] !== true) add(entry['host_path'], [...path, 'host_path'], 'folder');
  for (const { entry, path } of entries(config, 'provisioners')) {
    if (entry['type'] === 'shell') add(entry['path'], [...path, 'path'], 'script');
    if (entry['type'] === 'file') add(entry['source'], [...path, 'source'], 'file');
    if (entry['type'] === 'ansible') add(entry['playbook'], [...path, 'playbook'], 'file');
  }
  for (const { entry, path } of entries(config, 'triggers')) for (const key of ['run', 'run_remote']) {
    const script = entry[key];
    if (isObject(script)) add(script['path'], [...path, key, 'path'], 'script');
  }
  add(config['tarball'], ['config', 'tarball'], 'file');
  // A Proxmox volume is `storage:content/name`: it is on the server.
  const isVolume = (value: string): boolean => provider === 'proxmox' && /^[A-Za-z][\w.-]+:[^\\]/.test(value);
  const addFile = (values: { readonly [key: string]: unknown }, keys: readonly string[], at: ConfigPath): void => {
    for (const key of keys) {
      const value = text(values[key]);
      if (value !== undefined && !isVolume(value)) add(value, [...at, key], 'file');
    }
  };
  addFile(config, ['iso', 'image'], ['config']);
  if (provider === 'proxmox') addFile(options(config), ['iso', 'qemu_iso', 'qemu_iso_file', 'ostemplate', 'openvz_os_template', 'openvz_template_file'], ['config', 'provider_config']);
  const cloudInit = config['cloud_init'];
  if (isObject(cloudInit)) for (const key of ['user_data', 'network_config']) {
    const value = text(cloudInit[key]);
    if (value !== undefined && !value.includes('\n') && !value.startsWith('#cloud-config')) add(value, ['config', 'cloud_init', key], 'file');
  }
  const box = text(config['box_url']);
  if (box !== undefined && /^(\.{0,2}[/\\]|[A-Za-z]:[/\\]|~)/.test(box)) add(box, ['config', 'box_url'], 'file');
  return found;
}

export const missingPath: MachineCheck = {
  code: 'missing-path',
  severity: 'warning',
  about: 'There is no such file or folder on this computer. Paths are relative to the file they stand in. A missing synced folder is an error for Vagrant unless `create` is set; a missing script is one always.',
  find(machine, facts) {
    return hostPaths(machine).flatMap(({ value, path, what }): Finding[] => {
      if (facts.paths?.get(value) !== false || foreign(value, facts)) return [];
      const message = { folder: phrase('There is no folder "{0}".'), script: phrase('There is no script "{0}".'), file: phrase('There is no file "{0}".') }[what];
      const fixes = what === 'folder' ? [{ title: 'Make the folder at the first start ("create": true)', changes: [{ kind: 'set' as const, path: [...path.slice(0, -1), 'create'], value: true }], preferred: true }] : [];
      return [{ path, message, values: [value], fixes, ...(what === 'script' && { severity: 'error' as const }) }];
    });
  },
};

/** A path of another system cannot be looked up here. */
function foreign(value: string, { platform }: HostFacts): boolean {
  return platform !== 'win32' && /^([A-Za-z]:[\\/]|\\\\)/.test(value);
}
