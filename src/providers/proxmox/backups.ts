// Backups: run, list, restore, delete. For the menus and the backup list; the domain has no part of its own for them.
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import { machineId } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { checkFreeName, withFreeVmid } from './cloneGuest.ts';
import { chooseNode } from './placement.ts';
import { parseDisks, parseSettings } from './parse.ts';
import { readStatus } from './power.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import type { Guest } from './requests.ts';
import { guestOf } from './resources.ts';
import type { ClusterView } from './resources.ts';
import { chooseStorage, nodeStorages, parseContent } from './volumes.ts';
import type { VolumeRow } from './volumes.ts';

export interface Backup extends VolumeRow {
  readonly storage: string;
  readonly node: string;
}

export interface BackupOptions {
  /** The one with most room that takes backups, by default. */
  readonly storage?: string;
  /** `snapshot` (default): goes on running; `suspend`, `stop`: safer, with a pause. */
  readonly mode?: 'snapshot' | 'suspend' | 'stop';
  readonly compress?: '0' | 'gzip' | 'lzo' | 'zstd';
  readonly notes?: string;
  readonly protected?: boolean;
}

export interface RestoreOptions {
  /** A new VMID when absent. */
  readonly vmid?: number;
  readonly node?: string;
  /** Where its disks go; the backup's own storages by default. */
  readonly storage?: string;
  readonly name?: string;
  /** Replaces the machine with that VMID, which must be stopped. Its present disks are lost. Only when a person said so. */
  readonly overwrite?: boolean;
}

export interface Backups {
  /** Newest first; of one machine, or all that can be seen. */
  list(id: MachineId | undefined, signal: AbortSignal): Promise<readonly Backup[]>;
  run(id: MachineId, options: BackupOptions, context: OperationContext): Promise<void>;
  restore(backup: Backup, options: RestoreOptions, context: OperationContext): Promise<MachineId>;
  remove(backup: Backup, context: OperationContext): Promise<void>;
  setNotes(backup: Backup, change: { readonly notes?: string; readonly protected?: boolean }, signal: AbortSignal): Promise<void>;
}

