// The real tools these tests ask. What is absent is named in the title of what is skipped.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function has(...programs: readonly string[]): boolean {
  return programs.every(program => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0);
}

export function run(file: string, args: readonly string[], input?: string | Uint8Array): string {
  return execFileSync(file, args, { maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'], ...(input === undefined ? {} : { input }) }).toString();
}

/** `describe`'s title with what is missing, so that the list of skipped tests says why. */
export function titled(title: string, ...programs: readonly string[]): { title: string; missing: boolean } {
  const missing = programs.filter(program => !has(program));
  return { title: missing.length === 0 ? title : `${title} (skipped: no ${missing.join(', ')} here)`, missing: missing.length > 0 };
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gaia-images-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
