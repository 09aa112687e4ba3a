import {
  connect,
  defer,
  distinctUntilChanged,
  endWith,
  ignoreElements,
  map,
  merge,
  type OperatorFunction,
  repeat,
  type SchedulerLike,
  switchMap,
  takeUntil,
  timer,
  withLatestFrom,
} from 'rxjs';
import type { Random } from '../model/clock.ts';
import { type LaneInput, sameTargets } from './lane.ts';

export interface RecheckInit {
  /** Milliseconds between two looks at what a sink really holds; `undefined` for never. */
  readonly every: number | undefined;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
}

/** Share of the time that chance adds, so that many hosts do not ask one provider at the same moment. */
const JITTER = 0.1;

/**
 * Repeats the latest input from time to time with `verify` set: somebody else may have changed what the sink confirmed.
 *
 * - the time runs anew from an input with other targets, which is about to be written, and from no other: inputs that come more often
 *   than the time passes would keep it from ever being verified;
 * - complete and error end it; unsubscribe cancels the timer.
 */
export function recheck({ every, random, scheduler }: RecheckInit): OperatorFunction<LaneInput, LaneInput> {
  if (every === undefined) return (inputs) => inputs;
  const times = defer(() => timer(every * (1 + JITTER * random()), scheduler)).pipe(repeat());
  return connect((inputs) =>
    merge(
      inputs,
      inputs.pipe(
        distinctUntilChanged((before, after) => sameTargets(before.targets, after.targets)),
        switchMap(() => times),
        withLatestFrom(inputs),
        map(([, input]): LaneInput => ({ ...input, verify: true, networkChanged: false, urgent: false })),
        takeUntil(inputs.pipe(ignoreElements(), endWith(undefined))),
      ),
    ),
  );
}
