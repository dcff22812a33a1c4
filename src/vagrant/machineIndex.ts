// What Vagrant leaves on disk, from bytes to data: the machine index, a machine's folder under .vagrant, and the box store's paths.
// Pure: whoever reads the files gives their bytes. Never write them, and never start `vagrant` for a state (docs/providers/vagrant.md).

/** One entry of `$VAGRANT_HOME/data/machine-index/index`. `state` is a cache of Vagrant's last command: show the hypervisor's. */
export interface IndexedMachine {
  /** 32 hex digits. */
  readonly uuid: string;
  readonly name: string;
  /** Vagrant's word: `virtualbox`, `hyperv`, `libvirt` … */
  readonly provider: string;
  readonly state: string;
  /** Folder of the Vagrantfile. */
  readonly projectPath: string;
  /** undefined: the usual `Vagrantfile`. */
  readonly vagrantfileName?: string;
  /** The `.vagrant` folder. */
  readonly dataPath: string;
  readonly box?: { readonly name: string; readonly provider?: string; readonly version?: string; readonly architecture?: string };
}

/** `broken`: empty or cut off, as Vagrant rewrites the file in place: keep the last good one and read again. */
export type MachineIndex = { readonly kind: 'machines'; readonly machines: readonly IndexedMachine[] } | { readonly kind: 'broken' };

export function parseMachineIndex(bytes: Uint8Array): MachineIndex {
  const json = readJson(bytes);
  if (!isObject(json) || !isObject(json.machines)) return { kind: 'broken' };
  const machines = Object.entries(json.machines).flatMap(([uuid, value]): IndexedMachine[] => {
    if (!isObject(value)) return [];
    const [name, provider, projectPath, dataPath] = [value.name, value.provider, value.vagrantfile_path, value.local_data_path].map(asText);
    if (name === undefined || provider === undefined || projectPath === undefined || dataPath === undefined) return [];
    const file = asText(value.vagrantfile_name) ?? (Array.isArray(value.vagrantfile_name) ? asText(value.vagrantfile_name[0]) : undefined);
    const box = isObject(value.extra_data) ? boxOf(value.extra_data.box) : undefined;
    return [{ uuid, name, provider, state: asText(value.state) ?? 'unknown', projectPath, dataPath, ...(file === undefined ? {} : { vagrantfileName: file }), ...(box === undefined ? {} : { box }) }];
  });
  return { kind: 'machines', machines };
}

/** Where a machine's own files are, below its `.vagrant` folder. The name is a folder's name; on Windows paths are joined with `\`. */
export function machineFolder(machine: Pick<IndexedMachine, 'dataPath' | 'name' | 'provider'>): string {
  const separator = machine.dataPath.includes('\\') && !machine.dataPath.includes('/') ? '\\' : '/';
  return [machine.dataPath.replace(/[\\/]+$/, ''), 'machines', machine.name, machine.provider].join(separator);
}

/** The files of `machineFolder` that say something about the machine. */
export const machineFiles = ['id', 'index_uuid', 'creator_uid', 'vagrant_cwd', 'box_meta', 'private_key', 'action_provision'] as const;
export type MachineFile = (typeof machineFiles)[number];

export interface MachineData {
  /** The provider's id: VirtualBox' UUID, Hyper-V's GUID. undefined: not made, or destroyed. */
  readonly id?: string;
  readonly indexUuid?: string;
  readonly creatorUid?: number;
  readonly projectPath?: string;
  readonly box?: IndexedMachine['box'];
  /** Vagrant replaced the insecure key by one of the machine's own. */
  readonly hasOwnKey: boolean;
  readonly provisioned: boolean;
}

export function parseMachineFolder(files: Partial<Readonly<Record<MachineFile, Uint8Array>>>): MachineData {
  const line = (file: MachineFile): string | undefined => {
    const bytes = files[file];
    const text = bytes && decode(bytes).trim();
    return text === undefined || text === '' ? undefined : text;
  };
  const [id, indexUuid, uid, projectPath] = [line('id'), line('index_uuid'), line('creator_uid'), line('vagrant_cwd')];
  const box = files.box_meta ? boxOf(readJson(files.box_meta)) : undefined;
  return {
    ...(id === undefined ? {} : { id }), ...(indexUuid === undefined ? {} : { indexUuid }), ...(uid !== undefined && /^\d+$/.test(uid) ? { creatorUid: Number(uid) } : {}),
    ...(projectPath === undefined ? {} : { projectPath }), ...(box === undefined ? {} : { box }),
    hasOwnKey: files.private_key !== undefined && files.private_key.length > 0,
    // `1.5:<id>`: provisioned, and for which machine.
    provisioned: id !== undefined && (line('action_provision') ?? '').replace(/^[\d.]+:/, '') === id,
  };
}

/** A box of `$VAGRANT_HOME/boxes`, from the path of its `metadata.json` below that folder: `name/version/[architecture/]provider`. */
export interface StoredBox {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly provider: string;
}

/** undefined: no box's folder (dot-folders and malformed versions are skipped, as Vagrant does). */
export function parseBoxPath(path: string): StoredBox | undefined {
  const parts = path.split(/[\\/]/).filter(part => part !== '');
  if (parts.at(-1) === 'metadata.json') parts.pop();
  const [folder, version, ...rest] = parts;
  if (folder === undefined || version === undefined || folder.startsWith('.') || !/^\d+(\.[0-9A-Za-z]+)*(-[0-9A-Za-z.-]+)?$/.test(version) || rest.length < 1 || rest.length > 2) return undefined;
  const provider = rest.at(-1);
  if (provider === undefined || rest.some(part => part.startsWith('.'))) return undefined;
  const name = folder.replaceAll('-VAGRANTSLASH-', '/').replaceAll('-VAGRANTCOLON-', ':');
  return { name, version, provider, ...(rest.length === 2 && rest[0] !== undefined ? { architecture: rest[0] } : {}) };
}

/** The folder of a box's name in the store. */
export function boxFolder(name: string, windows = false): string {
  const folder = name.replaceAll('/', '-VAGRANTSLASH-');
  return windows ? folder.replaceAll(':', '-VAGRANTCOLON-') : folder;
}

function boxOf(value: unknown): IndexedMachine['box'] {
  if (!isObject(value)) return undefined;
  const name = asText(value.name);
  if (name === undefined) return undefined;
  const [provider, version, architecture] = [value.provider, value.version, value.architecture].map(asText);
  return { name, ...(provider === undefined ? {} : { provider }), ...(version === undefined ? {} : { version }), ...(architecture === undefined ? {} : { architecture }) };
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decode(bytes));
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined);
