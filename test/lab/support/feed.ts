import { now } from './moment.ts';

interface Waiter<Item> {
  readonly matches: (item: Item) => boolean;
  readonly resolve: (item: Item) => void;
}

/** What has arrived so far, in order, and a way to wait for what is still to come. */
export class Feed<Item> {
  readonly items: Item[] = [];
  readonly #what: string;
  readonly #waiters = new Set<Waiter<Item>>();
  readonly #listeners: Array<(item: Item) => void> = [];

  /** `what` names the items in messages: `log lines of netdrift`. */
  constructor(what: string) {
    this.#what = what;
  }

  push(item: Item): void {
    this.items.push(item);
    for (const listener of this.#listeners) listener(item);
    for (const waiter of [...this.#waiters]) {
      if (waiter.matches(item)) waiter.resolve(item);
    }
  }

  /** Calls the listener with everything that is here and everything still to come. */
  each(listener: (item: Item) => void): void {
    for (const item of this.items) listener(item);
    this.#listeners.push(listener);
  }

  /** How many there are: give it to `find` as `after` to look only at what comes from here on. */
  mark(): number {
    return this.items.length;
  }

  /**
   * The first item that matches, whether it is here already or still to come.
   * @throws Error with the last ten items when `timeout` milliseconds are over.
   */
  async find(
    matches: (item: Item) => boolean,
    { timeout = 5_000, after = 0 }: { timeout?: number; after?: number } = {},
  ): Promise<Item> {
    const present = this.items.slice(after).find(matches);
    if (present !== undefined) return present;
    // Made here, so that the stack names the test that waits.
    const late = new Error();
    const started = now();
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Item> = { matches, resolve: (item) => end(() => resolve(item)) };
      const timer = setTimeout(() => {
        const last = this.items.slice(-10).map((item) => JSON.stringify(item));
        late.message = [
          `nothing fitting among the ${this.#what} within ${Math.round(now() - started)} ms; the last:`,
          ...last,
        ].join('\n  ');
        end(() => reject(late));
      }, timeout);
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        settle();
      };
      this.#waiters.add(waiter);
    });
  }
}
