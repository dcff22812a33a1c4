// The contract every hypervisor's adapter fulfils: a small core, and optional parts. A part that is there is the capability.
// Contract clauses stand at the members; test/contract/provider-contract.ts holds every provider to them.
import type { ErrorAction } from './errors.ts';
import type { Action } from './actions.ts';
import type { GuestInfo, Machine, MachineDetails, MachineId, NetworkAdapter, PortForward, SharedFolder, Snapshot, Usage } from './machine.ts';
import type { MachineSpec } from './spec.ts';

export interface Disposable {
  dispose(): void;
}

/** One place where a provider finds machines. `local` is this computer. */
export interface Connection {
  readonly id: string;
  readonly label: string;
  /** Shown beside the label: `https://pve.lan:8006 · root@pam`. */
  readonly detail?: string;
}

export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Stable code for tests and docs: `virtualbox.notInstalled`. */
  readonly code: string;
  readonly message: string;
  readonly values?: readonly (string | number)[];
  readonly hint?: string;
  readonly actions?: readonly ErrorAction[];
  readonly raw?: string;
}

/** `usable` = list() is worth calling. Warnings may stand beside `usable: true`. */
export interface Diagnosis {
  readonly usable: boolean;
  readonly version?: string;
  readonly problems: readonly Problem[];
}

/** One thing said or sent, as it goes to the log: what was run, how long it took, how it ended. */
export interface RequestRecord {
  /** What a person could paste into a shell or read as an HTTP request; secrets masked. */
  readonly text: string;
  readonly durationMs: number;
  /** Exit code, HTTP status, or undefined when it never ended by itself. */
  readonly status?: number;
  readonly outcome: 'ok' | 'failed' | 'cancelled' | 'timedOut';
  /** First lines of what came back when it failed. */
  readonly output?: string;
}

/** What an operation gets while it runs. */
export interface OperationContext {
  readonly signal: AbortSignal;
  /** `message`: the step, an l10n key. `fraction`: 0–1 of the whole, where known. */
  progress(step: { readonly message?: string; readonly values?: readonly (string | number)[]; readonly fraction?: number }): void;
  /** Output of something long (a provisioner, a task log), line by line. */
  output(line: string): void;
  /** Writes down what is about to be made, before it is made. Absent = nobody keeps a journal. Resolves when it is on the disk. */
  intend?(intents: readonly Intent[]): Promise<void>;
}

/** Something that a create, clone or import is about to make. Written down first, it is found again when the process ends in between. */
export type Intent =
  /** A file, or a folder with all in it, that was not there. `kept`: what the folder held before, and keeps. */
  | { readonly kind: 'path'; readonly path: string; readonly kept?: readonly string[] }
  /** A disk image of the person's own that the hypervisor comes to know for a while: only to be forgotten again. */
  | { readonly kind: 'medium'; readonly path: string }
  /** A snapshot that is taken of `machine` to clone it from. `marked`: what its description holds, and no other's. */
  | { readonly kind: 'snapshot'; readonly machine: MachineId; readonly name: string; readonly marked: string }
  /**
   * A machine whose id is known before it is what was asked for. `name`: what it is called then; an id that is given out anew, like a number,
   * means it under that name alone. `is`: `asked` = the hypervisor has not said yet that it makes it; `lost` = the id went to another. What
   * is written later of an id holds. Absent = it is made.
   */
  | { readonly kind: 'machine'; readonly id: MachineId; readonly name?: string; readonly is?: 'asked' | 'lost' }
  /** A network of this computer. Without a name: one that is not among `before`. */
  | { readonly kind: 'network'; readonly networkKind: string; readonly name?: string; readonly before: readonly string[] };

/** One request as text for "Show commands": exactly what would run, secrets as `***`, `<id>` where an id is not known before. */
export interface CommandText {
  readonly text: string;
  /** `shell`, `powershell`, `http`: for highlighting. */
  readonly language: 'shell' | 'powershell' | 'http';
  readonly comment?: string;
}

export interface Provider {
  /** `virtualbox`, `hyperv`, `wsl`, `proxmox`. */
  readonly id: string;
  readonly label: string;
  readonly connection: Connection;

