// Passwords and tokens. VS Code's SecretStorage fails without a keyring (Linux, headless): then a secret lives for this session only, and the person is told once.
import * as vscode from 'vscode';
import { t } from './l10n.ts';

export class Secrets {
  readonly #storage: vscode.SecretStorage;
  readonly #warn: (message: string) => void;
  readonly #session = new Map<string, string>();
  #told = false;

  constructor(storage: vscode.SecretStorage, warn: (message: string) => void) {
    this.#storage = storage;
    this.#warn = warn;
  }

  async get(key: string): Promise<string | undefined> {
    const held = this.#session.get(key);
    if (held !== undefined) return held;
    try {
      return await this.#storage.get(key);
    } catch (error) {
      this.#fellBack(error);
      return undefined;
    }
  }

  /** Resolves with false when it could be kept for this session only. */
  async store(key: string, secret: string): Promise<boolean> {
    try {
      await this.#storage.store(key, secret);
      this.#session.delete(key);
      return true;
    } catch (error) {
      this.#session.set(key, secret);
      this.#fellBack(error);
      return false;
    }
  }

  async delete(key: string): Promise<void> {
    this.#session.delete(key);
    try {
      await this.#storage.delete(key);
    } catch (error) {
      this.#fellBack(error);
    }
  }

  #fellBack(error: unknown): void {
    // The storage's own text names no secret.
    this.#warn(`Secret storage: ${error instanceof Error ? error.message : String(error)}`);
    if (this.#told) return;
    this.#told = true;
    void vscode.window.showWarningMessage(t('This computer offers no safe place for passwords (no keyring). Gaia keeps them until this window closes. Environment variables such as PROXMOX_PASSWORD work too.'));
  }
}
