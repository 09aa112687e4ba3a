import { readdirSync, readFileSync } from 'node:fs';
import { usageOf } from '../support/process-usage.ts';

/** Of a process and all that live below it. */
export interface TreeUsage {
  /** Octets resident, each process by itself: what they share counts in each. */
  readonly resident: number;
  /** Milliseconds of processor time, with that of children that have ended. */
  readonly processor: number;
  readonly processes: number;
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const MILLISECONDS_A_TICK = 10;

/** Linux only. @throws Error (ENOENT) if the process itself is gone; children may end while this looks. */
export function treeUsageOf(pid: number): TreeUsage {
  const own = {
    resident: usageOf(pid).resident,
    processor: ranFor(pid) + endedChildrenOf(pid),
    processes: 1,
  };
  return childrenOf(pid).reduce((sum, child) => {
    try {
      const { resident, processor, processes } = treeUsageOf(child);
      return {
        resident: sum.resident + resident,
        processor: sum.processor + processor,
        processes: sum.processes + processes,
      };
    } catch {
      return sum;
    }
  }, own);
}

/** Exact, unlike the ticks of stat (Documentation/scheduler/sched-stats.rst). */
function ranFor(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map(
      (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    )
    .reduce((sum, one) => sum + one, 0);
}

/** Fields 16 and 17 of proc(5): children waited for. Counted in ticks. */
function endedChildrenOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * MILLISECONDS_A_TICK;
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
