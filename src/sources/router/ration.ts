import { Observable, type SchedulerLike } from 'rxjs';

export interface RationInit {
  /** How many pass without delay. */
  readonly burst: number;
  /** Milliseconds after which one more may pass. */
  readonly refill: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Lets a burst pass at once and then one value in `refill` milliseconds: the latest of those that had to wait, so that nothing ends
 * unheard. Whoever can forge notices can cause no more work than this.
 */
export function ration<Value>({
  burst,
  refill,
  scheduler,
}: RationInit): (source: Observable<Value>) => Observable<Value> {
  return (source) =>
    new Observable((subscriber) => {
      let left = burst;
      let waiting: { readonly value: Value } | undefined;
      let refilling = false;
      const pass = (value: Value) => {
        left -= 1;
        subscriber.next(value);
      };
      const refillLater = () => {
        if (refilling) return;
        refilling = true;
        subscriber.add(
          scheduler.schedule(() => {
            refilling = false;
            left += 1;
            const next = waiting;
            waiting = undefined;
            if (next !== undefined) pass(next.value);
            if (left < burst) refillLater();
          }, refill),
        );
      };
      subscriber.add(
        source.subscribe({
          next: (value) => {
            if (left > 0) pass(value);
            else waiting = { value };
            refillLater();
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
}
