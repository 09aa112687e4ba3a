import type { Clock } from '../../model/clock.ts';

/** The three clocks at one moment, in milliseconds. */
export interface Clocks {
  readonly monotonic: number;
  readonly boot: number;
  readonly wall: number;
}

export const readClocks = (clock: Clock): Clocks => ({
  monotonic: clock.monotonic(),
  boot: clock.boot(),
  wall: clock.wall(),
});

/**
 * Which clock goes on while the host sleeps, timers standing still: on Linux CLOCK_BOOTTIME (and not the monotonic one); on macOS and
 * Windows the monotonic clock itself; elsewhere nobody knows, so the wall clock is believed if it goes forward.
 */
export type SleepCounter = 'boot' | 'monotonic' | 'wall';

export function sleepCounter(platform: NodeJS.Platform): SleepCounter {
  switch (platform) {
    case 'linux':
    case 'android':
      return 'boot';
    case 'darwin':
    case 'win32':
      return 'monotonic';
    default:
      return 'wall';
  }
}

export interface TickVerdict {
  /** Milliseconds the host slept or the process stood still; 0 for a punctual tick. */
  readonly slept: number;
  /** Milliseconds the wall clock was set forward (or back, negative); 0 if it was not. */
  readonly stepped: number;
}

/** A tick later than this many periods is late. */
const LATE = 1.5;
/** Milliseconds between wall and other clocks that are no step yet: gradual corrections and rounding. */
const STEP = 2_000;

/**
 * Tells sleep from a clock step: `before` and `now` are the clocks at two ticks that should lie `period` milliseconds apart.
 *
 * Sleep shows as elapsed time on the clock that counts it; a step shows on the wall clock alone. A process stopped and continued looks
 * like sleep, and is treated so: events may have been lost either way.
 */
export function judgeTick(before: Clocks, now: Clocks, period: number, counter: SleepCounter): TickVerdict {
  const monotonic = now.monotonic - before.monotonic;
  const wall = now.wall - before.wall;
  const elapsed = Math.max(
    monotonic,
    counter === 'boot' ? now.boot - before.boot : 0,
    counter === 'wall' ? wall : 0,
  );
  const slept = elapsed > LATE * period ? elapsed - period : 0;
  const step = wall - elapsed;
  return { slept, stepped: Math.abs(step) > STEP ? step : 0 };
}
