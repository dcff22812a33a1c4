// Storages and what lies on them: upload, download by URL, delete.
import { createHash } from 'node:crypto';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { badParameters, die } from './apiError.ts';
import { flag, list, needed, number, text, type Call, type Handler, type Routes } from './call.ts';
import { durations } from './cluster.ts';
import { humanSize, parseSize } from './drives.ts';
import type { StorageState, VolumeState, WebFile } from './model.ts';
import type { Worker } from './tasks.ts';
import { allocate, childrenOf, freeVolume, isFileBased, isOn, pathOf, usableStorage, usedBytes, volumeOf } from './volumes.ts';

const may = (call: Call, id: string): boolean => call.cluster.rights.hasAny(call.who, `/storage/${id}`, ['Datastore.Audit', 'Datastore.AllocateSpace']);

function info(call: Call, storage: StorageState): Record<string, unknown> {
  const base = { type: storage.type, content: storage.content.join(','), shared: storage.shared ? 1 : 0, enabled: storage.disabled ? 0 : 1, active: storage.active ? 1 : 0 };
  if (!storage.active) return { ...base, total: 0, used: 0, avail: 0 };
  const used = usedBytes(call.cluster, storage, call.node.name);
  return { ...base, total: storage.totalBytes, used, avail: Math.max(0, storage.totalBytes - used) };
}

const storages: Handler = call => {
  const wanted = list(call.p['content']);
  return [...call.cluster.state.storages.values()]
    .filter(s => (storageOnNode(s, call) || (!flag(call, 'enabled') && s.disabled)) && may(call, s.storage))
    .filter(s => (call.p['storage'] === undefined || s.storage === call.p['storage']) && (wanted.length === 0 || wanted.some(c => s.content.includes(c))) && !(flag(call, 'enabled') && s.disabled))
    .map(s => {
      const known = info(call, s);
      return { storage: s.storage, ...known, ...(Number(known['total']) > 0 ? { used_fraction: Number(known['used']) / Number(known['total']) } : {}) };
    });
};

const storageOnNode = (s: StorageState, call: Call): boolean => isOn(s, call.node.name);

const rowOf = (v: VolumeState): Record<string, unknown> => ({
  volid: v.volid,
  content: v.content,
  format: v.format,
  size: v.size,
  ctime: v.ctime,
  ...(v.vmid === undefined ? {} : { vmid: v.vmid }),
  ...(v.parent === undefined ? {} : { parent: v.parent }),
  ...(v.notes === undefined ? {} : { notes: v.notes }),
  ...(v.content === 'backup' ? { protected: v.protected ? 1 : 0, subtype: v.backup?.kind } : {}),
});

const content: Handler = call => {
  const { cluster } = call;
  const storage = usableStorage(cluster, needed(call, 'storage'), call.node.name);
  const wanted = text(call, 'content');
  const vmid = number(call, 'vmid');
  return cluster.state.volumes
    .filter(v => v.storage === storage.storage && (v.node === undefined || v.node === call.node.name) && (wanted === undefined || v.content === wanted) && (vmid === undefined || v.vmid === vmid))
    .filter(v => v.vmid === undefined || cluster.rights.has(call.who, `/storage/${storage.storage}`, 'Datastore.Audit') || cluster.rights.hasAny(call.who, `/vms/${String(v.vmid)}`, ['VM.Audit', 'VM.Backup']))
    .map(rowOf);
};

const volumeFor = (call: Call): VolumeState => {
  const given = needed(call, 'volume');
  const volid = given.includes(':') ? given : `${needed(call, 'storage')}:${given}`;
  usableStorage(call.cluster, needed(call, 'storage'), call.node.name);
  return volumeOf(call.cluster, volid, call.node.name) ?? die(`volume '${volid}' does not exist`);
};

const endings: Readonly<Record<string, RegExp>> = { iso: /\.(?:iso|img)$/i, vztmpl: /\.tar(?:\.(?:gz|xz|zst|bz2))?$/i, import: /\.(?:ova|ovf|qcow2|raw|vmdk|img)$/i };

/** Checks that a file of this content may go there; gives what it becomes. */
function incoming(call: Call, filename: string, kind: string): { storage: StorageState; volid: string } {
  const storage = usableStorage(call.cluster, needed(call, 'storage'), call.node.name);
  if (!isFileBased(storage)) die(`can't upload to storage type '${storage.type}'`);
  if (!storage.content.includes(kind)) badParameters({ storage: `storage '${storage.storage}' does not support '${kind}' content` }); 
  if (!endings[kind]?.test(filename)) badParameters({ filename: kind === 'vztmpl' ? `missing or wrong file extension` : 'wrong file extension' });
  const clean = filename.replace(/^.*[/\\]/, '').replace(/[^-a-zA-Z0-9_.]/g, '_');
  return { storage, volid: `${storage.storage}:${kind}/${clean}` };
}

