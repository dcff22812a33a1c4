// VirtualBox's words for a machine's state, and what they mean to Gaia. One table for its three spellings: `--machinereadable`
// (poweroff), for people (powered off), and the API and the log (PoweredOff).
import type { MachineState } from '../../machines/machine.ts';

interface StateRow {
  /** As `showvminfo --machinereadable` says it. */
  readonly word: string;
  readonly human: string;
  readonly api: string;
  readonly state: MachineState;
  /** A process holds the machine. */
  readonly online: boolean;
}

const row = (word: string, human: string, api: string, state: MachineState, online: boolean): StateRow => ({ word, human, api, state, online });

export const vmStates: readonly StateRow[] = [
  row('poweroff', 'powered off', 'PoweredOff', 'stopped', false),
  row('saved', 'saved', 'Saved', 'suspended', false),
  row('teleported', 'teleported', 'Teleported', 'stopped', false),
  row('aborted', 'aborted', 'Aborted', 'stopped', false),
  row('aborted-saved', 'aborted-saved', 'AbortedSaved', 'suspended', false),
  row('running', 'running', 'Running', 'running', true),
  row('paused', 'paused', 'Paused', 'paused', true),
  row('gurumeditation', 'guru meditation', 'Stuck', 'error', true),
  row('livesnapshotting', 'live snapshotting', 'LiveSnapshotting', 'running', true),
  row('teleporting', 'teleporting', 'Teleporting', 'migrating', true),
  row('starting', 'starting', 'Starting', 'starting', true),
  row('stopping', 'stopping', 'Stopping', 'stopping', true),
  row('saving', 'saving', 'Saving', 'suspending', true),
  row('restoring', 'restoring', 'Restoring', 'starting', true),
  row('teleportingpausedvm', 'teleporting paused vm', 'TeleportingPausedVM', 'migrating', true),
  row('teleportingin', 'teleporting (incoming)', 'TeleportingIn', 'migrating', true),
  row('deletingsnapshotlive', 'deleting snapshot live', 'DeletingSnapshotOnline', 'running', true),
  row('deletingsnapshotlivepaused', 'deleting snapshot live paused', 'DeletingSnapshotPaused', 'paused', true),
  row('onlinesnapshotting', 'online snapshotting', 'OnlineSnapshotting', 'paused', true),
  row('restoringsnapshot', 'restoring snapshot', 'RestoringSnapshot', 'stopped', false),
  row('deletingsnapshot', 'deleting snapshot', 'DeletingSnapshot', 'stopped', false),
  row('settingup', 'setting up', 'SettingUp', 'stopped', false),
  row('offlinesnapshotting', 'offline snapshotting', 'Snapshotting', 'stopped', false),
];

const unknownRow: StateRow = row('unknown', 'unknown', 'Null', 'unknown', false);
const spellings = new Map<string, StateRow>(vmStates.flatMap(state => [state.word, state.human, state.api].map(spelling => [spelling.toLowerCase(), state] as const)));

/** The row of any of the three spellings; an unknown word stays visible as `unknown`. */
export function vmState(spelling: string | undefined): StateRow {
  return spellings.get(spelling?.trim().toLowerCase() ?? '') ?? { ...unknownRow, word: spelling ?? 'unknown' };
}
