import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used, as /proc tells it (proc(5)). Linux only. */
export interface Usage {
  /** Octets resident now. */
  readonly resident: number;
  /** Octets resident at most so far. */
  readonly residentPeak: number;
  /** Milliseconds of processor time, user and system together, of all threads since the start. */
  readonly processor: number;
  readonly threads: number;
  readonly openFiles: number;
}

// USER_HZ is 100 on every Linux architecture that Node runs on (sysconf(_SC_CLK_TCK)).
const MILLISECONDS_A_TICK = 10;

/** @throws Error (ENOENT) if the process is gone. */
export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  // The second field is the program's name in brackets, which may hold spaces: count from behind it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0] = [fields[11], fields[12]].map(Number);
  return {
    resident: number('VmRSS') * 1024,
    residentPeak: number('VmHWM') * 1024,
    processor: (user + system) * MILLISECONDS_A_TICK,
    threads: number('Threads'),
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Processor time used between two looks, as seconds in an hour. A tick is 10 ms: look long enough apart. */
export function processorSecondsAnHour(before: Usage, after: Usage, elapsedMilliseconds: number): number {
  return ((after.processor - before.processor) / elapsedMilliseconds) * 3_600;
}

export const mebibytes = (octets: number): number => octets / (1024 * 1024);
