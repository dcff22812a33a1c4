// Creating, cloning, converting and destroying guests.
import { badParameters, die, forbidden } from './apiError.ts';
import { restore } from './backupRoutes.ts';
import { flag, text, type Call, type Handler, type Routes } from './call.ts';
import type { Cluster } from './cluster.ts';
import { durations } from './cluster.ts';
import { checkDevices, checkKeys, defaultBoot, materialize } from './disks.ts';
import { humanSize, isCdrom, isDriveKey, isNicKey, parseDrive, printDrive } from './drives.ts';
import type { Config, GuestState } from './model.ts';
import { start } from './power.ts';
import { allocate, canLink, childrenOf, defaultFormat, freeVolume, isFileBased, isOn, isOwnVolume, usableStorage, volumeOf } from './volumes.ts';
import type { Worker } from './tasks.ts';

const notOptions = new Set(['node', 'vmid', 'archive', 'force', 'unique', 'pool', 'start', 'storage', 'bwlimit', 'live-restore', 'ha-managed', 'import-working-storage', 'ostemplate', 'restore', 'password', 'ssh-public-keys', 'ignore-unpack-errors']);

export const isLxc = (call: Call): boolean => call.endpoint.path.includes('/lxc');

/** May this caller make a guest with this id? On the id itself or on the pool it goes into. */
export function checkMayCreate(call: Call, vmid: number): void {
  const { rights } = call.cluster;
  const pool = text(call, 'pool');
  if (pool !== undefined && !call.cluster.state.pools.has(pool)) die(`pool '${pool}' does not exist`);
  if (rights.has(call.who, `/vms/${String(vmid)}`, 'VM.Allocate')) return;
  if (pool !== undefined && rights.has(call.who, `/pool/${pool}`, 'VM.Allocate')) return;
  forbidden();
}

/** A guest that is there from the call on, locked until its task is done. */
export function reserve(cluster: Cluster, node: string, vmid: number, kind: 'qemu' | 'lxc', config: Config): GuestState {
  const guest: GuestState = { kind, vmid, node, config, pending: {}, status: 'stopped', qmpstatus: 'stopped', snapshots: [], answersShutdown: true, agentRuns: false, addresses: [`192.0.2.${String(100 + (vmid % 150))}`] };
  cluster.state.guests.set(vmid, guest);
  return guest;
}

export function joinPool(cluster: Cluster, vmid: number, pool: string | undefined): void {
  if (pool !== undefined) cluster.state.pools.get(pool)?.vms.push(vmid);
}

/** Forgets a guest and everything that names it. */
export function forget(cluster: Cluster, vmid: number): void {
  cluster.state.guests.delete(vmid);
  for (const pool of cluster.state.pools.values()) pool.vms = pool.vms.filter(id => id !== vmid);
}

const createQemu: Handler = call => {
  const { cluster } = call;
  const vmid = Number(call.p['vmid']);
  checkMayCreate(call, vmid);
  if (call.p['archive'] !== undefined) return restore(call, String(call.p['archive']));
  const taken = cluster.state.guests.get(vmid);
  if (taken) die(`unable to create VM ${String(vmid)} - ${taken.kind === 'qemu' ? 'VM' : 'CT'} ${String(vmid)} already exists on node '${taken.node}'`);
  const wish = Object.fromEntries(Object.entries(call.p).filter(([key]) => !notOptions.has(key))) as Config;
  checkDevices(cluster, call.who, call.node.name, 'qemu', wish);
  const guest = reserve(cluster, call.node.name, vmid, 'qemu', { lock: 'create', ...(wish['name'] === undefined ? {} : { name: wish['name'] }) });
  const pool = text(call, 'pool');
  joinPool(cluster, vmid, pool);
  return cluster.task(call, 'qmcreate', vmid, async worker => {
    try {
      await worker.wait(durations.create);
      if (wish['tags'] !== undefined) wish['tags'] = [...new Set(String(wish['tags']).split(/[,;\s]+/))].filter(Boolean).join(';');
      const made = materialize(cluster, guest, wish, worker.log);
      guest.config = { ...made, boot: made['boot'] ?? defaultBoot(made), smbios1: made['smbios1'] ?? `uuid=${cluster.newUuid()}`, vmgenid: made['vmgenid'] === undefined || made['vmgenid'] === '1' ? cluster.newUuid() : made['vmgenid'], meta: `creation-qemu=10.1.0,ctime=${String(cluster.clock.seconds())}`, lock: 'create' };
      guest.agentRuns = false;
      delete guest.config['lock'];
      if (Number(made['template'] ?? 0) === 1) convert(cluster, guest);
    } catch (error) {
      forget(cluster, vmid);
      throw new Error(`unable to create VM ${String(vmid)} - ${(error as Error).message}`, { cause: error });
    }
    if (flag(call, 'ha-managed')) cluster.state.haResources.set(`vm:${String(vmid)}`, { sid: `vm:${String(vmid)}`, state: flag(call, 'start') ? 'started' : 'stopped' });
    if (flag(call, 'start')) cluster.task(call, 'qmstart', vmid, w => start(cluster, guest, w));
  });
};

