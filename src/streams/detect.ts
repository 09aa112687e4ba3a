import {
  filter,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  type Subscription,
  timer,
} from 'rxjs';
import type { Random } from '../model/clock.ts';
import type { UplinkState } from '../model/reading.ts';
import type { Look } from '../model/trigger.ts';
import type { Findings } from './address-book.ts';
import type { UplinkQuestion } from './ask.ts';
import { createInquiry } from './inquiry.ts';
import { afterwards, joined } from './look.ts';
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
 * other: what is found within a short grace is told together (both families belong in one request), what takes longer follows.
 *
 * Where nobody could tell although the host may have a default route of that family, it asks again after 1 s and then at growing
 * intervals: a network that has just come up often does not carry for the first seconds, and no event says when it does.
 *
 * The mode of a look is told with the first findings after it, and a change of the network with the first answer of each question;
 * so neither is lost with a look that a newer one replaced, nor repeated with every retry.
 *
 * - complete: when the source has completed, the last question is answered and none waits for a retry;
 * - error: passed on; questions are expected to answer with a state instead;
 * - unsubscribe: cancels questions and retries.
 */
export function detect(init: DetectInit): OperatorFunction<Observation, Findings> {
  const { scheduler, grace = GRACE, retry = true } = init;
  return (observations) =>
    new Observable((subscriber) => {
      let states: UplinkState[] = [];
      let asked: Look | undefined;
      let untold: Look | undefined;
      let networkChanged = false;
      /** Questions without an answer since the network changed. */
      const moved = new Set<UplinkQuestion>();
      let waiting: Subscription | undefined;
      let looking = false;
      let completed = false;

      const tell = (): void => {
        waiting?.unsubscribe();
        waiting = undefined;
        if (asked === undefined) return;
        const look = untold === undefined ? afterwards(asked) : { ...untold, traceId: asked.traceId };
        const findings = { look, networkChanged, states };
        // Emptied before emitting: a subscriber may cause the next answer within this very call.
        states = [];
        asked = undefined;
        untold = undefined;
        networkChanged = false;
        subscriber.next(findings);
      };

      const inquiries = init.questions.map((question) =>
        createInquiry(question, {
          ...init,
          retry,
          found: (state, observation) => {
            states.push(state);
            asked = observation.look;
            if (moved.delete(question)) networkChanged = true;
            settle();
          },
          failed: (error) => subscriber.error(error),
        }),
      );

      const settle = (): void => {
        if (looking) return;
        if (!inquiries.some(({ asking }) => asking)) tell();
        else if (states.length > 0) waiting ??= timer(grace, scheduler).subscribe(tell);
        if (completed && inquiries.every(({ resting }) => resting)) subscriber.complete();
      };

      subscriber.add(() => {
        waiting?.unsubscribe();
        for (const inquiry of inquiries) inquiry.stop();
      });
      subscriber.add(
        observations.pipe(filter((observation) => observation.act)).subscribe({
          next: (observation) => {
            const whole = joined(untold, observation.look);
            untold = whole;
            if (observation.difference.networkChanged)
              for (const question of init.questions) moved.add(question);
            // All questions first: an answer that comes within the call would else be told alone.
            looking = true;
            for (const inquiry of inquiries) inquiry.look(observation, whole);
            looking = false;
            settle();
          },
          error: (error) => subscriber.error(error),
          complete: () => {
            completed = true;
            settle();
          },
        }),
      );
    });
}
