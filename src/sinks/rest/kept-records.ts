import type { Clock } from '../../model/clock.ts';
import type { RestZone } from './api.ts';
import { type RestKey, type RestRecord, restKeyText } from './records.ts';

interface Kept {
  /** When it was read. */
  readonly at: number;
  readonly records: readonly RestRecord[];
  /** True once a whole read has answered with it: the next one asks again. */
  readonly used: boolean;
}

/**
 * What was read, name by name and type by type, before reading the rest failed or took too long. With a slow request limit one call has no room for
 * everything, and without this each try would begin with the first name and none would reach the last. The same goes for a read after which the limit
 * left no room to write: the next try writes, instead of spending its requests on reading once more.
 */
export class KeptRecords {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #kept = new Map<string, Kept>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The key's records, if they were read in the last `goodFor` milliseconds. */
  of(zone: RestZone, key: RestKey, goodFor: number): readonly RestRecord[] | undefined {
    const kept = this.#kept.get(placeOf(zone, key));
    const good = kept !== undefined && !kept.used && this.#clock.monotonic() - kept.at < goodFor;
    return good ? kept.records : undefined;
  }

  /** All that was found of these keys, just now. */
  keep(zone: RestZone, keys: readonly RestKey[], records: readonly RestRecord[]): void {
    const at = this.#clock.monotonic();
    for (const key of keys) {
      const own = records.filter((record) => record.key.name === key.name && record.key.type === key.type);
      this.#kept.set(placeOf(zone, key), { at, records: own, used: false });
    }
  }

  /** Everything asked for was read. */
  use(): void {
    for (const [place, kept] of this.#kept) this.#kept.set(place, { ...kept, used: true });
  }

  /** The key was to be written. `untouched`: for sure nothing became of that, so what was read of it holds as before. */
  written(zone: RestZone, key: RestKey, untouched: boolean): void {
    const place = placeOf(zone, key);
    const kept = this.#kept.get(place);
    if (untouched && kept !== undefined) this.#kept.set(place, { ...kept, used: false });
    else this.#kept.delete(place);
  }

  /** A zone is not what it was. */
  forget(): void {
    this.#kept.clear();
  }
}

const placeOf = ({ id }: RestZone, key: RestKey): string => `${id} ${restKeyText(key)}`;
