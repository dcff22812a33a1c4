// Volumes on storages: names as each storage type gives them, space, and what a storage can do.
import { badParameters, die } from './apiError.ts';
import type { Cluster } from './cluster.ts';
import type { GuestState, StorageState, VolumeState } from './model.ts';

const fileBased = new Set(['dir', 'nfs', 'cifs', 'btrfs', 'cephfs', 'glusterfs']);
export const isFileBased = (storage: StorageState): boolean => fileBased.has(storage.type);

/** Is the storage there for this node at all? */
export const isOn = (storage: StorageState, node: string): boolean => storage.disabled !== true && (storage.nodes === undefined || storage.nodes.includes(node));

/** The storage, able to do its work on `node`; else the real messages. */
export function usableStorage(cluster: Cluster, id: string, node: string): StorageState {
  const storage = cluster.state.storages.get(id) ?? die(`storage '${id}' does not exist`);
  if (storage.disabled) die(`storage '${id}' is disabled`);
  if (!isOn(storage, node)) die(`storage '${id}' is not available on node '${node}'`);
  if (!storage.active) die(`storage '${id}' is not online`);
  return storage;
}

export function volumeOf(cluster: Cluster, volid: string, node?: string): VolumeState | undefined {
  return cluster.state.volumes.find(v => v.volid === volid && (v.node === undefined || node === undefined || v.node === node));
}

export function usedBytes(cluster: Cluster, storage: StorageState, node: string): number {
  return cluster.state.volumes.filter(v => v.storage === storage.storage && (v.node === undefined || v.node === node)).reduce((sum, v) => sum + v.size, storage.otherBytes);
}

export const defaultFormat = (_storage: StorageState, kind: 'qemu' | 'lxc'): string => (kind === 'lxc' && _storage.type === 'zfspool' ? 'subvol' : 'raw');

export interface Allocation {
  readonly node: string;
  readonly storage: string;
  readonly vmid: number;
  readonly size: number;
  readonly format: string;
  readonly content: 'images' | 'rootdir';
  /** Without suffix; default the next free `vm-100-disk-N`. */
  readonly name?: string;
  readonly parent?: string;
}

/** Makes a volume. Fails as the real one: no such storage, wrong content, no space. */
export function allocate(cluster: Cluster, wish: Allocation): VolumeState {
  const storage = usableStorage(cluster, wish.storage, wish.node);
  if (!storage.content.includes(wish.content)) {
    badParameters({ storage: `storage '${wish.storage}' does not support ${wish.content === 'images' ? 'vm images' : 'container directories'}` });
  }
  if (wish.parent === undefined && usedBytes(cluster, storage, wish.node) + wish.size > storage.totalBytes * (storage.type === 'lvmthin' ? 10 : 1)) die(`unable to create image: No space left on device`);
  const name = wish.name ?? freeName(cluster, storage, wish.node, wish.vmid, wish.content === 'rootdir' && storage.type === 'zfspool' ? 'subvol' : 'vm');
  const own = isFileBased(storage) ? `${String(wish.vmid)}/${name}.${wish.format}` : name;
  const volid = `${storage.storage}:${wish.parent !== undefined && isFileBased(storage) ? `${wish.parent.slice(wish.parent.indexOf(':') + 1)}/` : ''}${own}`;
  const volume: VolumeState = {
    volid,
    storage: storage.storage,
    ...(storage.shared ? {} : { node: wish.node }),
    content: wish.content,
    format: wish.format,
    size: wish.size,
    vmid: wish.vmid,
    ctime: cluster.clock.seconds(),
    ...(wish.parent === undefined ? {} : { parent: wish.parent.slice(wish.parent.indexOf(':') + 1) }),
  };
  cluster.state.volumes.push(volume);
  return volume;
}

export function freeName(cluster: Cluster, storage: StorageState, node: string, vmid: number, prefix = 'vm'): string {
  const taken = new Set(cluster.state.volumes.filter(v => v.storage === storage.storage && v.vmid === vmid && (v.node === undefined || v.node === node)).map(v => /-disk-(\d+)/.exec(v.volid)?.[1]));
  for (let index = 0; ; index += 1) if (!taken.has(String(index))) return `${prefix}-${String(vmid)}-disk-${String(index)}`;
}

export function freeVolume(cluster: Cluster, volid: string, node?: string): void {
  const volume = volumeOf(cluster, volid, node);
  if (volume) cluster.state.volumes.splice(cluster.state.volumes.indexOf(volume), 1);
}

/** Does this volume belong to this guest (so that deleting the guest deletes it)? */
export function isOwnVolume(cluster: Cluster, guest: GuestState, volid: string): boolean {
  const volume = volumeOf(cluster, volid, guest.node);
  return volume?.vmid === guest.vmid && (volume.content === 'images' || volume.content === 'rootdir');
}

/** Linked clones of a base volume. */
export function childrenOf(cluster: Cluster, volid: string): VolumeState[] {
  const name = volid.slice(volid.indexOf(':') + 1);
  const storage = volid.slice(0, volid.indexOf(':'));
  return cluster.state.volumes.filter(v => v.storage === storage && v.parent === name);
}

/** Can this volume be snapshotted on its storage? */
export function canSnapshot(cluster: Cluster, volid: string, node: string): boolean {
  const storage = cluster.state.storages.get(volid.split(':')[0] ?? '');
  if (!storage) return false;
  if (['lvmthin', 'zfspool', 'rbd', 'btrfs'].includes(storage.type)) return true;
  return isFileBased(storage) && volumeOf(cluster, volid, node)?.format === 'qcow2';
}

/** Can a template on this volume have linked clones? */
export function canLink(cluster: Cluster, volid: string, node: string): boolean {
  const volume = volumeOf(cluster, volid, node);
  const storage = cluster.state.storages.get(volid.split(':')[0] ?? '');
  return volume !== undefined && storage !== undefined && /(?:^|[:/])base-/.test(volid) && (['lvmthin', 'zfspool', 'rbd'].includes(storage.type) || ['qcow2', 'raw', 'vmdk'].includes(volume.format));
}

/** Path in messages and logs, as the storage would have it. */
export function pathOf(cluster: Cluster, volid: string): string {
  const storage = cluster.state.storages.get(volid.split(':')[0] ?? '');
  const name = volid.slice(volid.indexOf(':') + 1);
  if (!storage) return volid;
  return isFileBased(storage) ? `${storage.path ?? `/mnt/pve/${storage.storage}`}/images/${name}` : `/dev/pve/${name}`;
}
