import { sameAddresses } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { formatDuration } from '../model/duration.ts';
import type { Failure, Outcome } from '../model/outcome.ts';
import { type ActualRecord, keyText, sameKey, type Target } from '../model/record.ts';
import type { SinkMemory } from '../state/sink-memory.ts';
import { chunks, neighbouring } from './batches.ts';
import type { Change, Sink, WriteResult } from './contract.ts';
import { differences, mindsTtl, PROPAGATION, reportDrift, tryOf } from './drift.ts';
import { lookOutside } from './outside.ts';
import { describeChange, plan, planBlind } from './plan.ts';
import { triesOf } from './tries.ts';
import { type CallInit, type CallRequest, within } from './within.ts';

export interface ReconcileInit extends CallInit {
  readonly sink: Sink;
  readonly memory: SinkMemory;
  /** Changes in one call of `write`. */
  readonly batch: number;
  /** Milliseconds between two writes of one record. */
  readonly minimumGap: number;
  readonly clock: Pick<Clock, 'monotonic'>;
}

export interface ReconcileRequest extends CallRequest {
  readonly targets: readonly Target[];
  /** Read also what is confirmed, or ask the name servers for it, where the sink can do that. */
  readonly verify?: boolean;
}

/**
 * Brings a sink to its targets: leaves alone what is confirmed, held or too recent, reads where the sink can be read, plans, writes, and
 * remembers. Answers one outcome for each target, and never rejects but for an abort from outside.
 *
 * Nothing is believed that was not confirmed: before a write leaves, the memory notes it as begun; only its result settles it.
 */
export async function reconcile(init: ReconcileInit, request: ReconcileRequest): Promise<readonly Outcome[]> {
  const began = init.clock.monotonic();
  const { settled, confirmed, changes, repairs } = await consider(init, request);
  if (confirmed.length > 0) await init.memory.observed(confirmed);
  const outcomes = [...settled, ...confirmed];
  for (const batch of chunks(neighbouring(changes, init.batch), init.batch)) {
    const targets = batch.map((change) => change.target);
    await init.memory.attempting(targets);
    request.signal.throwIfAborted();
    // Within the abort itself: whoever stops this write may begin the next one before anything else runs.
    const cutOff = () => init.memory.cutOff(targets);
    request.signal.addEventListener('abort', cutOff, { once: true });
    const written = await writeBatch(batch, init, request).finally(() =>
      request.signal.removeEventListener('abort', cutOff),
    );
    await init.memory.settle(written);
    for (const outcome of written) {
      const what = repairs.get(keyText(outcome.key));
      if (what !== undefined && outcome.kind !== 'failed')
        triesOf(init.sink).made(outcome.key, what, init.clock.monotonic());
    }
    outcomes.push(...written);
  }
  return withWaited(outcomes, init.clock.monotonic() - began);
}

/** What an attempt waited for somebody to answer the connection counts towards the wait before the next one. */
function withWaited(outcomes: readonly Outcome[], waited: number): readonly Outcome[] {
  return outcomes.map((outcome) =>
    outcome.kind === 'failed' && outcome.failure.class === 'unreachable'
      ? { ...outcome, failure: { ...outcome.failure, waited } }
      : outcome,
  );
}

/** What a look at a sink comes to, before anything is written. */
export interface Considered {
  /** Targets about which nothing is to be sent: confirmed before, held, or too recent. */
  readonly settled: readonly Outcome[];
  /** What reading the sink told: right already, or why it could not be read. */
  readonly confirmed: readonly Outcome[];
  readonly changes: readonly Change[];
  /** What to remember of a record's change once it is made, should it turn out to change nothing. */
  readonly repairs: ReadonlyMap<string, string>;
}

