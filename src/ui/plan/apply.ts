// Applies a file: plans, asks what must be asked, runs it with progress in the plan view, and says what is true afterwards.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { applyPlan } from '../../config/plan/apply.ts';
import type { ApplyHooks, ApplyOptions, StepOutcome } from '../../config/plan/apply.ts';
import { changes } from '../../config/plan/plan.ts';
import { canBeReached } from '../../config/plan/provisioners.ts';
import { differenceText } from '../../config/plan/text.ts';
import type { World } from '../../config/plan/whereabouts.ts';
import type { TextRange } from '../../config/model.ts';
import { phrase } from '../../config/phrase.ts';
import { GaiaError } from '../../machines/errors.ts';
import type { ErrorAction } from '../../machines/errors.ts';
import type { Action } from '../../machines/actions.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { RunOptions } from '../../machines/operations.ts';
import type { ActionResult } from '../../machines/perform.ts';
import type { OperationContext } from '../../machines/provider.ts';
import { t } from '../l10n.ts';
import type { Parts } from '../parts.ts';
import { planFeature } from './feature.ts';
import { finishMachine } from './finish.ts';
import { gatherPlan } from './gather.ts';
import type { Gathered } from './gather.ts';
import { journaled } from './journal.ts';
import { locateIn, rangeIn } from './placesInText.ts';
import type { StepState } from './planView.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import { askAbout, askAboutNewPlan, askPowerOff } from './questions.ts';

export interface ApplyRequest {
  /** The document's address: what the bindings are kept under. */
  readonly file: string;
  readonly text: string;
  /** Folder that relative paths count from; undefined for what is not on disk. */
  readonly baseFolder?: string;
  /** Only this machine of the file. */
  readonly only?: string;
  /** Told how far each machine is. `words`: what is being done. */
  readonly progress?: (name: string, state: StepState, words?: string) => void;
  /** Runs without questions: what would need one is answered by these. */
  readonly unattended?: Pick<ApplyOptions, 'replace' | 'stop'>;
}

const parallel = 3;

/** undefined = the person said no, or the file is being applied already in this window. Throws GaiaError `locked` when it is in another one. */
export async function applyFile(parts: Parts, request: ApplyRequest, signal: AbortSignal): Promise<readonly StepOutcome[] | undefined> {
  const { turns, view } = planFeature(parts);
  if (turns.has(request.file) && !request.unattended) {
    // Two at once would each make the machine that is not there yet.
    void vscode.window.showInformationMessage(t('This file is being applied already.'));
    await view.reveal();
    return undefined;
  }
  return turns.take(request.file, signal, held => applyOnce(parts, request, held));
}

async function applyOnce(parts: Parts, request: ApplyRequest, signal: AbortSignal): Promise<readonly StepOutcome[] | undefined> {
  const { view } = planFeature(parts);
  const uri = vscode.Uri.parse(request.file);
  const quiet = request.unattended !== undefined;
  const show = (made: Gathered, reveal: boolean): Promise<void> => view.show({ uri, plan: made.plan, only: request.only, locate: locateIn(made.parsed) }, reveal);
  await parts.ensureProviders();
  const { seen } = view;
  let gathered = await gatherFor(parts, request, signal);
  await show(gathered, !quiet);
  if (!quiet && seen?.uri.toString() === request.file && seen.only === request.only && seen.plan.fingerprint !== gathered.plan.fingerprint && changes(gathered.plan).length > 0
    && !await askAboutNewPlan(gathered.plan)) return undefined;
  for (;;) {
    const todo = changes(gathered.plan);
    if (todo.length === 0) return [];
    const options = request.unattended ?? await askAbout(gathered.plan);
    if (!options) return undefined;
    // Between the question and the answer the fleet may have moved: what is done is what was agreed to, or it is asked again.
    const again = await gatherFor(parts, request, signal);
    const moved = again.plan.fingerprint !== gathered.plan.fingerprint;
    gathered = again;
    if (moved) await show(gathered, false);
    if (moved && !quiet) {
      if (!await askAboutNewPlan(gathered.plan)) return undefined;
      continue;
    }
    view.begin();
    const outcomes = await applyPlan(gathered.plan, { ...options, shutDownTimeoutMs: parts.settings.shutDownTimeoutMs, parallel }, hooksFor(parts, request, gathered), signal);
    for (const step of gathered.plan.steps) {
      if (step.machine && outcomes.some(one => one.name === step.name && one.outcome === 'done')) parts.marks.settled(step.machine.id);
    }
    return outcomes;
  }
}

