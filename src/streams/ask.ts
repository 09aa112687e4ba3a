import { defaultIfEmpty, last, map, type Observable, type SchedulerLike, scan } from 'rxjs';
import type { AllowableClass } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import type { Family } from '../model/family.ts';
import type { AddressState, Reading, UplinkState } from '../model/reading.ts';
import { admit } from './admit.ts';
import { hedge } from './hedge.ts';
import type { Observation } from './observe.ts';

/** One uplink and family, with the witnesses to ask, in order. */
export interface UplinkQuestion {
  readonly uplink: string;
  readonly family: Family;
  readonly allow: readonly AllowableClass[];
  /** Each asks one witness once, and emits its one answer. */
  readonly witnesses: readonly ((observation: Observation) => Observable<Reading>)[];
}

export interface AskInit {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scheduler: SchedulerLike;
  /** Milliseconds for all witnesses together. */
  readonly deadline: number;
  /** Told every answer, also the ones that decide nothing. */
  readonly onReading?: (reading: Reading, question: UplinkQuestion, observation: Observation) => void;
}

/** The next witness need not wait longer than this for a silent one. */
const HEDGE_DELAY = 250;

/**
 * Asks the witnesses of one uplink and family until one of them gives an address that is fit to publish, or knows that there is none.
 * Emits one state and completes; if nobody could tell, that state is `keep` with everybody's reason.
 */
export function ask(
  question: UplinkQuestion,
  observation: Observation,
  init: AskInit,
): Observable<UplinkState> {
  const { clock, scheduler, deadline } = init;
  const began = clock.monotonic();
  const attempts = question.witnesses.map((witness) =>
    witness(observation).pipe(
      map((reading) => {
        init.onReading?.(reading, question, observation);
        return admit(reading, question.allow, question.family);
      }),
    ),
  );
  const silence: AddressState = { kind: 'keep', why: `no witness answered within ${deadline} ms` };
  return hedge<AddressState>(attempts, {
    delay: Math.min(deadline / 20, HEDGE_DELAY),
    deadline,
    decides: (state) => state.kind !== 'keep',
    scheduler,
  }).pipe(
    scan((before: AddressState | undefined, state) => joinReasons(before, state), undefined),
    last(null, undefined),
    map((state) => state ?? silence),
    defaultIfEmpty(silence),
    map((state) => ({
      uplink: question.uplink,
      family: question.family,
      state,
      took: clock.monotonic() - began,
    })),
  );
}

function joinReasons(before: AddressState | undefined, state: AddressState): AddressState {
  if (before?.kind !== 'keep' || state.kind !== 'keep') return state;
  return { kind: 'keep', why: `${before.why}; ${state.why}` };
}
