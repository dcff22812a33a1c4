// A computer without a keyring: secrets are kept for this window, the person is told once, and no secret gets into a text.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Secrets } from '../../../src/ui/secrets.ts';

const window = vi.hoisted(() => ({ showWarningMessage: vi.fn(() => Promise.resolve(undefined)) }));
vi.mock('vscode', () => ({ window }));

const token = 'PVEAPIToken=root@pam!x=0123-secret';

/** A SecretStorage that keeps what it is given, or fails while `broken`. */
function aStorage(): { broken: boolean; readonly kept: Map<string, string>; get(key: string): Promise<string | undefined>; store(key: string, value: string): Promise<void>; delete(key: string): Promise<void> } {
  const kept = new Map<string, string>();
  const storage = {
    broken: false,
    kept,
    ready: () => (storage.broken ? Promise.reject(new Error('Unknown or unsupported transport “disabled” for address “disabled:”')) : Promise.resolve()),
    get: async (key: string) => { await storage.ready(); return kept.get(key); },
    store: async (key: string, value: string) => { await storage.ready(); kept.set(key, value); },
    delete: async (key: string) => { await storage.ready(); kept.delete(key); },
  };
  return storage;
}

describe('secrets', () => {
  let storage: ReturnType<typeof aStorage>;
  let warnings: string[];
  let secrets: Secrets;
  beforeEach(() => {
    window.showWarningMessage.mockClear();
    storage = aStorage();
    warnings = [];
    secrets = new Secrets(storage as never, message => { warnings.push(message); });
  });

  it('are kept by VS Code where it can', async () => {
    expect(await secrets.store('pve', token)).toBe(true);
    expect(storage.kept.get('pve')).toBe(token);
    expect(await secrets.get('pve')).toBe(token);
    await secrets.delete('pve');
    expect(await secrets.get('pve')).toBeUndefined();
    expect(window.showWarningMessage).not.toHaveBeenCalled();
  });

  it('live for this window where it cannot, and that is said once', async () => {
    storage.broken = true;
    expect(await secrets.store('pve', token)).toBe(false);
    expect(await secrets.get('pve')).toBe(token);
    expect(await secrets.get('other')).toBeUndefined();
    await secrets.store('second', 'x');
    expect(window.showWarningMessage).toHaveBeenCalledTimes(1);
    expect(warnings.length).toBeGreaterThan(0);
    expect(JSON.stringify([warnings, window.showWarningMessage.mock.calls])).not.toContain('0123-secret');
    await secrets.delete('pve');
    expect(await secrets.get('pve')).toBeUndefined();
  });

  it('go to VS Code as soon as it can keep them again, and the held ones are forgotten', async () => {
    storage.broken = true;
    await secrets.store('pve', 'old');
    storage.broken = false;
    expect(await secrets.get('pve')).toBe('old');
    await secrets.store('pve', token);
    expect(storage.kept.get('pve')).toBe(token);
    storage.kept.delete('pve');
    expect(await secrets.get('pve')).toBeUndefined();
  });
});
