import type { Random } from '../model/clock.ts';
import { type Failure, isPermanent } from '../model/outcome.ts';

/** First wait, and the longest, in milliseconds; each wait is twice the one before. */
export interface Curve {
  readonly first: number;
  readonly longest: number;
}

const CURVES: Readonly<Record<'unreachable' | 'transient' | 'rate_limited' | 'conflict', Curve>> = {
  // Nobody is bothered by an attempt that finds no network, and whoever waits wants it back within seconds.
  unreachable: { first: 1_000, longest: 3_000 },
  // A provider in trouble is asked ever less often.
  transient: { first: 2_000, longest: 300_000 },
  rate_limited: { first: 60_000, longest: 3_600_000 },
  conflict: { first: 1_000, longest: 60_000 },
};

/** After this many attempts without a network (about a quarter of an hour) the haste is over. */
export const PATIENT_AFTER = 300;
const PATIENT: Curve = { first: 30_000, longest: 30_000 };

/** Share of the wait that chance adds. */
const JITTER = 0.25;

/** The longest delay a timer of Node takes, 24.8 days; a longer one would fire at once, for ever. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Milliseconds to wait before the next attempt after `attempt` failures in a row (1 for the first), or `undefined` for failures
 * that are not retried on their own.
 *
 * The jitter is added after the cap; else all clients that have reached it would return in step. What the provider asked for
 * (`retryAfter`) is never undercut and never shortened.
 */
export function backoff(failure: Failure, attempt: number, random: Random): number | undefined {
  if (isPermanent(failure.class)) return undefined;
  const curve = curveOf(failure, attempt);
  const plain = height(curve, attempt);
  // Where packets vanish, an attempt takes as long as its deadline: with the wait behind it, a network that returns would go unused.
  const rest = failure.class === 'unreachable' ? Math.max(0, plain - (failure.waited ?? 0)) : plain;
  const wait = Math.max(rest, failure.retryAfter ?? 0);
  return Math.min(LONGEST_TIMER, Math.round(wait + plain * JITTER * random()));
}

/** The wait of a curve after `attempt` failures in a row, with the jitter. */
export function grown(curve: Curve, attempt: number, random: Random): number {
  return Math.round(height(curve, attempt) * (1 + JITTER * random()));
}

const height = ({ first, longest }: Curve, attempt: number): number =>
  Math.min(longest, first * 2 ** Math.min(attempt - 1, 30));

function curveOf(failure: Failure, attempt: number): Curve {
  switch (failure.class) {
    case 'unreachable':
      return attempt > PATIENT_AFTER ? PATIENT : CURVES.unreachable;
    case 'rate_limited':
      // Told how long, there is nothing to grow: the wait is the provider's, plus chance.
      return failure.retryAfter === undefined ? CURVES.rate_limited : { first: 1_000, longest: 1_000 };
    case 'conflict':
      return CURVES.conflict;
    default:
      return CURVES.transient;
  }
}
