// The cluster at work: its state, its time, its tasks and its rights, with what every handler needs of them.
import { createHash, randomBytes } from 'node:crypto';
import { badParameters, die } from './apiError.ts';
import { Auth } from './auth.ts';
import type { Call } from './call.ts';
import { text } from './call.ts';
import { TestClock } from './clock.ts';
import { isCdrom, memoryMiB, parseDrive, parseSize } from './drives.ts';
import { HaManager } from './haManager.ts';
import type { ClusterState, GuestState, NodeState } from './model.ts';
import { nameOf, Rights } from './rights.ts';
import { Tasks, type Worker } from './tasks.ts';
import { ConsoleBook } from './consoleBook.ts';

/** Times on a real cluster, in ms: what `speed` divides. */
export const durations = { statistics: 10_000, ha: 10_000, lockWait: 10_000, consoleWait: 10_000, start: 1200, stop: 900, shutdown: 4000, quick: 300, create: 900, clone: 6000, snapshot: 1200, ramSnapshot: 4000, rollback: 1500, destroy: 900, migrate: 8000, backup: 6000, restore: 6000, download: 4000, import: 2000, move: 5000 } as const;

export class Cluster {
  readonly state: ClusterState;
  readonly clock: TestClock;
  readonly tasks: Tasks;
  readonly rights: Rights;
  readonly auth: Auth;
  readonly ha: HaManager;
  readonly consoles: ConsoleBook;
  private readonly locks = new Map<string, Promise<void>>();
  private statistics: NodeJS.Timeout | undefined;

  constructor(state: ClusterState, speed: number) {
    this.state = state;
    this.clock = new TestClock(speed);
    this.tasks = new Tasks(this.clock);
    this.rights = new Rights(state);
    this.auth = new Auth(state, this.clock);
    this.consoles = new ConsoleBook(this);
    this.ha = new HaManager(this);
  }

  /** Starts the clockwork: pvestatd's broadcast and the HA manager. */
  run(): void {
    this.broadcast();
    // With thousands of guests and a high speed the broadcast itself would be most of the work.
    this.statistics = setInterval(() => this.broadcast(), Math.max(5, durations.statistics / this.clock.speed, this.state.guests.size / 10));
    this.ha.run();
  }

  async dispose(): Promise<void> {
    clearInterval(this.statistics);
    this.ha.dispose();
    this.clock.dispose();
    this.consoles.dispose();
    await this.tasks.dispose();
  }

  /** pvestatd tells the cluster what runs; until the next time /cluster/resources shows this. */
  broadcast(): void {
    for (const guest of this.state.guests.values()) {
      if (this.state.nodes.get(guest.node)?.online !== true) {
        delete guest.broadcast;
        continue;
      }
      const now = this.measure(guest);
      guest.broadcast = { ...now, status: guest.kind === 'qemu' && guest.status === 'running' && guest.qmpstatus !== 'running' ? guest.qmpstatus : guest.status };
    }
  }

  /** The numbers of a guest now. */
  measure(guest: GuestState): { name: string; maxcpu: number; maxmem: number; maxdisk: number; cpu: number; mem: number; uptime: number; netin: number; netout: number; template: 0 | 1 } {
    const { config } = guest;
    const uptime = guest.startedAt === undefined ? 0 : Math.max(0, Math.floor((this.clock.now() - guest.startedAt) / 1000));
    const runs = guest.status === 'running';
    const paused = guest.qmpstatus === 'paused';
    const maxmem = memoryMiB(config['memory']) * 1048576;
    const wave = 0.5 + 0.5 * Math.sin(guest.vmid + this.clock.now() / 20_000);
    return {
      name: String(config[guest.kind === 'qemu' ? 'name' : 'hostname'] ?? (guest.kind === 'qemu' ? `VM ${String(guest.vmid)}` : `CT${String(guest.vmid)}`)),
      maxcpu: Number(config['cores'] ?? 1) * Number(config['sockets'] ?? 1),
      maxmem,
      maxdisk: this.bootDiskBytes(guest),
      cpu: runs && !paused ? 0.02 + 0.2 * wave : 0,
      mem: runs ? Math.floor(maxmem * (0.3 + 0.2 * wave)) : 0,
      uptime,
      netin: runs ? uptime * 1500 + 90 : 0,
      netout: runs ? uptime * 300 : 0,
      template: Number(config['template'] ?? 0) === 1 ? 1 : 0,
    };
  }

