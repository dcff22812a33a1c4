// `gaia.config.plan`, `apply`, `destroy`, `adopt`, `exportMachine`: from file to machine and back.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { machineSpec } from '../../config/spec.ts';
import { parseConfig } from '../../config/parse.ts';
import { planAsText, summary } from '../../config/plan/text.ts';
import type { Plan } from '../../config/plan/model.ts';
import { actionsOf } from '../../config/plan/apply.ts';
import type { CommandText } from '../../machines/provider.ts';
import type { MachineId } from '../../machines/machine.ts';
import { ask, listed, namesOf } from '../confirm.ts';
import { act } from '../act.ts';
import { targetsOf } from '../commands/targets.ts';
import { gaiaDocumentOf } from '../gaiaDocument.ts';
import { t } from '../l10n.ts';
import { showAsNewFile } from '../newDocument.ts';
import type { Parts } from '../parts.ts';
import { needTrust } from '../trust.ts';
import { applyFile, boundMachines, gatherFor, firstFailure, outcomeText } from './apply.ts';
import { configOf } from '../../config/export.ts';
import { planFeature } from './feature.ts';

async function documentFor(parts: Parts, argument: unknown): Promise<vscode.TextDocument | undefined> {
  const document = await gaiaDocumentOf(argument ?? (vscode.window.activeTextEditor ? undefined : planFeature(parts).view.uri));
  if (!document) void vscode.window.showInformationMessage(t('Open a .gaia.json file first.'));
  return document;
}

/** `{ machine: 'web' }`, as a CodeLens passes it. */
function onlyOf(argument: unknown): string | undefined {
  const machine = (argument as { readonly machine?: unknown } | undefined)?.machine;
  return typeof machine === 'string' ? machine : undefined;
}

/** Shows what applying would change, as a tree, and says it in one line. */
export async function plan(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await documentFor(parts, args[0]);
  if (!document) return;
  const made = await planned(parts, document, onlyOf(args[1]));
  if (!made) return;
  await planFeature(parts).view.show(document.uri, made, summary(made), true);
}

async function planned(parts: Parts, document: vscode.TextDocument, only: string | undefined): Promise<Plan | undefined> {
  return vscode.window.withProgress({ location: { viewId: 'gaia.plan' }, title: t('Planning') }, async () => {
    await parts.ensureProviders();
    const { plan: made } = await gatherFor(parts, { file: document.uri.toString(), text: document.getText(), ...only === undefined ? {} : { only }, ...document.uri.scheme === 'file' ? { baseFolder: path.dirname(document.uri.fsPath) } : {} }, AbortSignal.timeout(120_000));
    return made;
  });
}

/** The plan as text, with the exact commands of each step. */
export async function showPlanText(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await documentFor(parts, args[0]);
  const made = document && await planned(parts, document, onlyOf(args[1]));
  if (!made) return;
  const commands = new Map<string, readonly CommandText[]>();
  for (const step of made.steps) {
    const provider = parts.registry.all().find(one => one.id === step.provider);
    const actions = step.kind === 'create' && step.spec ? [{ verb: 'create' as const, spec: step.spec }] : actionsOf(step);
    if (!provider || actions.length === 0) continue;
    const texts = await Promise.all(actions.map(action => provider.commands(action, AbortSignal.timeout(30_000)).catch((): readonly CommandText[] => [])));
    commands.set(step.name, texts.flat());
  }
  const shown = await vscode.workspace.openTextDocument({ language: 'diff', content: planAsText(made, commands) });
  await vscode.window.showTextDocument(shown, { preview: true, viewColumn: vscode.ViewColumn.Beside });
}

