// `gaia.config.plan`, `apply`, `showPlanText`, `gaia.machine.exportConfig`, `openConfig`: from file to machine and back.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { parseConfig } from '../../config/parse.ts';
import { planAsText } from '../../config/plan/text.ts';
import type { CommandText } from '../../machines/provider.ts';
import type { MachineId } from '../../machines/machine.ts';
import { openCommands } from '../commands/showCommands.ts';
import { targetsOf } from '../commands/targets.ts';
import { gaiaDocumentOf } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import { showAsNewFile } from '../newDocument.ts';
import type { Parts } from '../parts.ts';
import { needTrust } from '../trust.ts';
import { applyFile, gatherFor } from './apply.ts';
import type { ApplyRequest } from './apply.ts';
import { configOf } from '../../config/export.ts';
import { planFeature } from './feature.ts';
import type { Gathered } from './gather.ts';
import { outcomeText, tellOutcome } from './outcome.ts';
import { locateIn } from './placesInText.ts';
import type { StepState } from './planView.ts';
import { isPlanNode } from './planView.ts';
import { commandsOfStep } from './stepCommands.ts';

export async function documentFor(parts: Parts, argument: unknown): Promise<vscode.TextDocument | undefined> {
  const uri = isPlanNode(argument) ? argument.uri : argument;
  const document = await gaiaDocumentOf(uri ?? (vscode.window.activeTextEditor ? undefined : planFeature(parts).shownView?.uri));
  if (!document) void vscode.window.showInformationMessage(t('Open a .gaia.json file first.'));
  return document;
}

/** The buttons of the plan view mean the file that is planned there, whatever else is open. */
export function ofShownPlan(command: (parts: Parts, args: readonly unknown[]) => Promise<void>): (parts: Parts) => Promise<void> {
  return async parts => {
    const { uri, only } = planFeature(parts).shownView?.shown ?? {};
    if (uri) await command(parts, only === undefined ? [uri] : [uri, { machine: only }]);
  };
}

/** `{ machine: 'web' }`, as a CodeLens passes it, or a row of the plan. */
export function onlyOf(args: readonly unknown[]): string | undefined {
  if (isPlanNode(args[0])) return args[0].step.name;
  const machine = (args[1] as { readonly machine?: unknown } | undefined)?.machine;
  return typeof machine === 'string' ? machine : undefined;
}

interface Asked {
  readonly file: string;
  readonly text: string;
  readonly only?: string;
  readonly baseFolder?: string;
}

function asked(document: vscode.TextDocument, only: string | undefined): Asked {
  return { file: document.uri.toString(), text: document.getText(), ...only === undefined ? {} : { only }, ...document.uri.scheme === 'file' ? { baseFolder: path.dirname(document.uri.fsPath) } : {} };
}

/** Shows what applying would change, as a tree, and says it in one line. */
export async function plan(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await documentFor(parts, args[0]);
  if (document) await showPlan(parts, document, onlyOf(args), true);
}

export async function showPlan(parts: Parts, document: vscode.TextDocument, only: string | undefined, reveal: boolean): Promise<void> {
  const { view, turns } = planFeature(parts);
  const file = document.uri.toString();
  // What is being carried out is shown there until it has ended.
  if (turns.has(file)) {
    await view.reveal();
    return;
  }
  const made = await planned(parts, document, only);
  if (!turns.has(file)) await view.show({ uri: document.uri, plan: made.plan, only, locate: locateIn(made.parsed) }, reveal);
}

async function planned(parts: Parts, document: vscode.TextDocument, only: string | undefined): Promise<Gathered> {
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: t('Planning') }, async () => {
    await parts.ensureProviders();
    return gatherFor(parts, asked(document, only), AbortSignal.timeout(planPatienceMs));
  });
}

const planPatienceMs = 120_000;
const commandPatienceMs = 30_000;

