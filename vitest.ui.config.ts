// UI tests: what a person sees and clicks, in the real workbench in a browser. `npm run test:ui [-- name]`; GAIA_UNPACKED=1 uses dist/ instead of the .vsix.
import { defineConfig } from 'vitest/config';
import EvenShards from './test/runner/evenShards.mjs';

export default defineConfig({
  test: {
    include: ['test/ui/**/*.ui.ts'],
    setupFiles: ['test/ui/keepShots.ts'],
    // A machine of CI may stall for seconds; what fails for a reason fails every time.
    retry: process.env['CI'] ? 2 : 0,
    testTimeout: 120_000,
    // On a busy machine a click is drawn late; what comes soon is not waited for longer.
    expect: { poll: { timeout: 20_000, interval: 120 } },
    hookTimeout: 180_000,
    // One browser at a time: it needs about 2 GB and a core.
    pool: 'forks',
    fileParallelism: false,
    // All files in one process: they share the browser and the installed extension.
    isolate: false,
    sequence: { sequencer: EvenShards },
    reporters: ['default'],
  },
});