function store(call: Call, storage: StorageState, volid: string, kind: string, size: number, sha256?: string): void {
  freeVolume(call.cluster, volid, call.node.name);
  call.cluster.state.volumes.push({ volid, storage: storage.storage, ...(storage.shared ? {} : { node: call.node.name }), content: kind as VolumeState['content'], format: kind === 'iso' ? 'iso' : (/\.(qcow2|raw|vmdk|ova)$/.exec(volid)?.[1] ?? (kind === 'vztmpl' ? 'tzst' : 'raw')), size, ctime: call.cluster.clock.seconds(), ...(sha256 === undefined ? {} : { sha256 }) });
}

function verify(worker: Worker, digests: Readonly<Record<string, string>> | undefined, algorithm: string | undefined, checksum: string | undefined): void {
  if (algorithm === undefined || checksum === undefined) return;
  worker.log('calculating checksum...');
  const got = digests?.[algorithm] ?? '';
  if (got !== checksum.toLowerCase()) die(`checksum mismatch: got '${got}' != expect '${checksum}'`);
  worker.log('OK, checksum verified');
}

const upload: Handler = call => {
  const kind = needed(call, 'content');
  const received = call.upload ?? badParameters({ filename: 'property is missing and it is not optional' });
  const { storage, volid } = incoming(call, received.filename, kind);
  const algorithm = text(call, 'checksum-algorithm');
  const checksum = text(call, 'checksum');
  return call.cluster.task(call, 'imgcopy', '', async worker => {
    try {
      worker.log(`starting file import from: ${received.temporary}`);
      worker.log(`target node: ${call.node.name}`);
      worker.log(`file size is: ${humanSize(received.size)}`);
      if (usedBytes(call.cluster, storage, call.node.name) + received.size > storage.totalBytes) die('No space left on device');
      verify(worker, received.digests, algorithm, checksum);
      await worker.wait(durations.import);
      store(call, storage, volid, kind, received.size, received.digests['sha256']);
      worker.log(`finished file import successfully`);
    } finally {
      call.cluster.state.uploads.delete(received.temporary);
    }
  });
};

const algorithms = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

/** A file of the stand-in's internet; loopback addresses are really asked. */
async function look(call: Call, url: string): Promise<WebFile> {
  const known = call.cluster.state.web.get(url);
  if (known) return known;
  const { hostname, protocol, pathname } = new URL(url);
  if (!/^(?:127\.|localhost$|\[::1\]$)/.test(hostname)) return { size: 0, error: `500 Can't connect to ${hostname}:${protocol === 'https:' ? '443' : '80'} (Name or service not known)` };
  return await new Promise<WebFile>(resolve => {
    const request = (protocol === 'https:' ? getHttps : getHttp)(url, { rejectUnauthorized: flag(call, 'verify-certificates', true) }, response => {
      let size = 0;
      const hashes = new Map(algorithms.map(algorithm => [algorithm, createHash(algorithm)]));
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        for (const hash of hashes.values()) hash.update(chunk);
      });
      response.on('error', error => resolve({ size: 0, error: `500 ${error.message}` }));
      response.on('end', () => resolve(response.statusCode === 200 ? { size, digests: Object.fromEntries([...hashes].map(([name, hash]) => [name, hash.digest('hex')])), filename: decodeURIComponent(pathname.split('/').at(-1) ?? ''), mimetype: response.headers['content-type'] ?? 'application/octet-stream' } : { size: 0, error: `${String(response.statusCode)} ${response.statusMessage ?? ''}` }));
    });
    request.on('error', error => resolve({ size: 0, error: `500 ${error.message}` }));
  });
}

const download: Handler = call => {
  const kind = needed(call, 'content');
  const filename = needed(call, 'filename');
  const url = needed(call, 'url');
  const { storage, volid } = incoming(call, filename, kind);
  return call.cluster.task(call, 'download', filename, async worker => {
    worker.log(`downloading ${url} to ${storage.path ?? ''}/template/${kind}/${filename}`);
    const file = await look(call, url);
    if (file.error !== undefined) die(`download failed: ${file.error}`);
    for (const percent of [25, 50, 75, 100]) {
      await worker.wait(durations.download / 4);
      worker.log(`  ${String(Math.floor((file.size * percent) / 100 / 1024))}K ........ ........ ........ ........ ${String(percent)}% 85.2M 0s`);
    }
    verify(worker, file.digests, text(call, 'checksum-algorithm'), text(call, 'checksum'));
    store(call, storage, volid, kind, file.size);
    worker.log(`download of '${url}' to '${storage.path ?? ''}/template/${kind}/${filename}' finished`);
  });
};

