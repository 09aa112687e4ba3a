import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { startDyndnsServer } from '../../bench/support/dyndns-server.ts';
import { processorSecondsAnHour, usageOf } from '../../bench/support/process-usage.ts';
import { percentile, summarize } from '../../bench/support/statistics.ts';
import { reached, table } from '../../bench/support/table.ts';
import { now } from './support/moment.ts';

describe('statistics', () => {
  test('take the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(summarize(hundred)).toEqual({ runs: 100, median: 50, p95: 95, min: 1, max: 100 });
    expect(summarize([3, 1, 2])).toEqual({ runs: 3, median: 2, p95: 3, min: 1, max: 3 });
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });

  test('only ever name a value that was measured, with at least the share at or below it', () => {
    const samples = fc.array(fc.integer(), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(samples, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const value = percentile(values, share);
        expect(values).toContain(value);
        expect(values.filter((other) => other <= value).length).toBeGreaterThanOrEqual(
          Math.floor(share * values.length),
        );
      }),
    );
  });
});

describe('the table', () => {
  const figure = {
    title: 'reaction',
    unit: 'ms',
    samples: [300, 340, 601],
    target: { median: 350, p95: 600 },
  } as const;

  test('is Markdown with targets judged', () => {
    expect(table([figure, { title: 'idle', unit: 'MiB', samples: [61.25] }]).split('\n')).toEqual([
      '| figure   | unit | runs | median |  p95 |  min |  max | target                    |        |',
      '|----------|------|-----:|-------:|-----:|-----:|-----:|---------------------------|--------|',
      '| reaction | ms   |    3 |    340 |  601 |  300 |  601 | median <= 350, p95 <= 600 | MISSED |',
      '| idle     | MiB  |    1 |   61.3 | 61.3 | 61.3 | 61.3 |                           |        |',
    ]);
  });

  test('a target is reached if every bound of it is', () => {
    expect(reached(figure)).toBe(false);
    expect(reached({ ...figure, target: { median: 340 } })).toBe(true);
    expect(reached({ ...figure, target: { max: 600 } })).toBe(false);
  });
});

describe('the use of a process', () => {
  test.runIf(process.platform === 'linux')('is read from /proc and grows with work', () => {
    const before = usageOf(process.pid);
    expect(before.resident).toBeGreaterThan(10 * 1024 * 1024);
    expect(before.residentPeak).toBeGreaterThanOrEqual(before.resident);
    expect(before.openFiles).toBeGreaterThan(2);
    // Ten ticks of 10 ms, however busy the machine is.
    while (usageOf(process.pid).processor < before.processor + 100);
    const after = usageOf(process.pid);
    expect(processorSecondsAnHour(before, { ...before, processor: before.processor + 100 }, 360_000)).toBe(1);
    expect(after.processor).toBeGreaterThanOrEqual(before.processor + 100);
    expect(() => usageOf(2 ** 30)).toThrow(/ENOENT/);
  });
});

describe('the dyndns2 server', () => {
  test('delays, agrees, and counts requests and connections', async () => {
    const server = await startDyndnsServer({ delay: 30 });
    try {
      const url = `http://127.0.0.1:${server.port}/nic/update?hostname=a.example.org,b.example.org&myip=192.0.2.1`;
      const started = now();
      const answers = await Promise.all([fetch(url), fetch(url), fetch(url)]);
      expect(now() - started).toBeGreaterThan(28);
      for (const answer of answers) expect(await answer.text()).toBe('good 192.0.2.1\ngood 192.0.2.1\n');
      expect(server.requests).toHaveLength(3);
      expect(server.connections).toBe(3);
      expect(server.peak).toBe(3);
    } finally {
      await server.close();
    }
  });
});
