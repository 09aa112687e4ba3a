import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimit } from '../../src/net/limit.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createLimit', () => {
  it('runs at most so many at once, all of them, in the order they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ ticks: fc.integer({ min: 1, max: 3 }), fails: fc.boolean() }), {
          maxLength: 20,
        }),
        async (places, tasks) => {
          const limit = createLimit(places);
          const started: number[] = [];
          let now = 0;
          let peak = 0;
          const running = tasks.map(({ ticks, fails }, index) =>
            limit(async () => {
              started.push(index);
              now += 1;
              peak = Math.max(peak, now);
              for (let count = 0; count < ticks; count++) await tick();
              now -= 1;
              if (fails) throw new Error('failed');
            }),
          );
          const ends = await Promise.allSettled(running);
          expect(started).toEqual(tasks.map((_, index) => index));
          expect(peak).toBe(Math.min(places, tasks.length));
          expect(ends.map(({ status }) => status === 'rejected')).toEqual(tasks.map(({ fails }) => fails));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('lets who waits give up, without losing a place', async () => {
    const limit = createLimit(1);
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const first = limit(() => gate);
    const stop = new AbortController();
    const second = limit(async () => 'second', stop.signal);
    const third = limit(async () => 'third');
    stop.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    open();
    await first;
    expect(await third).toBe('third');
    expect(await limit(async () => 'fourth', new AbortController().signal)).toBe('fourth');
    await expect(limit(async () => 'fifth', AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  });
});
