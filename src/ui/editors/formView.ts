// A parsed file → the form: groups and fields made from the schema, so that a new key of the language shows up here by itself. Pure.
import { companions } from '../../config/checks/sources.ts';
import { machineKind, sourceKeys, type SourceKey } from '../../config/kinds.ts';
import type { ParsedConfig, ParsedMachine, ParseProblem } from '../../config/model.ts';
import { commonKeys, isKnownProvider, knownProviders, optionKeys, propertyAt, providerKeys, providerLabel, definition } from '../../config/schema.ts';
import type { PropertySchema } from '../../config/schema.ts';
import type { FieldPath, FieldView, FormView, GroupView, ItemView, ListView } from '../../../webview/form/messages.ts';
import { t } from '../l10n.ts';
import { kindOf, textOf } from './fieldValue.ts';

const basics = ['box', 'box_version', 'box_url', 'box_architecture', 'image', 'iso', 'clone_from', 'base_distro', 'source_distro', 'tarball', 'install_location', 'default_user', 'hostname', 'description', 'tags', 'start', 'connection'];
const resources = ['cpus', 'memory', 'disk_size', 'generation', 'disk_size_gb'];

interface ListSource {
  readonly key: 'networks' | 'disks' | 'synced_folders' | 'provisioners' | 'triggers';
  readonly title: () => string;
  readonly empty: () => string;
  readonly kinds: () => readonly { readonly id: string; readonly label: string; readonly value: unknown }[];
  readonly itemTitle: (item: Readonly<Record<string, unknown>>) => string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');

const words = (value: unknown): string => (Array.isArray(value) ? value.map(text).join(', ') : text(value));

export const lists: readonly ListSource[] = [
  {
    key: 'networks', title: () => t('Networks'), empty: () => t('Only the provider\'s default network.'),
    kinds: () => [
      { id: 'forwarded_port', label: t('Forwarded port'), value: { type: 'forwarded_port', guest_port: 80, host_port: 8080 } },
      { id: 'private_network', label: t('Private network'), value: { type: 'private_network', dhcp: true } },
      { id: 'public_network', label: t('Public network'), value: { type: 'public_network' } },
    ],
    itemTitle: item => (item['type'] === 'forwarded_port' ? t('Port {0} → {1}', text(item['host_port']), text(item['guest_port'])) : item['type'] === 'private_network' ? t('Private network {0}', text(item['ip'])).trim() : t('Public network {0}', text(item['bridge'])).trim()),
  },
  {
    key: 'disks', title: () => t('Further Disks'), empty: () => t('No further disks.'),
    kinds: () => [{ id: 'disk', label: t('Disk'), value: { size: '20G' } }], itemTitle: item => t('Disk {0}', text(item['size'])),
  },
  {
    key: 'synced_folders', title: () => t('Synced Folders'), empty: () => t('No folders are shared with the machine.'),
    kinds: () => [{ id: 'folder', label: t('Folder'), value: { host_path: '.', guest_path: '/vagrant' } }],
    itemTitle: item => `${text(item['host_path'])} → ${text(item['guest_path'])}`,
  },
  {
    key: 'provisioners', title: () => t('Provisioners'), empty: () => t('Nothing is done after the first start.'),
    kinds: () => [
      { id: 'shell', label: t('Shell commands'), value: { type: 'shell', inline: ['echo hello'] } },
      { id: 'shellFile', label: t('Shell script'), value: { type: 'shell', path: './provision.sh' } },
      { id: 'file', label: t('File'), value: { type: 'file', source: './file', destination: '/tmp/file' } },
      { id: 'ansible', label: 'Ansible', value: { type: 'ansible', playbook: 'site.yml' } },
      { id: 'puppet', label: 'Puppet', value: { type: 'puppet' } },
      { id: 'chef', label: 'Chef', value: { type: 'chef_solo', run_list: [] } },
    ],
    itemTitle: item => [text(item['name']), text(item['type']) || 'shell', text(item['path']) || text(item['playbook'])].filter(part => part !== '').join(' · '),
  },
  {
    key: 'triggers', title: () => t('Triggers'), empty: () => t('Vagrant does nothing more around its actions.'),
    kinds: () => [
      { id: 'before', label: t('Before an action, on this computer'), value: { before: 'up', run: { inline: 'echo hello' } } },
      { id: 'after', label: t('After an action, inside the machine'), value: { after: 'up', run_remote: { inline: ['echo hello'] } } },
    ],
    itemTitle: item => [text(item['name']), item['after'] === undefined ? t('before {0}', words(item['before'])) : t('after {0}', words(item['after']))].filter(part => part !== '').join(' · '),
  },
];

/** `problems`: of the schema and the checks; each is shown at the field it is about. */
export function formView(parsed: ParsedConfig, problems: readonly ParseProblem[], selected: number): FormView {
  const index = Math.min(Math.max(0, selected), Math.max(0, parsed.machines.length - 1));
  const machine = parsed.machines[index];
  return {
    machines: parsed.machines.map((one, at) => ({ index: at, name: one.name === '' ? t('Machine {0}', at + 1) : one.name })),
    selected: index,
    groups: machine ? groupsOf(machine, new Problems(machine, problems)) : [],
  };
}

/** Looks problems up by the path from the machine. */
class Problems {
  readonly #byPath = new Map<string, ParseProblem>();

