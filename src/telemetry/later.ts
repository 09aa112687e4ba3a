/** Runs something once after so many milliseconds, unless cancelled first; injected wherever a module waits by itself. */
export type Later = (milliseconds: number, run: () => void) => () => void;

/** The host's own timers. They never keep the process alive: waiting to write a log line is no reason to stay. */
export const hostLater: Later = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
};
