import { defineConfig } from 'vitest/config';

// Real processes and real time, mostly spent waiting: scenarios run beside each other, each with its own processes and folders.
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // More at once slow each other on a machine of two cores, and what is to happen within seconds does not.
    maxWorkers: 2,
    maxConcurrency: 4,
  },
});
