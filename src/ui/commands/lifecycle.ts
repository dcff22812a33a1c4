// Deleting, renaming, cloning and resizing machines.
import * as vscode from 'vscode';
import type { Action } from '../../machines/actions.ts';
import { asGaiaError } from '../../machines/errors.ts';
import type { Resize } from '../../machines/provider.ts';
import { act } from '../act.ts';
import { ask } from '../confirm.ts';
import { deletionChoices } from '../deletion.ts';
import { t } from '../l10n.ts';
import { showFailure } from '../notify.ts';
import type { Parts } from '../parts.ts';
import { formatBytes, formatMiB } from '../words.ts';
import { deleteAsked, lookPatienceMs } from './deleteAsked.ts';
import { choose, chooseSnapshot, text } from './inputs.ts';
import type { Arguments, Target } from './targets.ts';
import { targetsOf } from './targets.ts';

/** Says what goes and what stays, and only then deletes. */
export async function remove(parts: Parts, args: Arguments): Promise<void> {
  await deleteAsked(parts, await targetsOf(parts, { ability: 'delete', title: t('Delete Machines'), many: true }, args), {
    look: async ({ machine, provider }, signal) => provider.lifecycle?.deletionPreview(machine.id, signal),
    question: names => t('Delete {0}?', names),
    choices: deletionChoices,
    action: (id, disks) => ({ verb: 'delete', id, disks }),
  });
}

export async function rename(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'rename', title: t('Rename Machine') }, args);
  if (!target) return;
  const { machine } = target;
  const name = await text({ title: t('Rename “{0}”', machine.name), prompt: t('New name'), value: machine.name, required: true });
  if (name === undefined || name === machine.name) return;
  await act(parts, [{ verb: 'rename', id: machine.id, name }]);
}

/** Asks for the name and, where the provider can, whether the clone shares the disks (linked) or copies them (full), and of which snapshot. */
export async function clone(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'clone', title: t('Clone Machine') }, args);
  if (!target) return;
  const { machine, provider } = target;
  const name = await text({ title: t('Clone “{0}”', machine.name), prompt: t('Name of the clone'), value: freeName(parts, machine.name), required: true });
  if (name === undefined) return;
  const kind = await chooseCloneKind(target);
  if (kind === undefined) return;
  let snapshot: string | undefined;
  if (provider.snapshots && machine.snapshotCount !== 0 && !kind.takeSnapshot) {
    const chosen = await chooseSnapshot(target, t('Clone Which State?'), { present: true });
    if (chosen === undefined) return;
    if (chosen !== 'present') snapshot = chosen.id;
  }
  const options = { name, linked: kind.linked, ...(kind.takeSnapshot ? { takeSnapshot: true } : {}), ...(snapshot === undefined ? {} : { snapshot }) };
  const { writtenDown } = await import('./writtenDown.ts');
  await writtenDown(parts, provider, name, async (reserved, intend) => {
    const [outcome] = await act(parts, [{ verb: 'clone', id: machine.id, options: { ...options, reserved } }], { intend });
    return outcome?.error;
  });
}

interface CloneKind {
  readonly linked: boolean;
  readonly takeSnapshot: boolean;
}

async function chooseCloneKind({ machine, provider }: Target): Promise<CloneKind | undefined> {
  const refusal = async (linked: boolean): Promise<string | undefined> => provider.cloning?.refusal?.(machine.id, { linked }, AbortSignal.timeout(lookPatienceMs)).catch(() => undefined);
  const [full, linked] = await Promise.all([refusal(false), refusal(true)]);
  const bySnapshot = provider.cloning?.takesSnapshot === true && full === undefined;
  return choose(t('How?'), [
    { label: t('Full clone'), detail: full === undefined ? t('Copies the disks: independent, takes as much space') : t(full), value: { linked: false, takeSnapshot: false }, refused: full !== undefined },
    { label: t('Linked clone'), detail: linked === undefined ? t('Shares the disks with “{0}”: quick and small, needs it to stay', machine.name) : bySnapshot ? t('{0} A snapshot of “{1}” is taken for it.', t(linked), machine.name) : t(linked), value: { linked: true, takeSnapshot: linked !== undefined && bySnapshot }, refused: linked !== undefined && !bySnapshot },
  ]);
}

