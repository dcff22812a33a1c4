// Snapshots: the tree, with and without RAM, rollback, delete, and the question whether they are possible at all.
import { die } from './apiError.ts';
import { flag, needed, text, type Call, type Handler, type Routes } from './call.ts';
import type { Cluster } from './cluster.ts';
import { durations } from './cluster.ts';
import { humanSize, isCdrom, isDriveKey, memoryMiB, parseDrive, unset } from './drives.ts';
import type { Config, GuestState, SnapshotState } from './model.ts';
import { agentEnabled, setStopped, start } from './power.ts';
import { allocate, canLink, canSnapshot, freeVolume } from './volumes.ts';

const kept = (config: Config): Config => {
  const copy = { ...config };
  unset(copy, 'lock', 'snapstate');
  for (const key of Object.keys(copy)) if (key.startsWith('unused')) unset(copy, key);
  return copy;
};

const realDrives = (guest: GuestState): [string, string][] =>
  Object.entries(guest.config)
    .filter(([key, value]) => isDriveKey(key) && !key.startsWith('unused') && !isCdrom(parseDrive(String(value))))
    .map(([key, value]) => [key, parseDrive(String(value)).file]);

const possible = (cluster: Cluster, guest: GuestState): boolean => realDrives(guest).every(([, file]) => canSnapshot(cluster, file, guest.node));

const found = (guest: GuestState, name: string): SnapshotState => guest.snapshots.find(s => s.name === name) ?? die(`snapshot '${name}' does not exist`);

const listThem: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const parent = guest.config['parent'];
  return [
    ...guest.snapshots.map(s => ({ name: s.name, snaptime: s.snaptime, description: s.description, ...(guest.kind === 'qemu' ? { vmstate: s.vmstate ? 1 : 0 } : {}), ...(s.parent === undefined ? {} : { parent: s.parent }), ...(s.snapstate === undefined ? {} : { snapstate: s.snapstate }) })),
    { name: 'current', description: 'You are here!', running: guest.status === 'running' ? 1 : 0, digest: cluster.digest(guest), ...(parent === undefined ? {} : { parent }) },
  ];
};

const take: Handler = call => {
  const { cluster } = call;
  const name = needed(call, 'snapname');
  if (name === 'current' || name === 'pending') die(`unable to use snapshot name '${name}' (reserved name)`);
  const guest = cluster.guest(call);
  const ram = flag(call, 'vmstate') && guest.kind === 'qemu';
  const description = text(call, 'description') ?? '';
  return cluster.task(call, guest.kind === 'qemu' ? 'qmsnapshot' : 'vzsnapshot', guest.vmid, async worker => {
    await cluster.locked(guest, () => {
      cluster.checkLock(guest);
      if (guest.snapshots.some(s => s.name === name)) die(`snapshot name '${name}' already used`);
      if (!possible(cluster, guest)) die('snapshot feature is not available');
      if (Number(guest.config['template'] ?? 0) === 1) die("you can't take a snapshot if it's a template");
      const withRam = ram && guest.status === 'running';
      const parent = guest.config['parent'];
      guest.snapshots.push({ name, snaptime: cluster.clock.seconds(), description, vmstate: withRam, snapstate: 'prepare', ...(parent === undefined ? {} : { parent: String(parent) }), config: kept(guest.config) });
      guest.config['lock'] = 'snapshot';
    });
    const snapshot = found(guest, name);
    try {
      if (agentEnabled(guest) && guest.status === 'running' && !guest.agentRuns) worker.log('skipping guest filesystem freeze - agent configured but not running?');
      if (snapshot.vmstate) {
        const size = memoryMiB(guest.config['memory']) * 2 * 1048576 + 524_288_000;
        const storage = String(guest.config['vmstatestorage'] ?? realDrives(guest)[0]?.[1].split(':')[0] ?? 'local');
        const volume = allocate(cluster, { node: guest.node, storage, vmid: guest.vmid, size, format: 'raw', content: 'images', name: `vm-${String(guest.vmid)}-state-${name}` });
        Object.assign(snapshot.config, { vmstate: volume.volid, runningmachine: 'pc-i440fx-10.1+pve0', runningcpu: String(guest.config['cpu'] ?? 'kvm64') });
        worker.log(`saving VM state and RAM using storage '${storage}'`);
        await worker.wait(durations.ramSnapshot);
        worker.log(`completed saving the VM state in 4s, saved ${humanSize(size / 4)}`);
      }
      for (const [key, file] of realDrives(guest)) worker.log(`snapshotting '${guest.kind === 'qemu' ? `drive-${key}` : key}' (${file})`);
      await worker.wait(durations.snapshot);
      delete snapshot.snapstate;
      guest.config['parent'] = name;
    } catch (error) {
      guest.snapshots = guest.snapshots.filter(s => s !== snapshot);
      if (snapshot.config['vmstate'] !== undefined) freeVolume(cluster, String(snapshot.config['vmstate']), guest.node);
      throw error;
    } finally {
      delete guest.config['lock'];
    }
  });
};

