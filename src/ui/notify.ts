// What is said when something has ended: a toast for a failure (with what to do about it) and for long work; the status bar for the rest.
import * as vscode from 'vscode';
import type { ErrorAction, GaiaError } from '../machines/errors.ts';
import type { Operation } from '../machines/operations.ts';
import type { ActionResult } from '../machines/perform.ts';
import { t } from './l10n.ts';
import type { Parts } from './parts.ts';
import { failureText, stateWords, wordsFor } from './words.ts';

const statusBarMs = 4000;

/** Tells of a failure, with its buttons, and does what the chosen one says. A cancel was the person's own wish: it gets a quiet word. */
export async function showFailure(parts: Parts, error: GaiaError, operation?: Operation): Promise<void> {
  if (error.code === 'cancelled') {
    sayCancelled(parts, error, operation);
    return;
  }
  const failed = operation ? failedText(operation) : error.detail.machine === undefined ? undefined : `“${error.detail.machine}”:`;
  if (!operation) parts.log.error(`${error.code}: ${error.message}${error.detail.raw === undefined ? '' : `\n${error.detail.raw}`}`);
  const actions = error.detail.actions ?? [];
  const showLog = t('Show Log');
  const showDetails = t('Show Details');
  const chosen = await vscode.window.showErrorMessage(failureText(error, failed), ...actions.map(action => t(action.title)), showLog, ...error.detail.raw === undefined ? [] : [showDetails]);
  if (chosen === undefined) return;
  if (chosen === showLog) parts.log.show();
  else if (chosen === showDetails) await showProblem({ message: failureText(error, failed), raw: error.detail.raw ?? '' });
  else await runErrorAction(actions.find(action => t(action.title) === chosen));
}

/** The tool's own words, in full. */
export async function showProblem(problem: { readonly message: string; readonly raw: string }): Promise<void> {
  const copy = t('Copy');
  const chosen = await vscode.window.showErrorMessage(problem.message, { modal: true, detail: problem.raw }, copy);
  if (chosen === copy) await vscode.env.clipboard.writeText(`${problem.message}\n\n${problem.raw}`);
}

export async function runErrorAction(action: ErrorAction | undefined): Promise<void> {
  if (action?.command !== undefined) await vscode.commands.executeCommand(action.command, ...(action.args ?? []));
  else if (action?.url !== undefined) await vscode.env.openExternal(vscode.Uri.parse(action.url));
}

export function sayDone(parts: Parts, operation: Operation, _result: ActionResult): void {
  sayResult(parts, doneText(operation), (operation.endedAt ?? 0) - (operation.startedAt ?? 0));
}

/** Aloud after work that took long; else where it does not disturb. */
export function sayResult(parts: Parts, text: string, tookMs: number): void {
  if (tookMs >= parts.settings.notifyAfterMs) void vscode.window.showInformationMessage(text);
  else void vscode.window.setStatusBarMessage(`$(check) ${text}`, statusBarMs);
}

function sayCancelled(parts: Parts, error: GaiaError, operation: Operation | undefined): void {
  const left = error.detail.left === undefined ? undefined : t(error.detail.left, ...(error.detail.values ?? []));
  const id = operation && operation.action.verb !== 'create' ? operation.action.id : undefined;
  const now = id === undefined ? undefined : parts.fleet.machine(id);
  const state = now === undefined ? undefined : t('“{0}” is now {1}.', now.name, stateWords[now.state]());
  const text = [t('Cancelled.'), left ?? state].filter(part => part !== undefined).join(' ');
  if (operation?.startedAt === undefined) void vscode.window.setStatusBarMessage(text, statusBarMs);
  else void vscode.window.showInformationMessage(text);
}

function failedText(operation: Operation): string {
  return wordsFor(operation.action, extraTitle(operation)).failed(operation.machineName);
}

function doneText(operation: Operation): string {
  return wordsFor(operation.action, extraTitle(operation)).done(operation.machineName);
}

function extraTitle({ action, provider }: Operation): string | undefined {
  return action.verb === 'extra' ? provider.extras?.find(extra => extra.id === action.extra)?.title : undefined;
}
