// docs/config.md: the config language as a page, made of the schema and the checks, so that it cannot say anything else than they do.
import { fileChecks, machineChecks } from './check.ts';
import { commonKeys, definition, knownProviders, machineSchema, optionKeys, providerKeys, providerLabels, provisionerTypes, type PropertySchema } from './schema.ts';

export function configDocs(): string {
  return [
    '<!-- Generated from schemas/gaia.schema.json and src/config/check.ts by `node build/docs.mjs`. -->',
    '# The config language', '',
    'A machine is written down in a file that ends in `.gaia.json`: JSON with comments, where a comma may trail. One machine:', '',
    '```jsonc', '{\n  "name": "web",\n  "provider": "virtualbox", // or hyperv, wsl, proxmox\n  "config": {\n    "box": "bento/ubuntu-24.04",\n    "cpus": 2,\n    "memory": 2048\n  }\n}', '```', '',
    'Several machines, with what they have in common:', '',
    '```jsonc', '{\n  "defaults": {\n    "provider": "virtualbox",\n    "config": { "box": "bento/ubuntu-24.04", "memory": 2048 }\n  },\n  "machines": [\n    { "name": "web", "config": { "hostname": "web" } },\n    { "name": "db", "config": { "hostname": "db", "memory": 4096 } }\n  ]\n}', '```', '',
    '## Defaults', '',
    '- A machine\'s own value wins.',
    '- A machine that names a source of its own (`box`, `image`, `iso`, `clone_from`, `tarball`, `source_distro`, `base_distro`) takes none of the defaults\' source, nor `box_version`, `box_url`, `box_architecture` and `checksum`, which belong to it.',
    '- Objects (`provider_config`, `cloud_init`, …) are merged key by key, at any depth.',
    '- `networks`, `synced_folders`, `provisioners`, `triggers`, `disks` and `tags` add up: the machine\'s entries follow those of the defaults. An entry that means the same thing as a default one takes its place: a folder with the same `guest_path`, a provisioner, trigger or disk of the same `name`, a forwarded port of the same `id`, or of the same guest port and protocol, the same tag.',
    '- Any other list is replaced whole.',
    '- `provider_config` of defaults that name a `provider` holds for machines of that provider only.',
    '- The keys of `config` may also stand in `defaults` directly.', '',
    '## Sizes', '',
    '`memory` is a number of MB. `disk_size` and the `size` of further disks are a number of MB or a text with its unit: `"64G"`, `"512 MB"`, `"1.5T"`. All units are 1024-based.', '',
    '## Paths', '',
    'Paths of this computer are relative to the file they stand in; `~` is the home folder.', '',
    '## The machine', '', ...table(machineSchema.properties ?? {}),
    '## config', '', ...table(commonKeys),
    ...knownProviders.flatMap(p => Object.keys(providerKeys[p]).length === 0 ? [] : [`### ${providerLabels[p]} alone`, '', ...table(providerKeys[p])]),
    ...part('networks', 'network'), ...part('`private_network`', 'privateNetwork', 3), ...part('`public_network`', 'publicNetwork', 3), ...part('`forwarded_port`', 'forwardedPort', 3),
    ...part('synced_folders', 'syncedFolder'), ...part('provisioners', 'provisioner'),
    ...provisionerTypes.flatMap(type => part(`\`${String(type)}\``, `provisioner_${String(type)}`, 3)),
    ...part('triggers', 'trigger'), ...part('`run`', 'triggerRun', 3), ...part('`run_remote`', 'triggerRunRemote', 3),
    ...part('disks', 'disk'), ...part('cloud_init', 'cloudInit'),
    '## provider_config', '', 'What Gaia does not know is passed on unchanged.', '',
    ...knownProviders.flatMap(p => [`### ${providerLabels[p]}`, '', ...table(optionKeys[p])]),
    '## What Gaia warns of', '',
    'Beyond the schema. Each problem in the editor carries one of these codes.', '',
    ...[...machineChecks, ...fileChecks].sort((a, b) => a.code.localeCompare(b.code)).flatMap(({ code, severity, about }) => [`### ${code}`, '', `(${severity}) ${about}`, '']),
    ...textProblems.flatMap(([code, about]) => [`### ${code}`, '', about, '']),
  ].join('\n').replace(/\n+$/, '\n');
}

/** Codes of parse.ts and validate.ts. */
const textProblems: readonly (readonly [string, string])[] = [
  ['duplicate-key', '(warning) A key stands twice in one object: the last one counts.'],
  ['empty', '(information) The file is empty.'],
  ['not-text', '(error) The file is not text.'],
  ['schema', '(error) A value is not what the tables above say.'],
  ['shape', '(error) The file is no machine and no list of machines.'],
  ['syntax', '(error) The text is not JSON with comments. Gaia goes on with what it can read.'],
  ['too-deep', '(error) The text nests deeper than a hundred levels. Gaia does not read it.'],
  ['too-large', '(error) The text is larger than 4 MB. Gaia does not read it: split it into several files.'],
];

function part(title: string, name: string, level = 2): string[] {
  const schema = definition(name);
  if (!schema) return [];
  const about = schema.markdownDescription === undefined ? [] : [schema.markdownDescription, ''];
  return [`${'#'.repeat(level)} ${title}`, '', ...about, ...table(schema.properties ?? {})];
}

function table(properties: { readonly [key: string]: PropertySchema }): string[] {
  const rows = Object.entries(properties).map(([key, given]) => {
    const named = given.$ref === undefined ? given : { ...definition(given.$ref.split('/').at(-1) ?? ''), ...given };
    return `| \`${key}\` | ${cell(`${named.markdownDescription ?? ''}${valuesOf(named)}`)} | ${cell(defaultOf(named))} | ${cell(exampleOf(named))} |`;
  });
  return rows.length === 0 ? [] : ['| key | what it does | default | example |', '| --- | --- | --- | --- |', ...rows, ''];
}

/** What holds when a property is left out, in words. */
export function defaultOf(schema: PropertySchema): string {
  const note = schema['x-default'];
  if (note !== undefined) return note;
  const value = schema.default;
  if (value === undefined) return '';
  if (Array.isArray(value) && value.length === 0) return 'none';
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return 'none';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\`${unitOf(schema, value)}`;
}

export function exampleOf(schema: PropertySchema): string {
  const [example] = schema.examples ?? [];
  return example === undefined ? '' : `\`${JSON.stringify(example)}\`${unitOf(schema, example)}`;
}

function unitOf(schema: PropertySchema, value: unknown): string {
  const unit = schema['x-unit'];
  return unit !== undefined && typeof value === 'number' ? ` ${unit}` : '';
}

function valuesOf(schema: PropertySchema): string {
  const { enum: values, markdownEnumDescriptions: texts } = schema.enum ? schema : (schema.anyOf?.find(part => part.enum) ?? schema);
  if (!values || !texts) return '';
  return ` ${values.map((value, i) => `\`${String(value)}\`: ${(texts[i] ?? '').replace(/\.$/, '')}`).join('; ')}.`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