export async function apply(parts: Parts, args: readonly unknown[]): Promise<void> {
  needTrust();
  const document = await documentFor(parts, args[0]);
  if (!document) return;
  const only = onlyOf(args[1]);
  const outcomes = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, cancellable: true, title: t('Applying {0}', path.posix.basename(document.uri.path)) }, async (_progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => { abort.abort(); });
    return applyFile(parts, {
      file: document.uri.toString(), text: document.getText(),
      ...document.uri.scheme === 'file' ? { baseFolder: path.dirname(document.uri.fsPath) } : {}, ...only === undefined ? {} : { only },
    }, abort.signal);
  });
  if (!outcomes) return;
  const said = outcomeText(outcomes);
  planFeature(parts).view.say(said);
  if (outcomes.every(one => one.outcome === 'done' || one.outcome === 'unchanged')) {
    void vscode.window.showInformationMessage(said);
    return;
  }
  const retry = t('Retry');
  const log = t('Show Log');
  const answer = await vscode.window.showErrorMessage([said, firstFailure(outcomes)].filter(part => part !== '').join(' '), retry, log);
  if (answer === retry) await apply(parts, [document.uri, args[1]]);
  else if (answer === log) parts.log.show();
}

/** Deletes the machines that the file made, with their disks. Names them first. */
export async function destroy(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await documentFor(parts, args[0]);
  if (!document) return;
  await parts.ensureProviders();
  await parts.fleet.refresh({ fresh: true });
  const file = document.uri.toString();
  const mine = boundMachines(parts, file);
  if (mine.length === 0) {
    void vscode.window.showInformationMessage(t('No machine belongs to this file.'));
    return;
  }
  const names = mine.map(one => one.name);
  const sure = await ask(t('Delete {0} with all disks?', namesOf(names)), [listed(names), t('This cannot be undone. The file stays.')].filter(part => part !== '').join('\n\n'), [{ title: t('Delete'), value: true }]);
  if (!sure) return;
  await Promise.all(mine.map(async ({ name, id }) => {
    const state = parts.fleet.machine(id)?.state;
    if (state === 'running' || state === 'paused') {
      const [off] = await act(parts, [{ verb: 'powerOff', id }]);
      if (off?.error) return;
    }
    const [gone] = await act(parts, [{ verb: 'delete', id, disks: 'delete' }]);
    if (!gone?.error) await planFeature(parts).bindings.bind(file, name, undefined);
  }));
}

/** Makes an existing machine the file's own. Changes nothing about the machine. */
export async function adopt(parts: Parts, args: readonly unknown[]): Promise<void> {
  const document = await documentFor(parts, args[0]);
  if (!document) return;
  const { bindings } = planFeature(parts);
  const file = document.uri.toString();
  const bound = bindings.of(file);
  const specs = parseConfig(document.getText()).machines.map(machine => machineSpec(machine)).filter(spec => {
    const id = bound.get(spec.name);
    return id === undefined || parts.fleet.machine(id) === undefined;
  });
  const named = onlyOf(args[1]);
  const spec = named === undefined ? (await vscode.window.showQuickPick(specs.map(one => ({ label: one.name, description: one.provider, one })), { title: t('Adopt: which machine of the file?') }))?.one : specs.find(one => one.name === named);
  if (!spec) return;
  await parts.ensureProviders();
  await parts.fleet.refresh();
  const candidates = parts.fleet.entries().filter(entry => entry.provider.id === spec.provider).flatMap(entry => entry.machines).filter(machine => bindings.ownerOf(machine.id) === undefined);
  const picked = await vscode.window.showQuickPick(candidates.map(machine => ({ label: machine.name, description: [machine.path?.join(' / '), machine.state].filter(Boolean).join(' · '), picked: machine.name === spec.name, machine })), { title: t('Which machine is “{0}”?', spec.name) });
  if (!picked) return;
  await bindings.bind(file, spec.name, picked.machine.id);
  await plan(parts, [document.uri]);
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
  const owner = target && planFeature(parts).bindings.ownerOf(target.machine.id as MachineId);
  if (!owner) {
    void vscode.window.showInformationMessage(t('This machine belongs to no file.'));
    return;
  }
  await vscode.window.showTextDocument(vscode.Uri.parse(owner.file));
}
