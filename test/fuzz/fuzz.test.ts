import { describe, expect, it } from 'vitest';
import { targets } from './registry.ts';

/** The same inputs every time; `npm run fuzz` goes where nobody has been. */
const SEED = 20_260_101;

describe.each(targets)('hostile input: $name', ({ run, runs }) => {
  it('is taken for what it is', { timeout: 30_000 }, async () => {
    expect((await run({ seed: SEED, runs })).failure).toBeUndefined();
  });
});
