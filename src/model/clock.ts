/**
 * The clocks of the host, injected wherever time matters so that tests can turn them.
 * Durations come from `monotonic`; `wall` is for stamps and for noticing sleep and clock steps only.
 */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. On Linux it stands still while the host sleeps. */
  monotonic(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump either way. */
  wall(): number;
  /** Milliseconds since boot, sleep included where the system counts it (Linux CLOCK_BOOTTIME). */
  boot(): number;
}

/** A number in [0, 1), as Math.random gives. */
export type Random = () => number;
