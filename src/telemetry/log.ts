/**
 * What every part of netdrift writes its decisions to. One call is one line with a stable `event` code; the fields
 * have fixed names, listed in `docs/logs.md`. The implementation (pino) is in `logger.ts`; tests keep lines in memory.
 */
export interface Log {
  trace(event: string, message: string, fields?: LogFields): void;
  debug(event: string, message: string, fields?: LogFields): void;
  info(event: string, message: string, fields?: LogFields): void;
  warn(event: string, message: string, fields?: LogFields): void;
  error(event: string, message: string, fields?: LogFields): void;
  /** A log whose every line carries these fields. */
  child(fields: LogFields): Log;
}

export interface LogFields {
  readonly component?: string;
  readonly reason?: string | readonly string[];
  readonly trace_id?: string;
  readonly sink?: string;
  readonly provider?: string;
  readonly uplink?: string;
  readonly record?: string;
  readonly family?: string;
  readonly address?: string | readonly string[];
  /** Milliseconds. */
  readonly duration?: number;
  readonly [name: string]: unknown;
}

/** A log that says nothing; the default of library users and of tests that do not look. */
export const silentLog: Log = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