const remove: Handler = call => {
  const { cluster } = call;
  const given = needed(call, 'volume');
  const id = needed(call, 'storage');
  const volid = given.includes(':') ? given : `${id}:${given}`;
  usableStorage(cluster, id, call.node.name);
  const volume = volumeOf(cluster, volid, call.node.name);
  if (volume?.content === 'backup' && volume.vmid !== undefined && cluster.rights.has(call.who, `/vms/${String(volume.vmid)}`, 'VM.Backup') && cluster.rights.has(call.who, `/storage/${id}`, 'Datastore.AllocateSpace')) cluster.rights.needAny(call.who, `/storage/${id}`, ['Datastore.AllocateSpace']);
  else cluster.rights.need(call.who, `/storage/${id}`, volume?.content === 'iso' || volume?.content === 'vztmpl' || volume?.content === 'import' ? 'Datastore.AllocateTemplate' : 'Datastore.Allocate');
  return cluster.task(call, 'imgdel', `${volume?.vmid === undefined ? '' : `${String(volume.vmid)}@`}${id}`, async worker => {
    await worker.wait(durations.quick);
    const there = volumeOf(cluster, volid, call.node.name) ?? die(`volume '${volid}' does not exist`);
    if (there.protected) die(`can't remove archive '${volid}' - it's protected`);
    if (childrenOf(cluster, volid).length > 0) die(`base volume '${volid.split(':')[1] ?? ''}' is still in use by linked clones`);
    freeVolume(cluster, volid, call.node.name);
    worker.log(`Removed volume '${volid}'`);
  });
};

/** What `keep-last=n` would keep of each guest's backups. */
function pruned(call: Call): { volume: VolumeState; mark: 'keep' | 'remove' | 'protected' }[] {
  const keep = Number(/keep-last=(\d+)/.exec(text(call, 'prune-backups') ?? '')?.[1] ?? Infinity);
  const count = new Map<number, number>();
  return call.cluster.state.volumes
    .filter(v => v.content === 'backup' && v.storage === call.p['storage'] && (call.p['vmid'] === undefined || v.vmid === Number(call.p['vmid'])))
    .sort((a, b) => b.ctime - a.ctime)
    .map(volume => {
      const nth = (count.get(volume.vmid ?? 0) ?? 0) + (volume.protected ? 0 : 1);
      count.set(volume.vmid ?? 0, nth);
      return { volume, mark: volume.protected ? 'protected' : nth > keep ? 'remove' : 'keep' };
    });
}

const definition = (s: StorageState): Record<string, unknown> => ({ storage: s.storage, type: s.type, content: s.content.join(','), digest: '27211a49a79537e7d612490bfbc6c6ca10578673', ...(s.path === undefined ? {} : { path: s.path }), ...(s.shared ? { shared: 1 } : {}), ...(s.nodes === undefined ? {} : { nodes: s.nodes.join(',') }), ...(s.disabled ? { disable: 1 } : {}), ...(s.type === 'lvmthin' ? { thinpool: 'data', vgname: 'pve' } : {}) });

const allocateVolume: Handler = call => {
  const { cluster } = call;
  const size = needed(call, 'size');
  const filename = needed(call, 'filename');
  const volume = allocate(cluster, { node: call.node.name, storage: needed(call, 'storage'), vmid: Number(call.p['vmid']), size: /[KMGT]$/.test(size) ? parseSize(size) : Number(size) * 1024, format: text(call, 'format') ?? (/\.(qcow2|raw|vmdk)$/.exec(filename)?.[1] ?? 'raw'), content: 'images', name: filename.replace(/\.\w+$/, '') });
  return volume.volid;
};

