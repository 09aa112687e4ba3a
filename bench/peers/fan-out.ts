import { eventually } from '../../test/lab/support/moment.ts';
import type { Client } from './client.ts';
import { type Cell, counted, type Measure, measured, seconds } from './measure.ts';
import type { Place } from './place.ts';

/** Milliseconds of each answer. */
const DELAY = 50;
const NAMES = [1, 10, 100, 1_000];

const fanOutOf = (names: number): Measure => ({
  name: 'fan-out',
  rows: [
    {
      title: `${names} name${names === 1 ? '' : 's'} of one account, ${DELAY} ms an answer`,
      ...(names === 1 && {
        note: 'From the first request of a fresh start to the last answer. netdrift keeps to the 20 names a request that Dyn allows; ddclient puts all into one request, which for 1000 names (20 kB) is longer than HTTP servers take (8 kB with Apache and nginx, here 16 kB); inadyn sends each by itself.',
      }),
    },
  ],
  alone: () => true,
  place: () => ({ pace: 'default', names, delay: DELAY }),
  run: async (client, place) => [await cellOf(client, names, place)],
});

async function cellOf(client: Client, names: number, place: Place): Promise<Cell> {
  place.start();
  const { updates, refusals } = place.provider;
  const missing = (): number => names - new Set(updates.items.flatMap((update) => update.names)).size;
  await eventually(
    `${client.name} publishes ${names} names`,
    () => missing() === 0 || refusals.items.length > 0 || !place.process.running,
    { timeout: 20_000 + names * (DELAY + 20) },
  );
  if (missing() > 0) {
    const why = refusals.items[0] ?? `it ended: ${place.process.lines.items.at(-1)?.text.slice(0, 200)}`;
    return { how: 'measured', text: `fails: ${why}` };
  }
  const times = updates.items.map((update) => update.at);
  const took = (Math.max(...times) + DELAY - Math.min(...times)) / 1_000;
  const connections = new Set(updates.items.map((update) => update.connection)).size;
  const text = [seconds(took), counted(times.length, 'request'), counted(connections, 'connection')].join(
    ', ',
  );
  return measured(text, took, [took, times.length, connections]);
}

export const fanOut: readonly Measure[] = NAMES.map(fanOutOf);
