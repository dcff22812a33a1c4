// Has a process ended? Asked of the system, without starting anything.
import { readFile } from 'node:fs/promises';

/** Does the system know a process `pid`? Also when it has ended and its parent has not looked yet. */
export function hasEntry(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True when there is no process `pid`, or only its entry is left for a parent that has not looked yet. False when that cannot be known. */
export async function hasEnded(pid: number): Promise<boolean> {
  if (!hasEntry(pid)) return true;
  if (process.platform !== 'linux') return false;
  // The state stands after the name, which is in brackets and may hold some itself.
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? false : /\) [ZX] [^)]*$/.test(stat);
}
