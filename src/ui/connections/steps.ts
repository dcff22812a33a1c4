// Steps of a wizard: an input box or a pick with a number and a way back.
import * as vscode from 'vscode';
import { t } from '../l10n.ts';

export type Answer<T> = { readonly kind: 'value'; readonly value: T } | { readonly kind: 'back' } | { readonly kind: 'cancel' };

export interface StepTitle {
  readonly title: string;
  readonly step: number;
  readonly total: number;
  /** The first question has nothing before it. */
  readonly first?: boolean;
}

export interface Choice<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly value: T;
  /** Opens an explanation, and the question stays. */
  readonly explain?: () => Promise<void>;
}

export async function askText(at: StepTitle, question: { readonly prompt: string; readonly value?: string; readonly placeholder?: string; readonly password?: boolean; readonly check?: (typed: string) => string | undefined }): Promise<Answer<string>> {
  const input = vscode.window.createInputBox();
  Object.assign(input, { title: at.title, step: at.step, totalSteps: at.total, prompt: question.prompt, placeholder: question.placeholder, value: question.value ?? '', password: question.password ?? false, ignoreFocusOut: true });
  if (!at.first) input.buttons = [vscode.QuickInputButtons.Back];
  const check = question.check ?? ((typed: string) => (typed.trim() === '' ? t('This cannot be empty.') : undefined));
  return new Promise(resolve => {
    let answer: Answer<string> = { kind: 'cancel' };
    const finish = (next: Answer<string>): void => {
      answer = next;
      input.hide();
    };
    input.onDidChangeValue(() => { input.validationMessage = undefined; });
    input.onDidTriggerButton(() => { finish({ kind: 'back' }); });
    input.onDidAccept(() => {
      const problem = check(input.value);
      if (problem === undefined) finish({ kind: 'value', value: input.value });
      else input.validationMessage = problem;
    });
    input.onDidHide(() => {
      input.dispose();
      resolve(answer);
    });
    input.show();
  });
}

export async function askPick<T>(at: StepTitle, placeholder: string, choices: readonly Choice<T>[], active?: T): Promise<Answer<T>> {
  for (;;) {
    const chosen = await pickOnce(at, placeholder, choices, active);
    if (chosen.kind !== 'value') return chosen;
    if (!chosen.value.explain) return { kind: 'value', value: chosen.value.value };
    await chosen.value.explain();
  }
}

async function pickOnce<T>(at: StepTitle, placeholder: string, choices: readonly Choice<T>[], active: T | undefined): Promise<Answer<Choice<T>>> {
  const pick = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly choice: Choice<T> }>();
  Object.assign(pick, { title: at.title, step: at.step, totalSteps: at.total, placeholder, ignoreFocusOut: true });
  pick.items = choices.map(choice => ({ label: choice.label, ...(choice.description === undefined ? {} : { description: choice.description }), ...(choice.detail === undefined ? {} : { detail: choice.detail }), choice }));
  pick.activeItems = pick.items.filter(item => active !== undefined && item.choice.value === active);
  if (!at.first) pick.buttons = [vscode.QuickInputButtons.Back];
  return new Promise(resolve => {
    let answer: Answer<Choice<T>> = { kind: 'cancel' };
    pick.onDidTriggerButton(() => {
      answer = { kind: 'back' };
      pick.hide();
    });
    pick.onDidAccept(() => {
      const [item] = pick.selectedItems;
      if (!item) return;
      answer = { kind: 'value', value: item.choice };
      pick.hide();
    });
    pick.onDidHide(() => {
      pick.dispose();
      resolve(answer);
    });
    pick.show();
  });
}
