import { filter, map, type OperatorFunction, scan } from 'rxjs';
import { type AddressBook, enter, type Findings } from './address-book.ts';

/**
 * Enters findings into the address book and lets the book through when it says something new: an address changed, the network
 * changed, or the look was asked for regardless (`inject`), so that the lanes compare with what their sinks confirmed.
 *
 * `networkChanged` is told once for each look: the second family of the same look must not be taken for a second change.
 *
 * Complete, error and unsubscribe pass through.
 */
export function distinct(): OperatorFunction<Findings, AddressBook> {
  interface Step {
    readonly book: AddressBook | undefined;
    readonly told: boolean;
  }
  return (findings) =>
    findings.pipe(
      scan(
        (step: Step, found): Step => {
          const book = enter(step.book, found);
          const first = step.book?.look.traceId !== found.look.traceId;
          const networkChanged = found.networkChanged && first;
          const told = book.changed.length > 0 || networkChanged || found.look.mode === 'inject';
          return { book: { ...book, networkChanged }, told };
        },
        { book: undefined, told: false },
      ),
      filter((step) => step.told),
      map((step) => step.book),
      filter((book) => book !== undefined),
    );
}
