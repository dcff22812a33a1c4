// Moving a guest to another node: what stands against it, and the move itself.
import { die } from './apiError.ts';
import type { Cluster } from './cluster.ts';
import { durations } from './cluster.ts';
import { humanSize, isCdrom, isDriveKey, parseDrive, printDrive } from './drives.ts';
import type { GuestState, VolumeState } from './model.ts';
import { freeName, isFileBased, isOn, usableStorage, volumeOf } from './volumes.ts';
import type { Worker } from './tasks.ts';

export interface LocalDisk {
  readonly key: string;
  readonly volume: VolumeState;
  readonly cdrom: boolean;
  readonly cloudinit: boolean;
}

/** Disks that lie on storages of one node only. */
export function localDisks(cluster: Cluster, guest: GuestState): LocalDisk[] {
  const result: LocalDisk[] = [];
  for (const [key, value] of Object.entries(guest.config)) {
    if (!isDriveKey(key)) continue;
    const drive = parseDrive(String(value));
    const volume = volumeOf(cluster, drive.file, guest.node);
    if (volume?.node === undefined) continue;
    result.push({ key, volume, cdrom: isCdrom(drive), cloudinit: drive.file.includes('cloudinit') });
  }
  return result;
}

/** Storages the guest needs that `target` lacks. */
export function missingStorages(cluster: Cluster, guest: GuestState, target: string): string[] {
  const missing = new Set<string>();
  for (const [key, value] of Object.entries(guest.config)) {
    if (!isDriveKey(key)) continue;
    const id = parseDrive(String(value)).file.split(':')[0] ?? '';
    const storage = cluster.state.storages.get(id);
    if (storage && !isOn(storage, target)) missing.add(id);
  }
  return [...missing];
}

/** Host devices that hold a guest where it is. */
export const localResources = (guest: GuestState): string[] => Object.keys(guest.config).filter(key => /^(?:hostpci|usb|serial)\d+$/.test(key) && !/mapping=|socket|spice/.test(String(guest.config[key])));

export interface MoveOptions {
  readonly target: string;
  readonly online: boolean;
  readonly withLocalDisks: boolean;
  /** `a:b,c` or one storage for all. */
  readonly targetStorage?: string;
  readonly restart?: boolean;
}

/** Sets lock `migrate`, copies local disks, and moves the configuration. A failure leaves the guest where it was. */
export async function migrate(cluster: Cluster, guest: GuestState, worker: Worker, options: MoveOptions): Promise<void> {
  const target = cluster.nodeNamed(options.target);
  if (!target.online) die(`command '/usr/bin/ssh -e none -o 'BatchMode=yes' root@${target.ip} /bin/true' failed: exit code 255`);
  const wasRunning = guest.status === 'running';
  const source = guest.node;
  await cluster.locked(guest, () => {
    cluster.checkLock(guest);
    if (wasRunning && !options.online && !options.restart) die(guest.kind === 'qemu' ? "can't migrate running VM without --online" : "can't migrate running container without --online or --restart");
    const blocked = localResources(guest);
    if (blocked.length > 0) die(`can't migrate VM which uses local devices: ${blocked.join(', ')}`);
    for (const id of missingStorages(cluster, guest, options.target)) if (options.targetStorage === undefined) die(`storage '${id}' is not available on node '${options.target}'`);
    guest.config['lock'] = 'migrate';
  });
  try {
    worker.log(`starting migration of ${guest.kind === 'qemu' ? 'VM' : 'CT'} ${String(guest.vmid)} to node '${options.target}' (${target.ip})`);
    const moves: { disk: LocalDisk; storage: string }[] = [];
    for (const disk of localDisks(cluster, guest)) {
      if (disk.cdrom && !disk.cloudinit) {
        if (!volumeOf(cluster, disk.volume.volid, options.target)) die(`can't migrate VM with local cdrom '${disk.volume.volid}'`);
        continue;
      }
      if (wasRunning && !options.withLocalDisks && guest.kind === 'qemu' && !disk.cloudinit) die("can't live migrate attached local disks without with-local-disks option");
      moves.push({ disk, storage: mapped(options.targetStorage, disk.volume.storage) });
    }
    for (const { disk, storage } of moves) {
      usableStorage(cluster, storage, options.target);
      const total = disk.volume.size;
      for (let step = 1; step <= 4; step += 1) {
        await worker.wait(durations.migrate / 8);
        worker.log(wasRunning ? `drive-${disk.key}: transferred ${humanSize((total * step) / 4)} of ${humanSize(total)} (${(step * 25).toFixed(2)}%) in ${String(step)}s` : `${String((total * step) / 4)} bytes (${humanSize((total * step) / 4)}) copied, ${String(step)} s`);
      }
    }
    if (wasRunning && guest.kind === 'qemu') {
      worker.log(`start migrate command to unix:/run/qemu-server/${String(guest.vmid)}.migrate`);
      for (let step = 1; step <= 3; step += 1) {
        await worker.wait(durations.migrate / 6);
        worker.log(`migration active, transferred ${humanSize(step * 250e6)} of ${humanSize(1e9)} VM-state, 110.2 MiB/s`);
      }
    } else await worker.wait(durations.migrate / 4);
    for (const { disk, storage } of moves) moveVolume(cluster, guest, disk, storage, options.target);
    guest.node = options.target;
    worker.log('migration finished successfully (duration 00:00:08)');
  } catch (error) {
    worker.log(`aborting phase 1 - cleanup resources`);
    guest.node = source;
    worker.log(`ERROR: migration aborted (duration 00:00:01): ${(error as Error).message}`);
    throw new Error('migration aborted', { cause: error });
  } finally {
    delete guest.config['lock'];
  }
}

function mapped(spec: string | undefined, storage: string): string {
  if (spec === undefined || spec === '1') return storage;
  for (const pair of spec.split(',')) {
    const [from, to] = pair.split(':');
    if (to === undefined || from === storage) return to ?? (from as string);
  }
  return storage;
}

function moveVolume(cluster: Cluster, guest: GuestState, disk: LocalDisk, storageId: string, target: string): void {
  const storage = usableStorage(cluster, storageId, target);
  const { volume } = disk;
  const old = volume.volid;
  const sameName = storageId === volume.storage;
  volume.storage = storageId;
  if (storage.shared) delete volume.node;
  else volume.node = target;
  if (!sameName) {
    const name = freeName(cluster, storage, target, guest.vmid);
    volume.volid = isFileBased(storage) ? `${storageId}:${String(guest.vmid)}/${name}.${volume.format}` : `${storageId}:${name}`;
  }
  const drive = parseDrive(String(guest.config[disk.key]));
  if (drive.file === old) guest.config[disk.key] = printDrive({ ...drive, file: volume.volid });
}
