import type { Clock } from '../model/clock.ts';

/** Five minutes: a lasting fault shows once per look of the default fallback timer, and no more often. */
const COOLDOWN = 300_000;
const MOST_KEPT = 1_000;

export interface Once {
  /**
   * May this line be written now? `undefined` means keep quiet; a number means write it, and is how many times it was kept
   * quiet since it was written last. Lines are the same if `template` and `about` are: `detector_failed`, `wan/ipv4`.
   */
  admit(template: string, about?: string): number | undefined;
  /** Something was acted on or has recovered: the lines about it are news again. Without `about`: all lines are. */
  changed(about?: string): void;
}

interface Said {
  readonly about: string;
  at: number;
  quiet: number;
}

/** Keeps lines that say the same again down to one per change and cooldown. */
export function createOnce(clock: Clock, cooldown: number = COOLDOWN): Once {
  const said = new Map<string, Said>();

  const makeRoom = (now: number): void => {
    if (said.size < MOST_KEPT) return;
    for (const [key, line] of said) if (now - line.at >= cooldown) said.delete(key);
    // A map keeps the order of insertion: what is dropped here is what was first seen longest ago.
    for (const key of said.keys()) {
      if (said.size < MOST_KEPT) return;
      said.delete(key);
    }
  };

  return {
    admit(template, about = '') {
      const now = clock.monotonic();
      const key = `${template}\n${about}`;
      const line = said.get(key);
      if (line === undefined) {
        makeRoom(now);
        said.set(key, { about, at: now, quiet: 0 });
        return 0;
      }
      if (now - line.at < cooldown) {
        line.quiet += 1;
        return undefined;
      }
      const quiet = line.quiet;
      line.at = now;
      line.quiet = 0;
      return quiet;
    },
    changed(about) {
      if (about === undefined) said.clear();
      for (const [key, line] of said) if (line.about === about) said.delete(key);
    },
  };
}
