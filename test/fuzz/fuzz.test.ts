import { describe, expect, it } from 'vitest';
import { targets } from './registry.ts';

/** The same inputs every time; `npm run fuzz` goes where nobody has been. */
const SEED = 20_260_101;

describe.each(targets)('hostile input: $name', ({ run, runs, superlinear }) => {
  it('is taken for what it is', { timeout: 30_000 }, async () => {
    expect((await run({ seed: SEED, runs })).failure).toBeUndefined();
  });

  it('costs no more than linear time', { timeout: 60_000 }, async () => {
    expect(await superlinear()).toEqual([]);
  });
});
