// Carries a plan out: in dependency order, machines side by side, cancel between steps, and a summary of what is true afterwards.
import type { Action } from '../../machines/actions.ts';
import { asGaiaError, fillIn, GaiaError } from '../../machines/errors.ts';
import type { ErrorAction } from '../../machines/errors.ts';
import type { MachineId } from '../../machines/machine.ts';
import type { Change, Intent, OperationContext, Resize } from '../../machines/provider.ts';
import type { ActionResult } from '../../machines/perform.ts';
import type { MachineSpec } from '../../machines/spec.ts';
import type { Plan, PlanStep } from './model.ts';

export interface ApplyHooks {
  /** Runs one action through the queue. `intend`: writes down what it is about to make. */
  run(action: Action, signal: AbortSignal, intend?: (intents: readonly Intent[]) => Promise<void>): Promise<ActionResult>;
  /**
   * Fetches what the spec needs (boxes, images) and fills in the paths. `fetch`: only that everything is there and readable, with nothing
   * made for this machine yet.
   */
  prepare(spec: MachineSpec, context: OperationContext, only?: 'fetch'): Promise<MachineSpec>;
  /** What was prepared for this machine is not used after all. */
  abandon?(name: string): Promise<void>;
  /** After a create, and after its start: wait until it can be reached, replace keys, provision. */
  finish(spec: MachineSpec, id: MachineId, context: OperationContext): Promise<void>;
  /** Remember that this machine is the file's. Called at once when it exists, before anything else is done to it. */
  bind(name: string, id: MachineId | undefined): Promise<void>;
  /** `note`: why it was skipped or failed, an l10n key with its values. */
  progress(step: PlanStep, state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped', note?: Note): void;
  /** A context for long work of this step (its progress and output). */
  context(step: PlanStep, signal: AbortSignal): OperationContext;
}

export interface ApplyOptions {
  /** Names whose replacement was confirmed, one by one. Others that need one are skipped. */
  readonly replace: ReadonlySet<string>;
  /** May machines be stopped for a change? Else those steps are skipped. */
  readonly stop: boolean;
  readonly shutDownTimeoutMs: number;
  /** How many machines at once. */
  readonly parallel: number;
}

export interface StepOutcome {
  readonly name: string;
  readonly outcome: 'done' | 'failed' | 'skipped' | 'unchanged';
  readonly error?: GaiaError;
  /** Why it was skipped, in English. */
  readonly reason?: string;
  /** The same, to be translated. */
  readonly note?: Note;
  /** What can be done about it. */
  readonly actions?: readonly ErrorAction[];
}

/** An l10n key with its values. */
export interface Note {
  readonly message: string;
  readonly values?: readonly (string | number)[];
}

/** Never rejects: each step's end is in the answer. A step whose dependency failed is skipped. */
export async function applyPlan(plan: Plan, options: ApplyOptions, hooks: ApplyHooks, signal: AbortSignal): Promise<readonly StepOutcome[]> {
  const outcomes = new Map<string, Promise<StepOutcome>>();
  const gate = limiter(options.parallel);
  for (const step of plan.steps) {
    const needed = step.after.map(name => outcomes.get(name)).filter(one => one !== undefined);
    hooks.progress(step, 'waiting');
    outcomes.set(step.name, Promise.all(needed).then(before => gate(() => applyStep(step, before, options, hooks, signal))));
  }
  return Promise.all(outcomes.values());
}

async function applyStep(step: PlanStep, before: readonly StepOutcome[], options: ApplyOptions, hooks: ApplyHooks, signal: AbortSignal): Promise<StepOutcome> {
  const skip = (note: Note): StepOutcome => {
    hooks.progress(step, 'skipped', note);
    return { name: step.name, outcome: 'skipped', reason: fillIn(note.message, note.values), note };
  };
  if (step.kind === 'none' || step.kind === 'unmanaged') return { name: step.name, outcome: 'unchanged' };
  if (signal.aborted) return skip({ message: 'Cancelled.' });
  if (step.kind === 'conflict' || step.kind === 'blocked') {
    return { ...skip({ message: step.reason ?? 'It is not possible.', ...step.values ? { values: step.values } : {} }), ...step.actions ? { actions: step.actions } : {} };
  }
  if (before.some(outcome => outcome.outcome === 'failed' || outcome.outcome === 'skipped')) return skip({ message: 'A machine it needs was not made.' });
  if (step.kind === 'replace' && !options.replace.has(step.name)) return skip({ message: 'It would have to be replaced, which was not confirmed.' });
  if (step.kind === 'stop' && !options.stop) return skip({ message: 'It would have to be stopped, which was not confirmed.' });
  hooks.progress(step, 'running');
  try {
    if (step.kind === 'create') await create(step, hooks, signal);
    else if (step.kind === 'replace') await replace(step, options, hooks, signal);
    else await change(step, options, hooks, signal);
    hooks.progress(step, 'done');
    return { name: step.name, outcome: 'done' };
  } catch (thrown) {
    const error = asGaiaError(thrown);
    // Somebody's wish, not a failure. What it left, if anything, is in the error.
    if (error.code === 'cancelled') return { ...skip({ message: error.detail.message, ...error.detail.values ? { values: error.detail.values } : {} }), error };
    hooks.progress(step, 'failed', error.detail);
    return { name: step.name, outcome: 'failed', error };
  }
}

async function create(step: PlanStep, hooks: ApplyHooks, signal: AbortSignal): Promise<void> {
  const context = hooks.context(step, signal);
  const spec = await hooks.prepare(specOf(step), context);
  if (signal.aborted) await hooks.abandon?.(step.name);
  signal.throwIfAborted();
  const { created } = await hooks.run({ verb: 'create', spec }, signal);
  if (created === undefined) throw new GaiaError('unexpected', { message: 'The machine was made, but its id was not told.', machine: step.name });
  await hooks.bind(step.name, created);
  if (spec.start === false) return;
  signal.throwIfAborted();
  await hooks.run({ verb: 'start', id: created }, signal);
  signal.throwIfAborted();
  await hooks.finish(spec, created, context);
}

async function replace(step: PlanStep, options: ApplyOptions, hooks: ApplyHooks, signal: AbortSignal): Promise<void> {
  const machine = machineOf(step);
  // What the new machine needs is fetched before the old one is touched: a failed download must not cost a machine.
  await hooks.prepare(specOf(step), hooks.context(step, signal), 'fetch');
  signal.throwIfAborted();
  if (machine.state !== 'stopped') await stop(step, options, hooks, signal);
  await hooks.run({ verb: 'delete', id: machine.id, disks: 'delete' }, signal);
  await hooks.bind(step.name, undefined);
  await create(step, hooks, signal);
}

async function change(step: PlanStep, options: ApplyOptions, hooks: ApplyHooks, signal: AbortSignal): Promise<void> {
  const machine = machineOf(step);
  const stopped = step.kind === 'stop' && machine.state !== 'stopped';
  if (stopped) await stop(step, options, hooks, signal);
  try {
    for (const action of actionsOf(step)) {
      signal.throwIfAborted();
      await hooks.run(action, signal);
    }
  } catch (error) {
    // It ran before, and was stopped for this alone. What is told is why the change failed.
    if (stopped) await hooks.run({ verb: 'start', id: machine.id }, new AbortController().signal).catch(() => undefined);
    throw error;
  }
  if (stopped) await hooks.run({ verb: 'start', id: machine.id }, signal);
  if (step.unfinished !== true) return;
  signal.throwIfAborted();
  if (!stopped && machine.state !== 'running') await hooks.run({ verb: machine.state === 'paused' ? 'resume' : 'start', id: machine.id }, signal);
  await hooks.finish(specOf(step), machine.id, hooks.context(step, signal));
}

/** The actions that a step's differences come to, in the order they run: sizes together, then settings together, then each disk. */
export function actionsOf(step: PlanStep): readonly Action[] {
  if (!step.machine) return [];
  const { id } = step.machine;
  let size: Resize = {};
  const disks: Resize[] = [];
  const edits: Change[] = [];
  const actions: Action[] = [];
  for (const { change } of step.differences) {
    if (change === undefined) continue;
    if ('rename' in change) actions.push({ verb: 'rename', id, name: change.rename });
    else if ('edit' in change) edits.push(change.edit);
    else if (change.resize.disk) disks.push(change.resize);
    else size = { ...size, ...change.resize };
  }
  if (Object.keys(size).length > 0) actions.push({ verb: 'resize', id, size });
  if (edits.length > 0) actions.push({ verb: 'edit', id, changes: edits });
  for (const disk of disks) actions.push({ verb: 'resize', id, size: disk });
  return actions;
}

/** All that a step runs, as far as it is known before: what a made machine is called by is not. For "show commands". */
export function stepActions(step: PlanStep, shutDownTimeoutMs: number): readonly Action[] {
  const create: readonly Action[] = step.spec ? [{ verb: 'create', spec: step.spec }] : [];
  if (step.kind === 'create') return create;
  if (!step.machine) return [];
  const { id, state } = step.machine;
  const off: readonly Action[] = state === 'running' ? [{ verb: 'shutDown', id, timeoutMs: shutDownTimeoutMs }] : [];
  if (step.kind === 'replace') return [...off, { verb: 'delete', id, disks: 'delete' }, ...create];
  if (step.kind !== 'stop') return actionsOf(step);
  return [...off, ...actionsOf(step), ...off.length > 0 ? [{ verb: 'start' as const, id }] : []];
}

async function stop(step: PlanStep, options: ApplyOptions, hooks: ApplyHooks, signal: AbortSignal): Promise<void> {
  const machine = machineOf(step);
  if (machine.state === 'running') {
    await hooks.run({ verb: 'shutDown', id: machine.id, timeoutMs: options.shutDownTimeoutMs }, signal);
    return;
  }
  // Memory that is paused or saved would be lost, and settings of a saved machine cannot change: that is for a person to decide.
  throw new GaiaError('wrongState', { message: 'The machine is {0}. Resume it or shut it down first, so that nothing in its memory is lost.', values: [machine.state], machine: step.name });
}

function specOf(step: PlanStep): MachineSpec {
  if (step.spec) return step.spec;
  throw new GaiaError('unexpected', { message: 'The plan does not say what the machine should be.', machine: step.name });
}

function machineOf(step: PlanStep): NonNullable<PlanStep['machine']> {
  if (step.machine) return step.machine;
  throw new GaiaError('notFound', { message: 'The machine is gone.', machine: step.name });
}

/** Runs at most `limit` at once, in the order asked. */
function limiter(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = Math.max(1, limit);
  const waiting: (() => void)[] = [];
  return async work => {
    if (free > 0) free--;
    else await new Promise<void>(resolve => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
