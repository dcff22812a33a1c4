// Contract tests: what Gaia sends, against the real tools (VBoxManage, Vagrant, Ruby …) and official schemas. `npm run test:contract [-- name]`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/contract/**/*.test.ts'],
    globalSetup: ['build/generate.mjs'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One process a file, two at a time: each file has a VirtualBox of its own.
    pool: 'forks',
    poolOptions: { forks: { maxForks: 2, minForks: 1 } },
    reporters: ['default'],
  },
});
