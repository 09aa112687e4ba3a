import type { IpAddress } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import type { Failure, Outcome } from '../model/outcome.ts';
import { keyText, type RecordKey, type Target } from '../model/record.ts';
import type { RecordDocument, SinkDocument } from './document.ts';
import {
  concerns,
  type Hold,
  type HoldMemory,
  holdFor,
  holdFromDocument,
  holdToDocument,
  inForce,
  isStricter,
  remainingOf,
  withHold,
} from './hold.ts';
import { keyOfText } from './key.ts';

/** What is remembered of one sink. Reading is from memory; what returns a promise resolves when it is on disk. */
export interface SinkMemory {
  /** What the sink confirmed last; `undefined` if never, or if a later write is under way or unclear. */
  confirmed(key: RecordKey): readonly IpAddress[] | undefined;
  /** True if a write was begun and its end is not known: crash, abort, no answer, accepted but not yet carried out. */
  unclear(key: RecordKey): boolean;
  /**
   * When the last write was taken, or left without a clear end, on `clock.monotonic()`; negative if that was before this process. Never in
   * the future.
   */
  lastWrite(key: RecordKey): number | undefined;
  /** The strictest hold in force for this record, its sink's included: for these addresses, or for any. */
  hold(key: RecordKey, addresses?: readonly IpAddress[]): Hold | undefined;
  holds(): readonly Hold[];
  /** Must be awaited before the write leaves: a process killed in between then knows at its next start. */
  attempting(targets: readonly Target[]): Promise<void>;
  /** A write under way was stopped from outside: it may have left at any moment until now. */
  cutOff(targets: readonly Target[]): void;
  /** What became of writes that were noted as attempted. */
  settle(outcomes: readonly Outcome[]): Promise<void>;
  /**
   * What reading came to, with nothing sent: `unchanged` for what was found right. A list that failed says nothing about a write that is
   * in doubt; only the wait it calls for is kept.
   */
  observed(outcomes: readonly Outcome[]): Promise<void>;
  /** The operator's word: drops all holds and answers how many there were. */
  release(): Promise<number>;
  /** Forgets every record that is not among these. */
  prune(keys: readonly RecordKey[]): Promise<void>;
}

interface RecordMemory {
  confirmed: readonly IpAddress[] | undefined;
  begun: boolean;
  doubtful: boolean;
  lastWrite: number | undefined;
  /** What `lastWrite` was before the write under way, should that turn out to be none. */
  writeBefore: number | undefined;
  holds: readonly HoldMemory[];
}

/** Older than any gap between writes that a provider asks for. */
const OLDEST_WRITE = 7 * 86_400_000;

export class SinkState implements SinkMemory {
  #fingerprint: string;
  #holds: readonly HoldMemory[] = [];
  readonly #records = new Map<string, RecordMemory>();
  readonly #clock: Clock;
  readonly #scrub: (text: string) => string;
  readonly #save: () => Promise<void>;

  constructor(fingerprint: string, clock: Clock, scrub: (text: string) => string, save: () => Promise<void>) {
    this.#fingerprint = fingerprint;
    this.#clock = clock;
    this.#scrub = scrub;
    this.#save = save;
  }

