import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stateLost } from '../../../src/net/pcp/epoch.ts';

const mark = (epoch: number, seconds: number) => ({ epoch, at: seconds * 1_000 });

describe('a lost state', () => {
  it.each([
    ['both clocks agree', 'pcp', mark(100, 0), mark(160, 60), false],
    ['one second back is rounding', 'pcp', mark(100, 0), mark(99, 0), false],
    ['two seconds back are a restart', 'pcp', mark(100, 0), mark(98, 0), true],
    ['it starts again from zero', 'pcp', mark(100, 0), mark(0, 5), true],
    ['it runs slow by a sixteenth and 2 s', 'pcp', mark(0, 0), mark(1_498, 1_600), false],
    ['it runs slower', 'pcp', mark(0, 0), mark(1_490, 1_600), true],
    ['it runs too fast', 'pcp', mark(0, 0), mark(1_800, 1_600), true],
    ['NAT-PMP may run fast', 'nat-pmp', mark(0, 0), mark(1_800, 1_600), false],
    ['NAT-PMP may run slow by an eighth', 'nat-pmp', mark(0, 0), mark(1_399, 1_600), false],
    ['NAT-PMP runs slower', 'nat-pmp', mark(0, 0), mark(1_397, 1_600), true],
    ['NAT-PMP starts again', 'nat-pmp', mark(5_000, 0), mark(1, 10), true],
  ] as const)('%s', (_, protocol, before, now, lost) => {
    expect(stateLost(protocol, before, now)).toBe(lost);
  });

  it('is not seen where the gateway counts as we do, from wherever', () => {
    const protocol = fc.constantFrom('pcp' as const, 'nat-pmp' as const);
    fc.assert(
      fc.property(protocol, fc.nat(1e8), fc.nat(1e8), fc.nat(1e6), (name, epoch, start, passed) => {
        expect(stateLost(name, mark(epoch, start), mark(epoch + passed, start + passed))).toBe(false);
      }),
    );
  });
});