function freeName(parts: Parts, name: string): string {
  const taken = new Set(parts.fleet.machines().map(machine => machine.name.toLocaleLowerCase()));
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? `${name}-clone` : `${name}-clone-${String(number)}`;
    if (!taken.has(candidate.toLocaleLowerCase())) return candidate;
  }
}

export async function resize(parts: Parts, args: Arguments): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'resize', title: t('Resize Machine') }, args);
  if (!target) return;
  const size = await askSize(parts, target);
  if (!size) return;
  const { machine, provider } = target;
  const actions: Action[] = [{ verb: 'resize', id: machine.id, size }];
  try {
    const needsStop = (await provider.lifecycle?.resizeNeedsStop?.(machine.id, size, AbortSignal.timeout(lookPatienceMs))) ?? [];
    if (needsStop.length > 0) {
      const stopFirst = await ask(t('“{0}” has to be stopped for this change.', machine.name), '', [{ title: t('Shut Down, Change and Start'), value: true }]);
      if (stopFirst !== true) return;
      actions.unshift({ verb: 'shutDown', id: machine.id, timeoutMs: parts.settings.shutDownTimeoutMs });
      actions.push({ verb: 'start', id: machine.id });
    }
  } catch (error) {
    void showFailure(parts, asGaiaError(error));
    return;
  }
  // In order, and no further after a failure.
  for (const action of actions) {
    const [outcome] = await act(parts, [action]);
    if (outcome?.error) return;
  }
}

async function askSize(parts: Parts, { machine, provider }: Target): Promise<Resize | undefined> {
  const what = await choose(t('Change what?'), [
    { label: t('CPUs'), detail: machine.cpus === undefined ? '' : t('now {0}', machine.cpus), value: 'cpus' as const },
    { label: t('Memory'), detail: machine.memoryMiB === undefined ? '' : t('now {0}', formatMiB(machine.memoryMiB)), value: 'memory' as const },
    { label: t('A disk'), detail: t('Disks can only grow'), value: 'disk' as const },
  ]);
  if (what === 'cpus') {
    const cpus = await number(t('CPUs of “{0}”', machine.name), machine.cpus ?? 1, 1, 128, '');
    return cpus === undefined ? undefined : { cpus };
  }
  if (what === 'memory') {
    const memoryMiB = await number(t('Memory of “{0}” in MB', machine.name), machine.memoryMiB ?? 1024, 4, 16 * 1024 * 1024, 'MB');
    return memoryMiB === undefined ? undefined : { memoryMiB };
  }
  if (what === undefined) return undefined;
  try {
    const { disks } = await provider.describe(machine.id, AbortSignal.timeout(lookPatienceMs));
    const disk = await choose(t('Which disk?'), disks.filter(candidate => candidate.kind === 'disk').map(candidate => ({ label: candidate.slot, detail: [candidate.capacityBytes === undefined ? '' : formatBytes(candidate.capacityBytes), candidate.location ?? ''].filter(part => part !== '').join(' · '), value: candidate })));
    if (!disk) return undefined;
    const nowGiB = (disk.capacityBytes ?? 0) / 1024 ** 3;
    const sizeGiB = await number(t('Size of {0} in GB', disk.slot), Math.ceil(nowGiB * 10) / 10, nowGiB, 1024 * 64, 'GB');
    return sizeGiB === undefined ? undefined : { disk: { slot: disk.slot, sizeBytes: Math.round(sizeGiB * 1024 ** 3) } };
  } catch (error) {
    void showFailure(parts, asGaiaError(error));
    return undefined;
  }
}

async function number(title: string, now: number, least: number, most: number, unit: string): Promise<number | undefined> {
  const answer = await vscode.window.showInputBox({
    title, value: String(now), ignoreFocusOut: true,
    validateInput: typed => {
      const value = Number(typed);
      return typed.trim() === '' || !Number.isFinite(value) || value < least || value > most || (unit !== 'GB' && !Number.isInteger(value)) ? t('A number from {0} to {1}', `${String(Math.round(least * 10) / 10)} ${unit}`.trim(), `${String(most)} ${unit}`.trim()) : undefined;
    },
  });
  return answer === undefined || Number(answer) === now ? undefined : Number(answer);
}
