import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    testTimeout: 20_000,
    pool: 'threads',
    // fast-check seeds are printed on failure; CI reruns them by the printed path.
    reporters: ['default'],
  },
});
