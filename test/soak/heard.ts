import { type Exchange, SILENCE } from '../faults/judge.ts';
import type { LogLine } from '../lab/support/netdrift.ts';

/** Stands for the word of an answer that may never have reached netdrift: nobody can be blamed for what he was not told. */
export const DOUBTFUL = 'doubtful';

const ACCEPTED: ReadonlySet<string> = new Set(['record_updated', 'record_unchanged']);

/**
 * The requests of one sink, the word kept where netdrift's log shows that it was heard: the first outcome of the record after the request,
 * and before the next request for it, fits the word. An attempt that is aborted, by a newer address or by the end of the process, logs none.
 */
export function heard(
  exchanges: readonly Exchange[],
  log: readonly LogLine[],
  sink: string,
): readonly Exchange[] {
  const outcomes = log.filter(
    (line) => line['sink'] === sink && (ACCEPTED.has(line.event) || line.event === 'write_failed'),
  );
  return [...new Set(exchanges.map(({ record }) => record))].flatMap((record) =>
    heardOf(
      exchanges.filter((exchange) => exchange.record === record).toSorted((a, b) => a.at - b.at),
      outcomes.filter((line) => line['record'] === record),
    ),
  );
}

/** Of one record, both in the order of time: thousands of either, so that each is looked at once. */
function heardOf(exchanges: readonly Exchange[], outcomes: readonly LogLine[]): readonly Exchange[] {
  let at = 0;
  return exchanges.map((exchange, index) => {
    while ((outcomes[at]?.at ?? Number.POSITIVE_INFINITY) < exchange.at) at += 1;
    const outcome = outcomes[at];
    if (exchange.said === SILENCE) return exchange;
    const until = exchanges[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const told = outcome !== undefined && outcome.at < until && fits(exchange, outcome);
    return told ? exchange : { ...exchange, said: DOUBTFUL };
  });
}

/** Of the same value; and an attempt that reached nobody is another one, after the request. */
function fits({ said, asked }: Exchange, { event, reason, address }: LogLine): boolean {
  if (String(address) !== asked.join()) return false;
  if (said === 'good' || said === 'nochg') return ACCEPTED.has(event);
  return event === 'write_failed' && reason !== 'unreachable';
}
