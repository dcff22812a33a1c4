// The HA manager: requests are only noted by the API; this acts on them, some seconds later, with tasks of its own.
import type { Cluster } from './cluster.ts';
import { durations } from './cluster.ts';
import { migrate } from './migration.ts';
import type { GuestState, HaResource } from './model.ts';
import { shutDown, start } from './power.ts';

export class HaManager {
  private readonly cluster: Cluster;
  private timer: NodeJS.Timeout | undefined;
  private readonly busy = new Set<string>();
  /** false = no CRM runs: requests stay requests. */
  acts = true;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  run(): void {
    this.timer = setInterval(() => this.tick(), Math.max(5, durations.ha / this.cluster.clock.speed));
  }

  dispose(): void {
    clearInterval(this.timer);
  }

  resourceOf(guest: GuestState): HaResource | undefined {
    return this.cluster.state.haResources.get(`${guest.kind === 'qemu' ? 'vm' : 'ct'}:${String(guest.vmid)}`);
  }

  /** Looks at every resource once. Runs by itself; tests may call it. */
  tick(): void {
    if (!this.acts) return;
    for (const resource of this.cluster.state.haResources.values()) this.look(resource);
  }

  private look(resource: HaResource): void {
    const guest = this.cluster.state.guests.get(Number(resource.sid.split(':')[1]));
    if (!guest || this.busy.has(resource.sid)) return;
    if (resource.crm === undefined) {
      resource.crm = 'queued';
      return;
    }
    const wanted = resource.state === 'enabled' ? 'started' : resource.state;
    if (wanted === 'ignored') resource.crm = 'ignored';
    else if (resource.target !== undefined && resource.target !== guest.node) this.act(resource, guest, 'migrate');
    else if (wanted === 'started') this.act(resource, guest, guest.status === 'running' ? undefined : 'started');
    else this.act(resource, guest, guest.status === 'stopped' ? undefined : 'request_stop');
  }

  private act(resource: HaResource, guest: GuestState, what: 'migrate' | 'started' | 'request_stop' | undefined): void {
    if (what === undefined) {
      resource.crm = resource.state === 'started' ? 'started' : 'stopped';
      return;
    }
    resource.crm = what === 'started' ? 'starting' : what;
    this.busy.add(resource.sid);
    const { cluster } = this;
    const prefix = guest.kind === 'qemu' ? 'qm' : 'vz';
    const type = { migrate: guest.kind === 'qemu' ? 'qmigrate' : 'vzmigrate', started: `${prefix}start`, request_stop: `${prefix}shutdown` }[what];
    const { target } = resource;
    const upid = cluster.tasks.start({ node: guest.node, type, id: String(guest.vmid), user: 'root@pam' }, async worker => {
      if (what === 'migrate') await migrate(cluster, guest, worker, { target: target as string, online: true, withLocalDisks: false });
      else if (what === 'started') await start(cluster, guest, worker);
      else await shutDown(cluster, guest, worker, { forceStop: true, timeoutSeconds: 60 });
    });
    const task = cluster.tasks.get(upid);
    void task?.done.then(() => {
      this.busy.delete(resource.sid);
      if (what === 'migrate') delete resource.target;
      if (task.exitstatus !== 'OK' && !task.exitstatus?.startsWith('WARNINGS')) resource.crm = what === 'migrate' ? 'started' : 'error';
      else resource.crm = what === 'request_stop' ? 'stopped' : 'started';
    });
  }
}