  /** Usable here? Never throws (but for an abort): what is wrong is the answer. */
  diagnose(signal: AbortSignal): Promise<Diagnosis>;
  /** Every machine, in as few round trips as physically possible, never one per machine. Throws GaiaError; an error never becomes an empty list. */
  list(signal: AbortSignal): Promise<readonly Machine[]>;
  /** Tells that something may have changed; list() stays the truth. Started when a view is visible, disposed when none is. */
  watch?(onHint: () => void): Disposable;
  /** The expensive rest for one machine. Throws GaiaError `notFound` when it is gone. */
  describe(id: MachineId, signal: AbortSignal): Promise<MachineDetails>;
  /** Requests that `action` would make, in order, without making any change. */
  commands(action: Action, signal: AbortSignal): Promise<readonly CommandText[]>;

  readonly power: Power;
  readonly lifecycle?: Lifecycle;
  readonly snapshots?: Snapshots;
  readonly cloning?: Cloning;
  readonly migration?: Migration;
  readonly availability?: Availability;
  readonly storage?: StorageAdmin;
  readonly networks?: NetworkAdmin;
  readonly appliances?: Appliances;
  readonly console?: Console;
  readonly terminal?: Terminal;
  readonly remote?: Remote;
  readonly usage?: UsageSource;
  readonly screenshot?: Screenshot;
  readonly guest?: Guest;
  readonly editing?: Editing;
  /** Compares a machine with what a file says of it. Without it only cpus, memory and the first disk are planned. */
  readonly planning?: Planning;
  /** Where its machines can stand, as of the last list: also places that are empty now. Makes no request. Absent = only what its machines say. */
  readonly places?: () => readonly Place[];
  /** Live values for completion in .gaia.json. */
  readonly suggestions?: Suggestions;
  /** Verbs of one provider alone (VirtualBox "discard saved state", Proxmox "backup"): shown in its machines' menu under its own group. */
  readonly extras?: readonly ExtraVerb[];
}

/** Every method resolves only when the hypervisor has finished (lock released, task ended) and rejects with a GaiaError. */
export interface Power {
  start(id: MachineId, options: StartOptions, context: OperationContext): Promise<void>;
  /** Asks the guest and waits. After `timeoutMs` rejects with `didNotAnswer`: the machine still runs; the caller offers power off. */
  shutDown(id: MachineId, options: { readonly timeoutMs: number }, context: OperationContext): Promise<void>;
  /** Already off = done, not an error. */
  powerOff(id: MachineId, context: OperationContext): Promise<void>;
  reset?(id: MachineId, context: OperationContext): Promise<void>;
  reboot?(id: MachineId, context: OperationContext): Promise<void>;
  pause?(id: MachineId, context: OperationContext): Promise<void>;
  resume?(id: MachineId, context: OperationContext): Promise<void>;
  suspend?(id: MachineId, context: OperationContext): Promise<void>;
  /** How a start may show the machine; the first is the default. Absent = one way only. */
  readonly startModes?: readonly StartMode[];
}

export type StartMode = 'headless' | 'gui' | 'detachable';
export interface StartOptions {
  readonly mode?: StartMode;
}

/** What a delete would remove, for the confirmation; and why it is refused, if it is. */
export interface DeletionPreview {
  readonly disks: readonly { readonly location: string; readonly usedBytes?: number; readonly goes: boolean; readonly why?: string }[];
  readonly snapshots: number;
  readonly refused?: string;
}

/** What a create wants to find ready: its caller fetches the source, converts it, and chooses how the machine is reached. */
export interface CreateNeeds {
  /** Disk formats that the tool takes, best first; others are converted. */
  readonly formats: readonly ('raw' | 'qcow2' | 'qcow' | 'vdi' | 'vmdk' | 'vhd' | 'vhdx')[];
  /** Features of qcow2 that the tool fails on halfway: such images are converted, or refused with the reason. */
  readonly cannotRead?: readonly ('zstd' | 'extendedL2')[];
  /** There where the first card is NAT, so that the machine is reached through forwarded ports alone, and the spec's networks are the cards from 2 on. */
  readonly cards?: {
    /** The hardware address that the spec's options give card `index` (from 1). */
    addressIn(options: MachineSpec['options'], index: number): string | undefined;
    /** One in the hypervisor's own range. */
    newAddress(): string;
    /** The options that give card `index` this address. */
    withAddress(index: number, address: string): MachineSpec['options'];
  };
}

