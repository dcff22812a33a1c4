// Applies a file: plans, asks what must be asked, runs it with progress in the plan view, and says what is true afterwards.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { applyPlan } from '../../config/plan/apply.ts';
import type { ApplyHooks, ApplyOptions, StepOutcome } from '../../config/plan/apply.ts';
import type { Plan } from '../../config/plan/model.ts';
import { changes } from '../../config/plan/plan.ts';
import { summary } from '../../config/plan/text.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { ask, listed, namesOf } from '../confirm.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { errorText } from '../words.ts';
import { planFeature } from './feature.ts';
import { canBeReached, finishMachine } from './finish.ts';
import { gatherPlan } from './gather.ts';
import type { Gathered } from './gather.ts';
import { journaled } from './journal.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepare.ts';

export interface ApplyRequest {
  /** The document's address: what the bindings are kept under. */
  readonly file: string;
  readonly text: string;
  /** Folder that relative paths count from; undefined for what is not on disk. */
  readonly baseFolder?: string;
  /** Only this machine of the file. */
  readonly only?: string;
  /** Runs without questions: what would need one is answered by these. */
  readonly unattended?: Pick<ApplyOptions, 'replace' | 'stop'>;
}

const parallel = 3;

/** undefined = the person said no, or there was nothing to do. */
export async function applyFile(parts: Parts, request: ApplyRequest, signal: AbortSignal): Promise<readonly StepOutcome[] | undefined> {
  const { view } = planFeature(parts);
  const uri = vscode.Uri.parse(request.file);
  await parts.ensureProviders();
  let gathered = await gather(parts, request, signal);
  const quiet = request.unattended !== undefined;
  await view.show(uri, gathered.plan, summary(gathered.plan), !quiet);
  for (;;) {
    const todo = changes(gathered.plan);
    if (todo.length === 0) return [];
    const options = request.unattended ?? await confirm(gathered.plan);
    if (!options) return undefined;
    // Between the question and the answer the fleet may have moved: what is done is what was agreed to, or it is asked again.
    const again = await gather(parts, request, signal);
    const moved = again.plan.fingerprint !== gathered.plan.fingerprint;
    gathered = again;
    if (moved) await view.show(uri, gathered.plan, summary(gathered.plan), false);
    if (moved && !quiet) {
      void vscode.window.showInformationMessage(t('Something changed meanwhile: this is the plan now.'));
      continue;
    }
    const outcomes = await applyPlan(gathered.plan, { ...options, shutDownTimeoutMs: parts.settings.shutDownTimeoutMs, parallel }, hooksFor(parts, request, gathered), signal);
    for (const step of gathered.plan.steps) {
      if (step.machine && outcomes.some(one => one.name === step.name && one.outcome === 'done')) parts.marks.settled(step.machine.id);
    }
    return outcomes;
  }
}

function gather(parts: Parts, request: ApplyRequest, signal: AbortSignal): Promise<Gathered> {
  return gatherFor(parts, request, signal);
}

/** The plan of a file as it stands now; the tree marks the machines that differ from it. */
export async function gatherFor(parts: Parts, request: Pick<ApplyRequest, 'file' | 'text' | 'only' | 'baseFolder'>, signal: AbortSignal): Promise<Gathered> {
  const { bindings, unfinished } = planFeature(parts);
  const gathered = await gatherPlan(parts.registry, parts.fleet, request.text, bindings.of(request.file), signal, { only: request.only, baseFolder: request.baseFolder, unfinished: id => unfinished.has(id) });
  parts.marks.planned(gathered.plan);
  return gathered;
}

/** One question for the plan, and one by name for each machine that would lose its data. undefined = no. */
async function confirm(plan: Plan): Promise<Pick<ApplyOptions, 'replace' | 'stop'> | undefined> {
  const replace = new Set<string>();
  for (const step of plan.steps) {
    if (step.kind !== 'replace') continue;
    const loses = step.differences.filter(one => one.effect === 'replace').map(one => `• ${one.key}: ${one.before ?? ''} → ${one.after ?? ''}${one.loses === undefined ? '' : ` (${one.loses})`}`).join('\n');
    const answer = await ask(t('Delete “{0}” with all its data and make it anew?', step.name), loses, [{ title: t('Delete and Make Anew'), value: 'yes' as const }, { title: t('Leave It as It Is'), value: 'no' as const }]);
    if (answer === undefined) return undefined;
    if (answer === 'yes') replace.add(step.name);
  }
  const stopping = plan.steps.filter(step => step.kind === 'stop' && step.machine?.state !== 'stopped').map(step => step.name);
  if (stopping.length > 0) {
    const answer = await ask(t('{0} must be stopped for the change, and will be started again.', namesOf(stopping)), listed(stopping), [{ title: t('Stop and Change'), value: true }, { title: t('Skip These'), value: false }]);
    return answer === undefined ? undefined : { replace, stop: answer };
  }
  const making = plan.steps.filter(step => step.kind === 'create').map(step => step.name);
  if (making.length > 3) {
    const answer = await ask(t('Create {0}?', namesOf(making)), listed(making), [{ title: t('Create'), value: true }]);
    if (answer === undefined) return undefined;
  }
  return { replace, stop: true };
}

