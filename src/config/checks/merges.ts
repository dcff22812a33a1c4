// What Vagrant merges or drops without a word, and what no Vagrantfile can hold.
import type { ConfigPath } from '../model.ts';
import { phrase } from '../phrase.ts';
import type { Finding, MachineCheck } from './check.ts';
import { entries, text, texts } from './values.ts';

export const duplicateGuestPath: MachineCheck = {
  code: 'duplicate-guest-path',
  severity: 'error',
  about: 'Two synced folders go to one place inside the machine. Vagrant takes them for one: the second replaces the first, without a word.',
  find({ config }) {
    return twins(entries(config, 'synced_folders').map(({ entry, path }) => ({ key: text(entry['guest_path'])?.replace(/(.)\/+$/, '$1'), path: [...path, 'guest_path'] })), phrase('Another folder goes to "{0}" already: this one replaces it.'));
  },
};

export const duplicateProvisioner: MachineCheck = {
  code: 'duplicate-provisioner',
  severity: 'error',
  about: 'Two provisioners have one name. Vagrant merges them into one step, where the later settings win.',
  find({ config }) {
    return twins(entries(config, 'provisioners').map(({ entry, path }) => ({ key: text(entry['name']), path: [...path, 'name'] })), phrase('Another step has the name "{0}" already: the two become one.'));
  },
};

export const duplicateForwardId: MachineCheck = {
  code: 'duplicate-forward-id',
  severity: 'error',
  about: 'Two forwarded ports have one `id`. Vagrant takes them for one: the second replaces the first, without a word.',
  find({ config }) {
    return twins(entries(config, 'networks').map(({ entry, path }) => ({ key: entry['type'] === 'forwarded_port' ? text(entry['id']) : undefined, path: [...path, 'id'] })), phrase('Another forwarded port has the id "{0}" already: this one replaces it.'));
  },
};

function twins(list: readonly { readonly key: string | undefined; readonly path: ConfigPath }[], message: string): Finding[] {
  const seen = new Set<string>();
  return list.flatMap(({ key, path }) => {
    if (key === undefined) return [];
    if (!seen.has(key)) { seen.add(key); return []; }
    let free = 2;
    while (seen.has(`${key}${String(free)}`)) free++;
    return [{ path, message, values: [key], fixes: [{ title: 'Use "{0}"', values: [`${key}${String(free)}`], changes: [{ kind: 'set', path, value: `${key}${String(free)}` }] }] }];
  });
}

export const unwritableText: MachineCheck = {
  code: 'unwritable-text',
  severity: 'error',
  about: 'The text holds half a character (a lone surrogate) or a NUL. Neither can be passed on: Ruby has no form for the first, and no program takes the second as an argument.',
  find({ name, config }) {
    const found: Finding[] = [];
    for (const { text: value, path } of [{ text: name, path: ['name'] }, ...texts(config, ['config'])]) {
      const nul = value.includes('\0');
      if (!nul && !/\p{Cs}/u.test(value)) continue;
      const clean = value.replaceAll('\0', '').replaceAll(/\p{Cs}/gu, '');
      found.push({ path, message: nul ? 'This text holds a NUL: it cannot be passed on.' : 'This text holds half a character (a lone surrogate): it cannot be passed on.', fixes: [{ title: 'Remove it', changes: [{ kind: 'set', path, value: clean }], preferred: true }] });
    }
    return found;
  },
};

export const invalidRuby: MachineCheck = {
  code: 'invalid-ruby',
  severity: 'error',
  about: '`custom_config` is put into the Vagrantfile as it is, so it must be valid Ruby by itself.',
  find({ config }, facts) {
    const source = customConfig(config);
    const end = source === undefined ? null : /[\0\x04\x1a]|^__END__\r?$/m.exec(source);
    if (end) return [{ path: ['config', 'custom_config'], inside: { offset: end.index, length: end[0].length }, message: 'A NUL, Ctrl-D, Ctrl-Z or a line "__END__" ends a Ruby program: what follows in the Vagrantfile may not be read.' }];
    const problems = (source === undefined ? undefined : facts.ruby?.get(source)) ?? [];
    // One slip is often told in several ways, one after the other.
    return problems.slice(0, 3).map(({ message, offset, length }) => ({ path: ['config', 'custom_config'], inside: { offset, length }, message: 'This is not valid Ruby: {0}', values: [message] }));
  },
};

/** The Ruby of a machine, as one text. */
export function customConfig(config: { readonly [key: string]: unknown }): string | undefined {
  const value = config['custom_config'];
  const joined = Array.isArray(value) ? value.filter(line => typeof line === 'string').join('\n') : value;
  return typeof joined === 'string' && joined.trim() !== '' ? joined : undefined;
}
