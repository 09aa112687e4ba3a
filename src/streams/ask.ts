import { defaultIfEmpty, defer, last, map, type Observable, type SchedulerLike, scan } from 'rxjs';
import type { AllowableClass } from '../model/address.ts';
import type { Clock } from '../model/clock.ts';
import type { Exit } from '../model/exit.ts';
import type { Family } from '../model/family.ts';
import type { AddressState, Reading, UplinkState } from '../model/reading.ts';
import { admit } from './admit.ts';
import { agreement, type SetState } from './agreement.ts';
import { exitSign } from './exits.ts';
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
  /** What is known so far, if anything. */
  readonly known?: SetState;
  /** Told every answer, also the ones that decide nothing. */
  readonly onReading?: (reading: Reading, question: UplinkQuestion, observation: Observation) => void;
}

/** The next witness need not wait longer than this for a silent one. */
const HEDGE_DELAY = 250;

/**
 * Asks the witnesses of one uplink and family until enough of them name an address that is fit to publish, or one knows that there
 * is none. Emits one state and completes; if nobody could tell, or they disagree, that state is `keep` with everybody's reason.
 *
 * A witness that was asked through a proxy, and says so, speaks for all: the others would be, too, and just do not tell.
 */
export function ask(
  question: UplinkQuestion,
  observation: Observation,
  init: AskInit,
): Observable<UplinkState> {
  const { clock, scheduler, deadline, known } = init;
  const began = clock.monotonic();
  const votes = agreement({
    needed: question.agree,
    known: known?.address,
    outvoted: known?.outvoted ?? [],
    doubted: observation.look.triggers.some(({ reason }) => reason === 'mapping_changed'),
  });
  let heard = false;
  let proxied: AddressState | undefined;

  const weigh = (reading: Reading): AddressState => {
    heard ||= reading.kind === 'unavailable' && reading.reached === true;
    const state = admit(reading, question.allow, question.family);
    if (state.kind !== 'set' || reading.kind !== 'known') return state;
    // What is refused from here on, somebody outside has said: asked again at once, they would say it again.
    heard ||= reading.via.seesPath === true;
    const sign = exitSign(reading, observation.snapshot, {
      family: question.family,
      bound: question.bound === true,
      waived: question.acceptExits ?? [],
    });
    if (sign === undefined) return votes.hear(state);
    const refused: AddressState = { kind: 'keep', why: `${reading.via.name}: ${sign.why}` };
    if (sign.exit === 'warp') proxied = refused;
    return refused;
  };

  const attempts = question.witnesses.map((witness) =>
    defer(() => {
      const asked = clock.monotonic();
      return witness(observation).pipe(
        map((answer) => {
          const reading: Reading = { ...answer, took: clock.monotonic() - asked };
          init.onReading?.(reading, question, observation);
          return weigh(reading);
        }),
      );
    }),
  );
  const silence: AddressState = { kind: 'keep', why: `no witness answered within ${deadline} ms` };
  return hedge<AddressState>(attempts, {
    delay: Math.min(deadline / 20, HEDGE_DELAY),
    deadline,
    decides: (state) => state.kind !== 'keep' || proxied !== undefined,
    scheduler,
  }).pipe(
    scan((before: AddressState | undefined, state) => joinReasons(before, state), undefined),
    last(null, undefined),
    map((state) => (state?.kind === 'keep' ? (proxied ?? votes.conclude() ?? state) : (state ?? silence))),
    defaultIfEmpty(silence),
    map((state) => ({
      uplink: question.uplink,
      family: question.family,
      state,
      took: clock.monotonic() - began,
      ...(state.kind === 'keep' && heard && { heard: true as const }),
    })),
  );
}

function joinReasons(before: AddressState | undefined, state: AddressState): AddressState {
  if (before?.kind !== 'keep' || state.kind !== 'keep') return state;
  return { kind: 'keep', why: `${before.why}; ${state.why}` };
}
