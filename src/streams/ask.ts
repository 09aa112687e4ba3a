import { defaultIfEmpty, last, map, type Observable, type SchedulerLike, scan } from 'rxjs';
import type { AllowableClass, IpAddress } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import type { Family } from '../model/family.ts';
import type { AddressState, Reading, UplinkState } from '../model/reading.ts';
import { admit } from './admit.ts';
import { agreement } from './agreement.ts';
import { type Exit, exitReason } from './exits.ts';
import { hedge } from './hedge.ts';
import type { Observation } from './observe.ts';

/** One uplink and family, with the witnesses to ask, in order. */
export interface UplinkQuestion {
  readonly uplink: string;
  readonly family: Family;
  readonly allow: readonly AllowableClass[];
  /** True if the uplink is bound to an interface or source address. */
  readonly bound?: boolean;
  /** Signs of a VPN's or proxy's exit that the operator waives. */
  readonly acceptExits?: readonly Exit[];
  /** Independent witnesses that must say the same; left to the circumstances when not given. */
  readonly agree?: number;
  /** Each asks one witness once, and emits its one answer. */
  readonly witnesses: readonly ((observation: Observation) => Observable<Reading>)[];
}

export interface AskInit {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scheduler: SchedulerLike;
  /** Milliseconds for all witnesses together. */
  readonly deadline: number;
  /** The address known so far, if any. */
  readonly known?: IpAddress;
  /** Told every answer, also the ones that decide nothing. */
  readonly onReading?: (reading: Reading, question: UplinkQuestion, observation: Observation) => void;
}

/** The next witness need not wait longer than this for a silent one. */
const HEDGE_DELAY = 250;

/**
 * Asks the witnesses of one uplink and family until enough of them name an address that is fit to publish, or one knows that there
 * is none. Emits one state and completes; if nobody could tell, or they disagree, that state is `keep` with everybody's reason.
 */
export function ask(
  question: UplinkQuestion,
  observation: Observation,
  init: AskInit,
): Observable<UplinkState> {
  const { clock, scheduler, deadline } = init;
  const began = clock.monotonic();
  const votes = agreement({ needed: question.agree, known: init.known });
  const attempts = question.witnesses.map((witness) =>
    witness(observation).pipe(
      map((reading) => {
        init.onReading?.(reading, question, observation);
        const state = judge(reading, question, observation);
        return state.kind === 'set' ? votes.hear(state) : state;
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
    map((state) => (state?.kind === 'keep' ? (votes.conclude() ?? state) : (state ?? silence))),
    defaultIfEmpty(silence),
    map((state) => ({
      uplink: question.uplink,
      family: question.family,
      state,
      took: clock.monotonic() - began,
    })),
  );
}

function judge(reading: Reading, question: UplinkQuestion, { snapshot }: Observation): AddressState {
  const state = admit(reading, question.allow, question.family);
  if (state.kind !== 'set') return state;
  const why = exitReason(state.address, state.via, snapshot, {
    family: question.family,
    bound: question.bound === true,
    waived: question.acceptExits ?? [],
  });
  return why === undefined ? state : { kind: 'keep', why: `${state.via.name}: ${why}` };
}

function joinReasons(before: AddressState | undefined, state: AddressState): AddressState {
  if (before?.kind !== 'keep' || state.kind !== 'keep') return state;
  return { kind: 'keep', why: `${before.why}; ${state.why}` };
}
