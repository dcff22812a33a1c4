// A place for bindings in a folder of its own, and windows that look into it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BindingStore } from '../../../src/ui/plan/bindings.ts';

export interface TestPlace {
  readonly folder: string;
  /** What VS Code's storage has, as Gaia once kept it there. */
  readonly old: Map<string, unknown>;
  /** Another window. */
  open(): BindingStore;
  dispose(): void;
}

export function bindingPlace(): TestPlace {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-bindings-'));
  const old = new Map<string, unknown>();
  const stores: BindingStore[] = [];
  return {
    folder, old,
    open: () => {
      const store = new BindingStore({ folder, old: { get: <T>(key: string, otherwise: T) => (old.get(key) ?? otherwise) as T }, show: file => ({ title: 'Open That File', command: 'vscode.open', args: [file] }) });
      stores.push(store);
      return store;
    },
    dispose: () => {
      for (const store of stores) store.dispose();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
