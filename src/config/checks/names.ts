// Names: of machines, hosts and providers.
import { machineKind, type NameRule } from '../kinds.ts';
import { knownProviders, nearest } from '../schema.ts';
import type { FileCheck, MachineCheck } from './check.ts';
import { text } from './values.ts';

export const duplicateName: FileCheck = {
  code: 'duplicate-name',
  severity: 'error',
  about: 'Two machines of a file have one name. Vagrant takes them for one machine and merges their blocks; names are also how a plan finds the machine that is there already. Names that differ in case only are one folder on Windows and macOS.',
  compare(machines) {
    const first = new Map<string, number>();
    return machines.flatMap(({ name }, machine) => {
      if (name === '') return [];
      const earlier = first.get(name.toLowerCase());
      if (earlier === undefined) { first.set(name.toLowerCase(), machine); return []; }
      const same = machines[earlier]?.name === name;
      const free = freeName(name, machines.map(m => m.name));
      return [{
        machine, path: ['name'], message: same ? 'There is a machine "{0}" in this file already.' : 'There is a machine "{0}" in this file already: on Windows and macOS the two names are one.', values: [machines[earlier]?.name ?? name],
        ...(!same && { severity: 'warning' as const }),
        related: [{ machine: earlier, path: ['name'], message: 'The first machine of this name' }],
        fixes: [{ title: 'Call it "{0}"', values: [free], changes: [{ kind: 'set', path: ['name'], value: free }], preferred: true }],
      }];
    });
  },
};

export const duplicateHostname: FileCheck = {
  code: 'duplicate-hostname',
  severity: 'warning',
  about: 'Two machines of a file call themselves the same. In one network only one of them can be found by that name.',
  compare(machines) {
    const first = new Map<string, number>();
    return machines.flatMap(({ config }, machine) => {
      const hostname = text(config['hostname']);
      if (hostname === undefined) return [];
      const earlier = first.get(hostname.toLowerCase());
      if (earlier === undefined) { first.set(hostname.toLowerCase(), machine); return []; }
      const free = freeName(hostname, machines.map(m => text(m.config['hostname']) ?? ''));
      return [{
        machine, path: ['config', 'hostname'], message: 'The machine "{0}" has the host name "{1}" too.', values: [machines[earlier]?.name ?? '', hostname],
        related: [{ machine: earlier, path: ['config', 'hostname'], message: 'The first machine of this host name' }],
        fixes: [{ title: 'Use "{0}"', values: [free], changes: [{ kind: 'set', path: ['config', 'hostname'], value: free }], preferred: true }],
      }];
    });
  },
};

/** Which names a provider takes, and what makes one of another name. */
const anyRule: NameRule = { good: /^[^[\]{}/\0]+$/, message: 'A name cannot hold [ ] { } / or a NUL: Vagrant refuses it.', mend: name => name.replaceAll(/[[\]{}/\0]+/g, '-') };

/** The rule that a machine's name breaks, if any. */
export function brokenNameRule(provider: string, name: string): NameRule | undefined {
  return [anyRule, machineKind(provider).name].find(rule => rule && !rule.good.test(name));
}

export const badName: MachineCheck = {
  code: 'bad-name',
  severity: 'error',
  about: 'The hypervisor or Vagrant does not take this name: WSL allows letters, digits, `.`, `_` and `-`; Proxmox VE wants a DNS name; Vagrant makes a folder of the name and refuses `[ ] { } /`.',
  find({ name, provider, config }) {
    const inner = provider === 'wsl' ? text(config['name']) : undefined;
    const [given, path] = inner === undefined ? [name, ['name']] : [inner, ['config', 'name']];
    const rule = given === '' ? undefined : brokenNameRule(provider, given);
    if (given === '.' || given === '..') return [{ path, message: 'Vagrant makes a folder of the name: it cannot be "{0}".', values: [given] }];
    if (!rule) return [];
    const mended = rule.mend(given);
    return [{ path, message: rule.message, fixes: mended !== '' && rule.good.test(mended) ? [{ title: 'Call it "{0}"', values: [mended], changes: [{ kind: 'set', path, value: mended }], preferred: true }] : [] }];
  },
};

export const unknownProvider: MachineCheck = {
  code: 'unknown-provider',
  severity: 'error',
  about: 'No provider has this id. Gaia brings `virtualbox`, `hyperv`, `wsl` and `proxmox`; other extensions may add some.',
  find({ provider }, facts) {
    const known = [...knownProviders, ...(facts.providers ?? [])];
    if (provider === '' || known.includes(provider)) return [];
    const meant = nearest(provider, known) ?? ({ vbox: 'virtualbox', 'hyper-v': 'hyperv', wsl2: 'wsl', pve: 'proxmox' } as Record<string, string>)[provider.toLowerCase()];
    return [{
      path: ['provider'], message: meant === undefined ? 'There is no provider "{0}".' : 'There is no provider "{0}". Did you mean "{1}"?', values: [provider, meant ?? ''],
      fixes: (meant === undefined ? knownProviders : [meant]).map(id => ({ title: 'Use "{0}"', values: [id], changes: [{ kind: 'set' as const, path: ['provider'], value: id }], ...(meant !== undefined && { preferred: true }) })),
    }];
  },
};

/** `web` → `web2`, or the next number that nobody has. */
function freeName(name: string, taken: readonly string[]): string {
  const names = new Set(taken.map(t => t.toLowerCase()));
  const [, stem = name, number = '1'] = /^(.*?)(\d*)$/.exec(name) ?? [];
  for (let i = Number(number === '' ? 1 : number) + 1; ; i++) if (!names.has(`${stem}${String(i)}`.toLowerCase())) return `${stem}${String(i)}`;
}
