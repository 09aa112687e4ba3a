import { Observable, type OperatorFunction, type SchedulerLike, type Subscription, timer } from 'rxjs';

export interface GatherInit {
  /** Milliseconds after the first value in which others may join it. */
  readonly grace: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Collects values that arrive close together into one array, without letting a slow one hold up the others: emits at
 * completion, or `grace` after the first value of an array, whichever is first.
 *
 * Unlike `coalesce` it knows that the source ends: both families of a host are mostly found at the same moment and should
 * be published in one request, but an IPv6 witness that hangs must not delay IPv4.
 *
 * - complete: emits what is there (nothing if nothing is), then completes;
 * - error: passed on at once, what is there is lost;
 * - unsubscribe: the timer is cancelled.
 */
export function gather<Value>(init: GatherInit): OperatorFunction<Value, readonly Value[]> {
  return (source) =>
    new Observable((subscriber) => {
      let values: Value[] = [];
      let waiting: Subscription | undefined;
      const flush = () => {
        waiting?.unsubscribe();
        waiting = undefined;
        const gathered = values;
        // Emptied before emitting: a subscriber may cause the next value within this very call.
        values = [];
        if (gathered.length > 0) subscriber.next(gathered);
      };
      subscriber.add(() => waiting?.unsubscribe());
      subscriber.add(
        source.subscribe({
          next: (value) => {
            values.push(value);
            waiting ??= timer(init.grace, init.scheduler).subscribe(flush);
          },
          error: (error) => subscriber.error(error),
          complete: () => {
            flush();
            subscriber.complete();
          },
        }),
      );
    });
}
