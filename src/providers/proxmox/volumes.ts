// ISOs, disk images and container templates on a storage: there already, downloaded by the node, or uploaded from here.
import { homedir } from 'node:os';
import { locate } from '../../images/location.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { flag, number, record, rows, text } from './fields.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';

export type VolumeKind = 'iso' | 'vztmpl' | 'import';

export interface VolumeWish {
  readonly kind: VolumeKind;
  /** A volume id (`local:iso/x.iso`), an http(s) address, or the path of a file on this computer. */
  readonly source: string;
  /** The same on this computer, where images/ has it already. */
  readonly path?: string | undefined;
  /** What a relative path counts from. */
  readonly baseFolder?: string | undefined;
  /** `sha256:…`, or the bare digits. */
  readonly checksum?: string | undefined;
  readonly node: string;
  readonly storage?: string | undefined;
}

export interface FoundVolume {
  readonly volid: string;
  readonly storage: string;
  /** Brought here by this call: it may be removed again when what it was for fails. */
  readonly made: boolean;
}

export interface NodeStorage {
  readonly id: string;
  readonly type: string;
  readonly content: readonly string[];
  readonly active: boolean;
  readonly shared: boolean;
  readonly availableBytes: number;
  readonly usedBytes: number;
  readonly totalBytes: number;
}

export async function nodeStorages(deps: PartDeps, node: string, signal: AbortSignal, content?: string): Promise<readonly NodeStorage[]> {
  const { data } = await deps.calls.get(requests.nodeStorages(node, { enabled: true, ...(content === undefined ? {} : { content }) }), signal);
  return parseNodeStorages(data);
}

export function parseNodeStorages(data: unknown): NodeStorage[] {
  return rows(data).map(row => ({
    id: text(row['storage']) ?? '',
    type: text(row['type']) ?? 'unknown',
    content: (text(row['content']) ?? '').split(',').filter(Boolean).sort(),
    active: row['active'] === undefined ? true : flag(row['active']),
    shared: flag(row['shared']),
    availableBytes: number(row['avail']) ?? 0,
    usedBytes: number(row['used']) ?? 0,
    totalBytes: number(row['total']) ?? 0,
  }));
}

/** The storage for a kind of content: the named one, or the one with most room. Throws GaiaError `notFound`, `notSupported`. */
export async function chooseStorage(deps: PartDeps, node: string, content: string, wanted: string | undefined, signal: AbortSignal): Promise<NodeStorage> {
  const all = await nodeStorages(deps, node, signal);
  if (wanted !== undefined) {
    const found = all.find(storage => storage.id === wanted);
    // Without the right to see storages one may still be allowed to use them.
    if (!found && all.length === 0) return { id: wanted, type: 'unknown', content: [content], active: true, shared: false, availableBytes: 0, usedBytes: 0, totalBytes: 0 };
    if (!found) throw new GaiaError('notFound', { message: 'The node {0} has no storage {1}.', values: [node, wanted], hint: `Its storages: ${all.map(storage => storage.id).join(', ')}.` });
    if (!found.content.includes(content)) throw new GaiaError('notSupported', { message: 'The storage {0} does not take this kind of content ({1}).', values: [wanted, content], hint: `Storages of ${node} that do: ${all.filter(storage => storage.content.includes(content)).map(storage => storage.id).join(', ') || 'none'}. Content is allowed under Datacenter → Storage.` });
    return found;
  }
  const [best] = all.filter(storage => storage.active && storage.content.includes(content)).sort((a, b) => b.availableBytes - a.availableBytes);
  if (!best) throw new GaiaError('notFound', { message: 'The node {0} has no storage for this kind of content ({1}).', values: [node, content], hint: content === 'import' ? 'Proxmox VE 8.3 and later can import disk images: allow the content “Import” on a storage under Datacenter → Storage.' : 'Allow it on a storage under Datacenter → Storage, or give the user or token Datastore.Audit on its storages.' });
  return best;
}

/** Makes sure that a volume is on the cluster. */
export async function ensureVolume(deps: PartDeps, wish: VolumeWish, context: OperationContext): Promise<FoundVolume> {
  const id = /^([A-Za-z][\w.-]*):(?:iso|vztmpl|import)\/.+$/.exec(wish.source);
  if (id) return { volid: wish.source, storage: id[1] as string, made: false };
  const fileName = volumeName(wish.kind, wish.source);
  const storage = await chooseStorage(deps, wish.node, wish.kind, wish.storage, context.signal);
  const volid = `${storage.id}:${wish.kind}/${fileName}`;
  const content = await deps.calls.get(requests.storageContent(wish.node, storage.id, { content: wish.kind }), context.signal);
  if (rows(content.data).some(row => row['volid'] === volid)) {
    context.output(`${volid} is there already and is used.`);
    return { volid, storage: storage.id, made: false };
  }
  const checksum = parseChecksum(wish.checksum);
  const remote = /^https?:\/\//i.test(wish.source);
  if (remote) {
    try {
      context.progress({ message: 'Downloading {0} to {1}', values: [fileName, storage.id] });
      await deps.calls.run(requests.downloadUrl(wish.node, storage.id, { content: wish.kind, url: wish.source, fileName, ...(checksum ? { checksum } : {}) }), context);
      return { volid, storage: storage.id, made: true };
    } catch (error) {
      // A download by the node needs Sys.Modify or Sys.AccessNetwork; what is here can be sent from here.
      if (wish.path === undefined || !GaiaError.is(error, 'noPermission')) throw error;
    }
  }
  const file = wish.path ?? (remote ? undefined : localPath(wish.source, wish.baseFolder));
  if (file === undefined) throw new GaiaError('notFound', { message: '{0} cannot be brought to the cluster.', values: [wish.source] });
  await uploadVolume(deps, { kind: wish.kind, file, fileName, node: wish.node, storage: storage.id, ...(checksum ? { checksum } : {}) }, context);
  return { volid, storage: storage.id, made: true };
}

