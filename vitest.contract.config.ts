// Contract tests: what Gaia sends, against the real tools (VBoxManage, Vagrant, Ruby …) and official schemas. `npm run test:contract [-- name]`.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/contract/**/*.test.ts'],
    globalSetup: ['build/generate.mjs'],
    setupFiles: ['test/seed.ts'],
    // A machine of CI may stall for seconds; what fails for a reason fails every time.
    retry: process.env['CI'] ? 1 : 0,
    // What comes soon is not waited for longer; a busy machine may need more than vitest's one second.
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One process a file, and each file has a VirtualBox of its own: two at a time beside the browsers, more where there is room.
    pool: 'forks',
    poolOptions: { forks: { maxForks: Math.max(2, Math.min(Math.floor(availableParallelism() / 2), 4)), minForks: 1 } },
    reporters: ['default'],
  },
});
