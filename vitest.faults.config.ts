import { defineConfig } from 'vitest/config';

// Real processes and real time, mostly spent waiting: scenarios run beside each other, each with its own processes and folders.
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 4,
    maxConcurrency: 4,
  },
});
