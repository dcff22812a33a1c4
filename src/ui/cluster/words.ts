// What Proxmox VE calls its tasks and the content of its storages, in words. What is not known stands as it is. Pure.
import { t } from '../l10n.ts';

type Words = Readonly<Record<string, () => string>>;
const known = <T>(words: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(words, key) ? words[key] : undefined);

/** Of machines (`qm…`) and containers (`vz…`) alike. */
const guestTasks: Words = {
  start: () => t('Start'),
  stop: () => t('Power off'),
  shutdown: () => t('Shut down'),
  reboot: () => t('Reboot'),
  reset: () => t('Reset'),
  suspend: () => t('Suspend'),
  pause: () => t('Pause'),
  resume: () => t('Resume'),
  create: () => t('Create'),
  restore: () => t('Restore'),
  destroy: () => t('Delete'),
  clone: () => t('Clone'),
  config: () => t('Change'),
  set: () => t('Change'),
  resize: () => t('Grow a disk'),
  move: () => t('Move a disk'),
  migrate: () => t('Migrate'),
  template: () => t('Make a template'),
  snapshot: () => t('Take a snapshot'),
  unlink: () => t('Remove a disk'),
  tunnel: () => t('Receive a migration'),
  delsnapshot: () => t('Delete a snapshot'),
  rollback: () => t('Restore a snapshot'),
};

const tasks: Words = {
  vzdump: () => t('Back up'),
  qmigrate: () => t('Migrate'),
  move_volume: () => t('Move a disk'),
  resize: () => t('Grow a disk'),
  replicate: () => t('Replicate'),
  ocipull: () => t('Pull an image'),
  imgcopy: () => t('Upload'),
  imgdel: () => t('Delete an image'),
  download: () => t('Download'),
  vncproxy: () => t('Console'),
  spiceproxy: () => t('Console'),
  vncshell: () => t('Shell'),
  termproxy: () => t('Shell'),
  startall: () => t('Start all machines'),
  stopall: () => t('Stop all machines'),
  suspendall: () => t('Suspend all machines'),
  prunebackups: () => t('Prune backups'),
  migrateall: () => t('Migrate all machines'),
  hastart: () => t('High availability: start'),
  hastop: () => t('High availability: stop'),
  hamigrate: () => t('High availability: migrate'),
  harelocate: () => t('High availability: move'),
  hashutdown: () => t('High availability: shut down'),
  aptupdate: () => t('Look for updates'),
  srvstart: () => t('Start a service'),
  srvstop: () => t('Stop a service'),
  srvrestart: () => t('Restart a service'),
  srvreload: () => t('Reload a service'),
};

/** `qmstart` → `Start`. */
export function taskName(type: string): string {
  const name = known(tasks, type) ?? known(guestTasks, /^(?:qm|vz)(\w+)$/.exec(type)?.[1] ?? '');
  return name?.() ?? type;
}

/** One thing on a storage, and what a storage may hold. */
const contents: Readonly<Record<string, { readonly one: () => string; readonly many: () => string }>> = {
  images: { one: () => t('Disk'), many: () => t('disks') },
  rootdir: { one: () => t('Container volume'), many: () => t('container volumes') },
  iso: { one: () => t('ISO image'), many: () => t('ISO images') },
  vztmpl: { one: () => t('Container template'), many: () => t('container templates') },
  backup: { one: () => t('Backup'), many: () => t('backups') },
  snippets: { one: () => t('Snippet'), many: () => t('snippets') },
  import: { one: () => t('Disk image to import'), many: () => t('images to import') },
};

export function contentName(kind: string): string {
  return known(contents, kind)?.one() ?? kind;
}

export function contentNames(kinds: readonly string[]): string {
  return kinds.map(kind => known(contents, kind)?.many() ?? kind).join(', ');
}
