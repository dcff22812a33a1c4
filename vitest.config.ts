// Unit tests: pure functions and recorded outputs; no tools, no network. `npm run test:unit [-- name]`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts'],
    globalSetup: ['build/generate.mjs'],
    setupFiles: ['test/seed.ts'],
    // A machine of CI may stall for seconds; what fails for a reason fails every time.
    retry: process.env['CI'] ? 1 : 0,
    // What comes soon is not waited for longer; a busy machine may need more than vitest's one second.
    expect: { poll: { timeout: 15_000 } },
    testTimeout: 20_000,
    pool: 'threads',
    // Nothing here changes anything that another file sees, and loading every module once a file takes longer than the tests.
    isolate: false,
    // fast-check prints the seed and path of a failure; give them to fc.assert to see it again.
    reporters: ['default'],
  },
});
