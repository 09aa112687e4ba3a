import {
  connect,
  defer,
  EMPTY,
  endWith,
  filter,
  ignoreElements,
  merge,
  mergeMap,
  type Observable,
  type SchedulerLike,
  take,
  takeUntil,
  takeWhile,
  timer,
} from 'rxjs';

export interface HedgeInit<Value> {
  /** Milliseconds after which the next attempt starts although the one before has not answered. */
  readonly delay: number;
  /** Milliseconds for all attempts together; then what is still running is cancelled. */
  readonly deadline: number;
  /** True for a value that settles the question. */
  readonly decides: (value: Value) => boolean;
  readonly scheduler: SchedulerLike;
}

/**
 * Asks one after the other, but not patiently: the next attempt starts at once when the one before gave a value that decides
 * nothing, and after `delay` when it gave none. The first deciding value ends it.
 *
 * Emits every value that comes, the deciding one last, so that the caller can tell why the others failed.
 *
 * - complete: after the deciding value, when all attempts are through, or at the deadline;
 * - error of an attempt: passed on (attempts are expected to answer with a value instead);
 * - unsubscribe, and the deciding value: cancels all attempts still running.
 */
export function hedge<Value>(
  attempts: readonly Observable<Value>[],
  init: HedgeInit<Value>,
): Observable<Value> {
  const { delay, deadline, decides, scheduler } = init;
  const from = (index: number): Observable<Value> => {
    const attempt = attempts[index];
    if (attempt === undefined) return EMPTY;
    return attempt.pipe(
      connect((answers) => {
        // A deciding answer ends everything below, so whatever arrives here first is a reason to go on.
        const silent = timer(delay, scheduler);
        const useless = answers.pipe(filter((answer) => !decides(answer)));
        const ended = answers.pipe(ignoreElements(), endWith(undefined));
        const next = merge(silent, useless, ended).pipe(
          take(1),
          mergeMap(() => from(index + 1)),
        );
        return merge(answers, next);
      }),
    );
  };
  return defer(() =>
    from(0).pipe(
      takeWhile((value) => !decides(value), true),
      takeUntil(timer(deadline, scheduler)),
    ),
  );
}
