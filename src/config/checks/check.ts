// What a check is, and what it may know of the computer it runs on.
import type { HostOnlyRanges } from '../../machines/hostOnlyRanges.ts';
import type { Stretch } from '../inside.ts';
import type { ConfigPath, MachineConfig, Severity } from '../model.ts';

/**
 * What is known of this computer. Everything is optional: a check that lacks a fact stays silent. A new object means that
 * something changed, so that results can be remembered by it.
 */
export interface HostFacts {
  readonly platform?: NodeJS.Platform;
  /** As process.arch: `x64`, `arm64`. */
  readonly arch?: string;
  readonly cpus?: number;
  readonly memoryMiB?: number;
  /** Ids of the providers that there are, beside Gaia's own. */
  readonly providers?: readonly string[];
  /** Host ports in use, `tcp/8080`, or `tcp/127.0.0.1:8080` where only that address is. Only ports that a config asks for are looked at. */
  readonly takenPorts?: ReadonlySet<string>;
  /** Paths, as written in the config, and whether there is something. Only paths that a config names are looked at. */
  readonly paths?: ReadonlyMap<string, boolean>;
  /** Machines that run now, `virtualbox/web`: their own ports are theirs. */
  readonly running?: ReadonlySet<string>;
  /** What `/etc/vbox/networks.conf` allows; absent = VirtualBox's own ranges. */
  readonly hostOnlyNetworks?: HostOnlyRanges;
  /** `7.2.22` */
  readonly virtualboxVersion?: string;
  /** Boxes in the local Vagrant store. */
  readonly boxes?: readonly { readonly name: string; readonly version: string; readonly provider: string; readonly architecture?: string }[];
  /** What Ruby says of a `custom_config`, by its text; absent = not looked at yet. */
  readonly ruby?: ReadonlyMap<string, readonly RubyProblem[]>;
}

export interface RubyProblem {
  readonly message: string;
  /** In the text of custom_config, in UTF-16 units. */
  readonly offset: number;
  readonly length: number;
}

/** A repair, as data: what to change, by paths from the machine's object. */
export interface Fix {
  /** English, the l10n key with `{0}` … */
  readonly title: string;
  readonly values?: readonly (string | number)[];
  readonly changes: readonly FixChange[];
  /** The one a person most likely wants. */
  readonly preferred?: boolean;
}
export type FixChange =
  | { readonly kind: 'set'; readonly path: ConfigPath; readonly value: unknown }
  | { readonly kind: 'remove'; readonly path: ConfigPath }
  | { readonly kind: 'renameKey'; readonly path: ConfigPath; readonly key: string };

/** What a check found in one machine. */
export interface Finding {
  /** From the machine's object; the message stands at this value, or at its key. */
  readonly path: ConfigPath;
  readonly atKey?: boolean;
  /** Only this stretch of the text at `path` is meant. */
  readonly inside?: Stretch;
  readonly message: string;
  readonly values?: readonly (string | number)[];
  /** Overrides the check's. */
  readonly severity?: Severity;
  readonly fixes?: readonly Fix[];
  /** Other places that have to do with it: index of the machine in the file. */
  readonly related?: readonly { readonly machine: number; readonly path: ConfigPath; readonly message: string; readonly values?: readonly (string | number)[] }[];
}

export interface CheckedMachine {
  readonly name: string;
  readonly provider: string;
  readonly config: MachineConfig;
}

interface CheckText {
  /** Stable: shown with the message, and the anchor in docs/config.md. */
  readonly code: string;
  readonly severity: Severity;
  /** For docs/config.md: what it is about, and why. */
  readonly about: string;
}

/** A check of one machine by itself. */
export interface MachineCheck extends CheckText {
  find(machine: CheckedMachine, facts: HostFacts): readonly Finding[];
}

/** A check that compares the machines of a file. */
export interface FileCheck extends CheckText {
  compare(machines: readonly CheckedMachine[], facts: HostFacts): readonly (Finding & { readonly machine: number })[];
}
