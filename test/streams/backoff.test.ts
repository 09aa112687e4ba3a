import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureClass } from '../../src/model/outcome.ts';
import { backoff } from '../../src/streams/backoff.ts';

const failure = (type: FailureClass, retryAfter?: number): Failure => ({
  class: type,
  scope: 'sink',
  message: '',
  ...(retryAfter !== undefined && { retryAfter }),
});
const waits = (of: Failure, count: number, random = 0) =>
  Array.from({ length: count }, (_, index) => backoff(of, index + 1, () => random));

describe('backoff', () => {
  it('grows and is capped, by class', () => {
    expect(waits(failure('unreachable'), 4)).toEqual([1_000, 2_000, 3_000, 3_000]);
    expect(waits(failure('transient'), 9)).toEqual(
      [2, 4, 8, 16, 32, 64, 128, 256, 300].map((s) => s * 1_000),
    );
    expect(waits(failure('conflict'), 7)).toEqual([1, 2, 4, 8, 16, 32, 60].map((s) => s * 1_000));
  });
  it('loses its haste when there has been no network for a quarter of an hour', () => {
    expect(backoff(failure('unreachable'), 301, () => 0)).toBe(30_000);
  });
  it('counts what an attempt without a network has waited, and nothing but that', () => {
    const waited = (type: FailureClass, milliseconds: number, random = 0) =>
      backoff({ ...failure(type), waited: milliseconds }, 3, () => random);
    expect(waited('unreachable', 1_000)).toBe(2_000);
    expect(waited('unreachable', 10_000)).toBe(0);
    expect(waited('unreachable', 10_000, 1)).toBe(750);
    expect(waited('transient', 10_000)).toBe(8_000);
    expect(backoff({ ...failure('unreachable', 5_000), waited: 10_000 }, 3, () => 0)).toBe(5_000);
  });
  it('never asks for more than a timer can take, which would fire at once', () => {
    expect(backoff(failure('rate_limited', 366 * 86_400_000), 1, () => 1)).toBe(2 ** 31 - 1);
  });
  it('adds jitter after the cap', () => {
    expect(backoff(failure('transient'), 20, () => 1)).toBe(375_000);
  });
  it.each(['credentials', 'not_found', 'invalid', 'refused'] as const)('never retries %s', (type) => {
    expect(backoff(failure(type, 5_000), 1, () => 0)).toBeUndefined();
  });
  it('is finite, positive, and never undercuts what the provider asked for', () => {
    const classes = fc.constantFrom<FailureClass>('unreachable', 'transient', 'rate_limited', 'conflict');
    fc.assert(
      fc.property(
        classes,
        fc.nat(10_000_000),
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (type, asked, attempt, chance) => {
          const wait = backoff(failure(type, asked), attempt, () => chance) ?? Number.NaN;
          expect(wait).toBeGreaterThanOrEqual(asked);
          expect(wait).toBeGreaterThanOrEqual(1_000);
          expect(Number.isFinite(wait)).toBe(true);
        },
      ),
    );
  });
});