function localPath(text: string, baseFolder: string | undefined): string {
  const at = locate(text, { baseFolder, home: homedir() });
  return at.kind === 'file' ? at.path : at.url;
}

export async function uploadVolume(deps: PartDeps, wish: { readonly kind: VolumeKind; readonly file: string; readonly fileName: string; readonly node: string; readonly storage: string; readonly checksum?: { readonly algorithm: string; readonly value: string } }, context: OperationContext): Promise<void> {
  context.progress({ message: 'Uploading {0} to {1}', values: [wish.fileName, wish.storage], fraction: 0 });
  await deps.calls.run(requests.upload(wish.node, wish.storage, { content: wish.kind, file: wish.file, fileName: wish.fileName, ...(wish.checksum ? { checksum: wish.checksum } : {}) }), context, { uploaded: (sent, total) => { context.progress({ fraction: total === 0 ? 1 : sent / total }); } });
}

/** Removes volumes that a failed operation brought here. Says what could not be removed. */
export async function removeVolumes(deps: PartDeps, node: string, volumes: readonly FoundVolume[], context: OperationContext): Promise<void> {
  for (const volume of volumes.filter(candidate => candidate.made)) {
    try {
      await deps.calls.run(requests.deleteVolume(node, volume.storage, volume.volid), { signal: AbortSignal.timeout(60_000), progress: () => undefined, output: line => { context.output(line); } });
    } catch (error) {
      context.output(`${volume.volid} could not be removed again: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** The file name that Proxmox VE accepts for a kind of content. Throws GaiaError `notSupported`. */
export function volumeName(kind: VolumeKind, source: string): string {
  const path = /^https?:/i.test(source) ? new URL(source).pathname : source;
  const base = decode(path.split(/[\\/]/).at(-1) ?? '').replace(/[^\w.+-]+/g, '_');
  if (kind === 'iso') return /\.(?:iso|img)$/i.test(base) ? base : `${base}.iso`;
  if (kind === 'vztmpl') {
    if (/\.tar\.(?:gz|xz|zst|bz2)$|\.tgz$/i.test(base)) return base;
    throw new GaiaError('notSupported', { message: '{0} is no template of a container.', values: [base], hint: 'Templates end with .tar.gz, .tar.xz or .tar.zst.' });
  }
  if (/\.(?:qcow2|raw|vmdk|ova)$/i.test(base)) return base;
  // Cloud images called .img are qcow2 inside.
  if (/\.img$/i.test(base)) return base.replace(/\.img$/i, '.qcow2');
  throw new GaiaError('notSupported', { message: 'Proxmox VE cannot import {0}.', values: [base], hint: 'It imports .qcow2, .raw, .vmdk and .ova, not compressed.' });
}

const algorithms: Readonly<Record<number, string>> = { 32: 'md5', 40: 'sha1', 56: 'sha224', 64: 'sha256', 96: 'sha384', 128: 'sha512' };

export function parseChecksum(given: string | undefined): { algorithm: string; value: string } | undefined {
  if (given === undefined) return undefined;
  const match = /^(?:(md5|sha-?1|sha-?224|sha-?256|sha-?384|sha-?512)[:=])?([0-9a-f]+)$/i.exec(given.trim());
  const value = match?.[2]?.toLowerCase();
  const algorithm = value === undefined ? undefined : (match?.[1]?.toLowerCase().replace('-', '') ?? algorithms[value.length]);
  if (value === undefined || algorithm === undefined) throw new GaiaError('invalidInput', { message: '“{0}” is no checksum.', values: [given], hint: 'Write it as sha256:…' });
  return { algorithm, value };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A row of a storage's content. */
export interface VolumeRow {
  readonly volid: string;
  readonly kind: string;
  readonly name: string;
  readonly format?: string;
  readonly sizeBytes?: number;
  readonly createdAt?: string;
  readonly vmid?: number;
  readonly notes?: string;
  readonly protected?: boolean;
  readonly parent?: string;
}

export function parseContent(data: unknown): VolumeRow[] {
  return rows(data).map(row => {
    const volid = text(row['volid']) ?? '';
    const path = volid.slice(volid.indexOf(':') + 1);
    const time = number(row['ctime']);
    const values: Record<string, unknown> = {
      volid,
      kind: text(row['content']) ?? (/^(iso|vztmpl|backup|snippets|import)\//.exec(path)?.[1] ?? 'images'),
      name: path.replace(/^(?:iso|vztmpl|backup|snippets|import)\//, ''),
      format: text(row['format']),
      sizeBytes: number(row['size']),
      createdAt: time === undefined ? undefined : new Date(time * 1000).toISOString(),
      vmid: number(row['vmid']),
      notes: text(row['notes']),
      protected: row['protected'] === undefined ? undefined : flag(row['protected']),
      parent: text(row['parent']),
    };
    return record(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))) as unknown as VolumeRow;
  });
}
