import { now, pause } from '../../test/lab/support/moment.ts';
import { bestPace, counted, type Measure, measured, seconds } from './measure.ts';

const CHANGES = 50;
/** Milliseconds from one to the next. */
const EVERY = 200;
/** Milliseconds: a client that looks each minute has seen the last change twice by then. */
const PATIENCE = 130_000;
/** Milliseconds in which another publication would still be noticed. */
const AFTERWARDS = 12_000;

export const flapping: Measure = {
  name: 'flapping',
  rows: [
    {
      title: `${CHANGES} changes in ${(CHANGES * EVERY) / 1_000} s: publications; is the last one right?`,
      note: 'netdrift at its defaults, ddclient at 60 s, inadyn at 1 s.',
    },
    { title: 'The same: last change → right publication' },
  ],
  alone: () => false,
  place: (client) => ({ pace: bestPace(client) }),
  async run(_client, place) {
    const first = await place.settle();
    await pause(Math.max(0, first.at + 6_000 - now()));
    const known = place.provider.updates.mark();
    const began = now();
    let changed = began;
    for (let change = 0; change < CHANGES; change += 1) {
      await pause(Math.max(0, began + change * EVERY - now()));
      changed = await place.change();
    }
    const right = await place.published(changed, PATIENCE).catch(() => undefined);
    await pause(AFTERWARDS);
    const updates = place.provider.updates.items.slice(known);
    const last = updates.at(-1)?.address === place.address ? 'right' : 'wrong';
    const late = right === undefined ? undefined : (right.at - changed) / 1_000;
    return [
      measured(`${counted(updates.length, 'publication')}, last ${last}`, updates.length),
      late === undefined
        ? { how: 'measured', text: `not within ${PATIENCE / 1_000} s` }
        : measured(seconds(late), late),
    ];
  },
};
