import { readdirSync, readFileSync } from 'node:fs';
import { now, pause } from '../test/lab/support/moment.ts';
import { missing } from '../test/lab/support/needs.ts';
import { LabProcess } from '../test/lab/support/process.ts';
import type { Bench } from './support/bench.ts';
import { openOwner } from './support/owner.ts';
import { mebibytes, usageOf } from './support/process-usage.ts';
import { percentile } from './support/statistics.ts';

/** Milliseconds of one window: as long as what wakes netdrift most often takes to come round, so that each has one of it. */
const WINDOW = 10_000;

/** Looks an hour by the timer at `watch.every: 5m`; none falls into a window, so each is made to happen and counted by itself. */
const LOOKS = 12;
/** Of them. */
const SAMPLES = 10;

/** All that a process of Node can do less than netdrift: wake as often, and look at a clock. */
const BARE = `setInterval(() => performance.now(), ${WINDOW})`;

/** Nanoseconds that all threads of a process have run, exact (Documentation/scheduler/sched-stats.rst), unlike the ticks of stat. */
function ranFor(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, one) => sum + one, 0);
}

const secondsAnHour = (nanoseconds: number): number => (nanoseconds / 1e6 / WINDOW) * 3_600;

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
      const bare = new LabProcess([process.execPath, '-e', BARE]);
      lab.track(bare);
      const barePid = Number(bare.child.pid);
      // The collector's first rounds and the compilers' last ones belong to the start.
      await pause(10_000);
      const pid = Number(netdrift.process.child.pid);
      const before = service.requests.mark();
      const resident: number[] = [];
      const processor: number[] = [];
      const bareProcessor: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        const [ran, bareRan] = [ranFor(pid), ranFor(barePid)];
        await pause(WINDOW);
        processor.push(secondsAnHour(ranFor(pid) - ran));
        bareProcessor.push(secondsAnHour(ranFor(barePid) - bareRan));
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
          title: `a Node that wakes every ${WINDOW / 1_000} s: processor`,
          unit: 's/h',
          samples: bareProcessor,
          note: 'does nothing but look at a clock: what is below this is Node and the system',
        },
        {
          title: 'processor',
          unit: 's/h',
          samples: processor,
          target: { median: 1 },
          note: `${runs} windows of ${WINDOW / 1_000} s of one process, each with one heartbeat, the only thing that wakes it`,
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