const createLxc: Handler = call => {
  const { cluster } = call;
  const vmid = Number(call.p['vmid']);
  checkMayCreate(call, vmid);
  const source = String(call.p['ostemplate']);
  if (flag(call, 'restore')) return restore(call, source);
  const taken = cluster.state.guests.get(vmid);
  if (taken) die(`unable to create CT ${String(vmid)} - ${taken.kind === 'qemu' ? 'VM' : 'CT'} ${String(vmid)} already exists on node '${taken.node}'`);
  const template = volumeOf(cluster, source, call.node.name) ?? die(`volume '${source}' does not exist`);
  if (template.content !== 'vztmpl') badParameters({ ostemplate: `'${source}' is no container template` });
  const wish = Object.fromEntries(Object.entries(call.p).filter(([key]) => !notOptions.has(key))) as Config;
  wish['rootfs'] ??= `${text(call, 'storage') ?? 'local'}:4`;
  checkDevices(cluster, call.who, call.node.name, 'lxc', wish);
  checkKeys(text(call, 'ssh-public-keys') ?? '');
  const guest = reserve(cluster, call.node.name, vmid, 'lxc', { lock: 'create', ...(wish['hostname'] === undefined ? {} : { hostname: wish['hostname'] }) });
  joinPool(cluster, vmid, text(call, 'pool'));
  return cluster.task(call, 'vzcreate', vmid, async worker => {
    try {
      await worker.wait(durations.create);
      const made = materialize(cluster, guest, wish, worker.log);
      worker.log(`extracting archive '/var/lib/vz/template/cache/${source.split('/').at(-1) ?? ''}'`);
      await worker.wait(durations.create);
      guest.config = { arch: 'amd64', memory: 512, swap: 512, ostype: 'debian', hostname: `CT${String(vmid)}`, ...made };
    } catch (error) {
      forget(cluster, vmid);
      throw new Error(`unable to create CT ${String(vmid)} - ${(error as Error).message}`, { cause: error });
    }
    if (flag(call, 'start')) await start(cluster, guest, worker);
  });
};

const destroy: Handler = call => {
  const { cluster } = call;
  cluster.checkSkipLock(call);
  const guest = cluster.guest(call);
  const { vmid } = guest;
  const word = guest.kind === 'qemu' ? 'VM' : 'CT';
  const purge = flag(call, 'purge');
  if (Number(guest.config['protection'] ?? 0) === 1) die(`can't remove ${word} ${String(vmid)} - protection mode enabled`);
  if (cluster.ha.resourceOf(guest) && !purge) die(`unable to remove ${word} ${String(vmid)} - used in HA resources and purge parameter not set.`);
  if (guest.status === 'running' && !(guest.kind === 'lxc' && flag(call, 'force'))) die(guest.kind === 'qemu' ? `VM ${String(vmid)} is running - destroy failed` : `unable to destroy CT ${String(vmid)} - container is running`);
  return cluster.task(call, guest.kind === 'qemu' ? 'qmdestroy' : 'vzdestroy', vmid, async worker => {
    await cluster.locked(guest, async () => {
      cluster.checkLock(guest, 'suspended');
      if (cluster.state.guests.get(vmid) !== guest) die(`Configuration file 'nodes/${call.node.name}/${guest.kind === 'qemu' ? 'qemu-server' : 'lxc'}/${String(vmid)}.conf' does not exist`);
      const files = new Set([guest.config, ...guest.snapshots.map(s => s.config)].flatMap(c => Object.entries(c).filter(([k]) => isDriveKey(k) || k === 'vmstate').map(([, v]) => parseDrive(String(v)).file)));
      for (const file of files) if (childrenOf(cluster, file).length > 0) die(`base volume '${file}' is still in use by linked cloned`);
      await worker.wait(durations.destroy);
      for (const file of files) if (isOwnVolume(cluster, guest, file)) freeVolume(cluster, file, guest.node);
      if (flag(call, 'destroy-unreferenced-disks')) {
        cluster.state.volumes = cluster.state.volumes.filter(v => !(v.vmid === vmid && (v.content === 'images' || v.content === 'rootdir') && (v.node === undefined || v.node === guest.node)));
      }
      if (purge) {
        worker.log('purging VM ' + String(vmid) + ' from related configurations..');
        cluster.state.haResources.delete(`${guest.kind === 'qemu' ? 'vm' : 'ct'}:${String(vmid)}`);
        for (const job of cluster.state.backupJobs.values()) if (job['vmid'] !== undefined) job['vmid'] = String(job['vmid']).split(',').filter(id => id !== String(vmid)).join(',');
      }
      forget(cluster, vmid);
    });
  });
};