/** The deciding half of `reconcile`: reads where it must, writes nothing, remembers nothing. */
export async function consider(init: ReconcileInit, request: ReconcileRequest): Promise<Considered> {
  const verify = request.verify === true && init.sink.read !== undefined;
  const standing = request.targets.map((target) => ({
    target,
    outcome: standingOutcome(target, init, verify),
  }));
  const repairs = new Map<string, string>();
  const seen = await compared(standing, init, request, repairs);
  const { settled, open } = partition(byWholeNames(seen, init.sink.wholeName ?? false));
  if (open.length === 0) return { settled, confirmed: [], changes: [], repairs };
  const reading = await readActual(open, init, request);
  if (reading.kind === 'failed') {
    const { failure } = reading;
    const failed = open.map((target): Outcome => ({ ...subject(target), kind: 'failed', failure }));
    return { settled, confirmed: failed, changes: [], repairs };
  }
  const minds = mindsTtl({ tries: triesOf(init.sink), clock: init.clock });
  const changes =
    reading.kind === 'read'
      ? withOwed(plan(open, reading.records, minds), open, reading.records, init)
      : planBlind(open);
  for (const change of reading.kind === 'read' ? changes : []) {
    if (isConfirmed(change.target, init.memory)) reportDrift(change, request.log);
    const what = tryOf(change);
    if (what !== undefined) repairs.set(keyText(change.target.key), what);
  }
  const changing = new Set(changes.map((change) => keyText(change.target.key)));
  const right = open.filter((target) => !changing.has(keyText(target.key)));
  return {
    settled,
    confirmed: right.map((target): Outcome => ({ ...subject(target), kind: 'unchanged' })),
    changes,
    repairs,
  };
}

/**
 * For sinks that cannot be read, when looking for what somebody else has changed: what name servers answer otherwise becomes work. Only what
 * is confirmed, free to be written, and written long enough ago is asked for.
 */
async function compared(
  standing: readonly Standing[],
  init: ReconcileInit,
  request: ReconcileRequest,
  repairs: Map<string, string>,
): Promise<readonly Standing[]> {
  const { sink, memory, clock, minimumGap } = init;
  const { log } = request;
  if (request.verify !== true || sink.read !== undefined || sink.observe === undefined) return standing;
  const asked = standing.flatMap(({ target, outcome }) => {
    const last = memory.lastWrite(target.key);
    const fresh = last !== undefined && clock.monotonic() - last < Math.max(PROPAGATION, minimumGap);
    const free =
      outcome?.kind === 'unchanged' && !fresh && memory.hold(target.key, target.addresses) === undefined;
    return free ? [target] : [];
  });
  if (asked.length === 0) return standing;
  const observed = await lookOutside(asked, init, request);
  const found = differences(asked, observed, { tries: triesOf(sink), clock, log });
  for (const { target, what } of found) repairs.set(keyText(target.key), what);
  return standing.map((one) => (repairs.has(keyText(one.target.key)) ? { ...one, outcome: undefined } : one));
}

interface Standing {
  readonly target: Target;
  /** Missing if there is work to do. */
  readonly outcome: Outcome | undefined;
}

function partition(standing: readonly Standing[]): {
  readonly settled: readonly Outcome[];
  readonly open: readonly Target[];
} {
  return {
    settled: standing.flatMap(({ outcome }) => outcome ?? []),
    open: standing.flatMap(({ target, outcome }) => (outcome === undefined ? [target] : [])),
  };
}

/**
 * For sinks to which a name is one thing: what is right already goes along with what is not. If one family may not be sent now
 * (held, too recent), the other waits with it; or goes alone, where it is not known that this would remove anything.
 */
function byWholeNames(standing: readonly Standing[], whole: boolean | 'known'): readonly Standing[] {
  if (whole === false) return standing;
  return standing.map((one) => {
    const siblings = standing.filter(({ target }) => target.key.name === one.target.key.name);
    const waiting = siblings.find(
      ({ outcome }) => outcome !== undefined && outcome.kind !== 'unchanged',
    )?.outcome;
    const busy = siblings.some(({ outcome }) => outcome === undefined);
    if (!busy || (one.outcome !== undefined && one.outcome.kind !== 'unchanged')) return one;
    if (waiting === undefined || whole === 'known') return { target: one.target, outcome: undefined };
    return one.outcome === undefined
      ? { target: one.target, outcome: { ...waiting, ...subject(one.target) } }
      : one;
  });
}

function isConfirmed(target: Target, memory: SinkMemory): boolean {
  const confirmed = memory.confirmed(target.key);
  return confirmed !== undefined && sameAddresses(confirmed, target.addresses);
}

const subject = (target: Target) => ({ key: target.key, addresses: target.addresses });

