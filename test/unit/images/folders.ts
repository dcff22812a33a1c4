// Builders of these tests: a folder of one's own, an operation's context that remembers, a clock that does not wait.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../../src/machines/clock.ts';
import type { OperationContext } from '../../../src/machines/provider.ts';

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gaia-images-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface SeenContext extends OperationContext {
  readonly steps: { readonly message?: string; readonly values?: readonly (string | number)[]; readonly fraction?: number }[];
  readonly controller: AbortController;
}

export function context(onStep?: (step: SeenContext['steps'][number], controller: AbortController) => void): SeenContext {
  const controller = new AbortController();
  const steps: SeenContext['steps'] = [];
  return {
    controller,
    steps,
    signal: controller.signal,
    progress: step => {
      steps.push(step);
      onStep?.(step, controller);
    },
    output: () => undefined,
  };
}

/** Real time, but pauses last one millisecond. */
export const hastyClock: Clock = {
  now: () => Date.now(),
  sleep: (_ms, signal) => new Promise((resolve, reject) => {
    if (signal?.aborted) reject(signal.reason as Error);
    else setTimeout(resolve, 1);
  }),
};

/** Bytes that are the same in each run and do not compress. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    bytes[at] = state >>> 16;
  }
  return bytes;
}
