// The small questions that commands ask: one of several, a text, a snapshot.
import * as vscode from 'vscode';
import type { Snapshot } from '../../machines/machine.ts';
import { t } from '../l10n.ts';
import type { Target } from './targets.ts';

const patienceMs = 30_000;

export interface Choice<T> {
  readonly label: string;
  readonly detail: string;
  readonly value: T;
  /** Shown, with the reason in `detail`, but cannot be taken. */
  readonly refused?: boolean;
}

/** undefined = dismissed, or nothing to choose from. */
export async function choose<T>(title: string, choices: readonly Choice<T>[]): Promise<T | undefined> {
  const items = choices.map(choice => ({ label: choice.refused ? `$(circle-slash) ${choice.label}` : choice.label, detail: choice.detail, choice }));
  for (;;) {
    const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
    if (!chosen) return undefined;
    if (!chosen.choice.refused) return chosen.choice.value;
  }
}

export async function text(question: { readonly title: string; readonly prompt: string; readonly value: string; readonly required: boolean }): Promise<string | undefined> {
  const answer = await vscode.window.showInputBox({
    title: question.title, prompt: question.prompt, value: question.value, ignoreFocusOut: true,
    validateInput: typed => (question.required && typed.trim() === '' ? t('This cannot be empty.') : undefined),
  });
  return answer?.trim();
}

/** Throws what the provider throws. `present`: offers the machine's present state as well. */
export async function chooseSnapshot(target: Target, title: string, options: { readonly present: true }): Promise<Snapshot | 'present' | undefined>;
export async function chooseSnapshot(target: Target, title: string, options?: { readonly present?: false }): Promise<Snapshot | undefined>;
export async function chooseSnapshot({ machine, provider }: Target, title: string, options: { readonly present?: boolean } = {}): Promise<Snapshot | 'present' | undefined> {
  const snapshots = flatten((await provider.snapshots?.list(machine.id, AbortSignal.timeout(patienceMs))) ?? []);
  if (snapshots.length === 0) {
    if (options.present) return 'present';
    void vscode.window.showInformationMessage(t('“{0}” has no snapshots.', machine.name));
    return undefined;
  }
  const choices = snapshots.map(({ snapshot, depth }): Choice<Snapshot | 'present'> => ({
    label: `${'  '.repeat(depth)}$(${snapshot.current ? 'circle-filled' : 'history'}) ${snapshot.name}`,
    detail: [snapshot.createdAt === undefined ? '' : new Date(snapshot.createdAt).toLocaleString(vscode.env.language), snapshot.description ?? ''].filter(part => part !== '').join(' · '),
    value: snapshot,
  }));
  return choose(title, options.present ? [{ label: `$(vm) ${t('The present state')}`, detail: '', value: 'present' }, ...choices] : choices);
}

function flatten(snapshots: readonly Snapshot[], depth = 0): readonly { readonly snapshot: Snapshot; readonly depth: number }[] {
  return snapshots.flatMap(snapshot => [{ snapshot, depth }, ...flatten(snapshot.children, depth + 1)]);
}
