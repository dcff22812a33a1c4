// Where a machine comes from: one source, and nothing that belongs to another.
import type { Finding, MachineCheck } from './check.ts';
import { isObject } from '../merge.ts';
import type { SourceKey } from '../kinds.ts';
import type { ConfigPath } from '../model.ts';
import { entries, options, text } from './values.ts';

/** `base_distro` may stand beside others: it then says what the system is. */
const sources = ['box', 'image', 'iso', 'clone_from', 'tarball', 'source_distro'] as const;

export const severalSources: MachineCheck = {
  code: 'several-sources',
  severity: 'error',
  about: 'A machine comes from one thing: a box, an image, a CD, another machine or a root file system. Which one is meant?',
  find({ config }) {
    const given = sources.filter(key => config[key] !== undefined && config[key] !== '' && config[key] !== null);
    const [first, ...more] = given;
    if (first === undefined || more.length === 0) return [];
    return more.map((key): Finding => ({
      path: ['config', key], atKey: true, message: '"{0}" and "{1}" exclude each other: a machine has one source.', values: [first, key],
      fixes: given.map(kept => ({ title: 'Keep "{0}"', values: [kept], changes: given.filter(other => other !== kept).map(other => ({ kind: 'remove' as const, path: ['config', other] })) })),
    }));
  },
};

export const noSource: MachineCheck = {
  code: 'no-source',
  severity: 'information',
  about: 'Nothing says where the machine comes from. VirtualBox, Hyper-V and Proxmox VE make an empty one; WSL needs a distribution; Vagrant needs a box.',
  find({ provider, config }) {
    const given = [...sources, 'base_distro'].some(key => config[key] !== undefined) || (provider === 'proxmox' && ['template', 'qemu_template', 'qemu_iso'].some(key => options(config)[key] !== undefined));
    if (given || provider === '') return [];
    const wsl = provider === 'wsl';
    const [key, value] = wsl ? ['base_distro', 'Ubuntu'] : provider === 'proxmox' ? ['clone_from', 'template'] : ['box', 'bento/ubuntu-24.04'];
    return [{
      path: ['name'], ...(wsl && { severity: 'error' as const }), message: wsl ? 'A WSL distribution needs "base_distro", "source_distro" or "tarball".' : 'Nothing says where this machine comes from: it will be empty.',
      fixes: [{ title: 'Set "{0}"', values: [key], changes: [{ kind: 'set', path: ['config', key], value }] }],
    }];
  },
};

/** Keys that mean nothing without another. */
export const companions: readonly { readonly key: string; readonly needs: readonly SourceKey[] }[] = [
  { key: 'box_version', needs: ['box'] },
  { key: 'box_url', needs: ['box'] },
  { key: 'box_architecture', needs: ['box'] },
  { key: 'checksum', needs: ['image', 'iso', 'tarball'] },
];

export const unusedKey: MachineCheck = {
  code: 'unused-key',
  severity: 'warning',
  about: 'The key belongs to another one that is not there, so nothing uses it.',
  find({ config }) {
    return companions.filter(({ key, needs }) => config[key] !== undefined && !needs.some(other => config[other] !== undefined))
      .map(({ key, needs }) => ({ path: ['config', key], atKey: true, message: '"{0}" does nothing without {1}.', values: [key, needs.map(n => `"${n}"`).join(' / ')], fixes: [{ title: 'Remove "{0}"', values: [key], changes: [{ kind: 'remove', path: ['config', key] }] }] }));
  },
};

export const twoSizes: MachineCheck = {
  code: 'two-sizes',
  severity: 'warning',
  about: 'The size of the first disk is given twice. `disk_size` counts.',
  find({ provider, config }) {
    if (config['disk_size'] === undefined) return [];
    const paths = [...(provider === 'hyperv' && config['disk_size_gb'] !== undefined ? [['config', 'disk_size_gb']] : []), ...(provider === 'proxmox' ? ['disk_size', 'qemu_disk_size'].filter(key => options(config)[key] !== undefined).map(key => ['config', 'provider_config', key]) : [])];
    return paths.map(path => ({ path, atKey: true, message: 'The size of the disk is given twice: "disk_size" counts.', fixes: [{ title: 'Remove "{0}"', values: [path.at(-1) as string], changes: [{ kind: 'remove' as const, path }], preferred: true }] }));
  },
};

export const provisionerSource: MachineCheck = {
  code: 'provisioner-source',
  severity: 'error',
  about: 'A shell step has either commands (`inline`) or a script (`path`).',
  find({ config }) {
    return entries(config, 'provisioners').flatMap(({ entry, path }) => (entry['type'] === 'shell' ? scriptSource(entry, path, [...path, 'type']) : []));
  },
};

export const triggerParts: MachineCheck = {
  code: 'trigger-parts',
  severity: 'error',
  about: 'A trigger has either `before` or `after`, something that it does, and scripts that are either commands (`inline`) or a file (`path`).',
  find({ config }) {
    return entries(config, 'triggers').flatMap(({ entry, path }): Finding[] => {
      const [before, after] = [entry['before'] !== undefined, entry['after'] !== undefined];
      const found: Finding[] = [];
      if (before && after) found.push({ path: [...path, 'after'], atKey: true, message: '"{0}" and "{1}" exclude each other.', values: ['before', 'after'], fixes: ['before', 'after'].map(key => removal([...path, key], key)) });
      if (!before && !after) found.push({ path, message: 'When? Set "before" or "after".', fixes: ['before', 'after'].map(key => ({ title: 'Set "{0}"', values: [key], changes: [{ kind: 'set' as const, path: [...path, key], value: 'up' }] })) });
      if (!deeds.some(key => entry[key] !== undefined)) found.push({ path, severity: 'warning', message: 'This trigger does nothing.', fixes: [{ title: 'Set "{0}"', values: ['run'], changes: [{ kind: 'set', path: [...path, 'run'], value: { inline: 'echo hello' } }] }] });
      for (const key of ['run', 'run_remote']) {
        const script = entry[key];
        if (isObject(script)) found.push(...scriptSource(script, [...path, key], [...path, key]));
      }
      return found;
    });
  },
};

/** What makes a trigger do something. */
const deeds = ['info', 'warn', 'run', 'run_remote', 'abort'];

/** Commands or a file: one of the two. `asked`: where the question is put when there is neither. */
function scriptSource(script: { readonly [key: string]: unknown }, path: ConfigPath, asked: ConfigPath): Finding[] {
  const { inline, path: file } = script;
  if (inline !== undefined && text(file) !== undefined) return [{ path: [...path, 'path'], atKey: true, message: '"{0}" and "{1}" exclude each other.', values: ['inline', 'path'], fixes: ['inline', 'path'].map(key => removal([...path, key], key)) }];
  if (inline === undefined && file === undefined) return [{ path: asked, message: 'What shall it run? Set "inline" or "path".', fixes: [{ title: 'Set "{0}"', values: ['inline'], changes: [{ kind: 'set', path: [...path, 'inline'], value: ['echo hello'] }], preferred: true }] }];
  return [];
}

const removal = (path: ConfigPath, key: string): NonNullable<Finding['fixes']>[number] => ({ title: 'Remove "{0}"', values: [key], changes: [{ kind: 'remove', path }] });
