// Hints that something changed: VirtualBox writes VirtualBox.xml and the .vbox files at every change of the registry, of settings and of most
// states, and a machine's log at every other one (pause, resume). Hints only; list() stays the truth.
import * as path from 'node:path';
import type { Disposable } from '../../machines/provider.ts';
import type { Inventory } from './inventory.ts';

const quietMs = 250;
/** A log that is written without pause must not hold hints back for ever. */
const latestMs = 2000;
/** Every watched folder costs the system a handle; beyond this the poll has to do. */
const mostFolders = 400;

export interface WatchDoors {
  readonly watchFolder: (folder: string, onChange: (name: string | undefined) => void) => Disposable | undefined;
}

export function watchFolders(inventory: Inventory, doors: WatchDoors, onHint: () => void): Disposable {
  let watched = new Map<string, Disposable>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let since: number | undefined;
  let disposed = false;

  const hint = (): void => {
    const now = Date.now();
    since ??= now;
    clearTimeout(timer);
    timer = setTimeout(() => {
      since = undefined;
      onHint();
      void arrange();
    }, Math.max(0, Math.min(quietMs, since + latestMs - now)));
    timer.unref?.();
  };
  /** VirtualBox writes its own log and its caches there too: those mean nothing. */
  const matters = (folder: string, name: string | undefined): boolean =>
    name === undefined || (path.basename(folder) === 'Logs' ? name === 'VBox.log' : /\.(?:vbox|xml)$/i.test(name) || name === 'Logs');

  const arrange = async (): Promise<void> => {
    const { home, machines, logs } = await inventory.folders();
    if (disposed) return;
    const wanted = [...home, ...machines, ...logs].slice(0, mostFolders);
    const next = new Map<string, Disposable>();
    for (const folder of wanted) {
      // A folder that is not there yet (no log before the first start) is tried again after the next hint.
      const watcher = watched.get(folder) ?? doors.watchFolder(folder, name => { if (matters(folder, name)) hint(); });
      if (watcher) next.set(folder, watcher);
    }
    for (const [folder, watcher] of watched) if (!next.has(folder)) watcher.dispose();
    watched = next;
  };

  void arrange();
  return {
    dispose: () => {
      disposed = true;
      clearTimeout(timer);
      for (const watcher of watched.values()) watcher.dispose();
      watched.clear();
    },
  };
}
