// Backups: vzdump, what it leaves on a storage, and bringing it back.
import { badParameters, die } from './apiError.ts';
import { flag, list, number, text, type Call, type Handler, type Routes } from './call.ts';
import { durations } from './cluster.ts';
import { driveSize } from './disks.ts';
import { humanSize, isCdrom, isDriveKey, isNicKey, parseDrive, parseSize, printDrive } from './drives.ts';
import { checkMayCreate, forget, joinPool, reserve } from './lifecycleRoutes.ts';
import type { Config, GuestState } from './model.ts';
import { start } from './power.ts';
import { allocate, defaultFormat, freeVolume, isFileBased, usableStorage, volumeOf } from './volumes.ts';
import type { Worker } from './tasks.ts';

const stamp = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 19).replace(/-/g, '_').replace('T', '-').replace(/:/g, '_');

async function backUp(call: Call, guest: GuestState, storageId: string, worker: Worker): Promise<void> {
  const { cluster } = call;
  const began = cluster.clock.now();
  const word = guest.kind === 'qemu' ? 'VM' : 'CT';
  worker.log(`INFO: Starting Backup of ${word} ${String(guest.vmid)} (${guest.kind})`);
  worker.log(`INFO: status = ${guest.status}`);
  await cluster.locked(guest, () => {
    cluster.checkLock(guest);
    guest.config['lock'] = 'backup';
  });
  try {
    const total = Object.entries(guest.config).filter(([k, v]) => isDriveKey(k) && !k.startsWith('unused') && !isCdrom(parseDrive(String(v)))).reduce((sum, [, v]) => sum + driveSize(v), 0);
    for (const percent of [10, 35, 60, 85, 100]) {
      await worker.wait(durations.backup / 5);
      worker.log(`INFO: ${String(percent).padStart(3)}% (${humanSize((total * percent) / 100)} of ${humanSize(total)}) in ${String(percent / 10)}s, read: 1.2 GiB/s, write: 210.4 MiB/s`);
    }
    const { lock: _lock, ...config } = guest.config;
    const compress = text(call, 'compress') ?? 'zstd';
    const ending = `${guest.kind === 'qemu' ? 'vma' : 'tar'}${{ zstd: '.zst', gzip: '.gz', '1': '.lzo', lzo: '.lzo', '0': '' }[compress] ?? ''}`;
    const storage = usableStorage(cluster, storageId, call.node.name);
    const template = text(call, 'notes-template');
    const name = String(config[guest.kind === 'qemu' ? 'name' : 'hostname'] ?? '');
    const volid = `${storageId}:backup/vzdump-${guest.kind}-${String(guest.vmid)}-${stamp(began)}.${ending}`;
    cluster.state.volumes.push({ volid, storage: storageId, ...(storage.shared ? {} : { node: guest.node }), content: 'backup', format: ending, size: Math.max(1_000_000, Math.floor(total / 4)), vmid: guest.vmid, ctime: Math.floor(began / 1000), ...(template === undefined ? {} : { notes: template.replaceAll('{{guestname}}', name).replaceAll('{{vmid}}', String(guest.vmid)).replaceAll('{{node}}', guest.node) }), protected: flag(call, 'protected'), backup: { kind: guest.kind, config } });
    prune(call, guest.vmid, storageId);
    worker.log(`INFO: Finished Backup of ${word} ${String(guest.vmid)} (00:00:06)`);
  } finally {
    delete guest.config['lock'];
  }
}

/** `keep-last=2`: older unprotected backups of the guest go. */
function prune(call: Call, vmid: number, storage: string): void {
  const keep = /keep-last=(\d+)/.exec(text(call, 'prune-backups') ?? '')?.[1];
  if (keep === undefined) return;
  const backups = call.cluster.state.volumes.filter(v => v.content === 'backup' && v.storage === storage && v.vmid === vmid && !v.protected).sort((a, b) => b.ctime - a.ctime);
  for (const old of backups.slice(Number(keep))) freeVolume(call.cluster, old.volid, call.node.name);
}

const vzdump: Handler = call => {
  const { cluster } = call;
  const ids = flag(call, 'all') ? [...cluster.state.guests.values()].filter(g => g.node === call.node.name).map(g => g.vmid) : list(call.p['vmid']).map(Number);
  if (ids.length === 0) badParameters({ vmid: 'property is missing and it is not optional' });
  const storageId = text(call, 'storage') ?? 'local';
  const storage = usableStorage(cluster, storageId, call.node.name);
  for (const id of ids) cluster.rights.need(call.who, `/vms/${String(id)}`, 'VM.Backup');
  cluster.rights.need(call.who, `/storage/${storageId}`, 'Datastore.AllocateSpace');
  if (!storage.content.includes('backup')) badParameters({ storage: `could not get storage information for '${storageId}': can't use storage '${storageId}' for backups - wrong content type` });
  return cluster.task(call, 'vzdump', ids.length === 1 ? String(ids[0]) : '', async worker => {
    worker.log(`INFO: starting new backup job: vzdump ${ids.join(' ')} --storage ${storageId} --mode ${text(call, 'mode') ?? 'snapshot'}`);
    let failed = false;
    for (const id of ids) {
      try {
        const guest = cluster.state.guests.get(id);
        if (guest?.node !== call.node.name) throw new Error(`unable to find VM '${String(id)}'`);
        await backUp(call, guest, storageId, worker);
      } catch (error) {
        failed = true;
        worker.log(`ERROR: Backup of VM ${String(id)} failed - ${(error as Error).message}`);
      }
    }
    worker.log(failed ? 'INFO: Backup job finished with errors' : 'INFO: Backup job finished successfully');
    if (failed) die('job errors');
  });
};

