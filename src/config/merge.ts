// `defaults` and a machine become one config. The rules, as docs/config.md tells them:
//  - a machine's own value wins;
//  - a machine that names a source of its own (box, image, clone_from …) takes none of the defaults' source, nor what belongs to it;
//  - objects are merged key by key, at any depth;
//  - networks, synced_folders, provisioners, triggers, disks and tags: the machine's entries follow those of the defaults, and an entry that
//    means the same thing as a default one (same guest path, same name, same tag, same guest port) replaces it, as Vagrant does with an outer and an inner block;
//  - any other list is replaced whole;
//  - `provider_config` of defaults that name a provider is for machines of that provider only.
import type { MachineConfig } from './model.ts';

/** Where an entry of a merged list was written. */
export interface Origin {
  readonly from: 'own' | 'defaults';
  readonly index: number;
}

export interface Merged {
  readonly config: MachineConfig;
  /** For each list that has entries of both: entry by entry. */
  readonly origins: ReadonlyMap<string, readonly Origin[]>;
}

/** What makes two entries of a list the same thing; undefined = never. */
const identities: { readonly [list: string]: (entry: unknown) => string | undefined } = {
  tags: entry => (typeof entry === 'string' ? entry : undefined),
  synced_folders: entry => text(entry, 'guest_path'),
  provisioners: entry => text(entry, 'name'),
  triggers: entry => text(entry, 'name'),
  disks: entry => text(entry, 'name'),
  networks: entry => {
    const id = text(entry, 'id');
    if (id !== undefined) return `id ${id}`;
    if (!isObject(entry) || entry['type'] !== 'forwarded_port' || typeof entry['guest_port'] !== 'number') return undefined;
    return `${String(entry['guest_port'])}/${typeof entry['protocol'] === 'string' ? entry['protocol'] : 'tcp'}`;
  },
};

/** What says where a machine comes from, and what belongs to that. */
const sources = ['box', 'image', 'iso', 'clone_from', 'tarball', 'source_distro', 'base_distro'];
const sourceKeys = new Set([...sources, 'box_version', 'box_url', 'box_architecture', 'checksum']);

/** The lists that add up. */
export const addingLists: readonly string[] = Object.keys(identities);

/** `defaults` is the object of the file; its config keys may stand in it directly or under `config`. */
export function mergeDefaults(own: MachineConfig, provider: string, defaults: { readonly [key: string]: unknown } | undefined): Merged {
  const origins = new Map<string, readonly Origin[]>();
  if (!defaults) return { config: own, origins };
  const base = defaultConfig(defaults);
  const defaultProvider = defaults['provider'];
  const hasSource = sources.some(key => Object.hasOwn(own, key));
  const config: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(base), ...Object.keys(own)])) {
    const foreign = key === 'provider_config' && typeof defaultProvider === 'string' && defaultProvider !== provider;
    const replaced = hasSource && sourceKeys.has(key);
    if (foreign || replaced || !Object.hasOwn(base, key)) { if (Object.hasOwn(own, key)) set(config, key, own[key]); continue; }
    if (!Object.hasOwn(own, key)) { set(config, key, base[key]); continue; }
    const identity = identities[key];
    const [theirs, mine] = [base[key], own[key]];
    if (identity && Array.isArray(theirs) && Array.isArray(mine)) {
      const list = mergeLists(theirs, mine, identity);
      set(config, key, list.map(({ from, index }) => (from === 'own' ? mine[index] : theirs[index]) as unknown));
      origins.set(key, list);
    } else set(config, key, mergeValues(theirs, mine));
  }
  return { config, origins };
}

/** The config keys of `defaults`, wherever they stand. */
export function defaultConfig(defaults: { readonly [key: string]: unknown }): MachineConfig {
  const { provider: _provider, config, name: _name, ...direct } = defaults;
  return isObject(config) ? { ...direct, ...config } : direct;
}

function mergeLists(theirs: readonly unknown[], mine: readonly unknown[], identity: (entry: unknown) => string | undefined): Origin[] {
  const replaced = new Set(mine.map(identity).filter(id => id !== undefined));
  const kept = theirs.flatMap((entry, index): Origin[] => (replaced.has(identity(entry) ?? '\0') ? [] : [{ from: 'defaults', index }]));
  return [...kept, ...mine.map((_, index): Origin => ({ from: 'own', index }))];
}

function mergeValues(theirs: unknown, mine: unknown): unknown {
  if (!isObject(theirs) || !isObject(mine)) return mine;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(theirs)) if (!Object.hasOwn(mine, key)) set(result, key, value);
  for (const [key, value] of Object.entries(mine)) set(result, key, Object.hasOwn(theirs, key) ? mergeValues(theirs[key], value) : value);
  return result;
}

/** Assignment that also holds for a key like `__proto__`. */
function set(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(entry: unknown, key: string): string | undefined {
  const value = isObject(entry) ? entry[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
