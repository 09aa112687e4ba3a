import { catchError, defer, EMPTY, exhaustMap, from, interval, map, mergeMap, of } from 'rxjs';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Trigger } from '../../model/trigger.ts';
import type { TriggerSource } from '../contract.ts';
import type { TriggerComponents } from './contract.ts';

export interface PollingInit {
  /** Milliseconds between two looks. */
  readonly every: number;
  /** True if it was already said that this host is polled. */
  readonly quiet?: boolean;
}

/**
 * The last resort where the system gives no events: compares snapshots (0.2 ms each on Linux) and gives a trigger for the first one and for each that
 * differs from the one before. A snapshot that fails gives a trigger as well: not knowing is a reason to look.
 */
export function polling(
  components: Pick<TriggerComponents, 'snapshot' | 'scheduler' | 'log'>,
  init: PollingInit,
): TriggerSource {
  return defer(() => {
    if (init.quiet !== true) {
      components.log.info('polling', `no events from the system; looking every ${init.every} ms instead`, {
        component: 'triggers',
        duration: init.every,
      });
    }
    let before: string | undefined;
    return interval(init.every, components.scheduler).pipe(
      // Never two at once: a look that takes longer than the period skips a beat.
      exhaustMap(() =>
        defer(() => from(components.snapshot())).pipe(
          map(asText),
          catchError(() => of(undefined)),
        ),
      ),
      mergeMap((now) => {
        const same = now !== undefined && now === before;
        before = now;
        return same ? EMPTY : of(POLLED);
      }),
    );
  });
}

/** Lifetimes run down all the time, so they differ at every look; a change of them is no change of the host. */
const asText = (snapshot: Snapshot): string =>
  JSON.stringify(snapshot, (key, value: unknown) => (key === 'preferredLifetime' ? undefined : value));

const POLLED: Trigger = { reason: 'snapshot_poll', source: 'polling', mode: 'poll' };
