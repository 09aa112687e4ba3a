import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/lab/**', 'test/faults/**', 'node_modules/**'],
    testTimeout: 15_000,
    pool: 'forks',
    maxWorkers: 2,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'text-summary', 'json-summary'],
      // `npm run coverage` fails below these: what decides about publishing, remembers it, and reads what the operator wrote.
      thresholds: {
        'src/streams/**': { branches: 95 },
        'src/state/**': { branches: 95 },
        'src/config/**': { branches: 95 },
        'src/sinks/{plan,reconcile,batches,within,drift,tries}.ts': { branches: 95 },
      },
    },
  },
});
