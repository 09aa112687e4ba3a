import type { Clock } from '../../model/clock.ts';
import type { HttpAnswer } from '../../net/http.ts';
import type { ClockReport } from './contract.ts';

/** Nobody ran this program before it was written. */
const WRITTEN = Date.UTC(2026, 0, 1);
/** A `Date` header counts whole seconds (RFC 9110 section 5.6.7), so on average it is half a second behind. */
const HALF_A_SECOND = 500;
/** Milliseconds of an exchange beyond which its `Date` says too little: a connection was opened first, names were resolved. */
const SLOW = 2_000;

/** Compares this host's clocks with each other, and with those of the services that answer meanwhile. */
export interface ClockWatch {
  /** An answer came to a question sent at this wall time. */
  heard(answer: Pick<HttpAnswer, 'headers'>, sent: number, by: string): void;
  report(): ClockReport;
}

export function watchClocks(clock: Pick<Clock, 'wall' | 'monotonic'>): ClockWatch {
  const [wall, monotonic] = [clock.wall(), clock.monotonic()];
  const offsets: { readonly milliseconds: number; readonly by: string; readonly doubt: number }[] = [];
  return {
    heard(answer, sent, by) {
      const date = Date.parse(answer.headers['date'] ?? '');
      const received = clock.wall();
      const doubt = Math.abs(received - sent);
      if (Number.isNaN(date) || doubt > SLOW) return;
      offsets.push({ milliseconds: Math.round((sent + received) / 2 - date - HALF_A_SECOND), by, doubt });
    },
    report() {
      const stepped = Math.round(clock.wall() - wall - (clock.monotonic() - monotonic));
      // The quickest exchange is the one that says most.
      const [best] = [...offsets].sort((a, b) => a.doubt - b.doubt);
      const now = clock.wall();
      return {
        wall: Number.isFinite(now) && Math.abs(now) <= 8.64e15 ? new Date(now).toISOString() : String(now),
        plausible: now >= WRITTEN,
        stepped,
        ...(best !== undefined && { offset: { milliseconds: best.milliseconds, by: best.by } }),
      };
    },
  };
}
