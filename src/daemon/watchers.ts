import type { Log, LogFields } from '../telemetry/log.ts';

/** Whoever follows along over the control socket; each gets every line, whatever the log's own level. */
export interface Watchers {
  /** Calls the listener with every line until the function it answers is called. */
  add(listener: (line: string) => void): () => void;
  /** The same log, with the watchers listening in. */
  tap(log: Log): Log;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** `full` makes the text of a line from its fields; it is only called while somebody watches. */
export function createWatchers(openFull: (write: (line: string) => void) => Log): Watchers {
  const listeners = new Set<(line: string) => void>();
  const full = openFull((line) => {
    for (const listener of listeners) listener(line);
  });
  const tap = (log: Log, all: Log): Log => {
    const say =
      (level: (typeof LEVELS)[number]) =>
      (event: string, message: string, fields?: LogFields): void => {
        log[level](event, message, fields);
        if (listeners.size > 0) all[level](event, message, fields);
      };
    return {
      trace: say('trace'),
      debug: say('debug'),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
      child: (fields) => tap(log.child(fields), all.child(fields)),
    };
  };
  return {
    add: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tap: (log) => tap(log, full),
  };
}
