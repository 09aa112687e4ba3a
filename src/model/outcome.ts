import type { IpAddress } from './address.ts';
import type { RecordKey } from './record.ts';

/**
 * Why something could not be written, and so what to do next:
 * - `unreachable`: no provider was spoken to (no route, refused, no name, no TLS): retry soon;
 * - `transient`: the provider failed (5xx, timeout, half an answer): retry with growing backoff;
 * - `rate_limited`: told to wait; `retryAfter` says how long, in full;
 * - `conflict`: somebody else changed it, the zone is busy, or the provider took another address: read again, then retry;
 * - `credentials`: login, key or right refused: held until the configuration changes;
 * - `not_found`: the zone, host or record is not there: held until the configuration changes;
 * - `invalid`: the request itself is refused as malformed: held until the configuration changes, or, where it is that of one record,
 *   until another address is to be written;
 * - `refused`: blocked, banned, unpaid, agent refused: held until the operator acts.
 */
export type FailureClass =
  | 'unreachable'
  | 'transient'
  | 'rate_limited'
  | 'conflict'
  | 'credentials'
  | 'not_found'
  | 'invalid'
  | 'refused';

const PERMANENT: ReadonlySet<FailureClass> = new Set(['credentials', 'not_found', 'invalid', 'refused']);

/** True for the classes that are never retried on their own. */
export const isPermanent = (failure: FailureClass): boolean => PERMANENT.has(failure);

export interface Failure {
  readonly class: FailureClass;
  /** Whom it concerns: this record alone, or everything this sink would send. */
  readonly scope: 'record' | 'sink';
  /** For people: what happened and what to do, with the provider's own words; no secrets. */
  readonly message: string;
  /** Milliseconds not to be undercut, where the provider said so. */
  readonly retryAfter?: number;
  /** Milliseconds that the attempt itself took before nobody was reached: they count as waited already. */
  readonly waited?: number;
  /** True if the write may have taken effect all the same (no answer, half an answer, aborted). */
  readonly unclear?: boolean;
}

/** What became of one target; the only thing from which state is written. */
export type Outcome = { readonly key: RecordKey; readonly addresses: readonly IpAddress[] } & (
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'updated'; readonly previous?: readonly string[] }
  /** Accepted or queued, not yet confirmed; look again after `retryAfter` milliseconds. */
  | { readonly kind: 'pending'; readonly why: string; readonly retryAfter: number }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      /** True if nothing was sent: an earlier refusal is still in force. */
      readonly held?: true;
    }
);