export function createBackups(deps: PartDeps): Backups {
  const { calls, directory } = deps;
  return {
    list: async (id, signal) => {
      const view = await directory.view(calls, signal);
      const guest = id === undefined ? undefined : (await directory.find(calls, id, signal)).guest;
      const found: Backup[] = [];
      const sharedSeen = new Set<string>();
      for (const node of view.nodes.filter(candidate => candidate.online)) {
        const storages = await nodeStorages(deps, node.name, signal, 'backup').catch((error: unknown) => {
          if (GaiaError.is(error, 'noPermission', 'didNotAnswer')) return [];
          throw error;
        });
        for (const storage of storages.filter(candidate => candidate.active)) {
          if (storage.shared && sharedSeen.has(storage.id)) continue;
          if (storage.shared) sharedSeen.add(storage.id);
          const { data } = await calls.get(requests.storageContent(node.name, storage.id, { content: 'backup', ...(guest ? { vmid: guest.vmid } : {}) }), signal);
          found.push(...parseContent(data).map(row => ({ ...row, storage: storage.id, node: node.name })));
        }
      }
      return found.sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
    },
    run: async (id, options, context) => {
      const { guest, machine } = await directory.find(calls, id, context.signal);
      const storage = await chooseStorage(deps, guest.node, 'backup', options.storage, context.signal);
      const end = await calls.run(
        requests.backup(guest.node, guest.vmid, {
          storage: storage.id,
          mode: options.mode ?? 'snapshot',
          compress: options.compress ?? 'zstd',
          // A template of Proxmox VE: a brace would be a variable.
          ...(options.notes === undefined ? {} : { notes: options.notes.replaceAll('\n', '\\n') }),
          ...(options.protected ? { protected: true } : {}),
        }),
        context,
        { machine: machine.name },
      );
      if (end.warnings > 0) context.output(`The backup ended with ${end.warnings} warning(s).`);
      directory.forget();
    },
    restore: async (backup, options, context) => {
      const kind = guestKindOf(backup);
      const view = await directory.refresh(calls, context.signal);
      const node = options.node ?? (backup.node !== '' ? backup.node : chooseNode({}, view));
      const present = options.vmid === undefined ? undefined : view.machines.find(machine => machine.extra?.['vmid'] === options.vmid);
      if (present && !options.overwrite) throw new GaiaError('alreadyExists', { message: 'The VMID {0} is taken by {1}.', values: [options.vmid as number, present.name], hint: 'Restore it as a new machine, or choose to replace it.' });
      if (present) {
        const guest = present.extra?.['guest'] as Guest;
        if (guest.kind !== kind) throw new GaiaError('invalidInput', { message: '{0} is not of the kind that the backup holds.', values: [present.name] });
        if ((await readStatus(deps, guest, context.signal)).running) throw new GaiaError('wrongState', { message: '{0} runs: it cannot be replaced.', values: [present.name], hint: 'Shut it down first.' });
      }
      if (options.name !== undefined && !present) await checkFreeName(deps, options.name, context.signal);
      const replace = present ? { force: true } : { unique: true };
      const storage = options.storage ?? (kind === 'lxc' ? await containerStorage(node, options.vmid ?? backup.vmid, view, context.signal) : undefined);
      const where = storage === undefined ? {} : { storage };
      const build = (vmid: number) =>
        kind === 'qemu'
          ? requests.createVm(node, vmid, { archive: backup.volid, ...where, ...replace, ...(options.name === undefined ? {} : { name: options.name }) })
          : requests.createContainer(node, vmid, { ostemplate: backup.volid, restore: true, ...where, ...replace, ...(options.name === undefined ? {} : { hostname: options.name }) });
      if (present) await calls.run(build(options.vmid as number), context, { machine: present.name });
      const vmid = present ? (options.vmid as number) : await withFreeVmid(deps, { kind, node, name: options.name }, options.vmid, context, build);
      directory.forget();
      return machineId('proxmox', deps.connection, `${kind}/${vmid}`);
    },
    remove: async (backup, context) => {
      if (backup.protected) throw new GaiaError('protected', { message: 'The backup is protected from deletion.' });
      await calls.run(requests.deleteVolume(backup.node, backup.storage, backup.volid), context);
    },
    setNotes: async (backup, change, signal) => {
      await calls.change(requests.setVolume(backup.node, backup.storage, backup.volid, change), signal);
    },
  };

  /** Unlike a machine's, all volumes of a container go to one storage, by default to `local`, which often takes none: to where it lies now, else to one that takes them. */
  async function containerStorage(node: string, vmid: number | undefined, view: ClusterView, signal: AbortSignal): Promise<string> {
    const origin = view.machines.find(machine => machine.extra?.['vmid'] === vmid && guestOf(machine).kind === 'lxc');
    const at = origin && parseDisks(parseSettings((await calls.get(requests.config(guestOf(origin)), signal)).data)).find(disk => disk.slot === 'rootfs')?.storage;
    const all = await nodeStorages(deps, node, signal);
    if (at !== undefined && (all.length === 0 || all.some(storage => storage.id === at && storage.active && storage.content.includes('rootdir')))) return at;
    return (await chooseStorage(deps, node, 'rootdir', undefined, signal)).id;
  }
}

/** `vzdump-qemu-100-….vma.zst`, `backup/ct/105/…` of a backup server. */
export function guestKindOf(backup: { readonly volid: string; readonly format?: string }): 'qemu' | 'lxc' {
  if (/vzdump-(?:lxc|openvz)-|backup\/ct\//.test(backup.volid) || backup.format === 'pbs-ct') return 'lxc';
  return 'qemu';
}