/** Disks become `base-…` ones. */
function convert(cluster: Cluster, guest: GuestState, only?: string): void {
  guest.config['template'] = 1;
  for (const [key, value] of Object.entries(guest.config)) {
    if (!isDriveKey(key) || key.startsWith('unused') || (only !== undefined && key !== only)) continue;
    const drive = parseDrive(String(value));
    const volume = volumeOf(cluster, drive.file, guest.node);
    if (isCdrom(drive) || !volume) continue;
    volume.volid = drive.file.replace(/vm-(\d+-disk-\d+)/, 'base-$1').replace(/subvol-(\d+-disk-\d+)/, 'basevol-$1');
    guest.config[key] = printDrive({ ...drive, file: volume.volid });
  }
}

const template: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const word = guest.kind === 'qemu' ? 'VM' : 'CT';
  cluster.checkLock(guest);
  if (Number(guest.config['template'] ?? 0) === 1 && call.p['disk'] === undefined) die("you can't convert a template to a template");
  if (guest.status === 'running') die(`you can't convert a ${word} to template if ${word} is running`);
  if (guest.snapshots.length > 0) die(`unable to create template, because ${word} contains snapshots`);
  if (guest.kind === 'lxc') {
    convert(cluster, guest);
    return null;
  }
  return cluster.task(call, 'qmtemplate', guest.vmid, async worker => {
    await cluster.locked(guest, async () => {
      await worker.wait(durations.quick);
      convert(cluster, guest, text(call, 'disk'));
    });
  });
};

const clone: Handler = call => {
  const { cluster } = call;
  const vmid = Number(call.p['vmid']);
  const newid = Number(call.p['newid']);
  const kind = isLxc(call) ? 'lxc' : 'qemu';
  const word = kind === 'qemu' ? 'VM' : 'CT';
  const source = cluster.state.guests.get(vmid);
  if (source?.node !== call.node.name || source.kind !== kind) return die(`unable to find configuration file for ${word} ${String(vmid)} on node '${call.node.name}'`);
  cluster.checkLock(source);
  const taken = cluster.state.guests.get(newid);
  if (taken) die(`unable to create ${word} ${String(newid)}: config file already exists`);
  const snapname = text(call, 'snapname');
  const snapshot = snapname === undefined ? undefined : (source.snapshots.find(s => s.name === snapname) ?? die(`snapshot '${snapname}' does not exist`));
  const from = snapshot?.config ?? source.config;
  const isTemplate = Number(from['template'] ?? 0) === 1;
  if (kind === 'lxc' && source.status === 'running' && snapshot === undefined && flag(call, 'full', !isTemplate)) die('Cannot do full clones on a running container without snapshots');
  const full = flag(call, 'full', !isTemplate);
  const storageId = text(call, 'storage');
  const target = text(call, 'target') ?? call.node.name;
  if (!full && storageId !== undefined) badParameters({ storage: "parameter 'storage' not allowed for linked clones" });
  if (!full && call.p['format'] !== undefined) badParameters({ format: "parameter 'format' not allowed for linked clones" });
  if (target !== call.node.name && !cluster.state.nodes.has(target)) die(`no such cluster node '${target}'`);
  if (storageId !== undefined) {
    const storage = usableStorage(cluster, storageId, call.node.name);
    cluster.rights.need(call.who, `/storage/${storageId}`, 'Datastore.AllocateSpace');
    if (target !== call.node.name && !storage.shared) badParameters({ storage: `can't clone to non-shared storage '${storageId}'` });
  }
  const drives = Object.entries(from).filter(([key]) => isDriveKey(key) && !key.startsWith('unused')).map(([key, value]) => ({ key, drive: parseDrive(String(value)) }));
  for (const { key, drive } of drives) {
    if (isCdrom(drive) && !drive.file.includes('cloudinit')) continue;
    const volume = volumeOf(cluster, drive.file, source.node) ?? die(`volume '${drive.file}' does not exist`);
    const goal = cluster.state.storages.get(storageId ?? volume.storage);
    if (target !== call.node.name && (volume.node !== undefined || !goal?.shared || !isOn(goal, target))) die(`can't clone ${word} to node '${target}' (${word} uses local storage)`);
    if (!full && !isCdrom(drive) && !canLink(cluster, drive.file, source.node)) die(`Linked clone feature is not supported for '${drive.file}' (${key})`);
    if (storageId === undefined) cluster.rights.need(call.who, `/storage/${volume.storage}`, 'Datastore.AllocateSpace');
  }
  const pool = text(call, 'pool');
  if (pool !== undefined && !cluster.state.pools.has(pool)) die(`pool '${pool}' does not exist`);
  const fresh = reserve(cluster, target, newid, kind, { lock: 'clone' });
  joinPool(cluster, newid, pool);
  const name = text(call, kind === 'qemu' ? 'name' : 'hostname');
  return cluster.task(call, kind === 'qemu' ? 'qmclone' : 'vzclone', vmid, async worker => {
    const made: string[] = [];
    try {
      worker.log(`creating a clone of ${word} ${String(vmid)} with ID ${String(newid)}`);
      const config: Config = {};
      for (const [key, value] of Object.entries(from)) if (!isDriveKey(key) && !['template', 'parent', 'lock', 'snaptime', 'snapstate', 'vmstate', 'runningmachine', 'runningcpu', 'digest', 'protection'].includes(key)) config[key] = value;
      for (const { key, drive } of drives) config[key] = isCdrom(drive) && !drive.file.includes('cloudinit') ? printDrive(drive) : await cloneDrive(call, source, fresh, key, drive, full, storageId, made, worker);
      for (const key of Object.keys(config)) if (isNicKey(key)) config[key] = String(config[key]).replace(/([0-9A-F]{2}:){5}[0-9A-F]{2}/i, cluster.newMac());
      if (kind === 'qemu') Object.assign(config, { vmgenid: cluster.newUuid(), smbios1: `uuid=${cluster.newUuid()}`, meta: `creation-qemu=10.1.0,ctime=${String(cluster.clock.seconds())}`, name: name ?? `Copy-of-VM-${String(from['name'] ?? `vm${String(vmid)}`)}` });
      else config['hostname'] = name ?? `Copy-of-CT-${String(from['hostname'] ?? vmid)}`;
      const description = text(call, 'description');
      if (description !== undefined) config['description'] = description;
      fresh.config = config;
      fresh.answersShutdown = source.answersShutdown;
      fresh.agentRuns = source.agentRuns;
    } catch (error) {
      for (const volid of made) freeVolume(cluster, volid, target);
      forget(cluster, newid);
      throw new Error(`clone failed: ${(error as Error).message}`, { cause: error });
    }
  });
};

