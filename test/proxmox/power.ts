// What power actions do to a guest. Called by the API's tasks and by the HA manager.
import { die } from './apiError.ts';
import type { Cluster } from './cluster.ts';
import { durations } from './cluster.ts';
import { isCdrom, isDriveKey, isNicKey, memoryMiB, parseDrive, unset } from './drives.ts';
import type { GuestState } from './model.ts';
import { applyPending } from './pending.ts';
import { allocate, freeVolume, volumeOf } from './volumes.ts';
import type { Worker } from './tasks.ts';

const label = (guest: GuestState): string => `${guest.kind === 'qemu' ? 'VM' : 'CT'} ${String(guest.vmid)}`;

function setRunning(cluster: Cluster, guest: GuestState, paused = false): void {
  guest.status = 'running';
  guest.qmpstatus = paused ? 'paused' : 'running';
  guest.startedAt = cluster.clock.now();
  guest.pid = cluster.newPid();
}

export function setStopped(guest: GuestState): void {
  guest.status = 'stopped';
  guest.qmpstatus = 'stopped';
  delete guest.startedAt;
  delete guest.pid;
}

/** Is the agent on in the configuration, and does it run? */
export const agentEnabled = (guest: GuestState): boolean => /^(?:enabled=)?1/.test(String(guest.config['agent'] ?? '0'));
export const agentAnswers = (guest: GuestState): boolean => guest.status === 'running' && guest.qmpstatus === 'running' && agentEnabled(guest) && guest.agentRuns;

export async function start(cluster: Cluster, guest: GuestState, worker: Worker, options: { readonly skipLock?: boolean } = {}): Promise<void> {
  await cluster.locked(guest, async () => {
    if (!options.skipLock) cluster.checkLock(guest, 'suspended');
    if (Number(guest.config['template'] ?? 0) === 1) die(guest.kind === 'qemu' ? "you can't start a vm if it's a template" : "you can't start a CT if it's a template");
    if (guest.status === 'running') die(`${label(guest)} already running`);
    const suspended = guest.config['lock'] === 'suspended';
    applyPending(cluster, guest);
    checkDevices(cluster, guest);
    await worker.wait(durations.start);
    if (suspended) {
      worker.log('Resuming suspended VM');
      worker.log(`activating and using '${String(guest.config['vmstate'])}' as vmstate`);
      freeVolume(cluster, String(guest.config['vmstate']));
      unset(guest.config, 'lock', 'vmstate', 'runningmachine', 'runningcpu', 'running-nets-host-mtu');
      worker.log('Resumed VM, removing state');
    }
    setRunning(cluster, guest);
  });
}

/** Bridges and volumes must be there, or the start fails inside its task. */
function checkDevices(cluster: Cluster, guest: GuestState): void {
  const node = cluster.nodeNamed(guest.node);
  for (const [key, value] of Object.entries(guest.config)) {
    if (isNicKey(key)) {
      const bridge = /(?:^|,)bridge=([^,]+)/.exec(String(value))?.[1];
      if (bridge !== undefined && !node.interfaces.some(i => i.iface === bridge) && !cluster.state.vnets.has(bridge)) die(`bridge '${bridge}' does not exist`);
    }
    if (!isDriveKey(key) || key.startsWith('unused')) continue;
    const drive = parseDrive(String(value));
    if (drive.file === 'none' || drive.file === 'cdrom') continue;
    const storage = cluster.state.storages.get(drive.file.split(':')[0] ?? '');
    if (storage && !storage.active) die(`storage '${storage.storage}' is not online`);
    if (!volumeOf(cluster, drive.file, guest.node)) die(isCdrom(drive) ? `volume '${drive.file}' does not exist` : `no such logical volume or file '${drive.file}'`);
  }
}

export async function stop(cluster: Cluster, guest: GuestState, worker: Worker, skipLock = false): Promise<void> {
  await cluster.locked(guest, async () => {
    if (!skipLock) cluster.checkLock(guest);
    if (guest.status === 'stopped') return;
    await worker.wait(durations.stop);
    setStopped(guest);
  });
}

