import { asyncScheduler } from 'rxjs';
import type { Host } from '../../src/daemon/host.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Log, LogFields } from '../../src/telemetry/log.ts';

export interface KeptLine {
  readonly level: keyof Log;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps its lines; children write to the same list. */
export function keptLog(): { readonly log: Log; readonly lines: readonly KeptLine[] } {
  const lines: KeptLine[] = [];
  const bind = (bound: LogFields): Log => {
    const say =
      (level: KeptLine['level']) =>
      (event: string, message: string, fields?: LogFields): void => {
        lines.push({ level, event, message, fields: { ...bound, ...fields } });
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
  return { log: bind({}), lines };
}

export const WALL = Date.UTC(2026, 10, 22, 12, 0, 0);

/** A clock that stands until it is turned. */
export function handClock(): Clock & { pass(milliseconds: number): void } {
  let now = 0;
  return {
    monotonic: () => now,
    wall: () => WALL + now,
    boot: () => now,
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

/** A host with a clock by hand, no chance, and no programs. */
export const testHost = (clock: Clock = handClock()): Host => ({
  clock,
  scheduler: asyncScheduler,
  random: () => 0.5,
  randomBytes: (count) => new Uint8Array(count).fill(7),
  spawn: (() => {
    throw new Error('nothing is started in this test');
  }) as never,
  platform: 'linux',
});
