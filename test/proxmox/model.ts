// The state of the stand-in cluster: what tests may look at and change. Plain data; the rules are in the files beside it.
import type { Authority, NodeCertificate } from './certificates.ts';

export type Config = Record<string, string | number>;

export interface NetworkInterface {
  iface: string;
  type: 'bridge' | 'eth' | 'bond' | 'vlan' | 'OVSBridge' | 'alias';
  active?: 0 | 1;
  autostart?: 0 | 1;
  address?: string;
  netmask?: string;
  cidr?: string;
  gateway?: string;
  bridge_ports?: string;
  bridge_vlan_aware?: 0 | 1;
  'vlan-id'?: number;
  'vlan-raw-device'?: string;
  comments?: string;
  [key: string]: unknown;
}

export interface NodeState {
  name: string;
  /** false: its own port refuses, and calls through the others answer 595. */
  online: boolean;
  ip: string;
  cpus: number;
  memoryBytes: number;
  rootBytes: number;
  /** 0–1. */
  load: number;
  startedAt: number;
  interfaces: NetworkInterface[];
  certificate: NodeCertificate;
  port: number;
}

export interface SnapshotState {
  name: string;
  snaptime: number;
  description: string;
  parent?: string;
  vmstate: boolean;
  snapstate?: 'prepare' | 'delete';
  config: Config;
}

/** What pvestatd last told the cluster of a guest; /cluster/resources shows this, not the truth. */
export interface Broadcast {
  status: string;
  name: string;
  maxcpu: number;
  maxmem: number;
  maxdisk: number;
  cpu: number;
  mem: number;
  uptime: number;
  netin: number;
  netout: number;
  template: 0 | 1;
}

export interface GuestState {
  kind: 'qemu' | 'lxc';
  vmid: number;
  node: string;
  config: Config;
  /** Waiting for the next start: key → value, or `{ delete: 1 | 2 }`. */
  pending: Record<string, string | number | { readonly delete: 1 | 2 }>;
  status: 'running' | 'stopped';
  qmpstatus: string;
  /** Milliseconds of the test clock; undefined = not running. */
  startedAt?: number;
  pid?: number;
  snapshots: SnapshotState[];
  /** Does the guest's system answer ACPI (or the container's init the signal)? false = shutdown times out. */
  answersShutdown: boolean;
  /** Does a guest agent run in it (when it runs and `agent` is on)? */
  agentRuns: boolean;
  addresses: string[];
  broadcast?: Broadcast;
}

export interface StorageState {
  storage: string;
  type: string;
  content: string[];
  shared: boolean;
  /** undefined = all. */
  nodes?: string[];
  path?: string;
  disabled?: boolean;
  /** false: status `unknown`, operations fail. */
  active: boolean;
  totalBytes: number;
  /** Space in use beside the volumes. */
  otherBytes: number;
}

export interface VolumeState {
  volid: string;
  storage: string;
  /** undefined on shared storages. */
  node?: string;
  content: 'images' | 'rootdir' | 'iso' | 'vztmpl' | 'backup' | 'snippets' | 'import';
  format: string;
  size: number;
  vmid?: number;
  ctime: number;
  parent?: string;
  notes?: string;
  protected?: boolean;
  sha256?: string;
  /** What a backup brings back. */
  backup?: { kind: 'qemu' | 'lxc'; config: Config };
}

export interface UserState {
  userid: string;
  password: string;
  enable: boolean;
  expire: number;
  groups: string[];
  /** Base32 secret of a TOTP; undefined = no second factor. */
  totp?: string;
  /** One-time keys still unused. */
  recovery?: string[];
}

export interface TokenState {
  /** `user@realm!id`. */
  id: string;
  secret: string;
  privsep: boolean;
  expire: number;
  comment?: string;
}

export interface AclEntry {
  path: string;
  /** A user, a group (`@admins`) or a token id. */
  who: string;
  role: string;
  propagate: boolean;
}

export interface PoolState {
  poolid: string;
  comment?: string;
  vms: number[];
  storages: string[];
}

export interface HaResource {
  sid: string;
  state: string;
  group?: string;
  comment?: string;
  max_restart?: number;
  max_relocate?: number;
  failback?: number;
  /** What the manager has got to; undefined until it first saw the resource. */
  crm?: string;
  /** Asked by migrate or relocate. */
  target?: string;
}

export interface HaGroup {
  group: string;
  nodes: string;
  restricted?: number;
  nofailback?: number;
  comment?: string;
}

export interface HaRule {
  rule: string;
  type: 'node-affinity' | 'resource-affinity';
  resources: string;
  nodes?: string;
  strict?: number;
  affinity?: string;
  disable?: number;
  comment?: string;
}

export interface SdnZone {
  zone: string;
  type: string;
  nodes?: string;
  [key: string]: unknown;
}

export interface SdnVnet {
  vnet: string;
  zone: string;
  tag?: number;
  alias?: string;
  [key: string]: unknown;
}

/** A file on the stand-in's internet, for download-url and query-url-metadata. */
export interface WebFile {
  size: number;
  filename?: string;
  mimetype?: string;
  /** The answer when it can't be had: `404 Not Found`. */
  error?: string;
  /** By algorithm, hexadecimal. */
  digests?: Readonly<Record<string, string>>;
}

export interface ClusterState {
  version: '7.4' | '8.4' | '9.1';
  /** What /version says: release and version. */
  release: string;
  versionText: string;
  name: string | undefined;
  authority: Authority;
  nodes: Map<string, NodeState>;
  guests: Map<number, GuestState>;
  storages: Map<string, StorageState>;
  volumes: VolumeState[];
  users: Map<string, UserState>;
  groups: Map<string, string[]>;
  tokens: Map<string, TokenState>;
  roles: Map<string, readonly string[]>;
  acl: AclEntry[];
  pools: Map<string, PoolState>;
  haResources: Map<string, HaResource>;
  haGroups: Map<string, HaGroup>;
  haRules: Map<string, HaRule>;
  zones: Map<string, SdnZone>;
  vnets: Map<string, SdnVnet>;
  web: Map<string, WebFile>;
  /** What pveproxy has received or is receiving of uploads, in /var/tmp of a node; empty when all is done or given up. */
  uploads: Set<string>;
  options: Record<string, unknown>;
  backupJobs: Map<string, Record<string, unknown>>;
}
