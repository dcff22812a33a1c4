// The disks of a guest: which is which, what a file says of each, and what must become of one that is kept otherwise. Pure.
import type { Disk } from '../../machines/machine.ts';
import type { Change } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import { present } from './fields.ts';
import type { CreateOptions } from './options.ts';
import { requests } from './requests.ts';
import type { ApiRequest, Guest } from './requests.ts';

const defaultDiskBytes = 32 * 2 ** 30;

/** One disk of a file. */
export interface DiskWish {
  readonly sizeBytes: number;
  readonly storage?: string;
  readonly format?: string;
  /** The file names a size; otherwise the source's own is right. */
  readonly asked: boolean;
}

/** The first disk, then further ones, with what is said of all of them where one says nothing itself. */
export function diskWishes(spec: MachineSpec, options: CreateOptions): readonly DiskWish[] {
  const format = (own: string | undefined): Pick<DiskWish, 'format'> => present({ format: own ?? options.diskFormat });
  const wishes = spec.disks.map(disk => ({ sizeBytes: disk.sizeBytes, ...(disk.storage === undefined ? {} : { storage: disk.storage }), ...format(disk.format), asked: disk.sizeBytes > 0 }));
  const [first, ...more] = wishes.length > 0 ? wishes : [{ sizeBytes: 0, ...format(undefined), asked: false }];
  const own = first as DiskWish;
  const sized: DiskWish = own.asked ? own : options.diskBytes !== undefined ? { ...own, sizeBytes: options.diskBytes, asked: true } : { ...own, sizeBytes: defaultDiskBytes };
  return [sized, ...more];
}

/** The disk that boots: the first of `boot: order=`, or the first there is. */
export function bootDisk(settings: Readonly<Record<string, string>>, slots: readonly string[]): string | undefined {
  const order = /order=([^,]*)/.exec(settings['boot'] ?? '')?.[1]?.split(';') ?? [];
  const isDisk = (slot: string): boolean => /^(?:scsi|virtio|sata|ide)\d+$|^rootfs$/.test(slot) && !/media=cdrom|cloudinit/.test(settings[slot] ?? '');
  return order.find(slot => slots.includes(slot) && isDisk(slot)) ?? slots.find(isDisk);
}

/** The one that boots before all others, so that the first disk is the first for everybody. A container's stands behind its mount points otherwise. */
export function bootFirst(disks: readonly Disk[], settings: Readonly<Record<string, string>>): readonly Disk[] {
  const boot = bootDisk(settings, disks.map(disk => disk.slot));
  const [own, others] = [disks.filter(disk => disk.slot === boot), disks.filter(disk => disk.slot !== boot)];
  const at = others.findIndex(disk => disk.kind === 'disk');
  return at < 0 ? disks : [...others.slice(0, at), ...own, ...others.slice(at)];
}

/** The disks behind the one that boots, in the order in which a file counts them. */
export function furtherDisks(disks: readonly Disk[], boot: string | undefined): readonly Disk[] {
  return disks.filter(disk => disk.kind === 'disk' && disk.slot !== boot && !disk.slot.startsWith('unused'));
}

/** Where a disk goes, and as what. */
export type DiskMove = Pick<Extract<Change, { kind: 'moveDisk' }>, 'slot' | 'storage' | 'format'>;

/**
 * What must be moved for a disk to lie where, and to be what, a file says; undefined = it does. What a block storage keeps has no format of
 * its own, and a container's volumes have none to choose.
 */
export function diskMove(disk: Disk, wish: { readonly storage?: string | undefined; readonly format?: string | undefined }, kind: Guest['kind']): DiskMove | undefined {
  const storage = wish.storage ?? disk.storage;
  const format = kind === 'qemu' ? wish.format : undefined;
  const isThere = disk.storage === storage && (format === undefined || disk.format === undefined || disk.format === format);
  return disk.storage === undefined || storage === undefined || isThere ? undefined : { slot: disk.slot, storage, ...(format === undefined ? {} : { format }) };
}

/** A copy takes its place: what it was copied from is removed. */
export function moveRequest(guest: Guest, { slot, storage, format }: DiskMove): ApiRequest {
  return requests.moveDisk(guest, slot, storage, { deleteSource: true, ...present({ format }) });
}

/** Directory-like storages make raw files by default, which cannot be snapshotted. */
export function diskFormat(storageType: string | undefined): string | undefined {
  return storageType !== undefined && ['dir', 'nfs', 'cifs', 'cephfs', 'glusterfs'].includes(storageType) ? 'qcow2' : undefined;
}
