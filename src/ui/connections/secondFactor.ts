// Asking for the code of a second factor. In the background a quiet toast asks first: an input box must not appear under somebody's fingers.
import * as vscode from 'vscode';
import type { SecondFactor, SecondFactorChallenge } from '../../providers/proxmox/connection.ts';
import { t } from '../l10n.ts';

export class SecondFactorQuestion {
  readonly #label: string;
  readonly #late: () => void;
  #atOnce: boolean;
  /** Answers for a toast that is still there: shall the box open? */
  #settle: ((open: boolean) => void) | undefined;

  /** `atOnce`: a person is waiting for it. `late`: a toast was answered whose question had ended otherwise. */
  constructor(label: string, atOnce: boolean, late: () => void = () => undefined) {
    this.#label = label;
    this.#atOnce = atOnce;
    this.#late = late;
  }

  /** While `work` runs a person waits: no toast comes before the box, and one that is there need not be answered. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#atOnce;
    this.#atOnce = true;
    this.#settle?.(true);
    try {
      return await work();
    } finally {
      this.#atOnce = before;
    }
  }

  /** undefined = not given. */
  async ask(challenge: SecondFactorChallenge): Promise<SecondFactor | undefined> {
    if (!this.#atOnce && !(await this.#wanted())) return undefined;
    const value = await vscode.window.showInputBox({
      title: t('Second factor for “{0}”', this.#label), ignoreFocusOut: true,
      prompt: challenge.totp ? (challenge.recovery ? t('The code of your authenticator app, or a recovery key') : t('The code of your authenticator app')) : t('A recovery key'),
      validateInput: typed => (typed.trim() === '' ? t('This cannot be empty.') : undefined),
    });
    if (value === undefined) return undefined;
    const isCode = challenge.totp && (/^\d{6,8}$/.test(value.replace(/\s+/g, '')) || !challenge.recovery);
    return { kind: isCode ? 'totp' : 'recovery', value: value.trim() };
  }
  /** Nobody needs it any more. */
  dispose(): void {
    this.#settle?.(false);
  }

  #wanted(): Promise<boolean> {
    const enter = t('Enter Code');
    return new Promise(resolve => {
      const settle = (open: boolean): void => {
        this.#settle = undefined;
        resolve(open);
      };
      this.#settle = settle;
      void vscode.window.showInformationMessage(t('“{0}” asks for the code of your second factor.', this.#label), enter).then(answer => {
        if (this.#settle === settle) settle(answer === enter);
        else if (answer === enter) this.#late();
      });
    });
  }
}