  /** Takes over what the state file says. */
  restore(document: SinkDocument): void {
    const clock = this.#clock;
    this.#holds = document.holds.map((hold) => holdFromDocument(hold, clock));
    for (const [text, record] of document.records) {
      // A time of day that lies ahead (the clock was set back) counts as just now.
      const age = record.last_write === undefined ? 0 : clock.wall() - record.last_write;
      this.#records.set(text, {
        confirmed: record.confirmed,
        begun: record.begun,
        doubtful: record.doubtful,
        lastWrite:
          record.last_write === undefined
            ? undefined
            : clock.monotonic() - Math.min(Math.max(0, age), OLDEST_WRITE),
        writeBefore: undefined,
        holds: record.holds.map((hold) => holdFromDocument(hold, clock)),
      });
    }
  }

  toDocument(): SinkDocument {
    const clock = this.#clock;
    const holdsOf = (holds: readonly HoldMemory[]) =>
      holds.filter((hold) => inForce(hold, clock)).map((hold) => holdToDocument(hold, clock));
    const records = new Map<string, RecordDocument>();
    for (const [text, record] of this.#records) {
      records.set(text, {
        ...(record.confirmed === undefined ? {} : { confirmed: record.confirmed }),
        begun: record.begun,
        doubtful: record.doubtful,
        ...(record.lastWrite === undefined
          ? {}
          : { last_write: clock.wall() - (clock.monotonic() - record.lastWrite) }),
        holds: holdsOf(record.holds),
      });
    }
    return { fingerprint: this.#fingerprint, holds: holdsOf(this.#holds), records };
  }

  /** Another account or place: nothing confirmed there is true here, and what was wrong there may be right here. */
  adopt(fingerprint: string): boolean {
    if (fingerprint === this.#fingerprint) return false;
    this.#fingerprint = fingerprint;
    this.#holds = this.#holds.filter((hold) => hold.end !== undefined);
    for (const [text, record] of this.#records) {
      const timed = record.holds.filter((hold) => hold.end !== undefined);
      this.#records.set(text, { ...emptyRecord(), holds: timed });
    }
    return true;
  }

  confirmed(key: RecordKey): readonly IpAddress[] | undefined {
    return this.unclear(key) ? undefined : this.#records.get(keyText(key))?.confirmed;
  }

  unclear(key: RecordKey): boolean {
    const record = this.#records.get(keyText(key));
    return record !== undefined && (record.begun || record.doubtful);
  }

  lastWrite(key: RecordKey): number | undefined {
    return this.#records.get(keyText(key))?.lastWrite;
  }

  hold(key: RecordKey, addresses?: readonly IpAddress[]): Hold | undefined {
    const ofSink = this.#holds.map((hold) => this.#present(hold, undefined));
    const ofRecord = (this.#records.get(keyText(key))?.holds ?? [])
      .filter((hold) => concerns(hold, addresses))
      .map((hold) => this.#present(hold, key));
    let strictest: Hold | undefined;
    for (const hold of [...ofSink, ...ofRecord]) {
      if (hold.remaining() === 0) continue;
      if (strictest === undefined || isStricter(hold.remaining(), strictest.remaining())) strictest = hold;
    }
    return strictest;
  }

  holds(): readonly Hold[] {
    const ofSink = this.#holds.map((hold) => this.#present(hold, undefined));
    const ofRecords = [...this.#records].flatMap(([text, record]) =>
      record.holds.map((hold) => this.#present(hold, keyOfText(text))),
    );
    return [...ofSink, ...ofRecords].filter((hold) => hold.remaining() !== 0);
  }

  async attempting(targets: readonly Target[]): Promise<void> {
    for (const { key } of targets) {
      const record = this.#record(key);
      // Begun twice without an outcome: the first one was aborted, and its effect stays unknown if the second one fails.
      record.doubtful ||= record.begun;
      record.begun = true;
      // It counts as soon as it leaves: one that is overtaken, or cut off by a crash, may be carried out all the same.
      record.writeBefore = record.lastWrite;
      record.lastWrite = this.#clock.monotonic();
    }
    await this.#save();
    // It leaves now, and a disk may have taken its time.
    for (const { key } of targets) {
      const record = this.#record(key);
      if (record.begun) record.lastWrite = this.#clock.monotonic();
    }
  }

  cutOff(targets: readonly Target[]): void {
    for (const { key } of targets) this.#record(key).lastWrite = this.#clock.monotonic();
  }

  settle(outcomes: readonly Outcome[]): Promise<void> {
    for (const outcome of outcomes) this.#settle(outcome);
    return this.#save();
  }

  observed(outcomes: readonly Outcome[]): Promise<void> {
    for (const outcome of outcomes) {
      if (outcome.kind === 'unchanged') this.#confirm(outcome);
      else if (outcome.kind === 'failed') this.#holdOff(outcome, outcome.failure);
    }
    return this.#save();
  }

  async release(): Promise<number> {
    const count = this.holds().length;
    this.#holds = [];
    for (const record of this.#records.values()) record.holds = [];
    await this.#save();
    return count;
  }

  async prune(keys: readonly RecordKey[]): Promise<void> {
    const wanted = new Set(keys.map(keyText));
    let pruned = false;
    for (const text of this.#records.keys())
      if (!wanted.has(text)) pruned = this.#records.delete(text) || pruned;
    if (pruned) await this.#save();
  }

  #settle(outcome: Outcome): void {
    const record = this.#record(outcome.key);
    const clear =
      outcome.kind === 'unchanged' || (outcome.kind === 'failed' && outcome.failure.unclear !== true);
    // One that was carried out, or may have been, counts from its end: until then the request may have been on its way.
    if (!clear) record.lastWrite = this.#clock.monotonic();
    else if (record.begun) record.lastWrite = record.writeBefore;
    record.begun = false;
    switch (outcome.kind) {
      case 'updated':
      case 'unchanged':
        this.#confirm(outcome);
        return;
      case 'pending':
        record.doubtful = true;
        return;
      case 'failed':
        record.doubtful ||= outcome.failure.unclear === true;
        this.#holdOff(outcome, outcome.failure);
    }
  }

  #confirm({ key, addresses }: Outcome): void {
    const record = this.#record(key);
    record.confirmed = [...addresses];
    record.begun = false;
    record.doubtful = false;
    record.holds = [];
  }

  #holdOff({ key, addresses }: Outcome, failure: Failure): void {
    const hold = holdFor({ ...failure, message: this.#scrub(failure.message) }, addresses, this.#clock);
    if (hold === undefined) return;
    const record = this.#record(key);
    if (failure.scope === 'sink') this.#holds = withHold(this.#holds, hold, this.#clock);
    else record.holds = withHold(record.holds, hold, this.#clock);
  }

  #record(key: RecordKey): RecordMemory {
    const text = keyText(key);
    const record = this.#records.get(text) ?? emptyRecord();
    this.#records.set(text, record);
    return record;
  }

  #present(hold: HoldMemory, key: RecordKey | undefined): Hold {
    return {
      ...(key === undefined ? { scope: 'sink' as const } : { scope: 'record' as const, key }),
      failure: { class: hold.class, message: hold.message },
      since: new Date(hold.since).toISOString(),
      remaining: () => remainingOf(hold, this.#clock),
    };
  }
}

function emptyRecord(): RecordMemory {
  return {
    confirmed: undefined,
    begun: false,
    doubtful: false,
    lastWrite: undefined,
    writeBefore: undefined,
    holds: [],
  };
}

/** A memory that is never written down, for sinks whose records end with the process. */
export function volatileMemory(clock: Clock): SinkMemory {
  return new SinkState(
    '',
    clock,
    (text) => text,
    async () => {},
  );
}
