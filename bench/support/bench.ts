/** One figure of a benchmark: many samples of the same thing, in one unit. */
export interface Figure {
  readonly title: string;
  readonly unit: 'ms' | 's' | 'MiB' | 's/h' | 'count' | 'bytes';
  readonly samples: readonly number[];
  /** What has been promised; printed beside the figure and judged. */
  readonly target?: Target;
  /** One remark a reader needs to understand the figure. */
  readonly note?: string;
}

/** Upper bounds, in the figure's unit. */
export interface Target {
  readonly median?: number;
  readonly p95?: number;
  readonly max?: number;
}

export interface BenchOptions {
  /** How often to measure; each bench may take fewer where one run is long, and says so in its note. */
  readonly runs: number;
}

export interface Bench {
  /** As written on the command line. */
  readonly name: string;
  /** One sentence: from what to what is measured. */
  readonly about: string;
  /** Why it cannot run here (root, a missing program); `undefined` if it can. */
  readonly missing?: () => string | undefined;
  run(options: BenchOptions): Promise<readonly Figure[]>;
}
