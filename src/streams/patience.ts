import type { Random } from '../model/clock.ts';
import type { UplinkState } from '../model/reading.ts';
import { backoff, type Curve, grown, PATIENT_AFTER } from './backoff.ts';

/** Answers in a row of one question that settled nothing: nobody outside was reached, or somebody was, in vain. */
export interface Tries {
  readonly unreached: number;
  readonly heard: number;
}

export const NO_TRIES: Tries = { unreached: 0, heard: 0 };

/** Somebody outside is asked each time, who can do nothing about it: a VPN in between, witnesses that disagree. */
const RELUCTANT: Curve = { first: 1_000, longest: 300_000 };

/** One more. Each kind is counted by itself, so that answers which alternate cannot keep either from growing. */
export const another = (tries: Tries, { heard }: UplinkState): Tries =>
  heard === true ? { ...tries, heard: tries.heard + 1 } : { ...tries, unreached: tries.unreached + 1 };

/**
 * Milliseconds until a question is asked again, after tries that end with `last`.
 *
 * A try that reaches nobody bothers nobody, and no event says when a network beyond the router is back: for about a quarter of an hour it
 * is made every few seconds. Past that, and wherever somebody answered, the wait doubles up to five minutes.
 */
export function waitToAsk(tries: Tries, last: UplinkState, random: Random): number {
  if (last.heard === true) return grown(RELUCTANT, tries.heard, random);
  if (tries.unreached > PATIENT_AFTER) return grown(RELUCTANT, tries.unreached - PATIENT_AFTER, random);
  const failure = { class: 'unreachable', scope: 'sink', message: '', waited: last.took } as const;
  return backoff(failure, tries.unreached, random) ?? 0;
}