const rollBack: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const name = needed(call, 'snapname');
  return cluster.task(call, guest.kind === 'qemu' ? 'qmrollback' : 'vzrollback', guest.vmid, async worker => {
    let snapshot: SnapshotState | undefined;
    await cluster.locked(guest, () => {
      snapshot = found(guest, name);
      cluster.checkLock(guest, 'suspended');
      if (snapshot.snapstate !== undefined) die(`unable to rollback to incomplete snapshot (snapstate = ${snapshot.snapstate})`);
      if (Number(guest.config['protection'] ?? 0) === 1) die(`can't rollback ${guest.kind === 'qemu' ? 'VM' : 'CT'} ${String(guest.vmid)} - protection mode enabled`);
      guest.config['lock'] = 'rollback';
    });
    try {
      await worker.wait(durations.rollback);
      const target = found(guest, name);
      setStopped(guest);
      const unused = Object.fromEntries(Object.entries(guest.config).filter(([key]) => key.startsWith('unused')));
      guest.config = { ...kept(target.config), ...unused, parent: name, ...(guest.kind === 'qemu' ? { vmgenid: cluster.newUuid() } : {}) };
      unset(guest.config, 'vmstate', 'runningmachine', 'runningcpu');
      guest.pending = {};
    } finally {
      delete guest.config['lock'];
    }
    if (snapshot?.vmstate || flag(call, 'start')) await start(cluster, guest, worker);
  });
};

const remove: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const name = needed(call, 'snapname');
  return cluster.task(call, guest.kind === 'qemu' ? 'qmdelsnapshot' : 'vzdelsnapshot', guest.vmid, async worker => {
    await cluster.locked(guest, () => {
      const snapshot = found(guest, name);
      // A snapshot that failed half-way leaves the lock; with force it may be cleared away.
      cluster.checkLock(guest, ...(flag(call, 'force') ? ['snapshot', 'snapshot-delete'] : []));
      guest.config['lock'] = 'snapshot-delete';
      snapshot.snapstate = 'delete';
    });
    await worker.wait(durations.snapshot);
    const snapshot = found(guest, name);
    if (snapshot.config['vmstate'] !== undefined) freeVolume(cluster, String(snapshot.config['vmstate']), guest.node);
    for (const child of guest.snapshots) {
      if (child.parent !== name) continue;
      if (snapshot.parent === undefined) delete child.parent;
      else child.parent = snapshot.parent;
    }
    if (guest.config['parent'] === name) {
      if (snapshot.parent === undefined) delete guest.config['parent'];
      else guest.config['parent'] = snapshot.parent;
    }
    guest.snapshots = guest.snapshots.filter(s => s !== snapshot);
    delete guest.config['lock'];
  });
};

const feature: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const kind = needed(call, 'feature');
  const files = realDrives(guest).map(([, file]) => file);
  const has = kind === 'snapshot' ? possible(cluster, guest) : kind === 'clone' ? files.every(file => canLink(cluster, file, guest.node)) : true;
  const shared = files.every(file => cluster.state.storages.get(file.split(':')[0] ?? '')?.shared);
  return { hasFeature: has ? 1 : 0, ...(guest.kind === 'qemu' ? { nodes: has ? (shared ? [...cluster.state.nodes.keys()] : [guest.node]) : [] } : {}) };
};

const config: Handler = call => {
  const snapshot = found(call.cluster.guest(call), needed(call, 'snapname'));
  return { ...snapshot.config, snaptime: snapshot.snaptime, ...(snapshot.description === '' ? {} : { description: snapshot.description }), ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }) };
};

const describe = (call: Call): null => {
  const guest = call.cluster.guest(call);
  call.cluster.checkLock(guest);
  found(guest, needed(call, 'snapname')).description = text(call, 'description') ?? '';
  return null;
};

const both = (method: string, path: string, handler: Handler): Routes => ({ [`${method} /nodes/{node}/qemu/{vmid}/${path}`]: handler, [`${method} /nodes/{node}/lxc/{vmid}/${path}`]: handler });

export const snapshotRoutes: Routes = {
  ...both('GET', 'snapshot', listThem),
  ...both('POST', 'snapshot', take),
  ...both('GET', 'snapshot/{snapname}', call => {
    found(call.cluster.guest(call), needed(call, 'snapname'));
    return [{ cmd: 'rollback' }, { cmd: 'config' }];
  }),
  ...both('DELETE', 'snapshot/{snapname}', remove),
  ...both('GET', 'snapshot/{snapname}/config', config),
  ...both('PUT', 'snapshot/{snapname}/config', describe),
  ...both('POST', 'snapshot/{snapname}/rollback', rollBack),
  ...both('GET', 'feature', feature),
};
