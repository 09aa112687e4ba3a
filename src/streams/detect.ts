import {
  concat,
  filter,
  map,
  merge,
  mergeMap,
  type Observable,
  type OperatorFunction,
  of,
  type SchedulerLike,
  switchMap,
  timer,
} from 'rxjs';
import type { Random } from '../model/clock.ts';
import type { UplinkState } from '../model/reading.ts';
import { mayLeave } from '../model/route.ts';
import type { Findings } from './address-book.ts';
import type { UplinkQuestion } from './ask.ts';
import { backoff } from './backoff.ts';
import { gather } from './gather.ts';
import type { Observation } from './observe.ts';

export interface DetectInit {
  readonly questions: readonly UplinkQuestion[];
  /** Asks the witnesses of one question; emits one state and completes. */
  readonly ask: (question: UplinkQuestion, observation: Observation) => Observable<UplinkState>;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
  /** Milliseconds for the second family to be found together with the first; default 50. */
  readonly grace?: number;
  /** False to leave it at one try (for a single run); default true. */
  readonly retry?: boolean;
}

const GRACE = 50;

/**
 * Answers each observation that calls for action with what was found, all uplinks and families at once and independent of each
 * other: what is found together is told together, what takes longer follows.
 *
 * Where nobody could tell although the host may have a default route of that family, it asks again after 1 s and then at growing
 * intervals: a network that has just come up often does not carry for the first seconds, and no event says when it does.
 *
 * - a newer observation cancels everything the older one is still asking;
 * - complete: when the source has completed and the last question is answered;
 * - error: passed on; questions are expected to answer with a state instead;
 * - unsubscribe: cancels questions and retries.
 */
export function detect(init: DetectInit): OperatorFunction<Observation, Findings> {
  const { questions, random, scheduler, grace = GRACE, retry = true } = init;

  const askUntilKnown = (
    question: UplinkQuestion,
    observation: Observation,
    attempt: number,
  ): Observable<UplinkState> =>
    init.ask(question, observation).pipe(
      mergeMap((found) => {
        if (!retry || found.state.kind !== 'keep' || !mayLeave(observation.snapshot, question.family))
          return of(found);
        const { why: message } = found.state;
        const failure = { class: 'unreachable', scope: 'sink', message, waited: found.took } as const;
        const wait = backoff(failure, attempt, random) ?? 0;
        const again = timer(wait, scheduler).pipe(
          mergeMap(() => askUntilKnown(question, observation, attempt + 1)),
        );
        return concat(of(found), again);
      }),
    );

  return (observations) =>
    observations.pipe(
      filter((observation) => observation.act),
      switchMap((observation) =>
        merge(...questions.map((question) => askUntilKnown(question, observation, 1))).pipe(
          gather({ grace, scheduler }),
          map((states) => ({
            look: observation.look,
            networkChanged: observation.difference.networkChanged,
            states,
          })),
        ),
      ),
    );
}