export async function shutDown(cluster: Cluster, guest: GuestState, worker: Worker, options: { readonly timeoutSeconds?: number; readonly forceStop: boolean }): Promise<void> {
  await cluster.locked(guest, async () => {
    cluster.checkLock(guest);
    if (guest.status === 'stopped') return;
    if (guest.kind === 'qemu' && agentEnabled(guest) && !guest.agentRuns) worker.log(`QEMU Guest Agent is not running - VM ${String(guest.vmid)} qga command 'guest-ping' failed - got timeout`);
    const limit = (options.timeoutSeconds ?? (guest.kind === 'qemu' ? 180 : 60)) * 1000;
    const answers = guest.answersShutdown && guest.qmpstatus === 'running' && durations.shutdown <= limit;
    await worker.wait(answers ? durations.shutdown : limit);
    if (!answers && !options.forceStop) die(guest.kind === 'qemu' ? 'VM quit/powerdown failed - got timeout' : `command 'lxc-stop -n ${String(guest.vmid)} --nokill --timeout ${String(limit / 1000)}' failed: exit code 1`);
    if (!answers) worker.log('VM still running - terminating now with SIGTERM');
    setStopped(guest);
  });
}

export async function reboot(cluster: Cluster, guest: GuestState, worker: Worker, timeoutSeconds: number | undefined): Promise<void> {
  await shutDown(cluster, guest, worker, { ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), forceStop: false });
  await start(cluster, guest, worker);
}

export async function reset(cluster: Cluster, guest: GuestState, worker: Worker): Promise<void> {
  await cluster.locked(guest, async () => {
    cluster.checkLock(guest);
    if (guest.status !== 'running') die(`VM ${String(guest.vmid)} not running`);
    await worker.wait(durations.quick);
    guest.startedAt = cluster.clock.now();
  });
}

export async function pause(cluster: Cluster, guest: GuestState, worker: Worker): Promise<void> {
  await cluster.locked(guest, async () => {
    cluster.checkLock(guest, 'backup');
    if (guest.status !== 'running') die(`${label(guest)} not running`);
    await worker.wait(durations.quick);
    guest.qmpstatus = 'paused';
  });
}

export async function suspendToDisk(cluster: Cluster, guest: GuestState, worker: Worker, storage: string): Promise<void> {
  await cluster.locked(guest, () => {
    cluster.checkLock(guest);
    if (guest.status !== 'running') die(`VM ${String(guest.vmid)} not running`);
    guest.config['lock'] = 'suspending';
  });
  try {
    const size = memoryMiB(guest.config['memory']) * 2 * 1048576 + 524_288_000;
    const day = new Date(cluster.clock.now()).toISOString().slice(0, 10);
    const volume = allocate(cluster, { node: guest.node, storage, vmid: guest.vmid, size, format: 'raw', content: 'images', name: `vm-${String(guest.vmid)}-state-suspend-${day}` });
    worker.log(`Formatting '${volume.volid}', fmt=raw size=${String(size)} preallocation=off`);
    await worker.wait(durations.ramSnapshot);
    worker.log('State saved, quitting');
    Object.assign(guest.config, { lock: 'suspended', vmstate: volume.volid, runningmachine: 'pc-i440fx-9.2+pve1', runningcpu: String(guest.config['cpu'] ?? 'kvm64') });
    setStopped(guest);
  } catch (error) {
    delete guest.config['lock'];
    throw error;
  }
}

export async function resume(cluster: Cluster, guest: GuestState, worker: Worker): Promise<void> {
  if (guest.config['lock'] === 'suspended' && guest.status === 'stopped') return start(cluster, guest, worker);
  await cluster.locked(guest, async () => {
    cluster.checkLock(guest, 'backup');
    if (guest.status !== 'running') die(`${label(guest)} not running`);
    await worker.wait(durations.quick);
    guest.qmpstatus = 'running';
  });
}
