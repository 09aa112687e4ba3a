import type { TriggerSource } from '../contract.ts';
import type { TriggerComponents, TriggerInit } from './contract.ts';
import { listener } from './listener.ts';
import { routeMonitorJudge } from './route-monitor.ts';
import { SCUTIL_SCRIPT, scutilJudge } from './scutil.ts';

/**
 * Hears of changes through the dynamic store (`scutil`), else through the routing socket (`route -n monitor`), else by polling.
 * `scutil` ends when its standard input does, so it never outlives us; `route` ends at the first message it cannot write.
 * Written from the sources of both programs; tested against programs that print the like.
 */
export function macosEvents(components: TriggerComponents, init: TriggerInit): TriggerSource {
  return listener(components, init, [
    {
      name: 'scutil',
      command: { program: '/usr/sbin/scutil', arguments: [], input: SCUTIL_SCRIPT },
      judge: () => scutilJudge(init.named),
    },
    {
      name: 'route-monitor',
      command: { program: '/sbin/route', arguments: ['-n', 'monitor'] },
      judge: routeMonitorJudge,
    },
  ]);
}
