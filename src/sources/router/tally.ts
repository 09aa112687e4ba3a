import type { Log } from '../../telemetry/log.ts';

/** Counts what is not believed, by reason. A flood costs one log line for each power of ten. */
export interface Tally {
  add(reason: string, detail: string): void;
  readonly counts: ReadonlyMap<string, number>;
}

export function createTally(log: Log, onAdd?: (reason: string) => void): Tally {
  const counts = new Map<string, number>();
  return {
    counts,
    add: (reason, detail) => {
      const count = (counts.get(reason) ?? 0) + 1;
      counts.set(reason, count);
      onAdd?.(reason);
      if (!/^10*$/.test(String(count))) return;
      log.info('router_notice_ignored', `ignored ${reason}: ${detail}`, { reason, count });
    },
  };
}
