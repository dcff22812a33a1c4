// Turning what a client writes for a drive or a NIC into what stands in the configuration: new volumes, imports, media, MAC addresses.
import { badParameters, die } from './apiError.ts';
import type { Cluster } from './cluster.ts';
import { formatSize, humanSize, isCdrom, isDriveKey, isNicKey, parseDrive, parseSize, printDrive } from './drives.ts';
import type { Config, GuestState } from './model.ts';
import type { Identity } from './rights.ts';
import { allocate, defaultFormat, freeVolume, isFileBased, pathOf, usableStorage, volumeOf } from './volumes.ts';

const newDisk = /^([^:\s]+):(\d+(?:\.\d+)?)$/;

/** Lines of a public key: the server has ssh-keygen read each. */
export function checkKeys(text: string): void {
  for (const line of text.split('\n')) if (line.trim() !== '' && !/^(?:[\w@.,="-]+ )?(?:ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+/.test(line.trim())) die('SSH public key validation error');
}

/** What must hold before a task starts: storages, volumes, bridges and the rights to them. */
export function checkDevices(cluster: Cluster, who: Identity, node: string, kind: 'qemu' | 'lxc', changes: Config): void {
  if (changes['sshkeys'] !== undefined) checkKeys(decodeURIComponent(String(changes['sshkeys'])));
  for (const [key, raw] of Object.entries(changes)) {
    if (isNicKey(key)) checkBridge(cluster, who, String(raw));
    if (!isDriveKey(key)) continue;
    const drive = parseDrive(String(raw));
    if (drive.file === 'none' || drive.file === 'cdrom') continue;
    if (drive.file.startsWith('/')) {
      if (!cluster.rights.isRoot(who)) badParameters({ [key]: 'Only root can pass arbitrary filesystem paths.' });
      continue;
    }
    const fresh = newDisk.exec(drive.file);
    const cloudInit = /^([^:\s]+):cloudinit$/.exec(drive.file);
    const id = fresh?.[1] ?? cloudInit?.[1] ?? drive.file.split(':')[0] ?? '';
    const storage = usableStorage(cluster, id, node);
    if (fresh ?? cloudInit) {
      cluster.rights.need(who, `/storage/${id}`, 'Datastore.AllocateSpace');
      const content = kind === 'qemu' ? 'images' : 'rootdir';
      if (!storage.content.includes(content)) badParameters({ storage: `storage '${id}' does not support ${kind === 'qemu' ? 'vm images' : 'container directories'}` });
      const source = drive.options.get('import-from');
      if (source !== undefined) {
        if (Number(fresh?.[2]) !== 0) badParameters({ [key]: "invalid format - format error\nimport-from: 'import-from' requires special syntax - use <storage ID>:0,import-from=<source>\n" });
        if (source.startsWith('/')) {
          if (!cluster.rights.isRoot(who)) badParameters({ [key]: 'Only root can pass arbitrary filesystem paths.' });
        } else {
          const volume = volumeOf(cluster, source, node) ?? die(`volume '${source}' does not exist`);
          if (volume.content === 'import' && !cluster.atLeast(8)) die(`unable to parse volume ID '${source}'`);
          if (!['import', 'images'].includes(volume.content)) badParameters({ [key]: `invalid parameter: '${source}' is not a disk image` });
          cluster.rights.needAny(who, `/storage/${volume.storage}`, ['Datastore.Audit', 'Datastore.AllocateSpace']);
        }
      }
      continue;
    }
    if (!volumeOf(cluster, drive.file, node)) die(`volume '${drive.file}' does not exist`);
    cluster.rights.needAny(who, `/storage/${id}`, ['Datastore.Audit', 'Datastore.AllocateSpace']);
  }
}

function checkBridge(cluster: Cluster, who: Identity, value: string): void {
  if (!cluster.atLeast(8)) return;
  const bridge = /(?:^|,)bridge=([^,]+)/.exec(value)?.[1];
  if (bridge === undefined) return;
  const vnet = cluster.state.vnets.get(bridge);
  cluster.rights.need(who, `/sdn/zones/${vnet?.zone ?? 'localnetwork'}/${bridge}`, 'SDN.Use');
}

/** Makes the volumes for `changes` and gives what goes into the configuration. A failure frees what this call made. */
export function materialize(cluster: Cluster, guest: Pick<GuestState, 'vmid' | 'node' | 'kind'>, changes: Config, log: (text: string) => void): Config {
  const made: string[] = [];
  const result: Config = {};
  try {
    for (const [key, raw] of Object.entries(changes)) {
      if (isNicKey(key)) result[key] = guest.kind === 'qemu' ? nic(cluster, String(raw)) : containerNic(cluster, String(raw));
      else if (isDriveKey(key) && !key.startsWith('unused')) result[key] = drive(cluster, guest, key, String(raw), made, log);
      else result[key] = raw;
    }
    return result;
  } catch (error) {
    for (const volid of made) freeVolume(cluster, volid, guest.node);
    throw error;
  }
}

/** Volumes made for drives, for those who must take them back. */
export const volumesIn = (config: Config): string[] => Object.entries(config).filter(([key]) => isDriveKey(key)).map(([, value]) => parseDrive(String(value)).file);

function nic(cluster: Cluster, value: string): string {
  const parts = value.split(',').map(part => (/^(?:virtio|e1000e?|rtl8139|vmxnet3|ne2k_pci|ne2k_isa|pcnet|i82\w+)$/.test(part) ? `${part}=${cluster.newMac()}` : part.replace(/^model=(.+)$/, '$1')));
  const mac = parts.findIndex(part => part.startsWith('macaddr='));
  const model = parts.findIndex(part => /^(?:virtio|e1000|rtl8139|vmxnet3|ne2k|pcnet|i82)/.test(part));
  if (model >= 0 && !(parts[model] as string).includes('=')) parts[model] = `${parts[model] as string}=${mac >= 0 ? (parts[mac] as string).slice(8) : cluster.newMac()}`;
  else if (model >= 0 && mac >= 0) parts[model] = (parts[model] as string).replace(/=.*/, `=${(parts[mac] as string).slice(8)}`);
  return parts.filter((_, i) => i !== mac).join(',');
}

const containerNic = (cluster: Cluster, value: string): string => (value.includes('hwaddr=') ? value : `${value},hwaddr=${cluster.newMac()}`) + (value.includes('type=') ? '' : ',type=veth');

function drive(cluster: Cluster, guest: Pick<GuestState, 'vmid' | 'node' | 'kind'>, key: string, value: string, made: string[], log: (text: string) => void): string {
  const parsed = parseDrive(value);
  const { options } = parsed;
  const cloudInit = /^([^:\s]+):cloudinit$/.exec(parsed.file);
  if (cloudInit) {
    const storage = usableStorage(cluster, cloudInit[1] as string, guest.node);
    const format = options.get('format') ?? (isFileBased(storage) ? 'qcow2' : 'raw');
    const volume = allocate(cluster, { node: guest.node, storage: storage.storage, vmid: guest.vmid, size: 4 * 1048576, format, content: 'images', name: `vm-${String(guest.vmid)}-cloudinit` });
    made.push(volume.volid);
    options.set('media', 'cdrom');
    options.delete('format');
    log(`${key}: successfully created disk '${volume.volid},media=cdrom'`);
    return printDrive({ file: volume.volid, options });
  }
  const fresh = newDisk.exec(parsed.file);
  if (fresh) {
    const storage = usableStorage(cluster, fresh[1] as string, guest.node);
    const format = options.get('format') ?? defaultFormat(storage, guest.kind);
    const source = options.get('import-from');
    const imported = source === undefined ? undefined : volumeOf(cluster, source, guest.node);
    const fixed = key === 'tpmstate0' ? 4 * 1048576 : key === 'efidisk0' ? (isFileBased(storage) ? 540_672 : 4 * 1048576) : undefined;
    const size = fixed ?? (source === undefined ? Math.ceil(Number(fresh[2]) * 1048576) * 1024 : (imported?.size ?? 10 * 1024 ** 3));
    const volume = allocate(cluster, { node: guest.node, storage: storage.storage, vmid: guest.vmid, size, format, content: guest.kind === 'qemu' ? 'images' : 'rootdir' });
    made.push(volume.volid);
    options.delete('format');
    options.delete('import-from');
    if (isFileBased(storage)) log(`Formatting '${pathOf(cluster, volume.volid)}', fmt=${format} size=${String(size)} preallocation=off`);
    else log(`  Logical volume "${volume.volid.split(':')[1] ?? ''}" created.`);
    if (source !== undefined) {
      for (const percent of [25, 50, 75, 100]) log(`transferred ${humanSize((size * percent) / 100)} of ${humanSize(size)} (${percent.toFixed(2)}%)`);
    }
    options.set('size', formatSize(size));
    const text = printDrive({ file: volume.volid, options });
    log(`${key}: successfully ${source === undefined ? 'created' : 'imported'} disk '${text}'`);
    return text;
  }
  const existing = volumeOf(cluster, parsed.file, guest.node);
  if (existing && !options.has('size') && !parsed.file.includes('cloudinit')) options.set('size', formatSize(existing.size));
  return printDrive(parsed);
}

/** The default boot order: the first disk, the first drive with a medium, the first NIC. */
export function defaultBoot(config: Config): string {
  const keys = Object.keys(config);
  const drives = ['scsi', 'virtio', 'sata', 'ide'].flatMap(bus => keys.filter(k => new RegExp(`^${bus}\\d+$`).test(k)).sort());
  const disk = drives.find(k => !isCdrom(parseDrive(String(config[k]))));
  const medium = drives.find(k => isCdrom(parseDrive(String(config[k]))) && !String(config[k]).includes('cloudinit'));
  const nicKey = keys.filter(isNicKey).sort()[0];
  return `order=${[disk, medium, nicKey].filter(Boolean).join(';')}`;
}

export const driveSize = (value: string | number | undefined): number => parseSize(parseDrive(String(value ?? '')).options.get('size') ?? '0');
