// Migration: what stands against it, and the request. Also start, stop and migrate of all guests of a node.
import { badParameters, die } from './apiError.ts';
import { flag, list, needed, text, type Handler, type Routes } from './call.ts';
import { localDisks, localResources, migrate, missingStorages, type MoveOptions } from './migration.ts';
import type { GuestState } from './model.ts';
import { pause, shutDown, start } from './power.ts';

function inSnapshots(guest: GuestState, volid: string): Record<string, unknown> {
  const names = guest.snapshots.filter(s => Object.values(s.config).some(value => String(value).split(',')[0] === volid)).map(s => s.name);
  return names.length === 0 ? {} : { referenced_in_snapshot: Object.fromEntries(names.map(name => [name, 1])) };
}

const preconditions: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  cluster.checkLock(guest);
  const running = guest.status === 'running';
  const allowed: string[] = [];
  const refused: Record<string, Record<string, unknown>> = {};
  for (const node of cluster.state.nodes.values()) {
    if (node.name === guest.node || !node.online) continue;
    const missing = missingStorages(cluster, guest, node.name);
    if (missing.length === 0) allowed.push(node.name);
    else refused[node.name] = { unavailable_storages: missing };
  }
  const disks = localDisks(cluster, guest).map(d => ({ volid: d.volume.volid, size: d.volume.size, cdrom: d.cdrom ? 1 : 0, is_unused: d.key.startsWith('unused') ? 1 : 0, is_vmstate: 0, is_tpmstate: d.key === 'tpmstate0' ? 1 : 0, is_cloudinit: d.cloudinit ? 1 : 0, is_attached: d.key.startsWith('unused') ? 0 : 1, shared: 0, replicate: 1, drivename: d.key, ...inSnapshots(guest, d.volume.volid) }));
  const base = { running: running ? 1 : 0, local_disks: disks, local_resources: localResources(guest) };
  if (guest.kind === 'lxc') return { running: running ? 1 : 0, 'allowed-nodes': allowed, 'not-allowed-nodes': refused };
  const nodes = running && !cluster.atLeast(8) ? {} : { allowed_nodes: allowed, not_allowed_nodes: refused };
  return { ...base, ...nodes, ...(cluster.atLeast(8) ? { 'mapped-resources': [], 'mapped-resource-info': {} } : {}), ...(cluster.atLeast(9) ? { 'has-dbus-vmstate': 1, 'dependent-ha-resources': [] } : {}) };
};

const move: Handler = call => {
  const { cluster } = call;
  const guest = cluster.guest(call);
  const target = needed(call, 'target');
  if (target === call.node.name) badParameters({ target: 'target is local node.' });
  if (!cluster.state.nodes.has(target)) die(`no such cluster node '${target}'`);
  if (!cluster.rights.isRoot(call.who) && call.p['force'] !== undefined) badParameters({ force: 'Only root may use this option.' });
  cluster.checkLock(guest);
  const running = guest.status === 'running';
  const online = flag(call, 'online');
  const restart = flag(call, 'restart');
  if (running && !online && !restart) die(guest.kind === 'qemu' ? "can't migrate running VM without --online" : "can't migrate running container without --online or --restart");
  if (running && guest.kind === 'lxc' && !restart) die('lxc live migration is currently not implemented');
  const targetStorage = text(call, 'targetstorage') ?? text(call, 'target-storage');
  if (targetStorage === undefined) for (const id of missingStorages(cluster, guest, target)) die(`storage '${id}' is not available on node '${target}'`);
  const resource = cluster.ha.resourceOf(guest);
  if (resource) {
    return cluster.task(call, 'hamigrate', guest.vmid, async worker => {
      worker.log(`Requesting HA migration for ${guest.kind === 'qemu' ? 'VM' : 'CT'} ${String(guest.vmid)} to node ${target}`);
      await worker.wait(400);
      if (cluster.ha.acts) resource.target = target;
    });
  }
  const options: MoveOptions = { target, online, restart, withLocalDisks: flag(call, 'with-local-disks'), ...(targetStorage === undefined ? {} : { targetStorage }) };
  return cluster.task(call, guest.kind === 'qemu' ? 'qmigrate' : 'vzmigrate', guest.vmid, async worker => {
    if (guest.kind === 'lxc' && running) {
      await shutDown(cluster, guest, worker, { forceStop: true });
      await migrate(cluster, guest, worker, options);
      await start(cluster, guest, worker);
    } else await migrate(cluster, guest, worker, options);
  });
};

export const migrationRoutes: Routes = {
  'GET /nodes/{node}/qemu/{vmid}/migrate': preconditions,
  'GET /nodes/{node}/lxc/{vmid}/migrate': preconditions,
  'POST /nodes/{node}/qemu/{vmid}/migrate': move,
  'POST /nodes/{node}/lxc/{vmid}/migrate': move,
  'POST /nodes/{node}/startall': call =>
    call.cluster.task(call, 'startall', '', async worker => {
      const ids = list(call.p['vms']).map(Number);
      for (const guest of call.cluster.state.guests.values()) {
        if (guest.node !== call.node.name || guest.status === 'running' || Number(guest.config['template'] ?? 0) === 1) continue;
        if (ids.length > 0 ? ids.includes(guest.vmid) : Number(guest.config['onboot'] ?? 0) === 1 || flag(call, 'force')) await start(call.cluster, guest, worker);
      }
    }),
  'POST /nodes/{node}/stopall': call =>
    call.cluster.task(call, 'stopall', '', async worker => {
      const ids = list(call.p['vms']).map(Number);
      for (const guest of call.cluster.state.guests.values()) if (guest.node === call.node.name && guest.status === 'running' && (ids.length === 0 || ids.includes(guest.vmid))) await shutDown(call.cluster, guest, worker, { forceStop: true });
    }),
  'POST /nodes/{node}/suspendall': call =>
    call.cluster.task(call, 'suspendall', '', async worker => {
      const ids = list(call.p['vms']).map(Number);
      for (const guest of call.cluster.state.guests.values()) if (guest.kind === 'qemu' && guest.node === call.node.name && guest.status === 'running' && (ids.length === 0 || ids.includes(guest.vmid))) await pause(call.cluster, guest, worker);
    }),
  'POST /nodes/{node}/migrateall': call =>
    call.cluster.task(call, 'migrateall', '', async worker => {
      const ids = list(call.p['vms']).map(Number);
      for (const guest of call.cluster.state.guests.values()) if (guest.node === call.node.name && (ids.length === 0 || ids.includes(guest.vmid))) await migrate(call.cluster, guest, worker, { target: needed(call, 'target'), online: true, withLocalDisks: flag(call, 'with-local-disks') });
    }),
};
