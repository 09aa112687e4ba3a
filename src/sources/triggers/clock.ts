import { defer, EMPTY, interval, map, merge, mergeMap, type Observable } from 'rxjs';
import { formatDuration } from '../../model/duration.ts';
import type { Trigger } from '../../model/trigger.ts';
import type { TriggerSource } from '../contract.ts';
import type { TriggerComponents } from './contract.ts';
import { judgeTick, readClocks, sleepCounter } from './judge-tick.ts';

/**
 * Milliseconds between two heartbeats: what a wake is noticed within, where the network says nothing of it. To wake Node costs 1.5 ms of
 * the processor whatever it then does, and this is all that wakes an idle netdrift: at 5 s it was 1.2 s an hour.
 */
const HEARTBEAT = 10_000;
/** Milliseconds of sleep after which leases and NAT state are stale even if all looks the same. */
const LONG = 10 * 60_000;

/**
 * Notices that the host has slept. A short sleep asks for a look, one of more than ten minutes for a detection whatever the look says. Clock
 * steps are logged and lead to nothing, since no duration here depends on the wall clock.
 *
 * The clocks are looked at with each of `events` too: a host that wakes hears of its network before the next heartbeat.
 */
export function clockWatch(
  components: Pick<TriggerComponents, 'clock' | 'scheduler' | 'platform' | 'log' | 'onClockSet'>,
  events: Observable<unknown> = EMPTY,
): TriggerSource {
  const { clock, scheduler, log } = components;
  const counter = sleepCounter(components.platform);
  return defer(() => {
    let before = readClocks(clock);
    const heartbeat = interval(HEARTBEAT, scheduler).pipe(map(() => true));
    return merge(heartbeat, events.pipe(map(() => false))).pipe(
      mergeMap((beat): readonly Trigger[] => {
        const now = readClocks(clock);
        const { slept, stepped } = judgeTick(before, now, HEARTBEAT, counter);
        // An event that shows nothing leaves the heartbeat's measure alone: many of them would cut a sleep to pieces.
        if (beat || slept !== 0 || stepped !== 0) before = now;
        if (stepped !== 0) {
          components.onClockSet?.();
          const direction = stepped > 0 ? 'forward' : 'back';
          log.info(
            'clock_stepped',
            `the wall clock went ${direction} by ${formatDuration(Math.abs(stepped))}`,
            {
              component: 'triggers',
              duration: stepped,
            },
          );
        }
        if (slept === 0) return [];
        const detail = `awake after ${formatDuration(slept)}`;
        return [{ reason: 'wake', source: 'clock', mode: slept > LONG ? 'inject' : 'poll', detail }];
      }),
    );
  });
}
