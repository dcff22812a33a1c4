// Texts in the person's language. Pure parts of ui/ say t('…'), so that they run in tests without VS Code; extension.ts puts l10n.t here.
import { fillIn } from '../machines/errors.ts';

export type Translate = (message: string, ...values: readonly (string | number)[]) => string;

let translate: Translate = (message, ...values) => fillIn(message, values);

/** The text in the display language; `{0}` … stand for the values. build/l10n.mjs collects the literals. */
export function t(message: string, ...values: readonly (string | number)[]): string {
  return translate(message, ...values);
}

export function setTranslate(next: Translate): void {
  translate = next;
}