async function cloneDrive(call: Call, source: GuestState, fresh: GuestState, key: string, drive: ReturnType<typeof parseDrive>, full: boolean, storageId: string | undefined, made: string[], worker: Worker): Promise<string> {
  const { cluster } = call;
  const volume = volumeOf(cluster, drive.file, source.node) ?? die(`volume '${drive.file}' does not exist`);
  const storage = usableStorage(cluster, storageId ?? volume.storage, source.node);
  const format = text(call, 'format') ?? (isFileBased(storage) ? (storageId === undefined || isFileBased(cluster.state.storages.get(volume.storage) ?? storage) ? volume.format : 'raw') : defaultFormat(storage, source.kind));
  const cloudinit = drive.file.includes('cloudinit');
  worker.log(full ? `create full clone of drive ${key} (${drive.file})` : `create linked clone of drive ${key} (${drive.file})`);
  const copy = allocate(cluster, { node: source.node, storage: storage.storage, vmid: fresh.vmid, size: volume.size, format: full ? format : volume.format, content: source.kind === 'qemu' ? 'images' : 'rootdir', ...(cloudinit ? { name: `vm-${String(fresh.vmid)}-cloudinit` } : {}), ...(full || cloudinit ? {} : { parent: drive.file }) });
  if (!storage.shared) copy.node = fresh.node;
  made.push(copy.volid);
  if (full && !cloudinit) {
    for (const percent of [0, 20, 40, 60, 80, 100]) {
      await worker.wait(durations.clone / 6);
      worker.log(`transferred ${humanSize((volume.size * percent) / 100)} of ${humanSize(volume.size)} (${percent.toFixed(2)}%)`);
    }
  } else await worker.wait(durations.quick);
  const copied = { file: copy.volid, options: new Map(drive.options) };
  return printDrive(copied);
}

export const lifecycleRoutes: Routes = {
  'POST /nodes/{node}/qemu': createQemu,
  'POST /nodes/{node}/lxc': createLxc,
  'DELETE /nodes/{node}/qemu/{vmid}': destroy,
  'DELETE /nodes/{node}/lxc/{vmid}': destroy,
  'POST /nodes/{node}/qemu/{vmid}/template': template,
  'POST /nodes/{node}/lxc/{vmid}/template': template,
  'POST /nodes/{node}/qemu/{vmid}/clone': clone,
  'POST /nodes/{node}/lxc/{vmid}/clone': clone,
};
