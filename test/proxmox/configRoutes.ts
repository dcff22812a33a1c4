// Reading and changing a guest's configuration: at once, later, by disk.
import { ApiError, badParameters, die } from './apiError.ts';
import { flag, list, needed, text, type Call, type Handler, type Routes } from './call.ts';
import { durations } from './cluster.ts';
import { checkDevices, driveSize, materialize } from './disks.ts';
import { formatSize, humanSize, isCdrom, isDriveKey, parseDrive, parseSize, printDrive, unset } from './drives.ts';
import type { Config, GuestState } from './model.ts';
import { addUnused, isLive, removeOption, withPending } from './pending.ts';
import { allocate, defaultFormat, freeVolume, isFileBased, isOwnVolume, usableStorage, volumeOf } from './volumes.ts';
import type { Worker } from './tasks.ts';

const shown = (call: Call, guest: GuestState, config: Config): Config => {
  const result: Config = { ...config };
  if (result['cipassword'] !== undefined) result['cipassword'] = '**********';
  if (!call.cluster.atLeast(8) && guest.kind === 'qemu' && result['memory'] !== undefined) result['memory'] = Number(result['memory']);
  return result;
};

const read: Handler = call => {
  const guest = call.cluster.guest(call);
  const snapshot = text(call, 'snapshot');
  if (snapshot !== undefined) {
    const found = guest.snapshots.find(s => s.name === snapshot) ?? die(`snapshot '${snapshot}' does not exist`);
    return { ...shown(call, guest, found.config), digest: call.cluster.digest(guest) };
  }
  return { ...shown(call, guest, flag(call, 'current') ? guest.config : withPending(guest)), digest: call.cluster.digest(guest) };
};

const pending: Handler = call => {
  const guest = call.cluster.guest(call);
  const now = shown(call, guest, guest.config);
  const keys = new Set([...Object.keys(now), ...Object.keys(guest.pending)]);
  const rows = [...keys].map(key => {
    const change = guest.pending[key];
    return {
      key,
      ...(now[key] === undefined ? {} : { value: now[key] }),
      ...(change === undefined ? {} : typeof change === 'object' ? { delete: change.delete } : { pending: change }),
    };
  });
  return [...rows, { key: 'digest', value: call.cluster.digest(guest) }];
};

/** The right each option needs on the guest [qemu-server, check_vm_modify_config_perm]. */
const rightOf = (call: Call, key: string, value: unknown): string => {
  if (/^(?:cores|sockets|cpu|cpulimit|cpuunits|vcpus|numa\d*|smp|affinity)$/.test(key)) return 'VM.Config.CPU';
  if (/^(?:memory|balloon|shares|swap|hugepages|keephugepages)$/.test(key)) return 'VM.Config.Memory';
  if (/^net\d+$/.test(key) || /^(?:nameserver|searchdomain|hostname|ipconfig\d+)$/.test(key)) return /^(?:ipconfig|nameserver|searchdomain)/.test(key) && call.endpoint.path.includes('/qemu') && call.cluster.atLeast(8) ? 'VM.Config.Cloudinit' : 'VM.Config.Network';
  if (/^(?:ci\w+|sshkeys)$/.test(key)) return 'VM.Config.Cloudinit';
  if (isDriveKey(key)) return isCdrom(parseDrive(String(value))) && key !== 'rootfs' ? 'VM.Config.CDROM' : 'VM.Config.Disk';
  if (/^(?:bios|machine|vga|args|usb\d+|hostpci\d+|serial\d+|parallel\d+|audio0|rng0|tablet|watchdog|hotplug|scsihw|kvm|ivshmem|smbios1|vmgenid|tpmstate0)$/.test(key)) return 'VM.Config.HWType';
  return 'VM.Config.Options';
};

export function checkOptionRights(call: Call, vmid: number, changes: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(changes)) call.cluster.rights.need(call.who, `/vms/${String(vmid)}`, rightOf(call, key, value));
}

interface Change {
  readonly set: Config;
  readonly remove: readonly string[];
  readonly revert: readonly string[];
  readonly force: boolean;
}

const notOptions = new Set(['node', 'vmid', 'delete', 'revert', 'digest', 'skiplock', 'force', 'background_delay', 'import-working-storage']);

/** The checks that come before anything is done, in the real order: parameters, digest, lock, devices. */
function prepare(call: Call): { guest: GuestState; change: Change } {
  const { cluster } = call;
  const skipLock = cluster.checkSkipLock(call);
  const guest = cluster.guest(call);
  const set = Object.fromEntries(Object.entries(call.p).filter(([key]) => !notOptions.has(key))) as Config;
  const remove = list(call.p['delete']);
  for (const key of remove) {
    if (set[key] !== undefined) badParameters({ delete: `you can't use '-${key}' and -delete ${key}' at the same time` });
    if (!/^[a-z][a-z0-9-]*$/i.test(key)) badParameters({ delete: `unknown option '${key}'` });
  }
  if (set['tags'] !== undefined) set['tags'] = [...new Set(list(set['tags']))].join(';');
  checkOptionRights(call, guest.vmid, { ...set, ...Object.fromEntries(remove.map(key => [key, guest.config[key] ?? ''])) });
  cluster.checkDigest(call, guest);
  if (!skipLock && !remove.includes('lock')) cluster.checkLock(guest);
  if (Number(guest.config['protection'] ?? 0) === 1) for (const key of remove) if (isDriveKey(key) && guest.config[key] !== undefined) die(`can't remove ${key.startsWith('unused') ? 'unused disk' : 'drive'} '${key}' - protection mode enabled`);
  checkDevices(cluster, call.who, guest.node, guest.kind, set);
  return { guest, change: { set, remove, revert: list(call.p['revert']), force: flag(call, 'force') } };
}

