// Power actions: each gives an UPID; some checks come before it and some inside the task, as on the real server.
import { die } from './apiError.ts';
import type { Call, Handler, Routes } from './call.ts';
import { flag, number, text } from './call.ts';
import type { GuestState } from './model.ts';
import { pause, reboot, reset, resume, shutDown, start, stop, suspendToDisk } from './power.ts';
import type { Worker } from './tasks.ts';

type Work = (guest: GuestState, worker: Worker, call: Call) => Promise<void>;

const prefix = (call: Call): 'qm' | 'vz' => (call.endpoint.path.includes('/lxc/') ? 'vz' : 'qm');
const isLxc = (call: Call): boolean => prefix(call) === 'vz';

/** The guest when the task looks for it: a guest that does not exist fails there, not at the call. */
const later = (call: Call): GuestState => call.cluster.guest(call);
const present = (call: Call): GuestState | undefined => {
  const guest = call.cluster.state.guests.get(Number(call.p['vmid']));
  return guest?.node === call.node.name ? guest : undefined;
};

/** Start, stop and shutdown of a guest that HA manages only note the request. */
function byHa(call: Call, request: 'start' | 'stop', state: string): string | undefined {
  const { cluster } = call;
  const guest = present(call);
  const resource = guest && cluster.ha.resourceOf(guest);
  if (!guest || !resource) return undefined;
  return cluster.task(call, `ha${request}`, guest.vmid, async worker => {
    worker.log(`Requesting HA ${request} for ${guest.kind === 'qemu' ? 'VM' : 'CT'} ${String(guest.vmid)}`);
    await worker.wait(400);
    if (cluster.ha.acts) resource.state = state;
  });
}

const task = (call: Call, verb: string, work: Work): string =>
  call.cluster.task(call, `${prefix(call)}${verb}`, String(call.p['vmid']), async worker => work(later(call), worker, call));

/** Fails at once when the guest does not run: only the lock is found later, inside the task. */
function mustRun(call: Call, word: 'VM' | 'CT' = 'VM', allowSuspended = false): void {
  const guest = later(call);
  if (guest.status === 'running' || (allowSuspended && guest.config['lock'] === 'suspended')) return;
  die(`${word} ${String(guest.vmid)} not running`);
}

const startIt: Handler = call => {
  const skipLock = call.cluster.checkSkipLock(call);
  if (isLxc(call) && later(call).status === 'running') die(`CT ${String(call.p['vmid'])} already running`);
  return byHa(call, 'start', 'started') ?? task(call, 'start', (guest, worker) => start(call.cluster, guest, worker, { skipLock }));
};

const stopIt: Handler = call => {
  const skipLock = call.cluster.checkSkipLock(call);
  if (isLxc(call)) mustRun(call, 'CT');
  if (flag(call, 'overrule-shutdown')) {
    for (const running of call.cluster.tasks.running()) if (running.type === `${prefix(call)}shutdown` && running.id === String(call.p['vmid'])) call.cluster.tasks.stop(running.upid);
  }
  return (
    byHa(call, 'stop', 'stopped') ??
    call.cluster.task(call, `${prefix(call)}stop`, String(call.p['vmid']), async worker => {
      const guest = present(call) ?? die(`unable to find configuration file for ${isLxc(call) ? 'CT' : 'VM'} ${String(call.p['vmid'])} on node '${call.node.name}'`);
      await stop(call.cluster, guest, worker, skipLock);
    })
  );
};

const shutDownIt: Handler = call => {
  call.cluster.checkSkipLock(call);
  const guest = later(call);
  if (isLxc(call)) mustRun(call, 'CT');
  if (guest.qmpstatus === 'paused' && !flag(call, 'forceStop')) die('VM is paused - cannot shutdown');
  const timeoutSeconds = number(call, 'timeout');
  const options = { forceStop: flag(call, 'forceStop', false), ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
  return byHa(call, 'stop', 'stopped') ?? task(call, 'shutdown', (g, worker) => shutDown(call.cluster, g, worker, options));
};

const suspendIt: Handler = call => {
  call.cluster.checkSkipLock(call);
  const { cluster } = call;
  if (isLxc(call)) {
    mustRun(call, 'CT');
    return task(call, 'suspend', (guest, worker) => pause(cluster, guest, worker));
  }
  const toDisk = flag(call, 'todisk');
  const guest = later(call);
  if (guest.config['lock'] === undefined) mustRun(call);
  if (!toDisk) return task(call, 'pause', (g, worker) => pause(cluster, g, worker));
  cluster.rights.need(call.who, `/vms/${String(guest.vmid)}`, 'VM.Config.Disk');
  const disk = Object.entries(guest.config).find(([key]) => /^(?:scsi|virtio|sata|ide)\d+$/.test(key) && !String(guest.config[key]).includes('media=cdrom'))?.[1];
  const storage = text(call, 'statestorage') ?? String(guest.config['vmstatestorage'] ?? String(disk ?? 'local:').split(':')[0]);
  return task(call, 'suspend', (g, worker) => suspendToDisk(cluster, g, worker, storage));
};

const rebootIt: Handler = call => {
  mustRun(call);
  const guest = later(call);
  if (guest.qmpstatus === 'paused') die('VM is paused - cannot shutdown');
  return task(call, 'reboot', (g, worker) => reboot(call.cluster, g, worker, number(call, 'timeout')));
};

const both = (verb: string, handler: Handler): Routes => ({ [`POST /nodes/{node}/qemu/{vmid}/status/${verb}`]: handler, [`POST /nodes/{node}/lxc/{vmid}/status/${verb}`]: handler });

export const powerRoutes: Routes = {
  ...both('start', startIt),
  ...both('stop', stopIt),
  ...both('shutdown', shutDownIt),
  ...both('reboot', rebootIt),
  ...both('suspend', suspendIt),
  ...both('resume', call => {
    call.cluster.checkSkipLock(call);
    mustRun(call, isLxc(call) ? 'CT' : 'VM', true);
    return task(call, 'resume', (guest, worker) => resume(call.cluster, guest, worker));
  }),
  'POST /nodes/{node}/qemu/{vmid}/status/reset': call => {
    call.cluster.checkSkipLock(call);
    mustRun(call);
    return task(call, 'reset', (guest, worker) => reset(call.cluster, guest, worker));
  },
};
