import { parseAddress, sameAddresses } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import { keyText, type Target } from '../model/record.ts';
import type { Log } from '../telemetry/log.ts';
import type { Change, Observation } from './contract.ts';
import { describeChange, type FoundTtl, keepsAddresses, otherTtl } from './plan.ts';
import type { Tries } from './tries.ts';

/** A record written later than this is not compared with what name servers say: they may not have it yet. */
export const PROPAGATION = 600_000;

export interface DriftInit {
  readonly tries: Tries;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** Told of what a round writes although it had been confirmed. */
export function reportDrift(change: Change, log: Log): void {
  const record = keyText(change.target.key);
  const words = keepsAddresses(change)
    ? `${record} is not as configured, writing it again: ${describeChange(change)}`
    : `somebody else changed ${record}, repairing it: ${describeChange(change)}`;
  log.warn('drift_found', words, { record });
}

/** True if the TTL found is to be replaced by the one asked for; false once that has turned out to change nothing. */
export const mindsTtl =
  ({ tries, clock }: Omit<DriftInit, 'log'>) =>
  (target: Target, found: FoundTtl): boolean =>
    !tries.inVain(target.key, ttlTry(target, found), clock.monotonic());

const ttlTry = ({ ttl }: Target, found: FoundTtl): string => `ttl ${found} ${ttl}`;

/** What is remembered of a change that was carried out, if it is one that may turn out to change nothing. */
export function tryOf(change: Change): string | undefined {
  if (!keepsAddresses(change)) return undefined;
  const [found] = change.actual.flatMap((record) => otherTtl(change.target, record) ?? []);
  return found === undefined ? undefined : ttlTry(change.target, found);
}

/** A target whose record name servers answer otherwise. */
export interface Difference {
  readonly target: Target;
  readonly seen: readonly string[];
  readonly what: string;
}

/** Compares what name servers answer with what was confirmed. What they could not tell, or is a repair in vain, is no difference. */
export function differences(
  targets: readonly Target[],
  observed: readonly Observation[],
  { tries, clock, log }: DriftInit,
): readonly Difference[] {
  const byKey = new Map(observed.map((one) => [keyText(one.key), one]));
  return targets.flatMap((target): readonly Difference[] => {
    const record = keyText(target.key);
    const one = byKey.get(record);
    if (one === undefined || one.kind === 'unknown') {
      const why = one === undefined ? 'nobody was asked' : one.why;
      log.debug('drift_unknown', `could not tell what ${record} is outside: ${why}`, { record });
      return [];
    }
    if (sameContents(target, one.contents)) {
      tries.forget(target.key);
      return [];
    }
    const seen = one.contents;
    const what = `seen ${seen.toSorted().join(' ')} wanted ${target.addresses.join(' ')}`;
    if (tries.inVain(target.key, what, clock.monotonic())) {
      const words = `${record} is still ${shown(seen)} at its name servers, although it was written again; not repeated for now`;
      log.warn('drift_stays', words, { record });
      return [];
    }
    log.warn(
      'drift_found',
      `somebody else changed ${record}, repairing it: ${shown(seen)} -> ${shown(target.addresses)}`,
      { record },
    );
    return [{ target, seen, what }];
  });
}

const shown = (contents: readonly string[]): string => contents.join(', ') || '(none)';

function sameContents({ addresses }: Target, contents: readonly string[]): boolean {
  const parsed = contents.map(parseAddress);
  const known = parsed.filter((one) => one !== undefined);
  return known.length === parsed.length && sameAddresses(known, addresses);
}
