// Contract tests: what Gaia sends, against the real tools (VBoxManage, Vagrant, Ruby …) and official schemas. `npm run test:contract [-- name]`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/contract/**/*.test.ts'],
    globalSetup: ['build/generate.mjs'],
    // A machine of CI may stall for seconds; what fails for a reason fails every time.
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One process a file, two at a time: each file has a VirtualBox of its own.
    pool: 'forks',
    poolOptions: { forks: { maxForks: 2, minForks: 1 } },
    reporters: ['default'],
  },
});