export interface Lifecycle {
  /** What a create makes; absent = a virtual machine. */
  readonly makes?: Machine['kind'];
  /** `nothing`: the provider fetches by itself what a spec names. Absent = it is fetched for it, in whatever format it has. */
  readonly needs?: CreateNeeds | 'nothing';
  /** Makes the machine and resolves with its id. On failure removes what this call made, by id, and nothing else; the name is checked first. Does not start it. */
  create(spec: MachineSpec, context: OperationContext): Promise<MachineId>;
  deletionPreview(id: MachineId, signal: AbortSignal): Promise<DeletionPreview>;
  /** `false`: a machine's own disks always go with it. Absent = a delete may keep them. */
  readonly keepsDisks?: false;
  /** `disks: 'delete'` removes the machine's own disks, `'keep'` leaves all files. Refuses what `deletionPreview` refuses. */
  delete(id: MachineId, options: { readonly disks: 'delete' | 'keep'; readonly purge?: boolean }, context: OperationContext): Promise<void>;
  /** Those of the intents of a create, clone or import that did not end whose things are there and belong to no machine. Networks get their name. Changes nothing. */
  remains?(intents: readonly Intent[], signal: AbortSignal): Promise<readonly Intent[]>;
  /** Removes what `remains` told, and nothing that a machine uses. */
  removeRemains?(remains: readonly Intent[], context: OperationContext): Promise<void>;
  rename?(id: MachineId, name: string, context: OperationContext): Promise<void>;
  /** The states in which a rename works; absent = in any settled one. */
  readonly renamesIn?: readonly Machine['state'][];
  /** Which of these need the machine stopped, in its present state. Empty = can be changed now. */
  resizeNeedsStop?(id: MachineId, size: Resize, signal: AbortSignal): Promise<readonly (keyof Resize)[]>;
  resize?(id: MachineId, size: Resize, context: OperationContext): Promise<void>;
}

export interface Resize {
  readonly cpus?: number;
  readonly memoryMiB?: number;
  /** Grow only. `slot` as in Disk.slot. */
  readonly disk?: { readonly slot: string; readonly sizeBytes: number };
}

export interface Snapshots {
  list(id: MachineId, signal: AbortSignal): Promise<readonly Snapshot[]>;
  /** Resolves with the snapshot's id. `memory`: with the running machine's memory, where the provider lets one choose. */
  take(id: MachineId, options: { readonly name: string; readonly description?: string; readonly memory?: boolean }, context: OperationContext): Promise<string>;
  restore(id: MachineId, snapshot: string, context: OperationContext): Promise<void>;
  delete(id: MachineId, snapshot: string, context: OperationContext): Promise<void>;
  edit?(id: MachineId, snapshot: string, change: { readonly name?: string; readonly description?: string }, context: OperationContext): Promise<void>;
}

export interface CloneOptions {
  readonly name: string;
  readonly linked?: boolean;
  readonly snapshot?: string;
  /** A linked clone of the present state needs a snapshot of it: may one be taken, if there is none? */
  readonly takeSnapshot?: boolean;
  /** As MachineSpec.reserved, for the clone. */
  readonly reserved?: string;
  /** Node, and storage, where the provider has them. */
  readonly target?: string;
  readonly storage?: string;
}
export interface Cloning {
  /** A linked clone of a machine without a snapshot works, with `takeSnapshot`: the refusal then is a question. */
  readonly takesSnapshot?: boolean;
  /** Can this machine be cloned in this way now? undefined = yes, else why not (l10n key). */
  refusal?(id: MachineId, options: { readonly linked: boolean }, signal: AbortSignal): Promise<string | undefined>;
  clone(id: MachineId, options: CloneOptions, context: OperationContext): Promise<MachineId>;
}

export interface MigrationTarget {
  readonly name: string;
  /** Why not there; undefined = fits. */
  readonly refused?: string;
  readonly detail?: string;
  /** Higher fits better. */
  readonly fit: number;
}
export interface Migration {
  targets(id: MachineId, signal: AbortSignal): Promise<readonly MigrationTarget[]>;
  migrate(id: MachineId, options: { readonly target: string; readonly online?: boolean; readonly withLocalDisks?: boolean; readonly storage?: string }, context: OperationContext): Promise<void>;
}

