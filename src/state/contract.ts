import type { IpAddress } from '../model/address.ts';
import type { Failure, Outcome } from '../model/outcome.ts';
import type { RecordKey, Target } from '../model/record.ts';

/**
 * What is remembered of one sink: what it confirmed, and until when it must be left alone. Survives a restart; a write that
 * was begun and whose end is unknown is remembered as such, so that nothing is believed that was not confirmed.
 */
export interface SinkMemory {
  /** What the sink last confirmed; `undefined` if never, or if a later write is unclear. */
  confirmed(key: RecordKey): readonly IpAddress[] | undefined;
  /** True if a write was begun and its end is not known (crash, abort, no answer). */
  unclear(key: RecordKey): boolean;
  /** `Clock.monotonic()` of the last confirmed write; after a restart the equivalent, never in the future. */
  lastWrite(key: RecordKey): number | undefined;
  /** The strictest hold in force for this key, its own or the sink's. */
  hold(key: RecordKey): Hold | undefined;
  holds(): readonly Hold[];
  /** Remembers on disk that a write of these begins, before it leaves. */
  attempting(targets: readonly Target[]): Promise<void>;
  /** Enters what became of it; the only way anything is ever confirmed. */
  settle(outcomes: readonly Outcome[]): Promise<void>;
  /** Drops all holds at the operator's word; answers how many there were. */
  release(): Promise<number>;
  /** Forgets records that are no longer configured. */
  prune(keys: readonly RecordKey[]): Promise<void>;
}

/** A sink or a record that is left alone. */
export interface Hold {
  readonly scope: 'record' | 'sink';
  readonly key?: RecordKey;
  readonly failure: Pick<Failure, 'class' | 'message'>;
  /** ISO 8601. */
  readonly since: string;
  /** Milliseconds left; `undefined` until the operator or a changed configuration releases it. */
  remaining(): number | undefined;
}

export interface StateStore {
  /** A changed fingerprint (another account, another place) forgets what was confirmed and releases permanent holds. */
  sink(name: string, fingerprint: string): SinkMemory;
  /** Resolves when everything is on disk and the folder is free for another. */
  close(): Promise<void>;
}
