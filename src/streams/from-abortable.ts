import { Observable } from 'rxjs';

/**
 * Turns a promise that honours an `AbortSignal` into a cold observable: subscribing starts the work, unsubscribing aborts it.
 *
 * The seam between the pure streams and everything that does I/O. Emits the one value and completes; errors with what the
 * promise rejects with. After an unsubscription nothing is emitted, and a rejection that the abort causes is not reported
 * anywhere: whoever unsubscribed has lost interest in it.
 */
export function fromAbortable<Value>(work: (signal: AbortSignal) => Promise<Value>): Observable<Value> {
  return new Observable((subscriber) => {
    const controller = new AbortController();
    const run = async () => {
      try {
        const value = await work(controller.signal);
        subscriber.next(value);
        subscriber.complete();
      } catch (error) {
        subscriber.error(error);
      }
    };
    void run();
    return () => controller.abort();
  });
}
