import { Observable, type OperatorFunction, type SchedulerLike, type Subscription, timer } from 'rxjs';
import type { Clock } from '../model/clock.ts';
import { FAMILIES, type Family } from '../model/family.ts';
import type { AddressState, UplinkState } from '../model/reading.ts';
import { ACTIVE, oneOfAll } from '../model/uplinks.ts';
import { type AddressBook, bookKey, isDoubtful, sameState } from './address-book.ts';
import { afterwards } from './look.ts';

export interface ElectInit {
  /** The lowest metric is preferred; equal ones in the order given. */
  readonly uplinks: readonly { readonly name: string; readonly metric: number }[];
  /** Milliseconds that an uplink which has failed must work again before it is preferred again. */
  readonly holdDown: number;
  /** Milliseconds after which the address of a dead uplink is taken out of records that hold all of them. */
  readonly removeAfter: number;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scheduler: SchedulerLike;
}

const UNCONFIRMED: AddressState = { kind: 'keep', why: 'nobody confirms its address any more' };

interface Track {
  readonly state: AddressState;
  /** Monotonic milliseconds: working, or not working, since then. */
  readonly since: number;
  readonly failedBefore: boolean;
}

/**
 * Adds to the book what several uplinks amount to: `active`, the best one that works, and `all:NAME` for records that hold all.
 * An uplink works while its address is known and was confirmed by one of the last looks.
 *
 * - `active` leaves a dead uplink at once, and goes back to a better one when that has worked for the hold-down (at once, if it never
 *   failed): a line that comes and goes does not drag the record along. Where none works it is `keep`;
 * - `all:NAME` is the uplink's state; for a while after its death `keep`, then `clear`.
 *
 * What time alone changes is emitted with the last look. With a single uplink the book passes untouched.
 *
 * Complete passes through once no timer waits; errors pass through; unsubscribing cancels the timers.
 */
export function elect(init: ElectInit): OperatorFunction<AddressBook, AddressBook> {
  if (init.uplinks.length < 2) return (books) => books;
  const ordered = [...init.uplinks].sort((a, b) => a.metric - b.metric).map(({ name }) => name);
  return (books) =>
    new Observable((subscriber) => {
      const tracks = new Map<string, Track>();
      const active = new Map<Family, string>();
      let derived: ReadonlyMap<string, UplinkState> = new Map();
      let latest: AddressBook | undefined;
      let waiting: Subscription | undefined;
      let completed = false;

      const follow = (book: AddressBook, now: number): void => {
        for (const [key, entry] of book.states) {
          const before = tracks.get(key);
          // A line can die beyond the router: nothing changes here, but nobody confirms its address any more.
          const state: AddressState = isDoubtful(entry) ? UNCONFIRMED : entry.state;
          const works = state.kind === 'set';
          const turned = before === undefined || (before.state.kind === 'set') !== works;
          tracks.set(key, {
            state,
            since: turned ? now : before.since,
            failedBefore: (before?.failedBefore ?? false) || !works,
          });
        }
      };

      /** The states that follow from the tracks, and in how many milliseconds time alone changes them. */
      const derive = (now: number): { readonly states: readonly UplinkState[]; readonly due: number } => {
        let due = Number.POSITIVE_INFINITY;
        const states: UplinkState[] = [];
        for (const family of FAMILIES) {
          const trackOf = (uplink: string) => tracks.get(bookKey({ uplink, family }));
          const working = ordered.filter((uplink) => trackOf(uplink)?.state.kind === 'set');
          const current = active.get(family);
          const settled = working.filter((uplink) => {
            const track = trackOf(uplink);
            const rest = (track?.since ?? now) + init.holdDown - now;
            if (uplink === current || track?.failedBefore !== true || rest <= 0) return true;
            due = Math.min(due, rest);
            return false;
          });
          // Better one that still has to prove itself than none at all.
          const chosen = settled[0] ?? working[0];
          if (chosen !== undefined) active.set(family, chosen);
          const none: AddressState = { kind: 'keep', why: 'no uplink works' };
          const state = chosen === undefined ? none : (trackOf(chosen)?.state ?? none);
          states.push({ uplink: ACTIVE, family, state, took: 0 });
          for (const uplink of ordered) {
            const track = trackOf(uplink);
            if (track === undefined) continue;
            const rest = track.since + init.removeAfter - now;
            const dead = track.state.kind !== 'set';
            if (dead && rest > 0) due = Math.min(due, rest);
            const gone: AddressState = { kind: 'clear', why: `uplink ${uplink} is down` };
            const state = dead ? (rest > 0 ? ({ kind: 'keep', why: gone.why } as const) : gone) : track.state;
            states.push({ uplink: oneOfAll(uplink), family, state, took: 0 });
          }
        }
        return { states, due };
      };

      const emit = (book: AddressBook, fresh: boolean): void => {
        const { states, due } = derive(init.clock.monotonic());
        const before = derived;
        derived = new Map(states.map((state) => [bookKey(state), state]));
        const changed = states.filter((state) => {
          const known = before.get(bookKey(state));
          return known === undefined || !sameState(known.state, state.state);
        });
        waiting?.unsubscribe();
        waiting = Number.isFinite(due)
          ? timer(due, init.scheduler).subscribe(() => latest && emit(latest, false))
          : undefined;
        if (fresh || changed.length > 0) {
          subscriber.next({
            look: fresh ? book.look : afterwards(book.look),
            networkChanged: fresh && book.networkChanged,
            states: new Map([...book.states, ...derived]),
            changed: [...(fresh ? book.changed : []), ...changed],
          });
        }
        if (completed && waiting === undefined) subscriber.complete();
      };

      subscriber.add(() => waiting?.unsubscribe());
      subscriber.add(
        books.subscribe({
          next: (book) => {
            latest = book;
            follow(book, init.clock.monotonic());
            emit(book, true);
          },
          error: (error) => subscriber.error(error),
          complete: () => {
            completed = true;
            if (waiting === undefined) subscriber.complete();
          },
        }),
      );
    });
}