/** Makes the change. What a running guest can't take becomes pending; what can't be unplugged is said as a 400 and stays pending. */
function apply(call: Call, guest: GuestState, change: Change, log: (text: string) => void): void {
  const { cluster } = call;
  const errors: Record<string, string> = {};
  const running = guest.status === 'running';
  unset(guest.pending, ...change.revert);
  for (const key of change.remove) {
    unset(guest.pending, key);
    if (guest.config[key] === undefined) continue;
    const boots = new RegExp(`order=(?:\\w+;)*${key}\\b`).test(String(guest.config['boot'] ?? ''));
    if (running && !isLive(guest, key)) guest.pending[key] = { delete: change.force ? 2 : 1 };
    else if (running && isDriveKey(key) && boots && !key.startsWith('unused') && !isCdrom(parseDrive(String(guest.config[key])))) {
      guest.pending[key] = { delete: change.force ? 2 : 1 };
      errors[key] = "hotplug problem - can't unplug bootdisk";
    } else removeOption(cluster, guest, key, change.force);
  }
  const made = materialize(cluster, guest, change.set, log);
  for (const [key, value] of Object.entries(made)) {
    const before = guest.config[key];
    if (before === value) {
      unset(guest.pending, key);
      continue;
    }
    if (running && !isLive(guest, key)) {
      guest.pending[key] = value;
      continue;
    }
    unset(guest.pending, key);
    if (isDriveKey(key) && before !== undefined) {
      const old = parseDrive(String(before));
      if (old.file !== parseDrive(String(value)).file && isOwnVolume(cluster, guest, old.file)) addUnused(guest, old.file);
    }
    if (isDriveKey(key)) dropUnused(guest, parseDrive(String(value)).file);
    guest.config[key] = value;
  }
  if (Object.keys(errors).length > 0) throw new ApiError(400, 'Parameter verification failed.', errors);
}

/** A volume that is attached again is no longer unused. */
function dropUnused(guest: GuestState, volid: string): void {
  for (const [key, value] of Object.entries(guest.config)) if (key.startsWith('unused') && value === volid) unset(guest.config, key);
}

const write: Handler = async call => {
  const { guest, change } = prepare(call);
  await call.cluster.locked(guest, () => apply(call, guest, change, () => undefined));
  return null;
};

const writeLater: Handler = call => {
  const { guest, change } = prepare(call);
  const summary = Object.entries({ ...change.set, ...(change.remove.length > 0 ? { delete: change.remove.join(',') } : {}) });
  return call.cluster.task(call, 'qmconfig', guest.vmid, async worker => {
    worker.log(`update VM ${String(guest.vmid)}: ${summary.map(([k, v]) => `-${k} ${String(v)}`).join(' ')}`);
    await call.cluster.locked(guest, async () => {
      call.cluster.checkLock(guest);
      await worker.wait(durations.quick);
      try {
        apply(call, guest, change, worker.log);
      } catch (error) {
        if (error instanceof ApiError && error.errors) throw new Error(Object.entries(error.errors).map(([k, v]) => `${k}: ${v}`).join(' '), { cause: error });
        throw error;
      }
    });
  });
};

const resize: Handler = async call => {
  const { cluster } = call;
  cluster.checkSkipLock(call);
  const guest = cluster.guest(call);
  const key = needed(call, 'disk');
  const size = needed(call, 'size');
  cluster.checkDigest(call, guest);
  const work = async (worker?: Worker): Promise<void> =>
    cluster.locked(guest, async () => {
      cluster.checkLock(guest);
      const value = guest.config[key] ?? die(`disk '${key}' does not exist`);
      const drive = parseDrive(String(value));
      if (isCdrom(drive)) die(`you can't resize a cdrom`);
      const before = driveSize(value);
      const after = size.startsWith('+') ? before + parseSize(size.slice(1)) : parseSize(/[KMGT]$/.test(size) ? size : size);
      if (after < before) die('shrinking disks is not supported');
      await worker?.wait(durations.quick);
      const volume = volumeOf(cluster, drive.file, guest.node);
      if (volume) volume.size = after;
      drive.options.set('size', formatSize(after));
      guest.config[key] = printDrive(drive);
      worker?.log('Image resized.');
    });
  if (call.endpoint.returns?.type === 'null') {
    await work();
    return null;
  }
  return cluster.task(call, 'resize', guest.vmid, work);
};

