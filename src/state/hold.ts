import { type IpAddress, sameAddresses } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { type Failure, type FailureClass, isPermanent } from '../model/outcome.ts';
import type { RecordKey } from '../model/record.ts';
import type { HoldDocument } from './document.ts';

/** Why, and for how long, a sink or one of its records must be left alone. */
export interface Hold {
  readonly scope: 'record' | 'sink';
  /** The record it concerns; absent for the whole sink. */
  readonly key?: RecordKey;
  readonly failure: { readonly class: FailureClass; readonly message: string };
  /** ISO 8601, UTC. */
  readonly since: string;
  /** Milliseconds left; `undefined`: until the operator or a changed configuration releases it. */
  remaining(): number | undefined;
}

/** A hold while the process runs: `endsAt` is on the monotonic clock, so that a clock step cannot move the end. */
export interface HoldMemory {
  readonly class: FailureClass;
  readonly message: string;
  readonly since: number;
  readonly end?: { readonly endsAt: number; readonly length: number };
  /** The addresses that were refused, where it was them and not the record: others may be sent. */
  readonly about?: readonly IpAddress[];
}

/** Told to wait, not told how long. */
const RATE_LIMIT_DEFAULT = 60_000;

/** The longest wait kept: a year. A `Retry-After` of centuries is a mistake of the provider, and must fit a date. */
const LONGEST = 366 * 86_400_000;

/** The hold that a failure to write these addresses calls for; `undefined` if backoff alone is the answer. */
export function holdFor(
  failure: Failure,
  addresses: readonly IpAddress[],
  clock: Clock,
): HoldMemory | undefined {
  const hold = { class: failure.class, message: failure.message, since: clock.wall() };
  if (failure.class === 'invalid' && failure.scope === 'record') return { ...hold, about: [...addresses] };
  if (isPermanent(failure.class)) return hold;
  const asked = failure.retryAfter ?? (failure.class === 'rate_limited' ? RATE_LIMIT_DEFAULT : 0);
  if (!(asked > 0)) return undefined;
  const length = Math.min(asked, LONGEST);
  return { ...hold, end: { endsAt: clock.monotonic() + length, length } };
}

/** True if the hold stands in the way of these addresses; of any, where none are given. */
export function concerns(hold: HoldMemory, addresses: readonly IpAddress[] | undefined): boolean {
  return hold.about === undefined || addresses === undefined || sameAddresses(hold.about, addresses);
}

export function remainingOf(hold: HoldMemory, clock: Clock): number | undefined {
  return hold.end === undefined ? undefined : Math.max(0, hold.end.endsAt - clock.monotonic());
}

export function inForce(hold: HoldMemory, clock: Clock): boolean {
  const remaining = remainingOf(hold, clock);
  return remaining === undefined || remaining > 0;
}

/** Adds a hold to those in force. Of one without end and a timed one both stay: each ends in its own way. */
export function withHold(
  holds: readonly HoldMemory[],
  hold: HoldMemory,
  clock: Clock,
): readonly HoldMemory[] {
  const timed = hold.end !== undefined;
  const rival = holds.find((other) => (other.end !== undefined) === timed && inForce(other, clock));
  const rest = holds.filter((other) => (other.end !== undefined) !== timed && inForce(other, clock));
  if (rival === undefined) return [...rest, hold];
  // The longer wait wins; of two without end the newer, because its message is what the provider says now.
  const keepsRival = rival.end !== undefined && hold.end !== undefined && rival.end.endsAt > hold.end.endsAt;
  return [...rest, keepsRival ? rival : hold];
}

/** True if `a` is to be minded before `b`: no end before any end, then the longer one. */
export function isStricter(a: number | undefined, b: number | undefined): boolean {
  if (b === undefined) return false;
  return a === undefined || a > b;
}

export function holdToDocument(hold: HoldMemory, clock: Clock): HoldDocument {
  const { end, ...lasting } = hold;
  const remaining = remainingOf(hold, clock);
  if (end === undefined || remaining === undefined) return lasting;
  return { ...lasting, until: clock.wall() + remaining, length: end.length };
}

/**
 * After a restart only the time of day says how much is left, and it may have been set in between: the rest is never more than the
 * whole length, whichever way the clock was moved.
 */
export function holdFromDocument(document: HoldDocument, clock: Clock): HoldMemory {
  const { until, length, ...hold } = document;
  if (until === undefined || length === undefined) return hold;
  const remaining = Math.min(Math.max(0, until - clock.wall()), length);
  return { ...hold, end: { endsAt: clock.monotonic() + remaining, length } };
}