/** Restores `archive`: as a new guest, or with `force` over a stopped one. */
export function restore(call: Call, archive: string): string {
  const { cluster } = call;
  const vmid = Number(call.p['vmid']);
  const kind = call.endpoint.path.includes('/lxc') ? 'lxc' : 'qemu';
  const word = kind === 'qemu' ? 'VM' : 'CT';
  const failed = `unable to restore ${word} ${String(vmid)} -`;
  const volume = volumeOf(cluster, archive, call.node.name) ?? die(`volume '${archive}' does not exist`);
  const { backup } = volume;
  if (volume.content !== 'backup' || backup?.kind !== kind) return die(`${failed} '${archive}' is no ${word} backup archive`);
  const before = cluster.state.guests.get(vmid);
  if (before && !flag(call, 'force')) die(`${failed} ${before.kind === 'qemu' ? 'VM' : 'CT'} ${String(vmid)} already exists on node '${before.node}'`);
  if (before?.status === 'running') die(`${failed} ${kind === 'qemu' ? 'vm' : 'CT'} is running`);
  if (Number(before?.config['protection'] ?? 0) === 1) die(`${failed} can't remove ${word} ${String(vmid)} - protection mode enabled`);
  // A container goes to `local` when nothing is said, wherever it lay before.
  const storageId = text(call, 'storage') ?? (kind === 'lxc' ? 'local' : undefined);
  if (storageId !== undefined) {
    usableStorage(cluster, storageId, call.node.name);
    cluster.rights.need(call.who, `/storage/${storageId}`, 'Datastore.AllocateSpace');
  }
  if (!before) checkMayCreate(call, vmid);
  const pool = text(call, 'pool');
  const guest = before ?? reserve(cluster, call.node.name, vmid, kind, {});
  guest.config['lock'] = 'create';
  if (!before) joinPool(cluster, vmid, pool);
  return cluster.task(call, kind === 'qemu' ? 'qmrestore' : 'vzrestore', vmid, async worker => {
    const made: string[] = [];
    try {
      worker.log(`restore ${kind === 'qemu' ? 'vma' : 'tar'} archive: zstd -q -d -c ${archive}`);
      const config: Config = { ...backup.config };
      for (const [key, value] of Object.entries(backup.config)) {
        if (!isDriveKey(key)) continue;
        const drive = parseDrive(String(value));
        if (key.startsWith('unused')) Reflect.deleteProperty(config, key);
        else if (!isCdrom(drive)) {
          const storage = usableStorage(cluster, storageId ?? drive.file.split(':')[0] ?? 'local', call.node.name);
          const copy = allocate(cluster, { node: call.node.name, storage: storage.storage, vmid, size: parseSize(drive.options.get('size') ?? '0'), format: isFileBased(storage) ? (volumeOf(cluster, drive.file)?.format ?? defaultFormat(storage, kind)) : defaultFormat(storage, kind), content: kind === 'qemu' ? 'images' : 'rootdir' });
          made.push(copy.volid);
          config[key] = printDrive({ ...drive, file: copy.volid });
        }
      }
      for (const percent of [25, 50, 75, 100]) {
        await worker.wait(durations.restore / 4);
        worker.log(`progress ${String(percent)}% (read ${String(volume.size * percent)} bytes, duration ${String(percent / 25)} sec)`);
      }
      if (flag(call, 'unique')) for (const key of Object.keys(config)) if (isNicKey(key)) config[key] = String(config[key]).replace(/([0-9A-F]{2}:){5}[0-9A-F]{2}/i, cluster.newMac());
      // What the command line says goes over what the archive has.
      for (const key of ['name', 'hostname', 'memory', 'cores', 'description', 'onboot']) if (call.p[key] !== undefined) config[key] = call.p[key] as string | number;
      Reflect.deleteProperty(config, 'parent');
      if (before) {
        for (const [key, value] of Object.entries(before.config)) if (isDriveKey(key) && !isCdrom(parseDrive(String(value)))) freeVolume(cluster, parseDrive(String(value)).file, before.node);
        before.snapshots = [];
      }
      guest.config = config;
      guest.pending = {};
    } catch (error) {
      for (const volid of made) freeVolume(cluster, volid, call.node.name);
      if (before) delete guest.config['lock'];
      else forget(cluster, vmid);
      throw new Error(`${failed} ${(error as Error).message}`, { cause: error });
    }
    if (flag(call, 'start')) await start(cluster, guest, worker);
  });
}

const jobOf = (call: Call): Record<string, unknown> => call.cluster.state.backupJobs.get(String(call.p['id'])) ?? die(`No such job '${String(call.p['id'])}'`);

export const backupRoutes: Routes = {
  'POST /nodes/{node}/vzdump': vzdump,
  'GET /nodes/{node}/vzdump/defaults': () => ({ mode: 'snapshot', storage: 'local', 'prune-backups': 'keep-all=1' }),
  'GET /cluster/backup': call => [...call.cluster.state.backupJobs.values()],
  'POST /cluster/backup': call => {
    const id = text(call, 'id') ?? `backup-${Math.floor(call.cluster.clock.now()).toString(16)}`;
    call.cluster.state.backupJobs.set(id, { ...call.p, id, type: 'vzdump', enabled: number(call, 'enabled') ?? 1 });
    return null;
  },
  'GET /cluster/backup/{id}': jobOf,
  'PUT /cluster/backup/{id}': call => {
    const { delete: gone, ...rest } = call.p;
    const job = jobOf(call);
    Object.assign(job, rest);
    for (const key of list(gone)) Reflect.deleteProperty(job, key);
    return null;
  },
  'DELETE /cluster/backup/{id}': call => {
    jobOf(call);
    call.cluster.state.backupJobs.delete(String(call.p['id']));
    return null;
  },
};
