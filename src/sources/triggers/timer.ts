import { defer, map, repeat, timer } from 'rxjs';
import type { TriggerSource } from '../contract.ts';
import type { TriggerComponents, TriggerInit } from './contract.ts';

/** The longest delay a timer of Node takes; a longer one would fire at once, for ever. */
const LONGEST = 2 ** 31 - 1;

/**
 * The last defence, also where events work: every `every` plus up to `jitter` of it, by chance, so that hosts started together do not ask
 * together. It injects, since behind a NAT the outside address changes without any trace on this host.
 */
export function fallbackTimer(
  components: Pick<TriggerComponents, 'scheduler' | 'random'>,
  init: Pick<TriggerInit, 'every' | 'jitter'>,
): TriggerSource {
  return defer(() => {
    const wait = Math.round(init.every * (1 + init.jitter * components.random()));
    return timer(Math.min(LONGEST, wait), components.scheduler);
  }).pipe(
    map(() => ({ reason: 'timer', source: 'timer', mode: 'inject' }) as const),
    repeat(),
  );
}
