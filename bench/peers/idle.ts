import { now, pause } from '../../test/lab/support/moment.ts';
import { mebibytes } from '../support/process-usage.ts';
import { percentile } from '../support/statistics.ts';
import { counted, type Measure, measured } from './measure.ts';
import { treeUsageOf } from './tree-usage.ts';

/** Seconds; longer than the longest default interval, netdrift's 5 min and 10 %. */
const WINDOW = { short: 335, full: 1_320 };
const LOOKS = 30;

export const idle: Measure = {
  name: 'idle',
  rows: [
    {
      title: 'Memory while nothing changes, children included (MiB)',
      note: `Idle cost at defaults, ${WINDOW.short} s (${WINDOW.full} s with \`--full\`), which holds at least one look of each client. Resident set size, median. Processor time of children that have ended comes in steps of 10 ms, which is ${((10 / WINDOW.short) * 3.6).toFixed(2)} s/h (a quarter of that with \`--full\`).`,
    },
    { title: 'Processor while nothing changes, children included (s/h)' },
  ],
  alone: () => false,
  place: () => ({ pace: 'default' }),
  async run(_client, place, { full }) {
    await place.settle();
    // The compilers and collectors of the start belong to the start.
    await pause(10_000);
    const { pid } = place.process;
    const window = (full ? WINDOW.full : WINDOW.short) * 1_000;
    const known = place.provider.updates.mark();
    const resident: number[] = [];
    const before = treeUsageOf(pid);
    const began = now();
    for (let look = 0; look < LOOKS; look += 1) {
      await pause(window / LOOKS);
      resident.push(mebibytes(treeUsageOf(pid).resident));
    }
    const after = treeUsageOf(pid);
    const processor = ((after.processor - before.processor) / (now() - began)) * 3_600;
    const needless = place.provider.updates.items.length - known;
    const median = percentile(resident, 0.5);
    return [
      measured(
        `${median.toFixed(1)}, ${after.processes === 1 ? '1 process' : `${after.processes} processes`}`,
        median,
        resident,
      ),
      measured(
        `${processor.toFixed(2)}${needless === 0 ? '' : `, ${counted(needless, 'needless request')}`}`,
        processor,
      ),
    ];
  },
};
