import type { Random } from '../../model/clock.ts';

const FIRST = 1_000;
const LONGEST = 60_000;
/** Share of the wait that chance adds, after the cap. */
const JITTER = 0.25;

/** Milliseconds before a source that failed `failures` times in a row (1 for the first) is started again. */
export function restartDelay(failures: number, random: Random): number {
  const wait = Math.min(LONGEST, FIRST * 2 ** Math.min(failures - 1, 30));
  return Math.round(wait * (1 + JITTER * random()));
}

/**
 * Milliseconds before a source is started again that heard more than it could pass on. It works and would again, so the wait does not
 * grow; it is there so that a storm does not become one of starts.
 */
export const AFTER_OVERRUN = 250;
