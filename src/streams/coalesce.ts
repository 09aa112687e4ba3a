import {
  connect,
  exhaustMap,
  merge,
  type Observable,
  type OperatorFunction,
  of,
  race,
  reduce,
  type SchedulerLike,
  startWith,
  switchMap,
  takeUntil,
  timer,
} from 'rxjs';

export interface CoalesceInit<Value> {
  /** Milliseconds without a further value after which the burst is over. */
  readonly settle: number;
  /** Milliseconds from the first value after which it is over in any case. */
  readonly limit: number;
  readonly scheduler: SchedulerLike;
  /** Adds a value to those of the window; must keep their number small, whatever comes. Default: all are kept. */
  readonly add?: (gathered: readonly Value[], value: Value) => readonly Value[];
}

/**
 * Folds a burst of values into one array: emits when `settle` has passed without a further value, at the latest `limit` after
 * the first one.
 *
 * The bound is the point: a plain debounce never speaks while a link flaps faster than its window. And only `timer` is used:
 * `debounceTime` compares wall-clock readings and stalls for as long as the clock was set back (rxjs issue 6874).
 *
 * - complete while waiting: what has gathered is emitted at once, then it completes;
 * - error while waiting: passed on at once, what has gathered is lost (there is nobody left to look);
 * - unsubscribe: timers are cancelled.
 *
 * At most one window is open and values inside it are only collected (through `add`), so a storm never queues.
 */
export function coalesce<Value>(init: CoalesceInit<Value>): OperatorFunction<Value, readonly Value[]> {
  const { settle, limit, scheduler, add = (gathered, value) => [...gathered, value] } = init;
  return connect((values: Observable<Value>) =>
    values.pipe(
      exhaustMap((first) => {
        const quiet = values.pipe(
          startWith(first),
          switchMap(() => timer(settle, scheduler)),
        );
        return merge(of(first), values).pipe(
          takeUntil(race(quiet, timer(limit, scheduler))),
          reduce(add, [] as readonly Value[]),
        );
      }),
    ),
  );
}