export interface Availability {
  get(id: MachineId, signal: AbortSignal): Promise<{ readonly managed: boolean; readonly requested?: string; readonly reported?: string; readonly group?: string }>;
  set(id: MachineId, change: { readonly managed: boolean; readonly requested?: string; readonly group?: string }, context: OperationContext): Promise<void>;
  groups?(signal: AbortSignal): Promise<readonly string[]>;
}

export interface StorageInfo {
  readonly id: string;
  readonly node?: string;
  readonly type: string;
  readonly usedBytes?: number;
  readonly totalBytes?: number;
  readonly content: readonly string[];
  readonly shared?: boolean;
  readonly enabled?: boolean;
}
export interface StorageItem {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly sizeBytes?: number;
  readonly createdAt?: string;
  readonly machine?: string;
}
export interface StorageAdmin {
  list(signal: AbortSignal): Promise<readonly StorageInfo[]>;
  content(storage: StorageInfo, signal: AbortSignal): Promise<readonly StorageItem[]>;
  upload?(storage: StorageInfo, kind: string, file: string, context: OperationContext): Promise<void>;
  download?(storage: StorageInfo, kind: string, url: string, name: string, context: OperationContext): Promise<void>;
  remove?(storage: StorageInfo, item: StorageItem, context: OperationContext): Promise<void>;
}

export interface NetworkInfo {
  readonly name: string;
  readonly kind: string;
  readonly detail?: string;
  readonly node?: string;
}
export interface NetworkAdmin {
  list(signal: AbortSignal): Promise<readonly NetworkInfo[]>;
  create?(options: Readonly<Record<string, unknown>> & { readonly kind: string }, context: OperationContext): Promise<string>;
  remove?(network: NetworkInfo, context: OperationContext): Promise<void>;
}

/** OVA/OVF in and out. */
export interface Appliances {
  export(ids: readonly MachineId[], file: string, context: OperationContext): Promise<void>;
  /** `reserved`: a UUID by which what it makes can be found if this process ends meanwhile. */
  import(file: string, options: { readonly name?: string; readonly reserved?: string }, context: OperationContext): Promise<readonly MachineId[]>;
}

/** `external`: the provider opens its own window. `vnc`: bytes for noVNC in a webview. */
export type ConsoleTarget =
  | { readonly kind: 'external' }
  | { readonly kind: 'vnc'; readonly password?: string; connect(handlers: ByteHandlers): ByteChannel };
export interface ByteHandlers {
  data(bytes: Uint8Array): void;
  closed(reason?: string): void;
}
export interface ByteChannel extends Disposable {
  send(bytes: Uint8Array): void;
}
export interface Console {
  open(id: MachineId, context: OperationContext): Promise<ConsoleTarget>;
}

/** A shell inside the machine: a program to run here, or bytes to and from there. */
export type TerminalTarget =
  | { readonly kind: 'process'; readonly file: string; readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> }
  | { readonly kind: 'stream'; connect(size: { readonly columns: number; readonly rows: number }, handlers: { data(text: string): void; closed(reason?: string): void }): TerminalChannel };
export interface TerminalChannel extends Disposable {
  send(text: string): void;
  resize(size: { readonly columns: number; readonly rows: number }): void;
}
export interface Terminal {
  open(id: MachineId, signal: AbortSignal): Promise<TerminalTarget>;
}

/** A VS Code window inside the machine. */
export interface Remote {
  /** The remote authority that reaches it (`wsl+Ubuntu`), and the extension that understands such authorities. */
  target(id: MachineId, signal: AbortSignal): Promise<{ readonly authority: string; readonly extension: string; readonly path?: string }>;
}

export interface UsageSource {
  /** The latest readings, oldest first; one call per machine and tick of the details page. `since` in ms since 1970. */
  read(id: MachineId, since: number, signal: AbortSignal): Promise<readonly Usage[]>;
}

export interface Screenshot {
  /** PNG bytes of the machine's screen. */
  take(id: MachineId, signal: AbortSignal): Promise<Uint8Array>;
}

export interface Guest {
  info(id: MachineId, signal: AbortSignal): Promise<GuestInfo>;
  /** Puts the additions' ISO into the machine's drive. */
  insertAdditions?(id: MachineId, context: OperationContext): Promise<void>;
}

