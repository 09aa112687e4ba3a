import { describe, expect, test } from 'vitest';
import { createWatchers } from '../../src/daemon/watchers.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { keptLog } from './fixture.ts';

/** The full log as text, one line an event. */
function setUp() {
  const { log, lines } = keptLog();
  let made = 0;
  const watchers = createWatchers((write) => {
    const bind = (sink: unknown): Log => {
      const say = (event: string, message: string): void => {
        made += 1;
        write(`${event} ${message} ${sink ?? '-'}`);
      };
      return {
        trace: say,
        debug: say,
        info: say,
        warn: say,
        error: say,
        child: (fields) => bind(fields.sink ?? sink),
      };
    };
    return bind(undefined);
  });
  return { log: watchers.tap(log), lines, watchers, made: () => made };
}

describe('watchers', () => {
  test('while nobody watches no line is made for them, and the log has every line', () => {
    const { log, lines, made } = setUp();
    log.trace('trigger_raw', 'one');
    log.error('defect', 'two');
    expect(made()).toBe(0);
    expect(lines.map(({ level, event }) => [level, event])).toEqual([
      ['trace', 'trigger_raw'],
      ['error', 'defect'],
    ]);
  });

  test('each watcher gets every line, of children too, until it leaves', () => {
    const { log, watchers, lines } = setUp();
    const [first, second]: [string[], string[]] = [[], []];
    const leave = watchers.add((line) => first.push(line));
    watchers.add((line) => second.push(line));
    log.info('started', 'up');
    leave();
    log.child({ sink: 'dyn' }).child({ trace_id: 't' }).debug('write_started', 'now');
    expect(first).toEqual(['started up -']);
    expect(second).toEqual(['started up -', 'write_started now dyn']);
    expect(lines).toHaveLength(2);
  });

  test('leaving twice does no harm to others', () => {
    const { log, watchers } = setUp();
    const seen: string[] = [];
    const leave = watchers.add(() => {});
    watchers.add((line) => seen.push(line));
    leave();
    leave();
    log.warn('events_lost', 'x');
    expect(seen).toHaveLength(1);
  });
});
