import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { clockWatch } from '../../../src/sources/triggers/clock.ts';
import { judgeTick, type SleepCounter } from '../../../src/sources/triggers/judge-tick.ts';
import { bench, ManualTime, memoryLog } from './support.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const YEARS = 10 * 365 * 24 * HOUR;
const START = { monotonic: 50_000, boot: 80_000, wall: 1_790_000_000_000 };

function judge(passed: { monotonic: number; boot: number; wall: number }, counter: SleepCounter) {
  const now = {
    monotonic: START.monotonic + passed.monotonic,
    boot: START.boot + passed.boot,
    wall: START.wall + passed.wall,
  };
  return judgeTick(START, now, 15 * SECOND, counter);
}

describe('judgeTick, at a period of 15 s', () => {
  it.each([
    ['no time at all', 0, 0],
    ['a punctual tick', 15 * SECOND, 0],
    ['22 s, a busy moment', 22 * SECOND, 0],
    ['23 s, late', 23 * SECOND, 8 * SECOND],
    ['55 s, a dark wake', 55 * SECOND, 40 * SECOND],
    ['2 h, a lunch', 2 * HOUR, 2 * HOUR - 15 * SECOND],
  ])('%s, where the monotonic clock counts sleep', (_name, all, slept) => {
    expect(judge({ monotonic: all, boot: all, wall: all }, 'monotonic')).toEqual({ slept, stepped: 0 });
  });

  it.each([
    ['no sleep', 0, 0],
    ['22 s in all', 7 * SECOND, 0],
    ['40 s asleep', 40 * SECOND, 40 * SECOND],
    ['2 h asleep', 2 * HOUR, 2 * HOUR],
  ])('%s, on Linux, where timers and the monotonic clock stand still', (_name, asleep, slept) => {
    const passed = 15 * SECOND + asleep;
    expect(judge({ monotonic: 15 * SECOND, boot: passed, wall: passed }, 'boot')).toEqual({
      slept,
      stepped: 0,
    });
  });

  it.each(['boot', 'monotonic'] as const)(
    'a punctual tick with the wall clock moved is a step and no sleep (%s)',
    (counter) => {
      const punctual = { monotonic: 15 * SECOND, boot: 15 * SECOND };
      for (const step of [-HOUR, HOUR, YEARS, -YEARS]) {
        expect(judge({ ...punctual, wall: 15 * SECOND + step }, counter)).toEqual({
          slept: 0,
          stepped: step,
        });
      }
    },
  );

  it('sleep and a step at once are told apart on Linux', () => {
    const passed = { monotonic: 15 * SECOND, boot: HOUR, wall: HOUR + YEARS };
    expect(judge(passed, 'boot')).toEqual({ slept: HOUR - 15 * SECOND, stepped: YEARS });
  });

  it('gradual correction of the clock is no step', () => {
    expect(judge({ monotonic: 15_000, boot: 15_000, wall: 15_900 }, 'boot')).toEqual({
      slept: 0,
      stepped: 0,
    });
  });

  it('where nobody knows, the wall clock is believed forward and not backward', () => {
    const punctual = { monotonic: 15 * SECOND, boot: 15 * SECOND };
    expect(judge({ ...punctual, wall: HOUR }, 'wall').slept).toBe(HOUR - 15 * SECOND);
    expect(judge({ ...punctual, wall: 15 * SECOND - HOUR }, 'wall')).toEqual({ slept: 0, stepped: -HOUR });
  });
});

describe('clockWatch', () => {
  function watching(platform: NodeJS.Platform) {
    const time = new ManualTime();
    const log = memoryLog();
    const extra = { sleep: 0, step: 0 };
    const clock = {
      monotonic: () => time.frame + (platform === 'linux' ? 0 : extra.sleep),
      boot: () => time.frame + extra.sleep,
      wall: () => time.frame + extra.sleep + extra.step,
    };
    const all = bench({ clock, scheduler: time, platform, log });
    const events = new Subject<void>();
    clockWatch(all.components, events).subscribe((trigger) => all.seen.push(trigger));
    return { ...all, time, log, extra, events };
  }

  it.each(['linux', 'darwin'] as const)(
    '%s: short sleep polls, long sleep injects, each once',
    (platform) => {
      const { time, extra, told, seen } = watching(platform);
      time.advance(20_000);
      expect(told()).toEqual([]);
      extra.sleep += 55_000;
      time.advance(10_000);
      expect(seen[0]?.detail).toBe('awake after 55s');
      expect(told()).toEqual(['wake clock poll']);
      extra.sleep += 2 * HOUR;
      time.advance(20_000);
      expect(told()).toEqual(['wake clock inject']);
    },
  );

  it('events between two heartbeats do not hide a sleep, nor tell one twice', () => {
    const { time, extra, told, events } = watching('linux');
    for (let second = 0; second < 4; second += 1) {
      time.advance(1_000);
      extra.sleep += 3_000;
      events.next();
    }
    expect(told()).toEqual(['wake clock poll']);
    time.advance(1_000);
    events.next();
    expect(told()).toEqual([]);
  });

  it.each(['linux', 'darwin'] as const)('%s: steps are logged and trigger nothing', (platform) => {
    const { time, extra, told, log } = watching(platform);
    extra.step -= HOUR;
    time.advance(10_000);
    extra.step += YEARS;
    time.advance(10_000);
    expect(told()).toEqual([]);
    expect(log.lines.map((line) => line.message)).toEqual([
      'the wall clock went back by 1h',
      'the wall clock went forward by 3650d',
    ]);
  });
});
