// Ends a process with all its children. Killing only the parent leaves exports, imports and VM front ends running (facts: W6).
import { spawn } from 'node:child_process';

const graceMs = 2000;

/** Ends the process group `pid` leads (POSIX) or its tree (Windows): asked first, forced after two seconds. Resolves when it is gone or was forced. */
export async function killTree(pid: number): Promise<void> {
  if (process.platform === 'win32') {
    await new Promise<void>(resolve => {
      const system = process.env['SystemRoot'] ?? 'C:\\Windows';
      const child = spawn(`${system}\\System32\\taskkill.exe`, ['/PID', String(pid), '/T', '/F'], { windowsHide: true, stdio: 'ignore' });
      child.once('error', () => { resolve(); });
      child.once('exit', () => { resolve(); });
    });
    return;
  }
  if (!signalGroup(pid, 'SIGTERM')) return;
  const until = Date.now() + graceMs;
  while (Date.now() < until) {
    await new Promise(resolve => setTimeout(resolve, 25));
    if (!signalGroup(pid, 0)) return;
  }
  signalGroup(pid, 'SIGKILL');
}

/** False when no process of the group is left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
