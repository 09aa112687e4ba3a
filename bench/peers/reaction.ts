import { now, pause } from '../../test/lab/support/moment.ts';
import { percentile } from '../support/statistics.ts';
import type { Client, Pace } from './client.ts';
import { type Cell, type Measure, measured, type Options, seconds } from './measure.ts';
import type { Place } from './place.ts';

/** Milliseconds between two changes for a client that does not look by the clock: more than netdrift's own `minimum_gap` of 5 s. */
const REST: Readonly<Record<Pace, number>> = { default: 6_000, shortest: 500 };

/** How often, so that the whole is over within minutes: a client that looks every minute costs a minute each time. */
function runs(interval: number, { full }: Options): number {
  if (interval >= 120) return 3;
  if (interval >= 30) return full ? 10 : 4;
  return full ? 30 : 10;
}

async function reactions(client: Client, pace: Pace, options: Options, place: Place): Promise<number[]> {
  const interval = client.interval[pace] ?? 0;
  const count = runs(interval, options);
  const samples: number[] = [];
  let last = await place.settle();
  for (let run = 0; run < count; run += 1) {
    // One change in each part of the interval, at a random moment of it: few runs, and yet all phases.
    const phase =
      interval === 0
        ? REST[pace] * (1 + Math.random() / 5)
        : ((run + Math.random()) / count) * interval * 1_000;
    await pause(Math.max(0, last.at + phase - now()));
    const changed = await place.change();
    last = await place.published(changed, interval * 1_500 + 20_000);
    samples.push((last.at - changed) / 1_000);
  }
  return samples;
}

function cellOf(samples: readonly number[]): Cell {
  const median = percentile(samples, 0.5);
  return measured(`${seconds(median)}, worst ${seconds(Math.max(...samples))}`, median, samples);
}

/** A change comes at any moment of the interval, and is seen at its end: the least that follows from the client's own words. */
function derived(interval: number): Cell {
  const text = `${seconds(interval / 2)}, worst ${seconds(interval)} (derived)`;
  return { how: 'derived', text, worth: interval / 2 };
}

const reaction = (pace: Pace, title: string, note: string): Measure => ({
  name: 'reaction',
  rows: [{ title, note }],
  alone: (client) => client.interval[pace] === undefined,
  known(client, { full }) {
    const interval = client.interval[pace];
    return pace === 'default' && interval !== undefined && !full ? [derived(interval)] : undefined;
  },
  place: () => ({ pace }),
  run: async (client, place, options) => [cellOf(await reactions(client, pace, options, place))],
});

export const atDefaults = reaction(
  'default',
  'Address replaced → update request, at defaults (median)',
  'netdrift waits 250 ms for quiet by default. Those that look by the clock are derived from their own documentation unless `--full` is given: half the interval, and the whole of it.',
);

export const atShortest = reaction(
  'shortest',
  'The same, at the shortest wait each accepts (median)',
  'netdrift with `settle: 0ms` and `minimum_gap: 0s`, ddclient with `daemon=60` (its floor), inadyn with `period = 1`. Changes at random moments, one in each part of the interval.',
);
