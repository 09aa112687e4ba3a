import { first, map, merge, type Observable, of, type SchedulerLike, switchMap, timer } from 'rxjs';
import type { Rung } from './rung.ts';

/** Milliseconds after which a child is taken to be listening where nobody can tell (measured: 25 to 56 on a busy machine). */
const ESTABLISHED = 100;
/** Milliseconds from that guess to a second one, for the machine that has just been turned on and reads everything from an SD card. */
const SECOND_GUESS = 2_000;
/** Milliseconds between two looks at whether it listens. */
const EVERY = 20;
/** Milliseconds after which it counts as listening although the system does not say so: it may be of another pid namespace. */
const PATIENCE = 5_000;

/**
 * Tells when a child that has been started can be taken to be listening: as soon as the system says so; where it cannot tell, by a guess, and
 * by a second one in case the first was rash. Completes after the last.
 */
export function established(
  rung: Pick<Rung, 'isListening'>,
  pid: number | undefined,
  scheduler: SchedulerLike,
): Observable<'surely' | 'probably'> {
  const { isListening } = rung;
  const guesses = merge(timer(ESTABLISHED, scheduler), timer(SECOND_GUESS, scheduler)).pipe(
    map(() => 'probably' as const),
  );
  if (pid === undefined || isListening === undefined) return guesses;
  return timer(0, EVERY, scheduler).pipe(
    map((turn) => ({ listens: isListening(pid), late: turn * EVERY >= PATIENCE })),
    first(({ listens, late }) => listens !== false || late),
    switchMap(({ listens, late }) => (listens === undefined || late ? guesses : of('surely' as const))),
  );
}
