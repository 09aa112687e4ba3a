import { concat, defer, EMPTY, merge, NEVER, of, retry, share, timer } from 'rxjs';
import type { TriggerSource } from '../contract.ts';
import { clockWatch } from './clock.ts';
import type { TriggerComponents, TriggerInit } from './contract.ts';
import { tidy } from './lines.ts';
import { linuxEvents } from './linux-events.ts';
import { macosEvents } from './macos-events.ts';
import { polling } from './polling.ts';
import { restartDelay } from './restart-delay.ts';
import { operatorSignal } from './signals.ts';
import { fallbackTimer } from './timer.ts';
import { windowsEvents } from './windows-events.ts';

export type { SignalEmitter, TriggerComponents, TriggerInit } from './contract.ts';

/**
 * Every reason to look that this host has: events of the system, wake from sleep, the fallback timer, the operator's signal. Never
 * errors, never completes. A source that throws is logged, started again after a while, and followed by a trigger that injects, since
 * it was deaf meanwhile; the others go on undisturbed. Gateway changes need no source of their own: they show when snapshots are compared.
 */
export function triggerSources(components: TriggerComponents, init: TriggerInit): TriggerSource {
  const events = guarded(components, 'events', systemEvents(components, init)).pipe(share());
  return merge(
    events,
    guarded(components, 'clock', clockWatch(components, events)),
    guarded(components, 'timer', fallbackTimer(components, init)),
    guarded(components, 'signal', operatorSignal(components.signals ?? process)),
  );
}

/** What the operating system itself tells. */
export function systemEvents(components: TriggerComponents, init: TriggerInit): TriggerSource {
  switch (components.platform) {
    case 'linux':
      return linuxEvents(components, init);
    case 'darwin':
      return macosEvents(components, init);
    case 'win32':
      return windowsEvents(components, init);
    default:
      return polling(components, { every: init.poll });
  }
}

/** Exported for its test. */
export function guarded(
  components: Pick<TriggerComponents, 'scheduler' | 'random' | 'log'>,
  name: string,
  source: TriggerSource,
): TriggerSource {
  return defer(() => {
    let crashed = false;
    const recovered = { reason: 'source_recovered', source: name, mode: 'inject' } as const;
    return defer(() => concat(crashed ? of(recovered) : EMPTY, source, NEVER)).pipe(
      retry({
        delay: (error: unknown, failures) => {
          crashed = true;
          const wait = restartDelay(failures, components.random);
          components.log.error(
            'trigger_source_defect',
            `trigger source ${name} broke: ${tidy(String(error), 200)}`,
            { component: 'triggers', duration: wait, error },
          );
          return timer(wait, components.scheduler);
        },
      }),
    );
  });
}
