import type { ZodType } from 'zod';
import type { IpAddress } from '../model/address.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { Family } from '../model/family.ts';
import type { Failure } from '../model/outcome.ts';
import type { ActualRecord, RecordKey, Target } from '../model/record.ts';
import type { Spawn } from '../model/spawn.ts';
import type { HttpClient } from '../net/http.ts';
import type { Log } from '../telemetry/log.ts';

/**
 * A sink is one place where records live. It reads (where it can) and writes; it decides nothing about timing, retries,
 * state or what is right: that is the reconciler's and the lane's work. So a provider file says only what is
 * particular to the provider.
 *
 * Rules every sink keeps, checked by `test/conformance`:
 * 1. `read` answers for every key asked, following pagination to the end. If any part fails it throws: a failed list is
 *    not an empty list.
 * 2. It matches by exact name *and* type. Other names, the other family, TTL, proxied flag, comment and neighbours stay as
 *    found.
 * 3. `write` answers one result for each change, in any order. Throwing a `SinkError` says the same of every change that has
 *    no result yet.
 * 4. Success is only the documented success answer. Everything else is a `Failure` of the right class with the
 *    provider's own words; `unclear: true` whenever the request may have been carried out.
 * 5. Both stop at once when `call.signal` aborts, and leave nothing running behind.
 */
export interface Sink {
  /** Present if the provider can be asked what it holds. */
  read?(keys: readonly RecordKey[], call: Call): Promise<readonly ActualRecord[]>;
  /**
   * For sinks without `read`: what the world is told about records that are confirmed, asked for when looking for what somebody else
   * has changed and never before a write. Not telling is an answer, so it throws for defects and aborts only.
   */
  observe?(keys: readonly RecordKey[], call: Call): Promise<readonly Observation[]>;
  write(changes: readonly Change[], call: Call): Promise<readonly WriteResult[]>;
  /** Changes in one `write` at most, where that is a matter of options; else it is in the provider's traits. */
  readonly batch?: number;
  /**
   * True if one request says everything about a name, so that a family left out would be removed: whenever one family of a name is to
   * be written, the other comes along as a change, although it is right already; if it may not be sent now, neither is sent. `known` if
   * nobody knows whether it would be removed: what is right comes along, and what may not be sent now holds nothing up.
   */
  readonly wholeName?: boolean | 'known';
  /**
   * Which records come as a change without edits although they read as right:
   * - `unclear`: whose last write had no clear end, where what is written shows only after a step of its own (publish, refresh) that
   *   `read` knows nothing of. That step is all that is left to be done;
   * - `unconfirmed`: that were not written yet, where it must be said that there is no address.
   */
  readonly writesAgain?: 'unclear' | 'unconfirmed';
  /**
   * Opens what the sink itself offers (a listening socket); resolves when it is ready. Rejects with a `SinkError` if that may still become
   * possible (it is asked again before each `read` and `write` until it succeeds), with anything else if the configuration cannot work.
   */
  start?(): Promise<void>;
  /** Idempotent; resolves when nothing of the sink is left. */
  stop?(): Promise<void>;
}

/** What name servers say of one record: its contents (none: it does not exist), or why that cannot be told. */
export type Observation = { readonly key: RecordKey } & (
  | { readonly kind: 'seen'; readonly contents: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string }
);

/** What goes with one call of a sink. */
export interface Call {
  /** Aborts at the deadline, when a newer address replaces this one, and on shutdown. */
  readonly signal: AbortSignal;
  /** Bound to sink and trace_id. */
  readonly log: Log;
  /** The same exchange facility as in the components, counted and traced for this call. */
  readonly http: HttpClient;
}

/**
 * What to do about one key, in both shapes that providers speak:
 * as a whole RRset (`target.addresses` replaces everything), and as edits of single records.
 * `edits` is exact when the sink can read; for write-only sinks it is empty.
 */
