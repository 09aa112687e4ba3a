import { Observable, type OperatorFunction, type SchedulerLike, type Subscription, timer } from 'rxjs';
import type { UplinkState } from '../model/reading.ts';
import { isOneOfAll } from '../model/uplinks.ts';
import { type AddressBook, bookKey } from './address-book.ts';

export interface AbsenceInit {
  /** Milliseconds for which an uplink must be known to have no address before its records may lose theirs; 0 believes it at once. */
  readonly after: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Believes that an uplink has no address only when that has been known for a while without a break. An interface that is up and waits for
 * DHCP or a router advertisement looks just like one that will never get an address: at each start, and after each loss of the link.
 *
 * Until then `clear` passes as `keep`, so that what is published stays; time alone lets it through, with the last look. Anything else known
 * meanwhile, also that nobody could tell, starts the wait anew. What `elect` makes of all uplinks (`all:NAME`) has waited there already.
 *
 * Complete passes through once nothing waits; errors pass through; unsubscribing cancels the waits.
 */
export function absence({ after, scheduler }: AbsenceInit): OperatorFunction<AddressBook, AddressBook> {
  if (after <= 0) return (books) => books;
  return (books) =>
    new Observable((subscriber) => {
      const waits = new Map<string, Subscription>();
      const believed = new Set<string>();
      let latest: AddressBook | undefined;
      let completed = false;

      const completeIfIdle = (): void => {
        if (completed && waits.size === 0) subscriber.complete();
      };

      const believe = (key: string): void => {
        waits.delete(key);
        believed.add(key);
        const entry = latest?.states.get(key);
        if (latest !== undefined && entry !== undefined) {
          subscriber.next(shown({ ...latest, networkChanged: false, changed: [entry] }, waits));
        }
        completeIfIdle();
      };

      const follow = (book: AddressBook): void => {
        for (const [key, entry] of book.states) {
          if (!isAbsent(entry)) {
            waits.get(key)?.unsubscribe();
            waits.delete(key);
            believed.delete(key);
          } else if (!believed.has(key) && !waits.has(key)) {
            waits.set(
              key,
              timer(after, scheduler).subscribe(() => believe(key)),
            );
          }
        }
      };

      subscriber.add(() => {
        for (const wait of waits.values()) wait.unsubscribe();
      });
      subscriber.add(
        books.subscribe({
          next: (book) => {
            latest = book;
            follow(book);
            subscriber.next(shown(book, waits));
          },
          error: (error) => subscriber.error(error),
          complete: () => {
            completed = true;
            completeIfIdle();
          },
        }),
      );
    });
}

const isAbsent = ({ uplink, state }: UplinkState): boolean => state.kind === 'clear' && !isOneOfAll(uplink);

/** The book with what is not believed yet as `keep`. */
function shown(book: AddressBook, waits: ReadonlyMap<string, unknown>): AddressBook {
  if (waits.size === 0) return book;
  const doubted = (entry: UplinkState): UplinkState =>
    entry.state.kind === 'clear' && waits.has(bookKey(entry))
      ? {
          ...entry,
          state: { kind: 'keep', why: `${entry.state.why}, but not for long enough to be believed` },
        }
      : entry;
  return {
    ...book,
    states: new Map([...book.states].map(([key, entry]) => [key, doubted(entry)])),
    changed: book.changed.map(doubted),
  };
}
