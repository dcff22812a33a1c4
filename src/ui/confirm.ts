// Questions before something can be lost. They name what.
import * as vscode from 'vscode';
import { t } from './l10n.ts';

const open = new Set<string>();

/**
 * The chosen button's value, or undefined when dismissed. The first button is what Enter does. A question that is on the screen already (a key
 * pressed twice, a double click) is not asked again: the second caller is told that it was dismissed.
 */
export async function ask<T>(message: string, detail: string, buttons: readonly { readonly title: string; readonly value: T }[]): Promise<T | undefined> {
  const question = `${message}\n${detail}`;
  if (open.has(question)) return undefined;
  open.add(question);
  try {
    const chosen = await vscode.window.showWarningMessage(message, { modal: true, ...(detail === '' ? {} : { detail }) }, ...buttons.map(({ title, value }) => ({ title, value })));
    return chosen?.value;
  } finally {
    open.delete(question);
  }
}

/** `“a”`, `“a” and “b”`, `5 machines`, with the full list for the detail when it is long. Pure. */
export function namesOf(names: readonly string[]): string {
  if (names.length === 1) return `“${names[0] ?? ''}”`;
  if (names.length <= 3) return t('{0} and {1}', names.slice(0, -1).map(name => `“${name}”`).join(', '), `“${names.at(-1) ?? ''}”`);
  return t('{0} machines', names.length);
}

export function listed(names: readonly string[]): string {
  return names.length > 3 ? names.map(name => `• ${name}`).join('\n') : '';
}
