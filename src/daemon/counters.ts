import type { CounterStatus } from '../control/status.ts';
import type { Trigger } from '../model/trigger.ts';
import type { Observation } from '../streams/observe.ts';

/** Counts since the start what was heard and what came of it, so that the status shows a source that floods, or one that is deaf. */
export interface Counters {
  readonly triggered: (trigger: Trigger) => void;
  readonly observed: (observation: Observation) => void;
  readonly clockSet: () => void;
  /** A message that claims to be from a router and is not believed; `reason` is one of few. */
  readonly ignored: (reason: string) => void;
  report(): CounterStatus;
}

export function createCounters(): Counters {
  const triggers = new Map<string, number>();
  const ignored = new Map<string, number>();
  const looks = { equal: 0, different: 0, acted: 0 };
  let clockSteps = 0;

  return {
    triggered: ({ reason }) => increment(triggers, reason),
    observed: ({ difference, act }) => {
      if (difference.differences.length === 0) looks.equal += 1;
      else looks.different += 1;
      if (act) looks.acted += 1;
    },
    clockSet: () => {
      clockSteps += 1;
    },
    ignored: (reason) => increment(ignored, reason),
    report: () => ({
      triggers: Object.fromEntries(triggers),
      looks: { ...looks },
      clock_steps: clockSteps,
      ignored: Object.fromEntries(ignored),
    }),
  };
}

const increment = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
