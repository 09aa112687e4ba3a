import { Observable, type OperatorFunction, type SchedulerLike, Subscription, timer } from 'rxjs';
import { sameAddresses } from '../model/address.ts';
import type { Random } from '../model/clock.ts';
import type { Outcome } from '../model/outcome.ts';
import { keyText, type Target } from '../model/record.ts';
import { backoff, LONGEST_TIMER } from './backoff.ts';

/** What one sink should hold now, as far as it is known. */
export interface LaneInput {
  readonly traceId: string;
  readonly targets: readonly Target[];
  /** The host's own connection to the world is another one than before: what is in flight is lost. */
  readonly networkChanged: boolean;
  /** Somebody asks now (operator, wake): do not wait for the backoff to end. */
  readonly urgent: boolean;
  /** Read what the sink really holds, even where it was confirmed: somebody else may have changed it. */
  readonly verify?: true;
}

/** One round of a lane: what was tried and what came of it. */
export interface LaneReport {
  readonly input: LaneInput;
  readonly outcomes: readonly Outcome[];
  /** Rounds in a row that left something to be tried again. */
  readonly failures: number;
  /** Milliseconds until the next round, or `undefined` if nothing is left that time alone would mend. */
  readonly retryIn: number | undefined;
}

export interface LaneInit {
  /**
   * Brings the sink as near to the targets as it can and answers one outcome for each. Emits once; unsubscribing aborts it. Does
   * not write what is already confirmed, so that asking again is free.
   */
  readonly attempt: (input: LaneInput) => Observable<readonly Outcome[]>;
  readonly random: Random;
  readonly scheduler: SchedulerLike;
}

/**
 * Drives one sink towards what it should hold: tries, waits, tries again, and always for the newest input only.
 *
 * - A newer address replaces an older one at once: an attempt under way for an address that is no longer right is aborted, a
 *   retry being waited for is dropped and the new address tried without waiting.
 * - An input that contradicts nothing under way (the other family has been found) lets the attempt finish, then runs.
 * - An input that says nothing new leaves a running backoff alone, unless it is urgent or the network changed.
 * - Permanent failures are not retried; the next input tries again only because the attempt itself knows what is held.
 *
 * - error of an attempt: passed on; `attempt` is expected to turn failures into outcomes;
 * - complete: completes when the last round is done and nothing waits for a retry;
 * - unsubscribe: aborts the attempt and cancels the wait.
 */
export function lane(init: LaneInit): OperatorFunction<LaneInput, LaneReport> {
  return (inputs) =>
    new Observable((subscriber) => {
      let latest: LaneInput | undefined;
      let running: { readonly input: LaneInput; readonly subscription: Subscription } | undefined;
      let waiting: Subscription | undefined;
      let failures = 0;
      let completed = false;

      const stopAll = () => {
        waiting?.unsubscribe();
        waiting = undefined;
        running?.subscription.unsubscribe();
        running = undefined;
      };

      const start = (input: LaneInput) => {
        stopAll();
        let outcomes: readonly Outcome[] = [];
        const attempt = { input, subscription: new Subscription() };
        // Registered before subscribing: an attempt may answer within the call.
        running = attempt;
        attempt.subscription.add(
          init.attempt(input).subscribe({
            next: (value) => {
              outcomes = value;
            },
            error: (error) => subscriber.error(error),
            complete: () => {
              if (running === attempt) running = undefined;
              finish(input, outcomes);
            },
          }),
        );
      };

      const finish = (input: LaneInput, outcomes: readonly Outcome[]) => {
        // What is only to be looked at again is no failure, and no success either.
        const unfinished = outcomes.some(({ kind }) => kind === 'pending') ? failures : 0;
        const round = outcomes.some(({ kind }) => kind === 'failed') ? failures + 1 : unfinished;
        const retryIn = shortestWait(outcomes, round, init.random);
        failures = round;
        // State first, then the emission: a subscriber may send the next input within this call.
        const superseded = latest !== undefined && latest !== input;
        if (!superseded && retryIn !== undefined) {
          waiting = timer(retryIn, init.scheduler).subscribe(() => latest && start(latest));
        }
        subscriber.next({ input, outcomes, failures: round, retryIn });
        if (superseded && running === undefined && latest !== undefined) start(latest);
        if (completed && running === undefined && waiting === undefined) subscriber.complete();
      };

      const accept = (input: LaneInput) => {
        const before = latest;
        latest = input;
        if (running !== undefined) {
          if (input.networkChanged || contradicts(input.targets, running.input.targets)) {
            failures = 0;
            start(input);
          } else if (!input.urgent && sameTargets(input.targets, running.input.targets)) {
            // Nothing new: the attempt under way is this input's as well.
            latest = running.input;
          }
          return;
        }
        const pressing =
          input.networkChanged ||
          input.urgent ||
          before === undefined ||
          !sameTargets(input.targets, before.targets);
        if (waiting !== undefined && !pressing) return;
        if (pressing) failures = 0;
        start(input);
      };

      subscriber.add(stopAll);
      subscriber.add(
        inputs.subscribe({
          next: accept,
          error: (error) => subscriber.error(error),
          complete: () => {
            completed = true;
            if (running === undefined && waiting === undefined) subscriber.complete();
          },
        }),
      );
    });
}

function shortestWait(outcomes: readonly Outcome[], round: number, random: Random): number | undefined {
  const waits = outcomes.flatMap((outcome) => {
    if (outcome.kind === 'pending') return [Math.min(outcome.retryAfter, LONGEST_TIMER)];
    if (outcome.kind !== 'failed') return [];
    const wait = backoff(outcome.failure, round, random);
    return wait === undefined ? [] : [wait];
  });
  return waits.length === 0 ? undefined : Math.min(...waits);
}

export function sameTargets(a: readonly Target[], b: readonly Target[]): boolean {
  return a.length === b.length && !contradicts(a, b) && !contradicts(b, a);
}

/** True if `older` would publish something that `newer` does not want, or no longer wants like that. */
function contradicts(newer: readonly Target[], older: readonly Target[]): boolean {
  const wanted = new Map(newer.map((target) => [keyText(target.key), target.addresses]));
  return older.some((target) => {
    const addresses = wanted.get(keyText(target.key));
    return addresses === undefined || !sameAddresses(addresses, target.addresses);
  });
}
