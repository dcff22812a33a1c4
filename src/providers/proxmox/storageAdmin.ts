// Storages of the cluster and what is in them: one row per node for local ones, one for a shared one.
import { GaiaError } from '../../machines/errors.ts';
import { machineId } from '../../machines/machine.ts';
import type { StorageAdmin, StorageInfo } from '../../machines/provider.ts';
import type { PartDeps } from './power.ts';
import { requests } from './requests.ts';
import { parseContent, uploadVolume, volumeName } from './volumes.ts';
import type { VolumeKind } from './volumes.ts';

export function createStorageAdmin(deps: PartDeps): StorageAdmin {
  const { calls, directory } = deps;
  const nodeOf = async (storage: StorageInfo, signal: AbortSignal): Promise<string> => {
    if (storage.node !== undefined) return storage.node;
    const view = await directory.view(calls, signal);
    const up = new Set(view.nodes.filter(node => node.online).map(node => node.name));
    const row = view.storages.find(candidate => candidate.id === storage.id && up.has(candidate.node));
    if (!row) throw new GaiaError('didNotAnswer', { message: 'No node with the storage {0} is up.', values: [storage.id] });
    return row.node;
  };
  return {
    list: async signal => {
      const view = await directory.refresh(calls, signal);
      const seen = new Set<string>();
      return view.storages.flatMap((row): StorageInfo[] => {
        if (row.shared) {
          if (seen.has(row.id)) return [];
          seen.add(row.id);
        }
        return [{
          id: row.id,
          type: row.type,
          content: row.content,
          shared: row.shared,
          enabled: row.status !== 'disabled',
          ...(row.shared ? {} : { node: row.node }),
          ...(row.usedBytes === undefined ? {} : { usedBytes: row.usedBytes }),
          ...(row.totalBytes === undefined ? {} : { totalBytes: row.totalBytes }),
        }];
      });
    },
    content: async (storage, signal) => {
      const node = await nodeOf(storage, signal);
      const found = parseContent((await calls.get(requests.storageContent(node, storage.id), signal)).data);
      const kinds = new Map((await directory.view(calls, signal)).machines.map(machine => [machine.extra?.['vmid'], machine.id]));
      return found.map(row => ({
        id: row.volid,
        kind: row.kind,
        name: row.name,
        ...(row.sizeBytes === undefined ? {} : { sizeBytes: row.sizeBytes }),
        ...(row.createdAt === undefined ? {} : { createdAt: row.createdAt }),
        ...(row.vmid === undefined ? {} : { machine: kinds.get(row.vmid) ?? machineId('proxmox', deps.connection, `qemu/${row.vmid}`) }),
      }));
    },
    upload: async (storage, kind, file, context) => {
      const known = volumeKind(kind);
      await uploadVolume(deps, { kind: known, file, fileName: volumeName(known, file), node: await nodeOf(storage, context.signal), storage: storage.id }, context);
      directory.forget();
    },
    download: async (storage, kind, url, name, context) => {
      const known = volumeKind(kind);
      const node = await nodeOf(storage, context.signal);
      await calls.run(requests.downloadUrl(node, storage.id, { content: known, url, fileName: volumeName(known, name === '' ? url : name) }), context);
      directory.forget();
    },
    remove: async (storage, item, context) => {
      const node = await nodeOf(storage, context.signal);
      // A disk that a machine uses is deleted with the machine or detached first, never from under it.
      if (['images', 'rootdir'].includes(item.kind) && item.machine !== undefined && (await isUsed(node, item.id, item.machine, context.signal))) {
        throw new GaiaError('protected', { message: 'A machine uses {0}.', values: [item.name], hint: 'Remove the disk from the machine first.' });
      }
      await calls.run(requests.deleteVolume(node, storage.id, item.id), context);
      directory.forget();
    },
  };

  async function isUsed(_node: string, volume: string, machine: string, signal: AbortSignal): Promise<boolean> {
    const view = await directory.view(calls, signal);
    const owner = view.machines.find(candidate => candidate.id === machine);
    if (!owner) return false;
    const { guest } = await directory.find(calls, owner.id, signal);
    const config = (await calls.get(requests.config(guest), signal)).data as Record<string, unknown>;
    return Object.entries(config).some(([key, value]) => !key.startsWith('unused') && typeof value === 'string' && value.split(',').includes(volume));
  }
}

function volumeKind(kind: string): VolumeKind {
  if (kind === 'iso' || kind === 'vztmpl' || kind === 'import') return kind;
  throw new GaiaError('notSupported', { message: 'Proxmox VE takes no upload of this kind ({0}).', values: [kind], hint: 'It takes iso, vztmpl and import.' });
}
