import { type Rules, waitAfter } from './rules.ts';

/** From `at` on, this and nothing else was true of the host and should stand in the record; empty: no address. Times in milliseconds of one clock. */
export interface Truth {
  readonly at: number;
  /** `home.example.net/A` */
  readonly record: string;
  readonly values: readonly string[];
}

/** One request for one record, as the provider saw it. */
export interface Exchange {
  readonly at: number;
  readonly record: string;
  /** What the record was to become; empty: removed. */
  readonly asked: readonly string[];
  /** The provider's word: `good`, `911`, `HTTP 500`; `SILENCE` if the client never had a whole answer. */
  readonly said: string;
  /** True if the provider put it into force, whether or not the client was told. */
  readonly taken: boolean;
  /** Milliseconds that this very answer asked to wait (`Retry-After`). */
  readonly wait?: number;
}

export const SILENCE = 'silence';

/**
 * What was done to the client, as far as it gives the right to one more request.
 * - `restarted`: ended and started again, so that an answer may have been lost;
 * - `forgotten`: its state was destroyed as well;
 * - `released`: the operator ended all holds;
 * - `reconfigured`: account, place or secret changed.
 */
export interface Event {
  readonly at: number;
  readonly kind: 'restarted' | 'forgotten' | 'released' | 'reconfigured';
}

export interface Evidence {
  readonly truths: readonly Truth[];
  readonly exchanges: readonly Exchange[];
  readonly rules: Rules;
  readonly events?: readonly Event[];
  /** Milliseconds for which a value may still be asked for after it has ceased to be true. */
  readonly allowedDelay: number;
}

export interface Fault {
  readonly check: 'last' | 'wrong' | 'etiquette';
  readonly at: number;
  readonly message: string;
}

/** Stamps of two processes and timers that fire early by a millisecond. */
const TOLERANCE = 20;
/** A gap counts from when a request leaves; one may be longer on its way than the next. */
const WAY = 150;

/**
 * Three questions to the log of one provider's account: is the last published value right, was nothing wrong ever asked for, and was
 * the provider's patience respected? The answer is empty if all is well.
 */
export function judge(evidence: Evidence): readonly Fault[] {
  const exchanges = [...evidence.exchanges].sort((a, b) => a.at - b.at);
  const sorted = { ...evidence, exchanges, truths: [...evidence.truths].sort((a, b) => a.at - b.at) };
  return [...lastIsRight(sorted), ...nothingWrong(sorted), ...patience(sorted), ...moderation(sorted)];
}

const text = (values: readonly string[]): string => [...values].sort().join(' and ') || 'nothing';
const of = <Item extends { readonly record: string }>(
  items: readonly Item[],
  record: string,
): readonly Item[] => items.filter((item) => item.record === record);

function lastIsRight({ truths, exchanges }: Evidence): readonly Fault[] {
  return [...new Set(truths.map(({ record }) => record))].flatMap((record) => {
    const wanted = of(truths, record).at(-1);
    const last = of(exchanges, record).findLast(({ taken }) => taken);
    if (wanted === undefined || text(last?.asked ?? []) === text(wanted.values)) return [];
    const message = `${record} is ${text(last?.asked ?? [])} in the end, and should be ${text(wanted.values)}`;
    return [{ check: 'last' as const, at: last?.at ?? wanted.at, message }];
  });
}

/** Asked for is enough: whoever sends a wrong value and is refused was lucky. */
function nothingWrong({ truths, exchanges, allowedDelay }: Evidence): readonly Fault[] {
  return exchanges.flatMap(({ at, record, asked }) => {
    const history = of(truths, record);
    const right = history.some(
      (truth, index) =>
        truth.at <= at &&
        (history[index + 1]?.at ?? Number.POSITIVE_INFINITY) + allowedDelay >= at &&
        text(truth.values) === text(asked),
    );
    if (right) return [];
    return [
      { check: 'wrong' as const, at, message: `${record} was to be ${text(asked)}, which was not true then` },
    ];
  });
}

/** Refusals for good, waits, gaps, and answers that leave nothing to ask again. */
function patience({ exchanges, rules, events = [] }: Evidence): readonly Fault[] {
  const faults: Fault[] = [];
  const between = (from: number, to: number, kinds: readonly Event['kind'][]): boolean =>
    events.some(({ at, kind }) => at >= from && at <= to && kinds.includes(kind));
  const blame = ({ at }: Exchange, message: string): void =>
    void faults.push({ check: 'etiquette', at, message });

  for (const [index, later] of exchanges.entries()) {
    for (const earlier of exchanges.slice(0, index)) {
      const apart = later.at - earlier.at;
      const scope = rules.permanent.get(earlier.said);
      const concerns = scope === 'account' || earlier.record === later.record;
      if (
        scope !== undefined &&
        concerns &&
        !between(earlier.at, later.at, ['released', 'reconfigured', 'forgotten'])
      ) {
        blame(later, `${later.record} was asked for again ${Math.round(apart)} ms after ${earlier.said}`);
      }
      const wait = waitAfter(rules, earlier);
      if (apart + TOLERANCE < wait && !between(earlier.at, later.at, ['released', 'forgotten'])) {
        blame(later, `${Math.round(apart)} ms after ${earlier.said}, which means to wait ${wait} ms`);
      }
    }
    const before = exchanges.slice(0, index).findLast(({ record }) => record === later.record);
    if (before === undefined) continue;
    const settled = rules.success.has(before.said);
    const counts = settled || before.said === SILENCE;
    const gap = later.at - before.at;
    if (
      counts &&
      gap + WAY < rules.minimumGap &&
      !between(before.at, later.at, ['forgotten', 'reconfigured'])
    ) {
      blame(
        later,
        `${later.record} was written twice within ${Math.round(gap)} ms; the gap is ${rules.minimumGap} ms`,
      );
    }
    const pardoned = between(before.at, later.at, ['restarted', 'forgotten', 'reconfigured']);
    if (settled && text(before.asked) === text(later.asked) && !pardoned) {
      blame(later, `${later.record} was sent again unchanged after ${before.said}`);
    }
  }
  return faults;
}

/** However it comes about: no more requests in any window than retries make up, and one for each thing that happened. */
function moderation({ exchanges, truths, rules, events = [] }: Evidence): readonly Fault[] {
  const { window, requests } = rules.burst;
  for (const record of new Set(exchanges.map((exchange) => exchange.record))) {
    const own = of(exchanges, record);
    const causes = [...of(truths, record), ...events];
    for (const first of own) {
      const end = first.at + window;
      const sent = own.filter(({ at }) => at >= first.at && at < end).length;
      // A cause just before the window may have its request in it.
      const caused = causes.filter(({ at }) => at >= first.at - window && at < end).length;
      if (sent <= requests + caused) continue;
      const message = `${sent} requests for ${record} within ${window} ms, where ${caused} things happened`;
      return [{ check: 'etiquette', at: first.at, message }];
    }
  }
  return [];
}
