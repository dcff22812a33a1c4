// Asking for the code of a second factor. In the background a quiet toast asks first: an input box must not appear under somebody's fingers.
import * as vscode from 'vscode';
import type { SecondFactor, SecondFactorChallenge } from '../../providers/proxmox/connection.ts';
import { t } from '../l10n.ts';

export class SecondFactorQuestion {
  readonly #label: string;
  readonly #atOnce: boolean;
  #declined = false;

  /** `atOnce`: a person is waiting for it. */
  constructor(label: string, atOnce: boolean) {
    this.#label = label;
    this.#atOnce = atOnce;
  }

  /** The person wants to be asked (again). */
  allow(): void {
    this.#declined = false;
  }

  /** undefined = not given. Once declined it is not asked again by itself: each poll would. */
  async ask(challenge: SecondFactorChallenge): Promise<SecondFactor | undefined> {
    if (this.#declined) return undefined;
    if (!this.#atOnce) {
      const enter = t('Enter Code');
      if ((await vscode.window.showInformationMessage(t('“{0}” asks for the code of your second factor.', this.#label), enter)) !== enter) {
        this.#declined = true;
        return undefined;
      }
    }
    const value = await vscode.window.showInputBox({
      title: t('Second factor for “{0}”', this.#label), ignoreFocusOut: true,
      prompt: challenge.totp ? (challenge.recovery ? t('The code of your authenticator app, or a recovery key') : t('The code of your authenticator app')) : t('A recovery key'),
      validateInput: typed => (typed.trim() === '' ? t('This cannot be empty.') : undefined),
    });
    if (value === undefined) {
      this.#declined = true;
      return undefined;
    }
    const isCode = challenge.totp && (/^\d{6,8}$/.test(value.replace(/\s+/g, '')) || !challenge.recovery);
    return { kind: isCode ? 'totp' : 'recovery', value: value.trim() };
  }
}
