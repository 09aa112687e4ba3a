import { describe, expect, it } from 'vitest';
import { Chance } from './random.ts';
import { flatness, type Sample, type Sign } from './vital-signs.ts';

const HOUR = 3_600_000;
const flat: Sample = { at: 0, memory: 70, files: 24, sockets: 8, threads: 11, children: 1 };

/** A thousand samples in an hour, each with noise, and one sign as it is told. */
function run(change: (share: number) => Partial<Sample>): readonly Sample[] {
  const chance = new Chance(1);
  return Array.from({ length: 1_000 }, (_, index) => ({
    ...flat,
    at: (index * HOUR) / 1_000,
    memory: flat.memory + chance.between(-3, 3),
    ...change(index / 1_000),
  }));
}

const growing = (change: (share: number) => Partial<Sample>): readonly Sign[] =>
  flatness(run(change))
    .filter((sign) => !sign.flat)
    .map(({ sign }) => sign);

describe('flatness', () => {
  it('forgives warm-up and noise', () => {
    expect(growing((share) => ({ memory: 50 + 20 * Math.min(1, share * 4) }))).toEqual([]);
    expect(growing(() => ({}))).toEqual([]);
  });

  it.each([
    ['memory', (share: number) => ({ memory: 70 + 60 * share })],
    ['files', (share: number) => ({ files: 24 + Math.floor(10 * share) })],
    ['sockets', (share: number) => ({ sockets: 8 + Math.floor(10 * share) })],
    ['threads', (share: number) => ({ threads: share > 0.5 ? 12 : 11 })],
    ['children', (share: number) => ({ children: share > 0.5 ? 2 : 1 })],
  ] as const)('sees %s grow', (sign, change) => {
    expect(growing(change)).toEqual([sign]);
  });

  it('tells the slope of what comes after the warm-up', () => {
    const memory = flatness(run((share) => ({ memory: 100 + 10 * share }))).find(
      ({ sign }) => sign === 'memory',
    );
    expect(memory?.slopePerHour).toBeCloseTo(10);
  });
});

describe('chance', () => {
  it('repeats itself by its seed, stays in its bounds and reaches both', () => {
    const draw = (seed: number) => {
      const chance = new Chance(seed);
      return Array.from({ length: 1_000 }, () => chance.between(1, 6));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(new Set(draw(7))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  });
});