  private bootDiskBytes(guest: GuestState): number {
    const { config } = guest;
    const order = /order=([^,]*)/.exec(String(config['boot'] ?? ''))?.[1]?.split(';') ?? [];
    const keys = guest.kind === 'lxc' ? ['rootfs'] : [...order, 'scsi0', 'virtio0', 'sata0', 'ide0'];
    for (const key of keys) {
      const value = config[key];
      if (value === undefined || key.startsWith('net')) continue;
      const drive = parseDrive(String(value));
      if (!isCdrom(drive)) return parseSize(drive.options.get('size') ?? '0');
    }
    return 0;
  }

  /** The guest of a call, on the call's node. Else the real "does not exist". */
  guest(call: Call, key = 'vmid'): GuestState {
    return this.guestOn(call.node.name, Number(call.p[key]), call.endpoint.path.includes('/lxc/') ? 'lxc' : 'qemu');
  }

  guestOn(node: string, vmid: number, kind: 'qemu' | 'lxc'): GuestState {
    const guest = this.state.guests.get(vmid);
    if (guest?.node !== node || guest.kind !== kind) {
      return die(`Configuration file 'nodes/${node}/${kind === 'qemu' ? 'qemu-server' : 'lxc'}/${String(vmid)}.conf' does not exist`);
    }
    return guest;
  }

  /** Throws `VM is locked (backup)`; `allowed` locks pass. */
  checkLock(guest: GuestState, ...allowed: readonly string[]): void {
    const lock = guest.config['lock'];
    if (lock !== undefined && !allowed.includes(String(lock))) die(`${guest.kind === 'qemu' ? 'VM' : 'CT'} is locked (${String(lock)})`);
  }

  /** `skiplock` is for root@pam itself, without a token. */
  checkSkipLock(call: Call): boolean {
    if (Number(call.p['skiplock'] ?? 0) !== 1) return false;
    if (!this.rights.isRoot(call.who)) badParameters({ skiplock: 'Only root may use this option.' });
    return true;
  }

  /** Runs `work` under the file lock of a guest's configuration; after ten seconds of waiting it fails as the real one does. */
  async locked<T>(guest: { readonly kind: 'qemu' | 'lxc'; readonly vmid: number }, work: () => Promise<T> | T): Promise<T> {
    const file = `/var/lock/${guest.kind === 'qemu' ? 'qemu-server/lock-' : 'lxc/pve-config-'}${String(guest.vmid)}.${guest.kind === 'qemu' ? 'conf' : 'lock'}`;
    const before = this.locks.get(file);
    if (before) {
      const late = Symbol('late');
      const waited = new AbortController();
      const winner = await Promise.race([before, this.clock.wait(durations.lockWait, waited.signal).then(() => late, () => undefined)]);
      waited.abort();
      if (winner === late) die(`can't lock file '${file}' - got timeout`);
      if (this.locks.has(file)) return this.locked(guest, work);
    }
    let release = (): void => undefined;
    const held = new Promise<void>(resolve => (release = resolve));
    this.locks.set(file, held);
    try {
      return await work();
    } finally {
      this.locks.delete(file);
      release();
    }
  }

  /** A task of the caller, on the call's node. */
  task(call: Call, type: string, id: string | number, work: (worker: Worker) => Promise<void>): string {
    return this.tasks.start({ node: call.node.name, type, id: String(id), user: nameOf(call.who) }, work);
  }

  /** SHA-1 of the configuration as it stands: the `digest`. */
  digest(guest: GuestState): string {
    return createHash('sha1').update(JSON.stringify([guest.config, guest.pending, guest.snapshots.map(s => [s.name, s.parent, s.snapstate])])).digest('hex');
  }

  checkDigest(call: Call, guest: GuestState): void {
    const given = text(call, 'digest');
    if (given !== undefined && given !== this.digest(guest)) die('checksum mismatch (file change by other user?)');
  }

  nodeNamed(name: string): NodeState {
    return this.state.nodes.get(name) ?? die(`hostname lookup '${name}' failed - failed to get address info for: ${name}: Temporary failure in name resolution`);
  }

  /** The lowest free id, from 100. */
  nextId(): number {
    for (let id = 100; ; id += 1) if (!this.state.guests.has(id)) return id;
  }

  poolOf(vmid: number): string | undefined {
    return [...this.state.pools.values()].find(pool => pool.vms.includes(vmid))?.poolid;
  }

  /** Is this version at least `major`? */
  atLeast(major: number): boolean {
    return Number(this.state.version.split('.')[0]) >= major;
  }

  newMac(): string {
    return `BC:24:11:${(randomBytes(3).toString('hex').toUpperCase().match(/../g) ?? []).join(':')}`;
  }

  newUuid(): string {
    const h = randomBytes(16).toString('hex');
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`;
  }

  newPid(): number {
    return 20_000 + Math.floor(Math.random() * 40_000);
  }
}
