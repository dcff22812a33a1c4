// What a machine is, to every part of Gaia: its id, its state, and what can be said of it cheaply (Machine) or at a cost (MachineDetails).

/**
 * Provider id, connection id and the provider's own stable id in one string, `virtualbox:local:7f3c…`. Only
 * {@link machineId} makes one and only {@link parseMachineId} reads one. Names are labels; an id never is.
 */
export type MachineId = string & { readonly __brand: 'MachineId' };

export interface MachineIdParts {
  readonly provider: string;
  readonly connection: string;
  /** VirtualBox UUID, Hyper-V GUID, WSL registry GUID, Proxmox `qemu/100`. May contain `:` and `/`. */
  readonly native: string;
}

export function machineId(provider: string, connection: string, native: string): MachineId {
  return `${encodeURIComponent(provider)}:${encodeURIComponent(connection)}:${native}` as MachineId;
}

/** The parts of an id. Throws RangeError for a string that is no id. */
export function parseMachineId(id: string): MachineIdParts {
  const match = /^([^:]+):([^:]+):(.+)$/s.exec(id);
  if (!match) throw new RangeError(`"${id}" is not a machine id`);
  return { provider: decodeURIComponent(match[1] as string), connection: decodeURIComponent(match[2] as string), native: match[3] as string };
}

export const settledStates = ['running', 'stopped', 'paused', 'suspended', 'error', 'unknown'] as const;
export const transitStates = ['starting', 'stopping', 'suspending', 'creating', 'deleting', 'migrating'] as const;

/** `suspended` = state saved to disk; `paused` = in memory, not running. */
export type MachineState = (typeof settledStates)[number] | (typeof transitStates)[number];

export function isInTransit(state: MachineState): boolean {
  return (transitStates as readonly string[]).includes(state);
}

/** What a row of the tree shows. Everything here comes from `Provider.list()`, so it must be cheap, and holds nothing volatile (no uptime, no load). */
export interface Machine {
  readonly id: MachineId;
  readonly name: string;
  readonly kind: 'vm' | 'container' | 'distribution';
  /** A thing to clone from, which cannot be started (Proxmox templates). */
  readonly template?: boolean;
  readonly state: MachineState;
  /** The provider's own word for the state, never translated: `powered off`, `Saved`, `RunningCritical`. */
  readonly providerState: string;
  /** Where it sits inside its connection, outermost first: VirtualBox groups `["lab", "web"]`, Proxmox `["pve1"]`. */
  readonly path?: readonly string[];
  readonly cpus?: number;
  readonly memoryMiB?: number;
  readonly diskBytes?: number;
  readonly tags?: readonly string[];
  readonly pool?: string;
  readonly description?: string;
  /** Why it cannot be changed right now, in the provider's word: Proxmox `backup`, `migrate`. */
  readonly lock?: string;
  /** Why it can never be deleted from here: `protected`, `docker-desktop`. */
  readonly protection?: string;
  /** High availability: the requested and the reported state. */
  readonly availability?: { readonly requested: string; readonly reported?: string };
  /** Small facts to show beside the name: `default`, `WSL 1`, `critical`. Stable, short, not translated. */
  readonly badges?: readonly string[];
  /** True when the machine was last seen in an answer that is older than its provider's last attempt. */
  readonly stale?: boolean;
  /** How many snapshots it has, where the list says so; undefined = not known, so the tree offers to look. */
  readonly snapshotCount?: number;
  /** Provider-specific facts that rows, menus of that provider and tests may read. JSON values only. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface Disk {
  /** Where it is attached: `SATA 0:0`, `scsi0`. Unique in the machine. */
  readonly slot: string;
  readonly kind: 'disk' | 'cdrom' | 'floppy' | 'cloudinit' | 'efi' | 'tpm';
  /** File path or volume id; undefined = empty drive. */
  readonly location?: string;
  readonly capacityBytes?: number;
  readonly usedBytes?: number;
  readonly format?: string;
  readonly storage?: string;
  /** Other machines or snapshots also need it, so it is never deleted with this machine. */
  readonly shared?: boolean;
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface NetworkAdapter {
  /** From 1 for VirtualBox, from 0 for `net0` of Proxmox: the provider's own number. */
  readonly index: number;
  readonly mode: string;
  /** Bridge, host-only interface, switch, internal network. */
  readonly network?: string;
  readonly macAddress?: string;
  readonly model?: string;
  readonly connected?: boolean;
  readonly vlan?: number;
  readonly addresses?: readonly string[];
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface PortForward {
  readonly name: string;
  readonly adapter: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp?: string;
  readonly hostPort: number;
  readonly guestIp?: string;
  readonly guestPort: number;
}

export interface SharedFolder {
  readonly name: string;
  readonly hostPath: string;
  readonly readOnly?: boolean;
  readonly autoMount?: boolean;
  readonly mountPoint?: string;
  /** Gone when the machine stops. */
  readonly transient?: boolean;
}

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** ISO 8601 UTC. */
  readonly createdAt?: string;
  /** The machine's memory is in it, so a restore ends in a running (or suspended) machine. */
  readonly withMemory?: boolean;
  /** The machine's present state derives from this one. */
  readonly current?: boolean;
  readonly children: readonly Snapshot[];
}

export interface GuestInfo {
  /** Guest Additions, integration services or agent: version, and whether it answers. */
  readonly agentVersion?: string;
  readonly agentRunning?: boolean;
  readonly runLevel?: string;
  readonly osName?: string;
  readonly hostname?: string;
  readonly addresses: readonly string[];
}

/** What `Provider.describe()` finds out about one machine, at the price of a call. */
export interface MachineDetails {
  readonly machine: Machine;
  readonly firmware?: string;
  readonly osType?: string;
  readonly disks: readonly Disk[];
  readonly adapters: readonly NetworkAdapter[];
  readonly portForwards: readonly PortForward[];
  readonly sharedFolders: readonly SharedFolder[];
  readonly snapshots: readonly Snapshot[];
  readonly guest?: GuestInfo;
  /** ISO 8601 UTC: since when it runs. */
  readonly startedAt?: string;
  /** Changes that take effect at the next start: key → new value. */
  readonly pending?: Readonly<Record<string, string>>;
  /** All settings as the provider names them, for "all settings", drift and export. */
  readonly settings: Readonly<Record<string, string>>;
}

/** One reading of a machine's load. Rates are per second; undefined = not measured. */
export interface Usage {
  readonly at: number;
  /** 0–1 of all the machine's CPUs. */
  readonly cpuFraction?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryTotalBytes?: number;
  readonly diskReadBytesPerSecond?: number;
  readonly diskWriteBytesPerSecond?: number;
  readonly networkInBytesPerSecond?: number;
  readonly networkOutBytesPerSecond?: number;
}