/** The outcome of a target about which nothing is to be sent now; `undefined` if there is work to do. */
function standingOutcome(target: Target, init: ReconcileInit, verify: boolean): Outcome | undefined {
  const waiting = waitingOutcome(target, init);
  // A look that may not be taken now makes nothing doubtful that was confirmed.
  if (isConfirmed(target, init.memory) && (!verify || waiting !== undefined))
    return { ...subject(target), kind: 'unchanged' };
  return waiting;
}

/** Why nothing may be sent about a target now. */
function waitingOutcome(target: Target, { memory, clock, minimumGap }: ReconcileInit): Outcome | undefined {
  const hold = memory.hold(target.key, target.addresses);
  if (hold) {
    const remaining = hold.remaining();
    const failure: Failure = { ...hold.failure, scope: hold.scope };
    const timed = remaining === undefined ? failure : { ...failure, retryAfter: remaining };
    return { ...subject(target), kind: 'failed', failure: timed, held: true };
  }
  const last = memory.lastWrite(target.key);
  const rest = last === undefined ? 0 : last + minimumGap - clock.monotonic();
  if (rest <= 0) return undefined;
  const why = `written less than ${formatDuration(minimumGap)} ago; the newest address goes out when the gap has passed`;
  return { ...subject(target), kind: 'pending', why, retryAfter: Math.ceil(rest) };
}

/** Adds what reads as right, and is to be written all the same. */
function withOwed(
  changes: readonly Change[],
  open: readonly Target[],
  records: readonly ActualRecord[],
  { sink, memory }: ReconcileInit,
): readonly Change[] {
  const { writesAgain } = sink;
  if (writesAgain === undefined) return changes;
  const changing = new Set(changes.map((change) => keyText(change.target.key)));
  const isOwed = ({ key }: Target): boolean =>
    writesAgain === 'unclear' ? memory.unclear(key) : memory.confirmed(key) === undefined;
  const owed = open.filter((target) => !changing.has(keyText(target.key)) && isOwed(target));
  return [
    ...changes,
    ...owed.map((target): Change => {
      const actual = records.filter((record) => sameKey(record.key, target.key));
      return { target, actual, edits: [] };
    }),
  ];
}

type Actual =
  | { readonly kind: 'read'; readonly records: readonly ActualRecord[] }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'failed'; readonly failure: Failure };

async function readActual(
  targets: readonly Target[],
  init: ReconcileInit,
  request: ReconcileRequest,
): Promise<Actual> {
  const { sink } = init;
  if (!sink.read) return { kind: 'unreadable' };
  const keys = targets.map((target) => target.key);
  const result = await within(
    init,
    request,
    'reading',
    (call) => sink.read?.(keys, call) ?? Promise.resolve([]),
  );
  return result.kind === 'done' ? { kind: 'read', records: result.value } : result;
}

async function writeBatch(
  batch: readonly Change[],
  init: ReconcileInit,
  request: ReconcileRequest,
): Promise<readonly Outcome[]> {
  for (const change of batch) {
    request.log.debug('write_started', `writing ${keyText(change.target.key)}: ${describeChange(change)}`, {
      record: keyText(change.target.key),
    });
  }
  const result = await within(init, request, 'writing', (call) => init.sink.write(batch, call));
  const results = new Map<string, WriteResult>();
  if (result.kind === 'done') for (const one of result.value) results.set(keyText(one.key), one);
  return batch.map((change) => {
    if (result.kind === 'failed')
      return { ...subject(change.target), kind: 'failed', failure: result.failure };
    const one = results.get(keyText(change.target.key)) ?? unanswered(change);
    return outcomeOf(one, change);
  });
}

function outcomeOf(result: WriteResult, change: Change): Outcome {
  const { target, actual } = change;
  switch (result.kind) {
    case 'updated': {
      const previous = actual.map((record) => record.content);
      return { ...subject(target), kind: 'updated', ...(previous.length > 0 && { previous }) };
    }
    case 'unchanged':
      return { ...subject(target), kind: 'unchanged' };
    case 'pending':
      return { ...subject(target), kind: 'pending', why: result.why, retryAfter: result.retryAfter };
    case 'failed':
      return { ...subject(target), kind: 'failed', failure: result.failure };
  }
}

function unanswered(change: Change): WriteResult {
  const failure: Failure = {
    class: 'transient',
    scope: 'record',
    message: 'the sink gave no result for this record',
    unclear: true,
  };
  return { key: change.target.key, kind: 'failed', failure };
}