/** The plan of a file as it stands now; the tree marks the machines that differ from it. */
export async function gatherFor(parts: Parts, request: Pick<ApplyRequest, 'file' | 'text' | 'only' | 'baseFolder'>, signal: AbortSignal): Promise<Gathered> {
  const { bindings, unfinished } = planFeature(parts);
  const [open] = await Promise.all([unfinished.all(), bindings.fresh(request.file)]);
  const gathered = await gatherPlan(parts.registry, parts.fleet, request.text, bindings.of(request.file), signal, { only: request.only, baseFolder: request.baseFolder, unfinished: id => open.has(id), actionsAt: range => showInFile(request, range), world: windowFor(parts, request.file) });
  parts.marks.planned(gathered.plan, difference => differenceText({ ...difference, effect: 'live' }, t));
  return gathered;
}

function showInFile({ file, text }: Pick<ApplyRequest, 'file' | 'text'>, range: TextRange): readonly ErrorAction[] {
  return [{ title: phrase('Show in the File'), command: 'vscode.open', args: [vscode.Uri.parse(file), { selection: rangeIn(text)(range) }] }];
}

/** What a person may do about a machine of the file that is out of sight, or in another place. */
export function windowFor({ settings }: Pick<Parts, 'settings'>, file: string): Pick<World, 'buttons' | 'isHidden'> {
  const args = (machine: string): readonly unknown[] => [vscode.Uri.parse(file), { machine }];
  return {
    isHidden: provider => settings.hiddenProviders.includes(provider),
    buttons: name => ({
      release: { title: phrase('Release This Machine…'), command: 'gaia.config.release', args: args(name) },
      destroy: { title: phrase('Destroy This Machine…'), command: 'gaia.config.destroyMachine', args: args(name) },
    }),
  };
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
      request.progress?.(name, 'running', `${words}${percent}`.trim());
    },
    output: line => { parts.log.info(`${name} | ${line}`); },
  });
  const run = async (action: Action, signal: AbortSignal, intend?: RunOptions['intend']): Promise<ActionResult> => {
    signal.throwIfAborted();
    const operation = parts.operations.run(action, intend ? { intend } : {});
    const cancel = (): void => { operation.cancel(); };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await operation.result;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
  const hooks: ApplyHooks = {
    run: async (action, signal, intend) => {
      try {
        return await run(action, signal, intend);
      } catch (error) {
        if (action.verb !== 'shutDown' || request.unattended || !GaiaError.is(error, 'didNotAnswer') || !await askPowerOff(parts, action)) throw error;
        return run({ verb: 'powerOff', id: action.id }, signal);
      }
    },
    prepare: async (spec, stepContext, only) => {
      const ready = await prepare(images, spec, { needs: parts.registry.meantBy(spec)?.lifecycle?.needs, ...request.baseFolder === undefined ? {} : { baseFolder: request.baseFolder }, seedFolder: path.join(parts.context.globalStorageUri.fsPath, 'seeds'), ...only === undefined ? {} : { only } }, stepContext);
      prepared.set(spec.name, ready);
      return ready.spec;
    },
    finish: async (spec, id, stepContext) => {
      await finishMachine(parts, { spec, id, machine: gathered.parsed.machines.find(one => one.name === spec.name), prepared: prepared.get(spec.name), baseFolder: request.baseFolder, file: request.file }, stepContext);
    },
    bind: async (name, id) => {
      await bindings.bind(request.file, name, id);
      const spec = gathered.specs.find(one => one.name === name);
      // From here on it is there; until all of its first setup is done, applying again goes on with it.
      if (id !== undefined && spec && spec.start !== false && canBeReached(spec)) await unfinished.begin(id);
    },
    progress: (step, state, note) => {
      view.progress(step, state, note && t(note.message, ...note.values ?? []));
      // What stays as it is does not count.
      if (step.kind !== 'none' && step.kind !== 'unmanaged') request.progress?.(step.name, state);
    },
    context: (step, signal) => context(step.name, signal),
  };
  return journaled(hooks, journal, request.file, provider => parts.fleet.entries().filter(entry => entry.provider.id === provider).flatMap(entry => entry.machines));
}

/** What a destroyed file leaves: nothing of its own. Its machines by name, with their ids. */
export function boundMachines(parts: Parts, file: string): readonly { readonly name: string; readonly id: MachineId }[] {
  return [...planFeature(parts).bindings.of(file)].filter(([, id]) => parts.fleet.machine(id) !== undefined).map(([name, id]) => ({ name, id }));
}

