import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../../src/sinks/embedded/rate-limit.ts';

function limited(rate: number, networks = 100) {
  const clock = { now: 0 };
  const limit = new RateLimit({ rate, networks, now: () => clock.now });
  return {
    clock,
    limit,
    asks: (source: string, times: number) => Array.from({ length: times }, () => limit.ask(source)),
  };
}

describe('the rate limit', () => {
  it('answers a burst, then every second query with a cut, then again as time goes', () => {
    const { asks, clock } = limited(3);
    expect(asks('192.0.2.1', 7)).toEqual(['answer', 'answer', 'answer', 'silence', 'cut', 'silence', 'cut']);
    clock.now = 334;
    expect(asks('192.0.2.1', 2)).toEqual(['answer', 'silence']);
    clock.now = 1_000_000;
    expect(asks('192.0.2.1', 4).filter((allowance) => allowance === 'answer')).toHaveLength(3);
  });

  it('counts a network as one, and networks apart', () => {
    const { asks } = limited(1);
    expect(asks('192.0.2.1', 1)).toEqual(['answer']);
    expect(asks('192.0.2.200', 1)).toEqual(['silence']);
    expect(asks('192.0.3.1', 1)).toEqual(['answer']);
    expect(asks('2001:db8:0:1::1', 1)).toEqual(['answer']);
    expect(asks('2001:db8:0:ff::2', 1)).toEqual(['silence']);
    expect(asks('2001:db8:0:100::2', 1)).toEqual(['answer']);
    expect(asks('fe80::1%eth0', 1)).toEqual(['answer']);
    expect(asks('fe80::2%eth1', 1)).toEqual(['silence']);
  });

  it('remembers so many networks and no more, forgetting the longest silent', () => {
    const { asks, limit } = limited(1, 2);
    asks('192.0.1.1', 1);
    asks('192.0.2.1', 1);
    asks('192.0.1.1', 1);
    asks('192.0.3.1', 1);
    expect(limit.networks).toBe(2);
    expect(asks('192.0.1.1', 1)).toEqual(['cut']);
    expect(asks('192.0.2.1', 1)).toEqual(['answer']);
  });
});
