import {
  defer,
  map,
  merge,
  type OperatorFunction,
  repeat,
  type SchedulerLike,
  share,
  switchMap,
  timer,
} from 'rxjs';
import type { Random } from '../model/clock.ts';
import type { LaneInput } from './lane.ts';

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
 * - the time runs anew from each input; complete and error end it;
 * - unsubscribe cancels the timer.
 */
export function recheck({ every, random, scheduler }: RecheckInit): OperatorFunction<LaneInput, LaneInput> {
  if (every === undefined) return (inputs) => inputs;
  const later = (input: LaneInput) =>
    defer(() => timer(every * (1 + JITTER * random()), scheduler)).pipe(
      repeat(),
      map((): LaneInput => ({ ...input, verify: true, networkChanged: false, urgent: false })),
    );
  return (inputs) => {
    const shared = inputs.pipe(share());
    return merge(shared.pipe(switchMap(later)), shared);
  };
}
