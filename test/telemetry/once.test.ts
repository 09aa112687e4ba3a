import { describe, expect, it } from 'vitest';
import { createOnce } from '../../src/telemetry/once.ts';

function fixture() {
  let now = 0;
  const once = createOnce({ monotonic: () => now, wall: () => 0, boot: () => 0 });
  return {
    once,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
  };
}

describe('createOnce', () => {
  it('admits a line once a cooldown and counts what it kept quiet', () => {
    const { once, pass } = fixture();
    expect(once.admit('detector_failed', 'wan/ipv4')).toBe(0);
    pass(299_999);
    expect(once.admit('detector_failed', 'wan/ipv4')).toBeUndefined();
    expect(once.admit('detector_failed', 'wan/ipv6')).toBe(0);
    pass(1);
    expect(once.admit('detector_failed', 'wan/ipv4')).toBe(1);
    expect(once.admit('detector_failed', 'wan/ipv4')).toBeUndefined();
  });

  it('admits it again at once after a change', () => {
    const { once } = fixture();
    once.admit('a', 'x');
    once.admit('b', 'y');
    once.changed('x');
    expect(once.admit('a', 'x')).toBe(0);
    expect(once.admit('b', 'y')).toBeUndefined();
    once.changed();
    expect(once.admit('b', 'y')).toBe(0);
  });

  it('does not grow without end', () => {
    const { once } = fixture();
    for (let count = 0; count < 5_000; count += 1) expect(once.admit('a', String(count))).toBe(0);
    expect(once.admit('a', '4999')).toBeUndefined();
    expect(once.admit('a', '0')).toBe(0);
  });
});
