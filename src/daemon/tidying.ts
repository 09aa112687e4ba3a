import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { defer, filter, Observable, type SchedulerLike, startWith, switchMap, tap, timer } from 'rxjs';

/** Collections of the young generation, one for each MiB allocated, that make a burst of work. */
const BURST = 8;
/** Milliseconds without another before it is over. */
const QUIET = 3_000;

/**
 * When to give memory back: once it is quiet after the start, and after each burst of work (a storm of events, a thousand records). V8
 * by itself collects what survived a burst when the next ones have filled the heap, which for a process that rests in between may take days.
 *
 * `collections` tells how many there were since it told last; on error and complete so does this; unsubscribing stops the wait.
 */
export const quietTimes = (collections: Observable<number>, scheduler: SchedulerLike): Observable<unknown> =>
  defer(() => {
    let sinceLast = 0;
    return collections.pipe(
      startWith(BURST),
      tap((count) => {
        sinceLast += count;
      }),
      filter(() => sinceLast >= BURST),
      switchMap(() => timer(QUIET, scheduler)),
      tap(() => {
        sinceLast = 0;
      }),
    );
  });

/** Collections of this process, as they come. The observer is the global one: not imported, it costs the start nothing. */
export const ownCollections = new Observable<number>((subscriber) => {
  const observer = new PerformanceObserver((list) => subscriber.next(list.getEntries().length));
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
});

/** One full collection, some 20 ms. Node has no call for it but the one that this flag of V8 adds to new contexts. */
export function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
