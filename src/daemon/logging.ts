import type { Clock } from '../model/clock.ts';
import type { Settings } from '../model/settings.ts';
import { type Destination, openDestination } from '../telemetry/destination.ts';
import type { Log } from '../telemetry/log.ts';
import { createLog, type LogLevel } from '../telemetry/logger.ts';
import { createRedactor } from '../telemetry/redact.ts';
import { proxySecrets, secretValues } from './secrets.ts';
import { createWatchers, type Watchers } from './watchers.ts';

/** The log of the process, and what belongs to it. */
export interface Logging {
  readonly log: Log;
  /** Takes level and secrets of a configuration; must be called before anything of it can be logged. */
  use(settings: Settings): void;
  readonly scrub: (text: string) => string;
  /** The same for a value made of plain data, such as the status. */
  readonly scrubbed: <Value>(value: Value) => Value;
  readonly watch: Watchers['add'];
  readonly flush: () => Promise<void>;
}

export interface LoggingInit {
  readonly clock: Clock;
  /** 1 for what netdrift is run for, 2 beside a command's own output. */
  readonly descriptor: 1 | 2;
  /** Overrides the level of the configuration. */
  readonly level?: LogLevel;
}

export function openLogging(settings: Settings, init: LoggingInit): Logging {
  const redact = createRedactor();
  const destination: Destination = openDestination({ descriptor: init.descriptor });
  const components = { destination, clock: init.clock, redact, environment: process.env };
  const { format } = settings.log;
  const shown = format === 'auto' ? (destination.terminal ? 'text' : 'json') : format;
  const root = createLog({ level: init.level ?? settings.log.level, format: shown }, components);
  const watchers = createWatchers((write) => {
    const quiet: Destination = { write, onDropped: undefined, flush: async () => {}, terminal: false };
    return createLog({ level: 'trace', format: 'json' }, { ...components, destination: quiet });
  });
  const use = (wanted: Settings): void => {
    for (const value of [...secretValues(wanted), ...proxySecrets(process.env)]) redact.add(value);
    root.setLevel(init.level ?? wanted.log.level);
  };
  use(settings);
  return {
    log: watchers.tap(root),
    use,
    scrub: redact.scrub,
    scrubbed: (value) => JSON.parse(redact.scrubLine(JSON.stringify(value))),
    watch: watchers.add,
    flush: () => destination.flush(),
  };
}
