// What a machine's row says: icon, colour, and a description that changes only when something a person cares about did. Pure.
import type { Machine, MachineState } from '../../machines/machine.ts';
import { t } from '../l10n.ts';
import { formatMiB, stateWords } from '../words.ts';

export interface RowIcon {
  /** Codicon name. */
  readonly name: string;
  /** Theme colour id; never undefined, because VS Code keeps a row's old icon colour when the new icon has none. */
  readonly color: string;
}

const stateIcons: { readonly [S in MachineState]: RowIcon } = {
  running: { name: 'vm-running', color: 'gaia.running' },
  stopped: { name: 'vm-outline', color: 'gaia.stopped' },
  paused: { name: 'debug-pause', color: 'gaia.paused' },
  suspended: { name: 'save', color: 'gaia.suspended' },
  error: { name: 'error', color: 'gaia.error' },
  unknown: { name: 'question', color: 'gaia.stopped' },
  starting: { name: 'loading~spin', color: 'gaia.busy' },
  stopping: { name: 'loading~spin', color: 'gaia.busy' },
  suspending: { name: 'loading~spin', color: 'gaia.busy' },
  creating: { name: 'loading~spin', color: 'gaia.busy' },
  deleting: { name: 'loading~spin', color: 'gaia.busy' },
  migrating: { name: 'loading~spin', color: 'gaia.busy' },
};

export function stateIcon(state: MachineState): RowIcon {
  return stateIcons[state];
}

export function machineIcon(machine: Machine, busy: boolean): RowIcon {
  if (busy) return stateIcons.starting;
  if (machine.template) return { name: 'file-submodule', color: 'gaia.stopped' };
  if (machine.lock !== undefined && machine.lock !== 'suspended') return { name: 'lock', color: 'gaia.paused' };
  return machine.stale ? { name: stateIcons[machine.state].name, color: 'gaia.stopped' } : stateIcons[machine.state];
}

export interface RowExtra {
  /** What an operation is doing to it, in place of the state. */
  readonly doing?: string | undefined;
  /** Whose it is: `web.gaia.json`. */
  readonly mark?: string | undefined;
  /** The connection, when the tree is not grouped by it. */
  readonly where?: string | undefined;
}

/** `running · web.gaia.json · 2 CPU · 4 GB`: what a narrow side bar cuts off is what the tooltip tells too. */
export function machineDescription(machine: Machine, extra: RowExtra = {}): string {
  const parts = [extra.doing ?? (machine.template ? t('template') : stateWords[machine.state]())];
  if (machine.stale) parts[0] = t('{0} when last heard of', parts[0] ?? '');
  if (machine.lock !== undefined && machine.lock !== machine.state) parts.push(t('locked: {0}', machine.lock));
  if (extra.mark !== undefined) parts.push(extra.mark);
  if (machine.badges) parts.push(...machine.badges);
  if (machine.cpus !== undefined) parts.push(t('{0} CPU', machine.cpus));
  if (machine.memoryMiB !== undefined) parts.push(formatMiB(machine.memoryMiB));
  if (extra.where !== undefined) parts.push(extra.where);
  return parts.join(' · ');
}

/** Said by a screen reader: the name, then what the icon and the description show. */
export function machineSpoken(machine: Machine, description: string): string {
  return `${machine.name}, ${description.replaceAll(' · ', ', ')}`;
}
