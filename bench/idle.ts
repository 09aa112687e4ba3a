import { readdirSync, readFileSync } from 'node:fs';
import { now, pause } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import type { Bench } from './support/bench.ts';
import { openOwner } from './support/owner.ts';
import { mebibytes, usageOf } from './support/process-usage.ts';
import { percentile } from './support/statistics.ts';

/** Milliseconds of one window. */
const WINDOW = 4_000;

/** Looks an hour by the timer at `watch.every: 5m`; none falls into a window, so each is made to happen and counted by itself. */
const LOOKS = 12;
/** Of them. */
const SAMPLES = 10;

/** Nanoseconds that all threads of a process have run, exact (Documentation/scheduler/sched-stats.rst), unlike the ticks of stat. */
function ranFor(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, one) => sum + one, 0);
}

export const idle: Bench = {
  name: 'idle',
  about:
    'what running costs while nothing changes, on a host that owns its address, after the first publication',
  missing: () => missing(),
  async run({ runs }) {
    const { lab, service, start } = await openOwner();
    try {
      const netdrift = start();
      await netdrift.line({ event: 'record_updated' }, { timeout: 10_000 });
      // The collector's first rounds and the compilers' last ones belong to the start.
      await pause(10_000);
      const pid = Number(netdrift.process.child.pid);
      const before = service.requests.mark();
      const resident: number[] = [];
      const processor: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        const ran = ranFor(pid);
        await pause(WINDOW);
        processor.push(((ranFor(pid) - ran) / 1e6 / WINDOW) * 3_600);
        resident.push(mebibytes(usageOf(pid).resident));
      }
      const quiet = percentile(processor, 0.5);
      const withLooks: number[] = [];
      for (let look = 0; look < Math.min(runs, SAMPLES); look += 1) {
        const began = now();
        const ran = ranFor(pid);
        const { code } = await netdrift.command('trigger');
        if (code !== 0) throw new Error('netdrift trigger failed');
        await pause(WINDOW);
        const seconds = (ranFor(pid) - ran) / 1e9 - (quiet * (now() - began)) / 3_600_000;
        withLooks.push(quiet + LOOKS * Math.max(0, seconds));
      }
      const requests = service.requests.items.length - before;
      return [
        { title: 'resident memory', unit: 'MiB', samples: resident, target: { median: 65 } },
        {
          title: 'processor',
          unit: 's/h',
          samples: processor,
          target: { median: 1 },
          note: `${runs} windows of ${WINDOW / 1_000} s of one process`,
        },
        {
          title: "processor, with the timer's looks",
          unit: 's/h',
          samples: withLooks,
          target: { median: 1 },
          note: `the above and ${LOOKS} looks an hour; each asked for over the control socket, which costs a little more than the timer`,
        },
        { title: 'requests sent outside', unit: 'count', samples: [requests], target: { max: 0 } },
      ];
    } finally {
      await lab.close();
    }
  },
};
