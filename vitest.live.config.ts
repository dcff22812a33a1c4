// Live tests: the real hypervisors of this computer, where GAIA_LIVE allows it. `GAIA_LIVE=virtualbox npm run test:live`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/live/**/*.test.ts'],
    globalSetup: ['build/generate.mjs'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
    reporters: ['default'],
  },
});
