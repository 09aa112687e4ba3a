import type { Client, Pace } from './client.ts';
import type { Place, PlaceOptions } from './place.ts';

/** What one client did in one row of the table. */
export interface Cell {
  readonly how: 'measured' | 'derived' | 'not measured';
  /** As the table shows it; for `not measured` the reason. */
  readonly text: string;
  /** What cells of a row are compared by; less is better. Without it the cell takes no part. */
  readonly worth?: number;
  /** What was measured, in the unit of the title. */
  readonly samples?: readonly number[];
}

export interface Options {
  /** Everything at its full length: half an hour and more. */
  readonly full: boolean;
}

/** One thing that is done with each client, and the rows that come of it. */
export interface Measure {
  /** As written on the command line; several may share one. */
  readonly name: string;
  readonly rows: readonly Title[];
  /** True for what is so short that nothing else may run beside it. */
  alone(client: Client): boolean;
  /** The cells of what need not be tried out. */
  known?(client: Client, options: Options): readonly Cell[] | undefined;
  /** What the client is to be put into, and does not run in yet. */
  place(client: Client): PlaceOptions;
  /** One cell for each row. */
  run(client: Client, place: Place, options: Options): Promise<readonly Cell[]>;
}

export interface Title {
  readonly title: string;
  /** What a reader must know to understand the row. */
  readonly note?: string;
}

export const measured = (text: string, worth: number, samples: readonly number[] = [worth]): Cell => ({
  how: 'measured',
  text,
  worth,
  samples,
});

/**
 * Where a client is put under faults it runs as well as it can: those that are told run as they come, those that look do so as often as
 * they accept.
 */
export const bestPace = (client: Client): Pace =>
  client.interval.default === undefined ? 'default' : 'shortest';

/** Three significant digits of seconds: `0.305 s`, `29.8 s`, `150 s`. */
export const seconds = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return `${value.toFixed(digits)} s`;
};

/** `7 requests`, `1 request`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
