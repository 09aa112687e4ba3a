import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { usageOf } from '../../bench/support/process-usage.ts';
import { now } from '../lab/support/moment.ts';

/** What must stay flat, at one moment. */
export interface Sample {
  readonly at: number;
  /** MiB. */
  readonly memory: number;
  readonly files: number;
  readonly sockets: number;
  readonly threads: number;
  readonly children: number;
}

export type Sign = Exclude<keyof Sample, 'at'>;

/** How far the last quarter of a run may lie above the second one. The first is warm-up: code is compiled, pools fill. */
const TOLERANCE: Readonly<Record<Sign, (before: number) => number>> = {
  memory: (before) => before * 0.15 + 4,
  files: () => 2,
  sockets: () => 2,
  threads: () => 0,
  children: () => 0,
};

export const SIGNS = Object.keys(TOLERANCE) as readonly Sign[];

export function sample(pid: number): Sample {
  const { resident, openFiles, threads } = usageOf(pid);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return {
    at: now(),
    memory: resident / 1_048_576,
    files: openFiles,
    sockets: socketsOf(pid),
    threads,
    children: children.length,
  };
}

/** Those it holds; what the kernel still has to say to peers that are out of reach is not among them. */
function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith('socket:');
    } catch {
      // Closed meanwhile.
      return false;
    }
  }).length;
}

export interface Flatness {
  readonly sign: Sign;
  readonly start: number;
  readonly end: number;
  readonly most: number;
  /** A straight line through all samples but the first quarter. */
  readonly slopePerHour: number;
  readonly flat: boolean;
}

export function flatness(samples: readonly Sample[]): readonly Flatness[] {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  return SIGNS.map((sign) => {
    const values = samples.map((one) => one[sign]);
    const before = median(values.slice(quarter, 2 * quarter));
    const after = median(values.slice(-quarter));
    return {
      sign,
      start: values[0] ?? Number.NaN,
      end: values.at(-1) ?? Number.NaN,
      most: Math.max(...values),
      slopePerHour: slope(samples.slice(quarter), sign) * 3_600_000,
      flat: after <= before + TOLERANCE[sign](before),
    };
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Least squares, per millisecond. */
function slope(samples: readonly Sample[], sign: Sign): number {
  const meanAt = mean(samples.map(({ at }) => at));
  const meanValue = mean(samples.map((one) => one[sign]));
  const shared = samples.reduce((sum, one) => sum + (one.at - meanAt) * (one[sign] - meanValue), 0);
  const spread = samples.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  return spread === 0 ? 0 : shared / spread;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