function hooksFor(parts: Parts, request: ApplyRequest, gathered: Gathered): ApplyHooks {
  const { bindings, images, unfinished, view, journal } = planFeature(parts);
  const prepared = new Map<string, Prepared>();
  const context = (name: string, signal: AbortSignal): OperationContext => ({
    signal,
    progress: step => {
      const planStep = gathered.plan.steps.find(one => one.name === name);
      const words = step.message === undefined ? '' : t(step.message, ...step.values ?? []);
      const percent = step.fraction === undefined ? '' : ` ${String(Math.round(step.fraction * 100))} %`;
      if (planStep) view.progress(planStep, 'running', `${words}${percent}`.trim());
    },
    output: line => { parts.log.info(`${name} | ${line}`); },
  });
  const hooks: ApplyHooks = {
    run: async (action, signal) => {
      const operation = parts.operations.run(action);
      const cancel = (): void => { operation.cancel(); };
      signal.addEventListener('abort', cancel, { once: true });
      try {
        return await operation.result;
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
    prepare: async (spec, stepContext) => {
      const ready = await prepare(images, spec, { ...request.baseFolder === undefined ? {} : { baseFolder: request.baseFolder }, seedFolder: path.join(parts.context.globalStorageUri.fsPath, 'seeds') }, stepContext);
      prepared.set(spec.name, ready);
      return ready.spec;
    },
    finish: async (spec, id, stepContext) => {
      await finishMachine(parts, { spec, id, machine: gathered.parsed.machines.find(one => one.name === spec.name), prepared: prepared.get(spec.name), baseFolder: request.baseFolder }, stepContext);
    },
    bind: async (name, id) => {
      await bindings.bind(request.file, name, id);
      const spec = gathered.specs.find(one => one.name === name);
      // From here on it is there; until all of its first setup is done, applying again goes on with it.
      if (id !== undefined && spec && spec.start !== false && canBeReached(spec)) await unfinished.begin(id);
    },
    progress: (step, state, message) => { view.progress(step, state, message); },
    context: (step, signal) => context(step.name, signal),
  };
  return journaled(hooks, journal, request.file, provider => parts.fleet.entries().filter(entry => entry.provider.id === provider).flatMap(entry => entry.machines));
}

/** What happened, in one sentence. */
export function outcomeText(outcomes: readonly StepOutcome[]): string {
  const named = (what: StepOutcome['outcome']): readonly string[] => outcomes.filter(one => one.outcome === what).map(one => one.name);
  const parts = [
    named('done').length > 0 ? t('Done: {0}.', namesOf(named('done'))) : '',
    named('failed').length > 0 ? t('Failed: {0}.', namesOf(named('failed'))) : '',
    named('skipped').length > 0 ? t('Not done: {0}.', namesOf(named('skipped'))) : '',
  ].filter(part => part !== '');
  return parts.length === 0 ? t('Everything is as the file says.') : parts.join(' ');
}

/** The first failure with what it was, for the toast. */
export function firstFailure(outcomes: readonly StepOutcome[]): string {
  const failed = outcomes.find(one => one.outcome === 'failed' && one.error !== undefined && !GaiaError.is(one.error, 'cancelled'));
  if (failed?.error) return `“${failed.name}”: ${errorText(failed.error)}`;
  const skipped = outcomes.find(one => one.outcome === 'skipped' && one.reason !== undefined);
  return skipped ? `“${skipped.name}”: ${t(skipped.reason ?? '', skipped.name)}` : '';
}

/** What a destroyed file leaves: nothing of its own. Its machines by name, with their ids. */
export function boundMachines(parts: Parts, file: string): readonly { readonly name: string; readonly id: MachineId }[] {
  return [...planFeature(parts).bindings.of(file)].filter(([, id]) => parts.fleet.machine(id) !== undefined).map(([name, id]) => ({ name, id }));
}

