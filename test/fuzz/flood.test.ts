import { expect, it } from 'vitest';
import { MOST_AMPLIFIED } from '../../src/sinks/embedded/respond.ts';
import { flood } from './support/flood.ts';

const SEED = 20_260_101;

it('the embedded server outlives 50,000 hostile datagrams and is no amplifier', {
  timeout: 120_000,
}, async () => {
  const report = await flood({ datagrams: 50_000, seed: SEED });
  expect(report.sent).toBe(50_000);
  // The kernel may drop some of a burst; most must have got through, or nothing was shown.
  expect(report.arrived).toBeGreaterThan(report.sent * 0.9);
  expect(report.answered).toBeGreaterThan(10_000);
  expect(report.worst).toBeLessThanOrEqual(MOST_AMPLIFIED);
  expect(report.alive).toBe(true);
});

it('one network gets no more than its share', { timeout: 120_000 }, async () => {
  const rate = 100;
  const report = await flood({ datagrams: 20_000, rate, seed: SEED });
  // As many at once as a second's worth, then by the second; every second datagram beyond may be told to come over TCP.
  const share = rate + (report.milliseconds / 1_000) * rate;
  const mostCut = report.sent / 2;
  expect(report.answered).toBeLessThanOrEqual(Math.ceil(share + mostCut));
  expect(report.amplification).toBeLessThanOrEqual(1.1);
  expect(report.alive).toBe(true);
});
