import { createHash } from 'node:crypto';
import type { Secret } from '../../config/secret.ts';
import type { Clock } from '../../model/clock.ts';
import type { HttpRequest } from '../../net/http.ts';
import type { Sleep } from './sleep.ts';

/** A provider's request limit: so many in any stretch of `per` milliseconds. */
export interface Limit {
  readonly requests: number;
  readonly per: number;
  /** For limits on some requests only: what they are counted by (a domain), `undefined` for requests that do not count. */
  readonly of?: (request: HttpRequest) => string | undefined;
}

/** Requests that leave this far apart may arrive closer together; added to every stretch. */
const SPREAD = 1_000;
/** No limit's key: those begin with a number. */
const ALL = 'all';

/**
 * Keeps the requests of one account below its limits. It remembers when the last requests left, rather than refilling a
 * bucket: a bucket that is full at the start lets nearly twice the limit through in the first stretch, and the provider
 * counts exactly. Costs 8 octets a request, the largest limit being some thousands.
 */
export class Gate {
  readonly #limits: readonly Limit[];
  readonly #clock: Clock;
  /** When the last requests left, for each limit and what it counts by. */
  readonly #left = new Map<string, number[]>();
  /** Until when the provider wants to hear nothing: of what a limit counts by, or of the whole account. */
  readonly #closed = new Map<string, number>();

  constructor(limits: readonly Limit[], clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Milliseconds until this request may leave; 0 = now. */
  wait(request: HttpRequest): number {
    const now = this.#clock.monotonic();
    const opens = (key: string) => (this.#closed.get(key) ?? now) - now;
    const waits = this.#counted(request).map(([key, { requests, per }]) => {
      const oldest = this.#left.get(key)?.at(-requests);
      return Math.max(opens(key), oldest === undefined ? 0 : oldest + per + SPREAD - now);
    });
    return Math.max(0, opens(ALL), ...waits);
  }

  /**
   * The provider has answered this request by telling to wait so many milliseconds. That holds for all sinks of the account; where it counts by
   * something smaller (a domain), for that alone.
   */
  close(request: HttpRequest, milliseconds: number): void {
    const until = this.#clock.monotonic() + milliseconds;
    const smaller = this.#counted(request).filter(([, limit]) => limit.of !== undefined);
    const keys = smaller.length === 0 ? [ALL] : smaller.map(([key]) => key);
    for (const key of keys) this.#closed.set(key, Math.max(until, this.#closed.get(key) ?? until));
  }

  /** Milliseconds that so many requests take when they have to wait for the limits. */
  span(requests: number): number {
    const spans = this.#limits.map((limit) => Math.floor(requests / limit.requests) * (limit.per + SPREAD));
    return Math.max(0, ...spans);
  }

  /**
   * Lets one request through as soon as the limits allow, and counts it. Answers the milliseconds still to wait, without
   * having waited, if that would be longer than `patience`: a call has a deadline, and an early "later" leaves nothing unclear.
   */
  async pass(request: HttpRequest, patience: number, sleep: Sleep, signal: AbortSignal): Promise<number> {
    for (;;) {
      signal.throwIfAborted();
      const wait = this.wait(request);
      if (wait > patience) return wait;
      if (wait === 0) break;
      await sleep(wait, signal);
    }
    for (const [key, { requests }] of this.#counted(request)) {
      const left = this.#left.get(key) ?? [];
      this.#left.set(key, left);
      left.push(this.#clock.monotonic());
      if (left.length > 2 * requests) left.splice(0, left.length - requests);
    }
    return 0;
  }

  /** Takes back the last request counted, which never left after all. */
  giveBack(request: HttpRequest): void {
    for (const [key] of this.#counted(request)) this.#left.get(key)?.pop();
  }

  #counted(request: HttpRequest): readonly (readonly [string, Limit])[] {
    return this.#limits.flatMap((limit, index) => {
      const by = limit.of === undefined ? '' : limit.of(request);
      return by === undefined ? [] : [[`${index} ${by}`, limit] as const];
    });
  }
}

// One gate an account, however many sinks share it. The clock stands for the process: tests bring their own.
const GATES = new WeakMap<Clock, Map<string, Gate>>();

export function gateOf(account: string, limits: readonly Limit[], clock: Clock): Gate {
  const gates = GATES.get(clock) ?? new Map<string, Gate>();
  GATES.set(clock, gates);
  const gate = gates.get(account) ?? new Gate(limits, clock);
  gates.set(account, gate);
  return gate;
}

/** The account as a map key that gives nothing away; `shared` is the operator's name for several that the provider counts as one. */
export function accountKey(provider: string, base: string, account: Secret, shared?: string): string {
  const who = shared === undefined ? `by key\n${account.reveal()}` : `by name\n${shared}`;
  return createHash('sha256').update(`${provider}\n${base}\n${who}`).digest('hex');
}
