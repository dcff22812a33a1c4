// Exactly what a step of a plan would run, asked of its provider. Nothing is run.
import { stepActions } from '../../config/plan/apply.ts';
import type { PlanStep } from '../../config/plan/model.ts';
import { asGaiaError, GaiaError } from '../../machines/errors.ts';
import type { CommandText } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { errorText } from '../words.ts';

export interface StepCommands {
  readonly commands: readonly CommandText[];
  /** Why they cannot be told. */
  readonly problem?: string;
}

/** Never rejects. */
export async function commandsOfStep(parts: Pick<Parts, 'registry' | 'settings'>, step: PlanStep, signal: AbortSignal): Promise<StepCommands> {
  const actions = stepActions(step, parts.settings.shutDownTimeoutMs);
  const provider = step.machine ? parts.registry.of(step.machine.id) : parts.registry.meantBy({ provider: step.provider, connection: step.spec?.connection });
  if (!provider || actions.length === 0) return { commands: [] };
  try {
    const commands = (await Promise.all(actions.map(action => provider.commands(action, signal)))).flat();
    const starts = (step.kind === 'create' || step.kind === 'replace') && step.spec?.start !== false;
    return { commands: starts ? [...commands, { text: '', language: commands[0]?.language ?? 'shell', comment: t('Then it is started, and set up at its first boot.') }] : commands };
  } catch (error) {
    // What it is cloned from is made by the same plan: its disks and snapshots are not known before.
    if (GaiaError.is(error, 'notFound') && step.spec?.source.kind === 'clone' && step.after.includes(step.spec.source.of)) return { commands: [], problem: t('They are known once “{0}” is there.', step.spec.source.of) };
    return { commands: [], problem: errorText(asGaiaError(error)) };
  }
}