/** Changes to one existing machine beyond cpus, memory and disk size. Keys are the provider's documented settings. */
export interface Editing {
  readonly settings: readonly SettingDescription[];
  /** The kinds of change it can make at all; absent = every kind. */
  readonly kinds?: readonly Change['kind'][];
  apply(id: MachineId, changes: readonly Change[], context: OperationContext): Promise<void>;
  /** Which of these changes need the machine stopped, in its present state. */
  needsStop(id: MachineId, changes: readonly Change[], signal: AbortSignal): Promise<readonly Change[]>;
}
export interface SettingDescription {
  readonly key: string;
  readonly label: string;
  readonly type: 'boolean' | 'number' | 'string' | 'enum';
  readonly values?: readonly string[];
  readonly live?: boolean;
}
export type Change =
  | { readonly kind: 'setting'; readonly key: string; readonly value: string | number | boolean }
  | { readonly kind: 'addPortForward' | 'removePortForward'; readonly forward: PortForward }
  | { readonly kind: 'addSharedFolder' | 'removeSharedFolder'; readonly folder: SharedFolder }
  | { readonly kind: 'setAdapter'; readonly adapter: NetworkAdapter }
  | { readonly kind: 'removeAdapter'; readonly index: number }
  /** `format`: as in DiskSpec, where the provider has a choice; absent = its own. */
  | { readonly kind: 'addDisk'; readonly sizeBytes: number; readonly slot?: string; readonly storage?: string; readonly format?: string; readonly location?: string }
  | { readonly kind: 'removeDisk'; readonly slot: string; readonly deleteFile: boolean }
  /** To another storage, or to another format on the one it is on. */
  | { readonly kind: 'moveDisk'; readonly slot: string; readonly storage: string; readonly format?: string }
  | { readonly kind: 'insertMedium'; readonly slot: string; readonly location?: string };

/**
 * One thing in which a machine is not what its file says. `live` can be changed now; `stop` needs the machine stopped, in its present
 * state; `replace` cannot be changed at all: the machine would have to be deleted and made anew.
 */
export interface Difference {
  /** Stable name, for the plan and its tests: `memory`, `forward ssh`, `setting vram`. */
  readonly key: string;
  /** As a person reads it; undefined = not there. */
  readonly before?: string;
  readonly after?: string;
  readonly effect: 'live' | 'stop' | 'replace';
  /** What makes it so; absent for `replace`. */
  readonly change?: { readonly resize: Resize } | { readonly edit: Change } | { readonly rename: string };
  /** Data that would be lost by it, said before it is done. */
  readonly loses?: string;
}

/** A place that machines can stand in: a node of a cluster. Loads are 0–1, in steps coarse enough for a row. */
export interface Place {
  /** As in Machine.path. */
  readonly path: readonly string[];
  readonly online: boolean;
  readonly cpuFraction?: number;
  readonly memoryFraction?: number;
}

export interface Planning {
  /** Pure. Everything of `spec` that this provider can read back from `details`; the basics (cpus, memory, first disk) included. */
  compare(spec: MachineSpec, details: MachineDetails): readonly Difference[];
}

export interface Suggestions {
  /** Values for one path of the config (`config.box`, `config.provider_config.node` …); [] = none known. Cached by the caller. */
  values(path: string, signal: AbortSignal): Promise<readonly { readonly value: string; readonly description?: string }[]>;
}

export interface ExtraVerb {
  /** `discardSavedState`: the command `gaia.machine.<id>`. */
  readonly id: string;
  readonly title: string;
  /** Codicon name. */
  readonly icon?: string;
  /** May it be done now? */
  available(machine: Machine): boolean;
  /** Asked before, naming what may be lost; undefined = nothing can be. l10n key with the machine's name as {0}. */
  readonly confirm?: string;
  /** It deletes the machine: what is lost with it, for that question. */
  losses?(id: MachineId, signal: AbortSignal): Promise<DeletionPreview>;
  /** What it puts out is its result, so the log is shown when it is done. */
  readonly showsOutput?: true;
  /** A text asked of the user first (name, path …). */
  readonly input?: { readonly prompt: string; readonly value?: string };
  run(id: MachineId, input: string | undefined, context: OperationContext): Promise<void>;
}
