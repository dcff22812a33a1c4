// File-system events as hints: something under this path may have changed. Nothing more is promised, and nothing is ever thrown.
import { watch } from 'node:fs';
import type { Disposable } from '../machines/provider.ts';

/** Calls `onChange` when an entry of the folder (not of its subfolders) changes; `name` is the entry's, where the system tells. undefined = it cannot be watched: not there, or the system has no watches left. */
export function watchFolder(folder: string, onChange: (name: string | undefined) => void): Disposable | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => { onChange(name ?? undefined); });
    // The folder was removed, or the system has no watches left: the poll still sees everything.
    watcher.on('error', () => { watcher.close(); });
    return { dispose: () => { watcher.close(); } };
  } catch {
    return undefined;
  }
}
