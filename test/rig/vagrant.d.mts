import type { CallResult, PrivateVirtualBox } from './virtualbox.mjs';

export interface VagrantCall {
  /** The folder of the Vagrantfile. */
  cwd?: string;
  timeoutMs?: number;
  env?: NodeJS.ProcessEnv;
}

export interface PrivateVagrant {
  /** VAGRANT_HOME. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** vagrant with these arguments; resolves with stdout, rejects when the exit code is not 0. */
  run(args: readonly string[], options?: VagrantCall): Promise<string>;
  /** The same, but a non-zero exit code is an answer. */
  call(args: readonly string[], options?: VagrantCall): Promise<CallResult>;
  dispose(): void;
}

/** Installs Debian's Vagrant where none is there. Rejects with Unavailable where this machine cannot have it. */
export function ensureVagrant(): Promise<{ vagrant: string }>;
/** Why there is none here, or undefined: `describe.skipIf(vagrantMissing())`. */
export function vagrantMissing(): string | undefined;
/** Vagrant with a home of its own; with `virtualBox`, its machines are made there. Without, only what needs no provider works (`validate --ignore-provider`). */
export function privateVagrant(options?: { virtualBox?: PrivateVirtualBox }): PrivateVagrant;