export interface Change {
  readonly target: Target;
  /** Records of this key found by `read`; empty for write-only sinks. */
  readonly actual: readonly ActualRecord[];
  readonly edits: readonly RecordEdit[];
}

export type RecordEdit =
  | { readonly kind: 'create'; readonly address: IpAddress }
  /** Give this record another content; everything else of it stays. */
  | { readonly kind: 'update'; readonly record: ActualRecord; readonly address: IpAddress }
  | { readonly kind: 'delete'; readonly record: ActualRecord };

export type WriteResult = { readonly key: RecordKey } & (
  | { readonly kind: 'updated' }
  | { readonly kind: 'unchanged' }
  /** Accepted, being carried out; look again after `retryAfter` milliseconds. */
  | { readonly kind: 'pending'; readonly why: string; readonly retryAfter: number }
  | { readonly kind: 'failed'; readonly failure: Failure }
);

/** Thrown by `read` and `write` when one thing went wrong for all that was asked. */
export class SinkError extends Error {
  override readonly name = 'SinkError';
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** What a provider file gives to the catalogue (`catalogue.ts`). */
export interface Provider<Options = unknown> {
  /** As written after `provider:`. */
  readonly name: string;
  readonly title: string;
  /** The page its facts were taken from. */
  readonly documentation: string;
  /** Where an operator gets the credentials, in one sentence. */
  readonly credentials: string;
  /** What an operator has to know beside, a sentence each: what the service cannot do, and what its documentation leaves open. */
  readonly notes?: readonly string[];
  /** The keys of its own in the sink's YAML mapping: a strict zod object. Secrets with `secret()`. */
  readonly options: ZodType<Options>;
  readonly traits: Traits;
  /** What about the names of a configuration cannot work with these options, before anything is asked. */
  check?(options: Options, keys: readonly RecordKey[]): readonly Misfit[];
  /** The YAML mapping of a ready sink, without `records`. */
  readonly example: string;
  /** Must not do I/O: everything starts with `start`, `read` or `write`. */
  create(init: SinkInit<Options>, components: SinkComponents): Sink;
}

/** Why a record cannot be kept with the options of its sink. */
export interface Misfit {
  readonly key: RecordKey;
  readonly message: string;
  readonly remedy: string;
}

/** What the lane needs to know of a provider, and `netdrift providers` prints. */
export interface Traits {
  /** Changes in one `write` at most; `Infinity` where one request holds all or it does not matter. */
  readonly batch: number;
  /** Milliseconds between two writes of one record, by the provider's rules; 0 where none is needed (it is this host's own). */
  readonly minimumGap?: number;
  /** True if the provider writes whole RRsets of several addresses; false if a name has one address a family. */
  readonly multiple: boolean;
  /** True if a record that is missing is created; false if the operator must create it at the provider first. */
  readonly creates: boolean;
  /** What one request does with the two families: `separate` requests or records, or both in `one` call. */
  readonly families: 'separate' | 'one';
  /** The families it has a place for, where that is not both. */
  readonly takes?: readonly Family[];
  /** Seconds a time to live may have, by the provider's documentation; `automatic` is a value beside them with a meaning of its own. */
  readonly ttl?: { readonly min?: number; readonly max?: number; readonly automatic?: number };
  /** True if what it holds ends with the process: nothing that was confirmed before a start is true after it. */
  readonly volatile?: boolean;
  /** False if it sends no requests that could leave through one uplink; they can where this is not said. */
  readonly bindable?: false;
  /** True if the provider can be asked what it holds. */
  readonly reads?: boolean;
}

export interface SinkInit<Options> {
  /** The operator's name for the sink. */
  readonly name: string;
  readonly options: Options;
  /** Every key the configuration gives to this sink, for sinks that must know all names at start. */
  readonly keys: readonly RecordKey[];
}

/** Collaborators, injected so that every sink runs against fakes. */
export interface SinkComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly spawn: Spawn;
  readonly log: Log;
  /** Waits between requests (polls, request limits); rejects with the signal's reason. Real timers if not given. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}
