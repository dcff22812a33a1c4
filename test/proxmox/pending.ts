// Changes that wait for the next start: which ones do, and how they are merged.
import type { Cluster } from './cluster.ts';
import { isDriveKey, parseDrive, unset } from './drives.ts';
import type { Config, GuestState } from './model.ts';
import { freeVolume, isOwnVolume } from './volumes.ts';

/** The configuration as GET config shows it: with what is pending. */
export function withPending(guest: GuestState): Config {
  const merged: Config = { ...guest.config };
  for (const [key, value] of Object.entries(guest.pending)) {
    if (typeof value === 'object') unset(merged, key);
    else merged[key] = value;
  }
  return merged;
}

/** Options that a running VM takes at once [QemuServer, fast plug and hotplug]; the rest waits. */
const live = /^(?:name|description|tags|onboot|protection|startup|lock|hookscript|template|unused\d+|(?:scsi|virtio)\d+|agent|hotplug|vmstatestorage|migrate_downtime|migrate_speed|shares|autostart|balloon|ciuser|cipassword|sshkeys|ipconfig\d+|nameserver|searchdomain|ciupgrade|hostname|cpulimit|cpuunits|memory:lxc|cores:lxc|swap|mp\d+)$/;

const plugs = (guest: GuestState, what: string): boolean => guest.kind === 'lxc' || String(guest.config['hotplug'] ?? '1').replace(/^1$/, 'network,disk,usb').split(',').includes(what);

export const isLive = (guest: GuestState, key: string): boolean => live.test(key) || (/^net\d+$/.test(key) && plugs(guest, 'network')) || (guest.kind === 'lxc' && live.test(`${key}:lxc`)) || (guest.kind === 'qemu' && /^(?:ide|sata)\d+$/.test(key) && String(guest.config[key] ?? '').includes('media=cdrom'));

/** At a start, or at once while stopped. */
export function applyPending(cluster: Cluster, guest: GuestState): void {
  for (const [key, value] of Object.entries(guest.pending)) {
    if (typeof value === 'object') removeOption(cluster, guest, key, value.delete === 2);
    else guest.config[key] = value;
    unset(guest.pending, key);
  }
}

/** Takes an option away. A disk becomes `unusedN` unless `force`d or it is unused already: then its volume is destroyed. */
export function removeOption(cluster: Cluster, guest: GuestState, key: string, force: boolean): void {
  const value = guest.config[key];
  unset(guest.config, key);
  if (value === undefined || !isDriveKey(key)) return;
  const { file } = parseDrive(String(value));
  if (!isOwnVolume(cluster, guest, file)) return;
  if (force || key.startsWith('unused')) freeVolume(cluster, file, guest.node);
  else addUnused(guest, file);
}

/** Puts a volume into the first free `unusedN`, once. */
export function addUnused(guest: GuestState, volid: string): void {
  for (const [key, value] of Object.entries(guest.config)) if (key.startsWith('unused') && value === volid) return;
  for (let index = 0; index < 256; index += 1) {
    if (guest.config[`unused${String(index)}`] === undefined) {
      guest.config[`unused${String(index)}`] = volid;
      return;
    }
  }
}
