import { pino } from 'pino';
import type { Clock } from '../model/clock.ts';
import type { Destination } from './destination.ts';
import type { Log, LogFields } from './log.ts';
import type { Redactor } from './redact.ts';
import { textLine } from './text-line.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

export interface LogInit {
  readonly level: LogLevel;
  readonly format: 'json' | 'text';
}

export interface LogComponents {
  readonly destination: Destination;
  readonly clock: Pick<Clock, 'wall'>;
  readonly redact: Redactor;
  /** For NO_COLOR (no-color.org); the environment of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export type RootLog = Log & { setLevel(level: LogLevel): void };

/** What every line carries in the same place; a caller's field of that name would be a second key of the same JSON object. */
const OWN: ReadonlySet<string> = new Set(['time', 'level', 'event', 'message']);

/** How far `cause` is followed. */
const DEEPEST_CAUSE = 3;

/**
 * The log of the process: pino without transports or threads, one line a call, through the redactor, to the destination. Logging
 * never throws and never waits. `error` fields become `{ code, message, cause }`, with the stack at level debug and below.
 */
export function createLog(init: LogInit, components: LogComponents): RootLog {
  const { destination, clock, redact } = components;
  const colour = destination.terminal && (components.environment?.['NO_COLOR'] ?? '') === '';
  const write = (json: string): void => {
    const line = redact.scrubLine(json.trimEnd());
    destination.write(init.format === 'json' ? line : textLine(line, colour));
  };
  const root = pino(
    {
      level: init.level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.wall()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {},
    },
    { write },
  );

  const bind = (bound: LogFields): Log => {
    const say =
      (level: LogLevel) =>
      (event: string, message: string, fields?: LogFields): void => {
        if (!root.isLevelEnabled(level)) return;
        root[level](lineOf(event, { ...bound, ...fields }, root.isLevelEnabled('debug')), message);
      };
    return {
      trace: say('trace'),
      debug: say('debug'),
      info: say('info'),
      warn: say('warn'),
      error: say('error'),
      child: (fields) => bind({ ...bound, ...fields }),
    };
  };

  const log = bind({});
  destination.onDropped = (count) =>
    log.warn('log_lines_dropped', `${count} log lines were dropped: the reader did not take them`, {
      component: 'log',
      count,
    });
  return {
    ...log,
    setLevel: (level) => {
      root.level = level;
    },
  };
}

function lineOf(event: string, fields: LogFields, withStack: boolean): Record<string, unknown> {
  const { component, reason, trace_id, ...others } = fields;
  const line: Record<string, unknown> = { component, event, reason, trace_id };
  for (const [name, value] of Object.entries(others)) {
    if (OWN.has(name)) continue;
    line[name] = value instanceof Error || name === 'error' ? errorOf(value, withStack, 0) : value;
  }
  return line;
}

function errorOf(error: unknown, withStack: boolean, depth: number): unknown {
  if (typeof error === 'string') return { message: error };
  if (typeof error !== 'object' || error === null)
    return error === undefined ? undefined : { message: String(error) };
  const code: unknown = Reflect.get(error, 'code');
  const message: unknown = Reflect.get(error, 'message');
  const cause: unknown = Reflect.get(error, 'cause');
  const stack: unknown = Reflect.get(error, 'stack');
  return {
    code: typeof code === 'string' || typeof code === 'number' ? String(code) : undefined,
    message: typeof message === 'string' ? message : undefined,
    cause: cause === undefined || depth >= DEEPEST_CAUSE ? undefined : errorOf(cause, withStack, depth + 1),
    stack: withStack && typeof stack === 'string' ? stack : undefined,
  };
}