  constructor(machine: ParsedMachine, problems: readonly ParseProblem[]) {
    for (const problem of problems) {
      const { path } = problem;
      if (path === undefined || !machine.path.every((step, at) => path[at] === step)) continue;
      const key = JSON.stringify(path.slice(machine.path.length));
      if (!this.#byPath.has(key) || problem.severity === 'error') this.#byPath.set(key, problem);
    }
  }

  at(path: FieldPath): FieldView['problem'] {
    const problem = this.#byPath.get(JSON.stringify(path));
    return problem && { severity: problem.severity, text: t(problem.message, ...problem.values ?? []) };
  }
}

function groupsOf(machine: ParsedMachine, problems: Problems): readonly GroupView[] {
  const { provider } = machine;
  const known = isKnownProvider(provider);
  const keys: Readonly<Record<string, PropertySchema>> = { ...commonKeys, ...known ? providerKeys[provider] : {} };
  const listed = new Set<string>([...lists.map(list => list.key), 'cloud_init', 'provider_config']);
  const field = (key: string): readonly FieldView[] => (keys[key] ? [fieldOf(machine, problems, ['config', key], keys[key])] : []);
  const shown = new Set([...basics, ...resources, ...listed]);
  const { sources } = machineKind(provider);
  const relevant = (key: string): boolean => machine.own[key] !== undefined || sourcesOfKey(key).length === 0 || sourcesOfKey(key).some(source => sources.includes(source));
  const group = (id: string, title: string, fields: readonly FieldView[], more: Partial<GroupView> = {}): GroupView => ({ id, title, description: '', fields, closed: false, ...more });

  const options = known ? optionKeys[provider] : {};
  const ownOptions = asObject(machine.own['provider_config']);
  const unknownOptions = Object.keys(ownOptions).filter(key => !(key in options));
  const optionFields = [...Object.keys(options), ...unknownOptions].map(key => fieldOf(machine, problems, ['config', 'provider_config', key], options[key] ?? { markdownDescription: '' }));
  return [
    group('basics', t('Basics'), [nameField(machine, problems), providerField(machine, problems), ...basics.filter(relevant).flatMap(field)]),
    group('resources', t('Resources'), resources.flatMap(field)),
    ...lists.filter(list => list.key in keys).map(list => group(list.key, list.title(), [], { list: listOf(machine, problems, list) })),
    group('options', t('Provider Options'), optionFields, { closed: Object.keys(ownOptions).length === 0 }),
    group('cloud_init', t('Cloud-init'), Object.entries(definition('cloudInit')?.properties ?? {}).map(([key, schema]) => fieldOf(machine, problems, ['config', 'cloud_init', key], schema)), { closed: machine.own['cloud_init'] === undefined }),
    group('advanced', t('Advanced'), [...Object.keys(keys).filter(key => !shown.has(key)), ...Object.keys(machine.own).filter(key => !(key in keys))].map(key => fieldOf(machine, problems, ['config', key], keys[key] ?? {})), { closed: true }),
  ];
}

/** The sources that a key says something of: `box` of `box_version`, itself of `box`; of any other key none. */
function sourcesOfKey(key: string): readonly SourceKey[] {
  const itself = sourceKeys.find(source => source === key);
  return itself !== undefined ? [itself] : companions.find(one => one.key === key)?.needs ?? [];
}

function nameField(machine: ParsedMachine, problems: Problems): FieldView {
  return { ...fieldOf(machine, problems, ['name'], propertyAt({ provider: machine.provider }, ['name']) ?? {}), kind: 'text', value: machine.name };
}

function providerField(machine: ParsedMachine, problems: Problems): FieldView {
  const base = fieldOf(machine, problems, ['provider'], propertyAt({}, ['provider']) ?? {});
  const choices = [...new Set([...knownProviders, machine.provider])].filter(one => one !== '').map(value => ({ value, label: providerLabel(value) }));
  return { ...base, kind: 'choice', value: machine.provider, choices };
}

function fieldOf(machine: ParsedMachine, problems: Problems, path: FieldPath, schema: PropertySchema): FieldView {
  const key = String(path.at(-1));
  const value = valueAt(machine.own, path.slice(1));
  const kind = kindOf(key, schema, value);
  const problem = problems.at(path);
  return {
    path, label: labelOf(key, schema), description: plain(schema.markdownDescription ?? ''), kind, value: textOf(value, kind), placeholder: placeholderOf(machine, path, schema, kind),
    ...kind === 'choice' ? { choices: choicesOf(schema, value) } : {}, ...problem ? { problem } : {},
  };
}

function choicesOf(schema: PropertySchema, value: unknown): NonNullable<FieldView['choices']> {
  const given = schema.enum ?? [true, false];
  const words = (one: unknown): string => (one === true ? t('yes') : one === false ? t('no') : String(one));
  const preset = schema.default === undefined ? t('default') : t('default ({0})', words(schema.default));
  const odd = value === undefined || given.some(one => one === value) ? [] : [value];
  return [{ value: '', label: preset }, ...[...given, ...odd].map(one => ({ value: String(one), label: words(one) }))];
}

function placeholderOf(machine: ParsedMachine, path: FieldPath, schema: PropertySchema, kind: FieldView['kind']): string {
  const inherited = path[0] === 'config' ? valueAt(machine.config, path.slice(1)) : undefined;
  if (inherited !== undefined && valueAt(machine.own, path.slice(1)) === undefined) return t('{0} (from the defaults)', textOf(inherited, kind));
  if (schema['x-default'] !== undefined) return plain(schema['x-default']);
  const preset = schema.default;
  return preset === undefined || (typeof preset === 'object' && preset !== null && Object.keys(preset).length === 0) ? '' : textOf(preset, kind);
}

function listOf(machine: ParsedMachine, problems: Problems, source: ListSource): ListView {
  const own = asList(machine.own[source.key]);
  const all = asList(machine.config[source.key]);
  const whole = { name: machine.name, provider: machine.provider, config: machine.own };
  return {
    path: ['config', source.key],
    empty: source.empty(),
    inherited: all.slice(0, Math.max(0, all.length - own.length)).map(item => source.itemTitle(asObject(item))),
    kinds: source.kinds().map(({ id, label }) => ({ id, label })),
    items: own.map((item, index): ItemView => {
      const path: FieldPath = ['config', source.key, index];
      const present = asObject(item);
      return { index, title: source.itemTitle(present), fields: itemKeys(source.key, present).flatMap(key => itemFields(machine, problems, [...path, key], whole)) };
    }),
  };
}

/** A key of an item; of one that holds an object of known keys (`run` of a trigger) each of those. */
function itemFields(machine: ParsedMachine, problems: Problems, path: FieldPath, whole: unknown): readonly FieldView[] {
  const schema = propertyAt(whole, path) ?? {};
  const value = valueAt(whole, path);
  const inner = Object.keys(schema.properties ?? {});
  if (inner.length === 0 || (value !== undefined && (typeof value !== 'object' || value === null))) return [fieldOf(machine, problems, path, schema)];
  const outer = labelOf(String(path.at(-1)), {});
  return [...new Set([...inner, ...Object.keys(asObject(value))])].map(key => {
    const field = fieldOf(machine, problems, [...path, key], propertyAt(whole, [...path, key]) ?? {});
    return { ...field, label: `${outer}: ${field.label.replace(/^[A-Z](?=[a-z])/, first => first.toLowerCase())}` };
  });
}

/** What the schema names for this kind of item, then what stands there besides. */
function itemKeys(list: ListSource['key'], item: Readonly<Record<string, unknown>>): readonly string[] {
  const parts: Readonly<Record<ListSource['key'], () => readonly (PropertySchema | undefined)[]>> = {
    networks: () => [{ properties: { type: {} } }, definition({ forwarded_port: 'forwardedPort', private_network: 'privateNetwork', public_network: 'publicNetwork' }[text(item['type'])] ?? '')],
    disks: () => [definition('disk')],
    synced_folders: () => [definition('syncedFolder')],
    triggers: () => [definition('trigger')],
    provisioners: () => [definition('provisioner'), definition(`provisioner_${text(item['type']) || 'shell'}`)],
  };
  return [...new Set([...parts[list]().flatMap(part => Object.keys(part?.properties ?? {})), ...Object.keys(item)])];
}

export function valueAt(root: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((value, step) => (typeof value === 'object' && value !== null ? (value as Readonly<Record<string | number, unknown>>)[step] : undefined), root);
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `host_path` → `Host path`. */
function labelOf(key: string, schema: PropertySchema): string {
  const words = key.replaceAll('_', ' ').replace(/^./, first => first.toUpperCase()).replace(/\b(?:ip|mac|cpus?|iso|dns|ssh|url|nic|vram|dhcp)\b/gi, word => (word.toLowerCase() === 'cpus' ? 'CPUs' : word.toUpperCase()));
  return schema['x-unit'] === undefined ? words : `${words} (${schema['x-unit']})`;
}

/** Markdown of one paragraph as plain text. */
function plain(markdown: string): string {
  return markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
}