const moveDisk: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const key = text(call, 'disk') ?? needed(call, 'volume');
  const storageId = text(call, 'storage') ?? badParameters({ storage: 'property is missing and it is not optional' });
  cluster.checkDigest(call, guest);
  cluster.checkLock(guest);
  cluster.rights.need(call.who, `/storage/${storageId}`, 'Datastore.AllocateSpace');
  const value = guest.config[key] ?? die(`disk '${key}' does not exist`);
  const drive = parseDrive(String(value));
  if (isCdrom(drive)) die("you can't move a cdrom");
  const volume = volumeOf(cluster, drive.file, guest.node) ?? die(`volume '${drive.file}' does not exist`);
  const storage = usableStorage(cluster, storageId, guest.node);
  const format = text(call, 'format') ?? (volume.storage === storageId ? volume.format : isFileBased(storage) && volume.format !== 'raw' ? volume.format : defaultFormat(storage, guest.kind));
  if (volume.storage === storageId && volume.format === format) die("you can't move to the same storage with same format");
  const inSnapshot = guest.snapshots.some(s => Object.values(s.config).some(v => String(v).startsWith(drive.file)));
  if (inSnapshot && flag(call, 'delete')) die("you can't move a disk with snapshots and delete the source");
  return cluster.task(call, guest.kind === 'qemu' ? 'qmmove' : 'move_volume', guest.vmid, async worker => {
    await cluster.locked(guest, async () => {
      worker.log(`create full clone of drive ${key} (${drive.file})`);
      const made = allocate(cluster, { node: guest.node, storage: storageId, vmid: guest.vmid, size: volume.size, format, content: guest.kind === 'qemu' ? 'images' : 'rootdir' });
      try {
        for (const percent of [0, 25, 50, 75, 100]) {
          await worker.wait(durations.move / 5);
          worker.log(guest.status === 'running' ? `drive-${key}: transferred ${humanSize((volume.size * percent) / 100)} of ${humanSize(volume.size)} (${percent.toFixed(2)}%) in ${String(percent / 25)}s` : `transferred ${humanSize((volume.size * percent) / 100)} of ${humanSize(volume.size)} (${percent.toFixed(2)}%)`);
        }
      } catch (error) {
        freeVolume(cluster, made.volid, guest.node);
        throw new Error(`storage migration failed: ${(error as Error).message}`, { cause: error });
      }
      guest.config[key] = printDrive({ ...drive, file: made.volid });
      if (flag(call, 'delete')) freeVolume(cluster, drive.file, guest.node);
      else addUnused(guest, drive.file);
    });
  });
};

const unlink: Handler = async call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const remove = list(call.p['idlist']);
  cluster.checkLock(guest);
  if (Number(guest.config['protection'] ?? 0) === 1) die(`can't remove drive '${remove[0] ?? ''}' - protection mode enabled`);
  await cluster.locked(guest, () => apply(call, guest, { set: {}, remove, revert: [], force: flag(call, 'force') }, () => undefined));
  return null;
};

const cloudInit: Handler = call => {
  const guest = call.cluster.guest(call);
  return Object.entries(shown(call, guest, withPending(guest))).filter(([key]) => /^(?:ci|sshkeys|ipconfig|nameserver|searchdomain)/.test(key)).map(([key, value]) => ({ key, value }));
};

const dump: Handler = call => {
  const guest = call.cluster.guest(call);
  const { config } = guest;
  if (needed(call, 'type') === 'network') return 'version: 1\nconfig:\n    - type: physical\n      name: eth0\n';
  if (needed(call, 'type') === 'meta') return `instance-id: ${String(config['vmgenid'])}\n`;
  return `#cloud-config\nhostname: ${String(config['name'] ?? '')}\nmanage_etc_hosts: true\nuser: ${String(config['ciuser'] ?? 'root')}\n`;
};

export const configRoutes: Routes = {
  'GET /nodes/{node}/qemu/{vmid}/config': read,
  'GET /nodes/{node}/lxc/{vmid}/config': read,
  'PUT /nodes/{node}/qemu/{vmid}/config': write,
  'PUT /nodes/{node}/lxc/{vmid}/config': write,
  'POST /nodes/{node}/qemu/{vmid}/config': writeLater,
  'GET /nodes/{node}/qemu/{vmid}/pending': pending,
  'GET /nodes/{node}/lxc/{vmid}/pending': pending,
  'PUT /nodes/{node}/qemu/{vmid}/resize': resize,
  'PUT /nodes/{node}/lxc/{vmid}/resize': resize,
  'POST /nodes/{node}/qemu/{vmid}/move_disk': moveDisk,
  'POST /nodes/{node}/lxc/{vmid}/move_volume': moveDisk,
  'PUT /nodes/{node}/qemu/{vmid}/unlink': unlink,
  'GET /nodes/{node}/qemu/{vmid}/cloudinit': cloudInit,
  'PUT /nodes/{node}/qemu/{vmid}/cloudinit': call => {
    call.cluster.guest(call);
    return null;
  },
  'GET /nodes/{node}/qemu/{vmid}/cloudinit/dump': dump,
};
