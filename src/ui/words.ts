// How states, verbs, sizes and errors are said to a person. Pure.
import type { Action, Verb } from '../machines/actions.ts';
import type { GaiaError } from '../machines/errors.ts';
import type { MachineState } from '../machines/machine.ts';
import { t } from './l10n.ts';

export const stateWords: { readonly [S in MachineState]: () => string } = {
  running: () => t('running'),
  stopped: () => t('stopped'),
  paused: () => t('paused'),
  suspended: () => t('suspended'),
  error: () => t('in error'),
  unknown: () => t('state unknown'),
  starting: () => t('starting'),
  stopping: () => t('stopping'),
  suspending: () => t('suspending'),
  creating: () => t('being created'),
  deleting: () => t('being deleted'),
  migrating: () => t('migrating'),
};

interface VerbWords {
  /** In a row, while it runs: short, without the name. */
  readonly short: () => string;
  /** Title of the progress. */
  readonly doing: (name: string) => string;
  readonly done: (name: string) => string;
  readonly failed: (name: string) => string;
}

export const verbWords: { readonly [V in Verb]: VerbWords } = {
  start: words(() => t('starting'), n => t('Starting “{0}”', n), n => t('“{0}” has started.', n), n => t('“{0}” could not be started.', n)),
  shutDown: words(() => t('shutting down'), n => t('Shutting down “{0}”', n), n => t('“{0}” has shut down.', n), n => t('“{0}” did not shut down.', n)),
  powerOff: words(() => t('powering off'), n => t('Powering off “{0}”', n), n => t('“{0}” is off.', n), n => t('“{0}” could not be powered off.', n)),
  reset: words(() => t('resetting'), n => t('Resetting “{0}”', n), n => t('“{0}” was reset.', n), n => t('“{0}” could not be reset.', n)),
  reboot: words(() => t('rebooting'), n => t('Rebooting “{0}”', n), n => t('“{0}” is rebooting.', n), n => t('“{0}” could not be rebooted.', n)),
  pause: words(() => t('pausing'), n => t('Pausing “{0}”', n), n => t('“{0}” is paused.', n), n => t('“{0}” could not be paused.', n)),
  resume: words(() => t('resuming'), n => t('Resuming “{0}”', n), n => t('“{0}” runs again.', n), n => t('“{0}” could not be resumed.', n)),
  suspend: words(() => t('suspending'), n => t('Suspending “{0}”', n), n => t('“{0}” is suspended: its state is on disk.', n), n => t('“{0}” could not be suspended.', n)),
  create: words(() => t('being created'), n => t('Creating “{0}”', n), n => t('“{0}” was created.', n), n => t('“{0}” could not be created.', n)),
  delete: words(() => t('being deleted'), n => t('Deleting “{0}”', n), n => t('“{0}” was deleted.', n), n => t('“{0}” could not be deleted.', n)),
  rename: words(() => t('being renamed'), n => t('Renaming “{0}”', n), n => t('“{0}” was renamed.', n), n => t('“{0}” could not be renamed.', n)),
  resize: words(() => t('being resized'), n => t('Resizing “{0}”', n), n => t('“{0}” was resized.', n), n => t('“{0}” could not be resized.', n)),
  edit: words(() => t('being changed'), n => t('Changing “{0}”', n), n => t('“{0}” was changed.', n), n => t('“{0}” could not be changed.', n)),
  clone: words(() => t('being cloned'), n => t('Cloning “{0}”', n), n => t('“{0}” was cloned.', n), n => t('“{0}” could not be cloned.', n)),
  snapshot: words(() => t('taking a snapshot'), n => t('Taking a snapshot of “{0}”', n), n => t('A snapshot of “{0}” was taken.', n), n => t('No snapshot of “{0}” could be taken.', n)),
  restoreSnapshot: words(() => t('restoring a snapshot'), n => t('Restoring a snapshot of “{0}”', n), n => t('“{0}” is back at the snapshot.', n), n => t('The snapshot of “{0}” could not be restored.', n)),
  deleteSnapshot: words(() => t('deleting a snapshot'), n => t('Deleting a snapshot of “{0}”', n), n => t('A snapshot of “{0}” was deleted.', n), n => t('The snapshot of “{0}” could not be deleted.', n)),
  editSnapshot: words(() => t('changing a snapshot'), n => t('Changing a snapshot of “{0}”', n), n => t('A snapshot of “{0}” was changed.', n), n => t('The snapshot of “{0}” could not be changed.', n)),
  migrate: words(() => t('migrating'), n => t('Migrating “{0}”', n), n => t('“{0}” was migrated.', n), n => t('“{0}” could not be migrated.', n)),
  extra: words(() => t('working'), n => t('Working on “{0}”', n), n => t('Done with “{0}”.', n), n => t('It could not be done to “{0}”.', n)),
};

function words(short: VerbWords['short'], doing: VerbWords['doing'], done: VerbWords['done'], failed: VerbWords['failed']): VerbWords {
  return { short, doing, done, failed };
}

/** The words for one action; those of an extra verb take its own title. */
export function wordsFor(action: Action, extraTitle?: string): VerbWords {
  const plain = verbWords[action.verb];
  if (action.verb !== 'extra' || extraTitle === undefined) return plain;
  return {
    short: () => t(extraTitle),
    doing: name => t('{0}: “{1}”', t(extraTitle), name),
    done: name => t('{0}: “{1}” is done.', t(extraTitle), name),
    failed: name => t('{0}: “{1}” failed.', t(extraTitle), name),
  };
}

const binaryUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `4 GB`, `1.5 GB`, `512 MB`: binary units under the names people use, at most one decimal. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  const rounded = Math.round(value * 10) / 10;
  return `${String(rounded)} ${binaryUnits[unit] ?? ''}`;
}

export function formatMiB(mebibytes: number): string {
  return formatBytes(mebibytes * 1024 * 1024);
}

/** What happened, to which machine, and what to do about it, as one line for a toast or a row. */
export function errorText(error: GaiaError, options: { readonly hint?: boolean } = {}): string {
  const values = error.detail.values ?? [];
  const parts = [t(error.detail.message, ...values)];
  if (error.detail.left !== undefined) parts.push(t(error.detail.left, ...values));
  if (options.hint !== false && error.detail.hint !== undefined) parts.push(t(error.detail.hint, ...values));
  return parts.join(' ');
}

/** The text of a failure's toast: what could not be done, why, what was left, what to do. */
export function failureText(error: GaiaError, failed: string | undefined): string {
  return [failed, errorText(error)].filter(part => part !== undefined && part !== '').join(' ');
}
