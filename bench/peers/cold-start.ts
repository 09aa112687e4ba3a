import { percentile } from '../support/statistics.ts';
import { type Measure, measured, seconds } from './measure.ts';

export const coldStart: Measure = {
  name: 'cold-start',
  rows: [
    {
      title: 'Process start → update request, nothing remembered (median)',
      note: 'The first run of each, which fills the caches of the file system, is not counted.',
    },
  ],
  alone: () => true,
  place: () => ({ pace: 'default' }),
  async run(_client, place, { full }) {
    const samples: number[] = [];
    for (let run = 0; run <= (full ? 20 : 5); run += 1) {
      await place.forget();
      const started = place.start();
      const update = await place.published(started, 20_000);
      if (run > 0) samples.push((update.at - started) / 1_000);
    }
    const median = percentile(samples, 0.5);
    return [measured(seconds(median), median, samples)];
  },
};
