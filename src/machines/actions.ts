// A change to one machine as data: what the queue runs, what "Show commands" shows, what the log names.
import type { Change, CloneOptions, Resize, StartMode } from './provider.ts';
import type { Machine, MachineId } from './machine.ts';
import type { MachineSpec } from './spec.ts';

/** One member of the union per verb, so that `Extract<Action, { verb: V }>` finds it. */
type Plain<V extends string, More = unknown> = V extends string ? { readonly verb: V; readonly id: MachineId } & More : never;

export type Action =
  | { readonly verb: 'start'; readonly id: MachineId; readonly mode?: StartMode }
  | { readonly verb: 'shutDown'; readonly id: MachineId; readonly timeoutMs?: number }
  | Plain<'powerOff' | 'reset' | 'reboot' | 'pause' | 'resume' | 'suspend'>
  | { readonly verb: 'create'; readonly spec: MachineSpec }
  | { readonly verb: 'delete'; readonly id: MachineId; readonly disks: 'delete' | 'keep'; readonly purge?: boolean }
  | { readonly verb: 'rename'; readonly id: MachineId; readonly name: string }
  | { readonly verb: 'resize'; readonly id: MachineId; readonly size: Resize }
  | { readonly verb: 'edit'; readonly id: MachineId; readonly changes: readonly Change[] }
  | { readonly verb: 'clone'; readonly id: MachineId; readonly options: CloneOptions }
  | { readonly verb: 'snapshot'; readonly id: MachineId; readonly name: string; readonly description?: string; readonly memory?: boolean }
  | Plain<'restoreSnapshot' | 'deleteSnapshot', { readonly snapshot: string }>
  | { readonly verb: 'editSnapshot'; readonly id: MachineId; readonly snapshot: string; readonly name?: string; readonly description?: string }
  | { readonly verb: 'migrate'; readonly id: MachineId; readonly target: string; readonly online?: boolean; readonly withLocalDisks?: boolean; readonly storage?: string }
  | { readonly verb: 'extra'; readonly id: MachineId; readonly extra: string; readonly input?: string };

export type Verb = Action['verb'];

/** The states in which a verb makes sense, and the state to show while it runs (undefined = the present one stays). */
export const verbs: { readonly [V in Verb]: { readonly from: readonly Machine['state'][] | 'any'; readonly transit?: Machine['state'] } } = {
  start: { from: ['stopped', 'suspended', 'error'], transit: 'starting' },
  shutDown: { from: ['running'], transit: 'stopping' },
  powerOff: { from: ['running', 'paused', 'starting', 'stopping', 'error'], transit: 'stopping' },
  reset: { from: ['running', 'paused'] },
  reboot: { from: ['running'] },
  pause: { from: ['running'] },
  resume: { from: ['paused'] },
  suspend: { from: ['running', 'paused'], transit: 'suspending' },
  create: { from: 'any', transit: 'creating' },
  delete: { from: ['stopped', 'suspended', 'error', 'unknown'], transit: 'deleting' },
  rename: { from: ['stopped', 'suspended', 'running', 'paused'] },
  resize: { from: 'any' },
  edit: { from: 'any' },
  clone: { from: ['stopped', 'suspended', 'running', 'paused'] },
  snapshot: { from: ['stopped', 'suspended', 'running', 'paused'] },
  restoreSnapshot: { from: ['stopped', 'suspended', 'running', 'paused', 'error'] },
  deleteSnapshot: { from: 'any' },
  editSnapshot: { from: 'any' },
  migrate: { from: ['stopped', 'running', 'paused', 'suspended'], transit: 'migrating' },
  extra: { from: 'any' },
};