/** The plan as text, with the exact commands of each step. */
export async function showPlanText(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await documentFor(parts, args[0]);
  if (!document) return;
  const { plan: made } = await planned(parts, document, onlyOf(args));
  const signal = AbortSignal.timeout(commandPatienceMs);
  const commands = new Map(await Promise.all(made.steps.map(async (step): Promise<readonly [string, readonly CommandText[]]> => {
    const told = await commandsOfStep(parts, step, signal);
    return [step.name, told.problem === undefined ? told.commands : [{ text: '', language: 'shell', comment: told.problem }]];
  })));
  await planFeature(parts).texts.show(document.uri, t('Plan'), planAsText(made, commands, t));
}

/** The commands behind one step, as a document of their language; or one of them into the clipboard. */
export async function showStepCommands(parts: Parts, args: readonly unknown[]): Promise<void> {
  const [node] = args;
  if (!isPlanNode(node)) return;
  const { commands, problem } = await commandsOfStep(parts, node.step, AbortSignal.timeout(commandPatienceMs));
  if (problem !== undefined) void vscode.window.showWarningMessage(problem);
  else await openCommands(commands, t('Exactly what would be run for “{0}”', node.step.name));
}

export async function copyCommand(_parts: Parts, args: readonly unknown[]): Promise<void> {
  const [node] = args;
  if (isPlanNode(node) && node.kind === 'command') await vscode.env.clipboard.writeText(node.command.text);
}

export async function apply(parts: Parts, args: readonly unknown[]): Promise<void> {
  needTrust();
  const document = await documentFor(parts, args[0]);
  if (!document) return;
  const only = onlyOf(args);
  const outcomes = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: t('Applying {0}', fileName(document)) }, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => {
      abort.abort();
      progress.report({ message: t('stopping after what is being done now…') });
    });
    const tell = progressOf(progress, abort.signal);
    return applyFile(parts, { ...asked(document, only), progress: tell }, abort.signal);
  });
  if (!outcomes) return;
  planFeature(parts).view.say(outcomeText(outcomes));
  // Not awaited: who called the command should not wait until the notification is answered.
  void tellOutcome(parts, outcomes).then(async again => {
    if (again) await vscode.commands.executeCommand('gaia.config.apply', document.uri, only === undefined ? undefined : { machine: only });
  }, (error: unknown) => { parts.log.error(error); });
}

function fileName(document: vscode.TextDocument): string {
  return decodeURIComponent(path.posix.basename(document.uri.path));
}

/** `web: Importing the box 40 % · 1 of 3 done`. */
function progressOf(progress: vscode.Progress<{ message?: string }>, signal: AbortSignal): NonNullable<ApplyRequest['progress']> {
  const states = new Map<string, StepState>();
  return (name, state, words) => {
    states.set(name, state);
    if (signal.aborted) return;
    const ended = [...states.values()].filter(one => one === 'done' || one === 'failed' || one === 'skipped').length;
    const running = [...states].filter(([, one]) => one === 'running').map(([one]) => one);
    const what = words === undefined || words === '' ? running.join(', ') : `${name}: ${words}`;
    progress.report({ message: [what, t('{0} of {1} done', ended, states.size)].filter(part => part !== '').join(' · ') });
  };
}

/** A .gaia.json of an existing machine, not saved yet. */
export async function exportMachine(parts: Parts, args: readonly unknown[]): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'showDetails', title: t('Export as .gaia.json') }, args);
  if (!target) return;
  const details = await target.provider.describe(target.machine.id, AbortSignal.timeout(30_000));
  await showAsNewFile(configOf(details, target.provider.id));
}

/** The file a machine belongs to: opened. */
export async function openOwner(parts: Parts, args: readonly unknown[]): Promise<void> {
  const [target] = await targetsOf(parts, { ability: 'showDetails', title: t('Open the File of a Machine') }, args);
  if (!target) return;
  const { bindings } = planFeature(parts);
  await bindings.fresh();
  const owner = bindings.ownerOf(target.machine.id as MachineId);
  if (!owner) {
    void vscode.window.showInformationMessage(t('This machine belongs to no file.'));
    return;
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(owner.file));
  const selection = locateIn(parseConfig(document.getText()))(owner.name);
  await vscode.window.showTextDocument(document, selection ? { selection } : {});
}

export const applyShown = ofShownPlan(apply);
export const planAgain = ofShownPlan(plan);
export const showShownText = ofShownPlan(showPlanText);
