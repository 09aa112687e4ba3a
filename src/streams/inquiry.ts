import { type Observable, type SchedulerLike, Subscription, timer } from 'rxjs';
import type { Random } from '../model/clock.ts';
import type { UplinkState } from '../model/reading.ts';
import { mayLeave } from '../model/route.ts';
import type { Look } from '../model/trigger.ts';
import type { UplinkQuestion } from './ask.ts';
import { isHint, isUrgent, joined } from './look.ts';
import type { Observation } from './observe.ts';
import { another, NO_TRIES, waitToAsk } from './patience.ts';

export interface InquiryInit {
  /** Asks the witnesses once; emits one state and completes. */
  readonly ask: (question: UplinkQuestion, observation: Observation) => Observable<UplinkState>;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
  /** False to leave it at one try. */
  readonly retry: boolean;
  /** Told the answer, and the observation under which it was asked for. */
  readonly found: (state: UplinkState, observation: Observation) => void;
  readonly failed: (error: unknown) => void;
}

/** One question at work: asked for each look, and again until somebody knows. */
export interface Inquiry {
  readonly asking: boolean;
  /** True if neither an answer nor a retry is waited for. */
  readonly resting: boolean;
  /** `whole` is the observation's look together with earlier ones of which nobody has heard anything yet. */
  look(observation: Observation, whole: Look): void;
  stop(): void;
}

/**
 * - A difference of the host replaces what is being asked, and starts the patience anew: the network is another one.
 * - Without a difference what is being asked goes on, else looks that come faster than answers would leave the question without any for
 *   ever. If it was asked for because something may have happened meanwhile, the question is asked once more behind that; a mere
 *   retry gives way.
 * - A look that finds the question waiting for a retry asks at once, and the wait after it goes on growing.
 */
export function createInquiry(question: UplinkQuestion, init: InquiryInit): Inquiry {
  const { random, scheduler } = init;
  let running: { readonly retry: boolean; readonly subscription: Subscription } | undefined;
  let waiting: Subscription | undefined;
  let following: Observation | undefined;
  let tries = NO_TRIES;

  const stop = (): void => {
    waiting?.unsubscribe();
    waiting = undefined;
    running?.subscription.unsubscribe();
    running = undefined;
    following = undefined;
  };

  const start = (observation: Observation, retry: boolean): void => {
    stop();
    let answer: UplinkState | undefined;
    const asked = { retry, subscription: new Subscription() };
    // Registered before subscribing: an answer may come within the call.
    running = asked;
    asked.subscription.add(
      init.ask(question, observation).subscribe({
        next: (state) => {
          answer = state;
        },
        error: init.failed,
        complete: () => {
          if (running === asked) running = undefined;
          if (answer !== undefined) finish(answer, observation);
        },
      }),
    );
  };

  const finish = (state: UplinkState, observation: Observation): void => {
    const unknown = state.state.kind === 'keep';
    tries = unknown ? another(tries, state) : NO_TRIES;
    const next = following;
    following = undefined;
    if (next === undefined && unknown && init.retry && mayLeave(observation.snapshot, question.family)) {
      const wait = waitToAsk(tries, state, random);
      waiting = timer(wait, scheduler).subscribe(() => start(observation, true));
    }
    init.found(state, observation);
    // Not if whoever was told has asked already.
    if (next !== undefined && running === undefined) start(next, false);
  };

  return {
    get asking() {
      return running !== undefined;
    },
    get resting() {
      return running === undefined && waiting === undefined;
    },
    look(observation, whole) {
      const { look, difference } = observation;
      if (difference.act || isUrgent(look)) tries = NO_TRIES;
      // The timer knows of nothing that what is being asked does not answer as well.
      if (running !== undefined && !difference.act && !isHint(look)) return;
      const asking = { ...observation, look: joined(following?.look, whole) };
      if (running === undefined || difference.act || running.retry) start(asking, false);
      else following = asking;
    },
    stop,
  };
}
