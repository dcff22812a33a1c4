/** Options of one call: the time after which it is killed (default 120 000 ms), what it reads on stdin, its working folder. */
export interface CallOptions {
  timeoutMs?: number;
  input?: string;
  cwd?: string;
}

export interface CallResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface VmOptions {
  name: string;
  /** VirtualBox group, e.g. `/lab/web`. */
  group?: string;
  memoryMiB?: number;
  cpus?: number;
  /** With a disk of this size (dynamic VDI) on a SATA controller named `SATA`. */
  diskMiB?: number;
  osType?: string;
  /** More arguments of `modifyvm`. */
  modify?: string[];
}

export interface PrivateVirtualBox {
  /** Absolute path of VBoxManage (7.2). */
  readonly vboxmanage: string;
  /** The folder with VBoxManage to put first in PATH; bin70 says it is 7.0, for Vagrant. */
  readonly bin: string;
  readonly bin70: string;
  /** Everything of this VirtualBox lies under here; home and machineFolder are in it. */
  readonly folder: string;
  readonly home: string;
  readonly machineFolder: string;
  readonly socketId: string;
  /** What must be in the environment to reach it: VBOX_USER_HOME, VBOX_IPC_SOCKETID, PATH. */
  readonly variables: Readonly<Record<'VBOX_USER_HOME' | 'VBOX_IPC_SOCKETID' | 'PATH', string>>;
  /** process.env with these variables. */
  readonly env: NodeJS.ProcessEnv;
  /** VBoxManage with these arguments; resolves with stdout, rejects with stderr when the exit code is not 0. Waits up to 15 s for a lock. */
  run(args: readonly string[], options?: CallOptions): Promise<string>;
  /** The same, but a non-zero exit code is an answer. */
  call(args: readonly string[], options?: CallOptions): Promise<CallResult>;
  /** Makes a VM that can really start here (interpreter engine, 64 MiB, NAT). Returns its UUID. */
  createVm(options: VmOptions): Promise<string>;
  /** What VirtualBox itself says: `running`, `poweroff`, `saved`, `paused` … */
  state(vm: string): Promise<string | undefined>;
  /** Its processes, by pid: to kill VBoxSVC in a fault test, say. */
  processes(): { pid: number; program: string }[];
  /** Starts VBoxSVC anew, as one that stays while this process lives. `enter`: a command before it, `nsenter --net=…`. */
  keepService(...enter: string[]): Promise<void>;
  /** Switches everything off, waits until all its processes have ended (by pid), removes the folder. */
  dispose(): Promise<void>;
}

/** Installs the rig's VirtualBox; instant when it is there. `windows`: the larger one, which can show machines in windows (with Xvfb). Rejects with Unavailable where this machine cannot have it. */
export function ensureVirtualBox(options?: { windows?: boolean }): Promise<{ vboxmanage: string; bin: string; bin70: string; version: string }>;
/** Why there is none here, or undefined when privateVirtualBox() works: `describe.skipIf(virtualBoxMissing())`. */
export function virtualBoxMissing(options?: { windows?: boolean }): string | undefined;
/** A fresh VirtualBox with no machines. `windows`: one that can show machines in windows. `folder`: a lasting one instead of a temporary folder; dispose() then keeps it. `service`: by itself VBoxSVC ends 5 s after its last client, and the next call starts it anew; one that `stays` is for tests of something else. */
export function privateVirtualBox(options?: { folder?: string; windows?: boolean; service?: 'comesAndGoes' | 'stays' }): Promise<PrivateVirtualBox>;
/** The private VirtualBox that this process's environment names already, in the extension host of a test; undefined outside. Whoever made it disposes of it. */
export function virtualBoxOfEnvironment(): Omit<PrivateVirtualBox, 'dispose'> | undefined;
