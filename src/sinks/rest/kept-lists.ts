import type { Clock } from '../../model/clock.ts';
import type { RestZone } from './api.ts';
import type { RestKey, RestRecord } from './records.ts';

/** Milliseconds for which a list that was read is good enough for the next try. */
const GOOD_FOR = 300_000;

interface KeptList {
  readonly asked: string;
  readonly at: number;
  readonly records: readonly RestRecord[];
}

/**
 * What was read of some zones before reading the rest failed, or took too long: with many zones and a slow request limit one call has no room for
 * all of them, and without this every try would begin with the first zone and none would reach the last.
 */
export class KeptLists {
  readonly #clock: Clock;
  #lists = new Map<string, KeptList>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The zone's records, if they were read lately for these very keys; else reads them. */
  async read(
    { id }: RestZone,
    wanted: readonly RestKey[],
    read: () => Promise<readonly RestRecord[]>,
  ): Promise<readonly RestRecord[]> {
    const asked = wanted.map(({ name, type }) => `${name}/${type}`).join(' ');
    const kept = this.#lists.get(id);
    const now = this.#clock.monotonic();
    if (kept !== undefined && kept.asked === asked && now - kept.at < GOOD_FOR) return kept.records;
    const records = await read();
    this.#lists.set(id, { asked, at: this.#clock.monotonic(), records });
    return records;
  }

  /** All were read, or something was written. */
  forget(): void {
    this.#lists = new Map();
  }
}
