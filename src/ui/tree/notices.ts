// The rows that explain why there are no machines, or that those shown may be out of date. Pure.
import type { ErrorAction } from '../../machines/errors.ts';
import type { FleetEntry } from '../../machines/fleet.ts';
import type { Problem } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import { errorText } from '../words.ts';
import type { Notice } from './nodes.ts';

const grey = 'gaia.stopped';

export const filteredOut: Notice = {
  icon: { name: 'filter', color: grey },
  get label() { return t('No machine fits the filter'); },
  get command() { return { command: 'gaia.clearFilter', title: t('Clear Filter') }; },
  get description() { return t('Clear filter'); },
};

/** The rows to show under a connection, beside its machines. `about`: put this name in front (when the tree has no row for the connection). */
export function noticesFor(entry: FleetEntry, about?: string): readonly Notice[] {
  const { status } = entry;
  switch (status.kind) {
    case 'notAsked':
    case 'loading':
      return [{ icon: { name: 'loading~spin', color: 'gaia.busy' }, label: named(about, t('Looking for machines…')) }];
    case 'ready':
      return entry.machines.length > 0 || about !== undefined ? [] : emptyNotices();
    case 'failed':
      return failureNotices(entry, about);
  }
}

function emptyNotices(): readonly Notice[] {
  return [
    { icon: { name: 'info', color: grey }, label: t('No machines yet') },
    { icon: { name: 'add', color: 'gaia.action' }, label: t('New Machine…'), context: 'action', command: { command: 'gaia.config.new', title: t('New Machine…') } },
  ];
}

function failureNotices(entry: FleetEntry, about: string | undefined): readonly Notice[] {
  if (entry.status.kind !== 'failed') return [];
  const { error, diagnosis } = entry.status;
  const problems = diagnosis?.problems.filter(problem => problem.severity === 'error') ?? [];
  const said: readonly Said[] = problems.length > 0
    ? problems.map(problem => ({ ...sayProblem(problem), actions: problem.actions ?? [] }))
    : [{ label: t(error.detail.message, ...(error.detail.values ?? [])), hint: error.detail.hint === undefined ? undefined : t(error.detail.hint, ...(error.detail.values ?? [])), raw: error.detail.raw, full: errorText(error), actions: error.detail.actions ?? [] }];
  const rows: Notice[] = [];
  for (const { label, hint, raw, full, actions } of said) {
    rows.push({
      icon: { name: entry.machines.length > 0 ? 'warning' : 'error', color: entry.machines.length > 0 ? 'gaia.paused' : 'gaia.error' },
      label: named(about, label),
      ...(hint === undefined ? {} : { description: hint }),
      tooltip: [full, raw].filter(text => text !== undefined && text !== '').join('\n\n'),
      context: 'problem',
      command: { command: 'gaia.showProblem', title: t('Show Details'), args: [{ message: full, raw: raw ?? '', provider: entry.provider.label }] },
    });
    rows.push(...actions.map(actionNotice));
  }
  // A provider may have said so itself.
  if (said.some(({ actions }) => actions.some(action => action.command === 'gaia.refresh'))) return rows;
  rows.push({ icon: { name: 'refresh', color: 'gaia.action' }, label: t('Try Again'), context: 'action', command: { command: 'gaia.refresh', title: t('Try Again'), args: [{ provider: entry.provider.id, connection: entry.provider.connection.id }] } });
  return rows;
}

interface Said {
  readonly label: string;
  readonly hint: string | undefined;
  readonly raw: string | undefined;
  readonly full: string;
  readonly actions: readonly ErrorAction[];
}

function sayProblem(problem: Problem): Omit<Said, 'actions'> {
  const values = problem.values ?? [];
  const label = t(problem.message, ...values);
  const hint = problem.hint === undefined ? undefined : t(problem.hint, ...values);
  return { label, hint, raw: problem.raw, full: hint === undefined ? label : `${label} ${hint}` };
}

/** An error's button as a row: a command, or an address to open. */
export function actionNotice(action: ErrorAction): Notice {
  const title = t(action.title);
  const icon = action.url !== undefined ? 'link-external' : action.command === 'gaia.runInTerminal' ? 'terminal' : 'arrow-right';
  return {
    icon: { name: icon, color: 'gaia.action' },
    label: title,
    context: 'action',
    ...(action.command === 'gaia.runInTerminal' && typeof action.args?.[0] === 'string' ? { description: action.args[0] } : {}),
    tooltip: action.url ?? (typeof action.args?.[0] === 'string' ? action.args[0] : title),
    command: action.command !== undefined
      ? { command: action.command, title, ...(action.args === undefined ? {} : { args: action.args }) }
      : { command: 'gaia.openLink', title, args: [action.url] },
  };
}

function named(about: string | undefined, text: string): string {
  return about === undefined ? text : `${about}: ${text}`;
}
