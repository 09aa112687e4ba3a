/** Runs a task as soon as a place is free; rejects like the task, or with the signal's reason while it still waits. */
export type Limit = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** At most `places` tasks at a time, in the order they came. */
export function createLimit(places: number): Limit {
  let free = places;
  const waiting: Array<() => void> = [];

  const enter = (signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(start), 1);
        reject(signal?.reason);
      };
      const start = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      waiting.push(start);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  };

  // The place goes straight to the next in line, so nobody who comes later can slip in between.
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return async (task, signal) => {
    await enter(signal);
    try {
      return await task();
    } finally {
      leave();
    }
  };
}