export const storageRoutes: Routes = {
  'GET /storage': call => [...call.cluster.state.storages.values()].filter(s => may(call, s.storage) && (call.p['type'] === undefined || call.p['type'] === s.type)).map(definition),
  'GET /storage/{storage}': call => definition(call.cluster.state.storages.get(needed(call, 'storage')) ?? die(`storage '${needed(call, 'storage')}' does not exist`)),
  'POST /storage': call => {
    const storage = needed(call, 'storage');
    if (call.cluster.state.storages.has(storage)) die(`storage ID '${storage}' already defined`);
    const path = text(call, 'path');
    const nodes = list(call.p['nodes']);
    const type = needed(call, 'type');
    call.cluster.state.storages.set(storage, { storage, type, content: list(call.p['content'] ?? 'images'), shared: flag(call, 'shared', ['nfs', 'cifs', 'rbd', 'pbs', 'cephfs'].includes(type)), active: true, totalBytes: 500 * 1024 ** 3, otherBytes: 0, disabled: flag(call, 'disable'), ...(path === undefined ? {} : { path }), ...(nodes.length === 0 ? {} : { nodes }) });
    return { storage, type };
  },
  'PUT /storage/{storage}': call => {
    const storage = call.cluster.state.storages.get(needed(call, 'storage')) ?? die(`storage '${needed(call, 'storage')}' does not exist`);
    if (call.p['content'] !== undefined) storage.content = list(call.p['content']);
    if (call.p['disable'] !== undefined) storage.disabled = flag(call, 'disable');
    if (call.p['nodes'] !== undefined) storage.nodes = list(call.p['nodes']);
    if (list(call.p['delete']).includes('nodes')) delete storage.nodes;
    return { storage: storage.storage, type: storage.type };
  },
  'DELETE /storage/{storage}': call => {
    if (!call.cluster.state.storages.delete(needed(call, 'storage'))) die(`storage '${needed(call, 'storage')}' does not exist`);
    return null;
  },
  'GET /nodes/{node}/storage/{storage}/prunebackups': call => pruned(call).map(({ volume, mark }) => ({ volid: volume.volid, ctime: volume.ctime, vmid: volume.vmid, type: volume.backup?.kind ?? 'unknown', mark })),
  'DELETE /nodes/{node}/storage/{storage}/prunebackups': call => {
    const gone = pruned(call).filter(p => p.mark === 'remove');
    return call.cluster.task(call, 'prunebackups', needed(call, 'storage'), async worker => {
      await worker.wait(durations.quick);
      for (const { volume } of gone) freeVolume(call.cluster, volume.volid, call.node.name);
    });
  },
  'GET /nodes/{node}/storage': storages,
  'GET /nodes/{node}/storage/{storage}': () => ['status', 'content', 'upload', 'rrd', 'rrddata'].map(subdir => ({ subdir })),
  'GET /nodes/{node}/storage/{storage}/status': call => info(call, call.cluster.state.storages.get(needed(call, 'storage')) ?? die(`storage '${needed(call, 'storage')}' does not exist`)),
  'GET /nodes/{node}/storage/{storage}/content': content,
  'POST /nodes/{node}/storage/{storage}/content': allocateVolume,
  'GET /nodes/{node}/storage/{storage}/content/{volume}': call => {
    const { volid, ...rest } = rowOf(volumeFor(call));
    return { path: pathOf(call.cluster, String(volid)), used: rest['size'], ...rest };
  },
  'PUT /nodes/{node}/storage/{storage}/content/{volume}': call => {
    const volume = volumeFor(call);
    const notes = text(call, 'notes');
    if (notes !== undefined) volume.notes = notes;
    if (call.p['protected'] !== undefined) volume.protected = flag(call, 'protected');
    return null;
  },
  'DELETE /nodes/{node}/storage/{storage}/content/{volume}': remove,
  'POST /nodes/{node}/storage/{storage}/upload': upload,
  'POST /nodes/{node}/storage/{storage}/download-url': download,
  'GET /nodes/{node}/storage/{storage}/import-metadata': call => ({ type: 'vm', source: 'esxi', 'create-args': { name: needed(call, 'volume').split('/').at(-1) ?? '' } }),
  'GET /nodes/{node}/query-url-metadata': async call => {
    const file = await look(call, needed(call, 'url'));
    if (file.error !== undefined) die(`invalid server response: '${file.error}'`);
    return { filename: file.filename ?? new URL(needed(call, 'url')).pathname.split('/').at(-1), mimetype: file.mimetype ?? 'application/octet-stream', size: file.size };
  },
  'GET /nodes/{node}/aplinfo': () => [{ template: 'debian-13-standard_13.1-2_amd64.tar.zst', os: 'debian-13', section: 'system', type: 'lxc', version: '13.1-2', package: 'debian-13-standard', headline: '', source: '', location: '' }],
  'POST /nodes/{node}/aplinfo': call => {
    const { storage, volid } = incoming(call, needed(call, 'template'), 'vztmpl');
    return call.cluster.task(call, 'download', needed(call, 'template'), async worker => {
      await worker.wait(durations.download);
      store(call, storage, volid, 'vztmpl', 130_000_000);
    });
  },
};
