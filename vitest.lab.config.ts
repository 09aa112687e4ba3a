import { defineConfig } from 'vitest/config';

// Real namespaces, real servers, real time: one file after another, so that no test is slowed by its neighbour on a small machine.
export default defineConfig({
  test: {
    include: ['test/lab/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
});
