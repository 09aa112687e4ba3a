/**
 * Lets several callers wait for one piece of work: it starts with the first, ends early when the last one has lost interest, and
 * its result goes to all that still wait. Each caller's own signal rejects that caller alone.
 */
export function shared<Value>(
  work: (signal: AbortSignal) => Promise<Value>,
): (signal: AbortSignal) => Promise<Value> {
  let running:
    | { readonly promise: Promise<Value>; readonly controller: AbortController; waiting: number }
    | undefined;
  return (signal) => {
    signal.throwIfAborted();
    if (running === undefined) {
      const controller = new AbortController();
      const promise = work(controller.signal).finally(() => {
        if (running?.controller === controller) running = undefined;
      });
      // Those who wait hear of it; when nobody does any more, nobody has to.
      promise.catch(() => {});
      running = { promise, controller, waiting: 0 };
    }
    const current = running;
    current.waiting += 1;
    return new Promise<Value>((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', abort);
        current.waiting -= 1;
      };
      const abort = () => {
        leave();
        reject(signal.reason);
        if (current.waiting > 0) return;
        if (running === current) running = undefined;
        current.controller.abort();
      };
      signal.addEventListener('abort', abort, { once: true });
      current.promise.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          leave();
          reject(error);
        },
      );
    });
  };
}
