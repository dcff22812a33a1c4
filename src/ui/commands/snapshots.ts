// Snapshots: take, go back to, delete, rename. Called on a machine's row, on a snapshot's row, or from the palette.
import type { Snapshot } from '../../machines/machine.ts';
import { isEligible } from '../../machines/eligibility.ts';
import { act } from '../act.ts';
import { ask } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { chooseSnapshot, text } from './inputs.ts';
import type { Arguments, Target } from './targets.ts';
import { snapshotNodeOf, targetsOf } from './targets.ts';

/** One name for all selected machines. */
export async function take(parts: Parts, args: Arguments): Promise<void> {
  const targets = await targetsOf(parts, { ability: 'snapshot', title: t('Take Snapshot'), many: true }, args);
  const first = targets[0];
  if (!first) return;
  const title = targets.length === 1 ? t('Snapshot of “{0}”', first.machine.name) : t('Snapshot of {0} machines', targets.length);
  const name = await text({ title, prompt: t('Name of the snapshot'), value: defaultName(new Date()), required: true });
  if (name === undefined) return;
  const description = await text({ title, prompt: t('Description (may be left empty)'), value: '', required: false });
  if (description === undefined) return;
  await act(parts, targets.map(({ machine }) => ({ verb: 'snapshot', id: machine.id, name, ...(description === '' ? {} : { description }) })));
}

/** `2026-11-24 23.05`: sorts, and no provider refuses it as a name. */
export function defaultName(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(now.getFullYear())}-${two(now.getMonth() + 1)}-${two(now.getDate())}_${two(now.getHours())}-${two(now.getMinutes())}`;
}

export async function restore(parts: Parts, args: Arguments): Promise<void> {
  const found = await snapshotFor(parts, args, t('Restore Snapshot'), 'restoreSnapshot');
  if (!found) return;
  const { target: { machine, provider }, snapshot } = found;
  const canSave = isEligible('snapshot', machine, provider);
  const choice = await ask(
    t('Restore “{0}” of “{1}”?', snapshot.name, machine.name),
    t('The present state of the machine, with everything on its disks since its last snapshot, is lost unless you take a snapshot of it first.'),
    [...canSave ? [{ title: t('Take Snapshot First'), value: 'save' as const }] : [], { title: t('Restore'), value: 'restore' as const }]);
  if (choice === undefined) return;
  if (choice === 'save') {
    const [saved] = await act(parts, [{ verb: 'snapshot', id: machine.id, name: `${t('before restore')} ${defaultName(new Date())}` }]);
    // Without the safety net that was asked for, nothing is restored.
    if (saved?.error) return;
  }
  await act(parts, [{ verb: 'restoreSnapshot', id: machine.id, snapshot: snapshot.id }]);
}

export async function remove(parts: Parts, args: Arguments): Promise<void> {
  const found = await snapshotFor(parts, args, t('Delete Snapshot'), 'deleteSnapshot');
  if (!found) return;
  const { target: { machine }, snapshot } = found;
  const confirmed = await ask(t('Delete the snapshot “{0}” of “{1}”?', snapshot.name, machine.name), t('The machine and its other snapshots stay as they are. One cannot go back to this state afterwards.'), [{ title: t('Delete'), value: true }]);
  if (confirmed) await act(parts, [{ verb: 'deleteSnapshot', id: machine.id, snapshot: snapshot.id }]);
}

export async function rename(parts: Parts, args: Arguments): Promise<void> {
  const found = await snapshotFor(parts, args, t('Rename Snapshot'), 'editSnapshot');
  if (!found) return;
  const { target: { machine }, snapshot } = found;
  const name = await text({ title: t('Rename the snapshot “{0}”', snapshot.name), prompt: t('New name'), value: snapshot.name, required: true });
  if (name === undefined) return;
  const description = await text({ title: t('Rename the snapshot “{0}”', snapshot.name), prompt: t('Description (may be left empty)'), value: snapshot.description ?? '', required: false });
  if (description === undefined) return;
  const change = { ...(name === snapshot.name ? {} : { name }), ...(description === (snapshot.description ?? '') ? {} : { description }) };
  if (Object.keys(change).length > 0) await act(parts, [{ verb: 'editSnapshot', id: machine.id, snapshot: snapshot.id, ...change }]);
}

async function snapshotFor(parts: Parts, args: Arguments, title: string, verb: 'restoreSnapshot' | 'deleteSnapshot' | 'editSnapshot'): Promise<{ readonly target: Target; readonly snapshot: Snapshot } | undefined> {
  const node = await snapshotNodeOf(parts, args);
  if (node) return { target: { machine: node.owner.machine, provider: node.owner.provider }, snapshot: node.snapshot };
  const [target] = await targetsOf(parts, { ability: verb, title }, args);
  if (!target) return undefined;
  const snapshot = await chooseSnapshot(target, t('{0}: “{1}”', title, target.machine.name));
  return snapshot && { target, snapshot };
}

