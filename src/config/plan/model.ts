// A plan: what would have to be done so that the fleet is what a file says. Data; nothing in it does anything.
import type { ErrorAction } from '../../machines/errors.ts';
import type { Machine, MachineId } from '../../machines/machine.ts';
import type { Difference } from '../../machines/provider.ts';
import type { MachineSpec } from '../../machines/spec.ts';

/**
 * `create` it is not there; `update` it differs, nothing stands in the way; `stop` it differs, and must be stopped for it; `replace` it
 * can only be made anew, which loses its data; `none` it is as the file says; `unmanaged` made by this file, but no longer in it;
 * `conflict` a machine that is not this file's has the name; `blocked` it cannot be known or done, `reason` says why.
 */
export type StepKind = 'create' | 'update' | 'stop' | 'replace' | 'none' | 'unmanaged' | 'conflict' | 'blocked';

export interface PlanStep {
  readonly kind: StepKind;
  readonly name: string;
  readonly provider: string;
  /** Undefined for `unmanaged`. */
  readonly spec?: MachineSpec;
  readonly machine?: Machine;
  /** What differs; for `create` what it will be. */
  readonly differences: readonly Difference[];
  /** It was made, but its first setup (key, host name, provisioners) did not end: that is done as well. */
  readonly unfinished?: boolean;
  /** Names of machines of this file that must be there first. */
  readonly after: readonly string[];
  /** Why it is not done; of a `create`, what will not run in it. l10n key, with values. */
  readonly reason?: string;
  readonly values?: readonly (string | number)[];
  /** What can be done about the reason. */
  readonly actions?: readonly ErrorAction[];
}

export interface Plan {
  readonly steps: readonly PlanStep[];
  /** What the plan rests on. A fleet with another one needs another plan. */
  readonly fingerprint: string;
}

/** Which machine was made by, or adopted into, which name of the file. */
export type Bindings = ReadonlyMap<string, MachineId>;
