import fc from 'fast-check';

/** What is fed with hostile input, and what must hold whatever the input is. */
export interface TargetSpec<Input> {
  readonly name: string;
  /** Where the input comes from in real life. */
  readonly reads: 'the network' | 'the system' | 'a file' | 'a provider';
  readonly inputs: fc.Arbitrary<Input>;
  /** Throws if a property is broken: whatever a parser throws counts, so calling it is a property already. */
  readonly check: (input: Input) => void | Promise<void>;
  /** Inputs that are the same in kind and grow with `size` octets, for the cost of `n` and `4n`. */
  readonly growth?: readonly ((size: number) => Input)[];
  /** Inputs in a bounded run; default 500. */
  readonly runs?: number;
}

export interface RunOptions {
  readonly seed: number;
  readonly runs: number;
  /** Called with the number of inputs so far, before each. */
  readonly onInput?: (count: number) => void;
  /** Milliseconds of CPU that one input may take; no limit if not given. */
  readonly limit?: number;
}

export interface RunFailure {
  readonly seed: number;
  /** The shrunk input, as text. */
  readonly input: string;
  readonly error: string;
}

export interface RunReport {
  readonly inputs: number;
  readonly failure?: RunFailure;
}

/** A target without the type of its input. */
export interface FuzzTarget {
  readonly name: string;
  readonly reads: TargetSpec<unknown>['reads'];
  readonly runs: number;
  readonly run: (options: RunOptions) => Promise<RunReport>;
  /** Measures every growing shape; answers what grows faster than linearly. */
  readonly superlinear: () => Promise<readonly string[]>;
}

export function target<Input>(spec: TargetSpec<Input>): FuzzTarget {
  return {
    name: spec.name,
    reads: spec.reads,
    runs: spec.runs ?? 500,
    run: (options) => run(spec, options),
    superlinear: () => superlinear(spec),
  };
}

async function run<Input>(
  { inputs, check }: TargetSpec<Input>,
  { seed, runs, onInput, limit }: RunOptions,
): Promise<RunReport> {
  let count = 0;
  const property = fc.asyncProperty(inputs, async (input) => {
    count += 1;
    onInput?.(count);
    const began = process.cpuUsage();
    await check(input);
    const took = cpuSince(began);
    if (limit !== undefined && took > limit) throw new Error(`took ${Math.round(took)} ms`);
  });
  const details = await fc.check(property, { seed, numRuns: runs });
  if (!details.failed) return { inputs: details.numRuns };
  const { errorInstance } = details;
  const error =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return { inputs: count, failure: { seed, input: shown(details.counterexample?.[0]), error } };
}

/** The input as a person can paste it into a test; octets as hexadecimal. */
function shown(input: unknown): string {
  const text = JSON.stringify(input, (_, value: unknown) =>
    value instanceof Uint8Array ? `hex:${Buffer.from(value).toString('hex')}` : value,
  );
  return text === undefined ? String(input) : text.slice(0, 4_000);
}

const SMALL = 16_384;
const LARGE = 4 * SMALL;
/** Linear is 4, quadratic 16; the machine is shared, so the smallest of several counts. */
const MOST_RATIO = 10;
/** Milliseconds of CPU below which the noise is larger than the figure. */
const LEAST = 10;
/** Times that a shape must grow too fast: once may be the collector of garbage. */
const ATTEMPTS = 3;

async function superlinear<Input>({ growth = [], check }: TargetSpec<Input>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [index, grown] of growth.entries()) {
    const inputs = { small: grown(SMALL), large: grown(LARGE) };
    let words: string | undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      words = await tooFast(check, inputs);
      if (words === undefined) break;
    }
    if (words !== undefined) found.push(`shape ${index + 1}: ${words}`);
  }
  return found;
}

async function tooFast<Input>(
  check: TargetSpec<Input>['check'],
  inputs: { readonly small: Input; readonly large: Input },
): Promise<string | undefined> {
  const small = await leastCpu(check, inputs.small);
  const large = await leastCpu(check, inputs.large);
  if (large <= LEAST || large <= small * MOST_RATIO) return undefined;
  return `${small.toFixed(1)} ms for ${SMALL} octets, ${large.toFixed(1)} ms for ${LARGE}`;
}

/** Milliseconds. CPU and not wall time: what other programs of the machine take does not count. */
function cpuSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

/** The repetition is a part of the test, too. */
async function leastCpu<Input>(check: TargetSpec<Input>['check'], input: Input): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 5; turn += 1) {
    const began = process.cpuUsage();
    await check(input);
    least = Math.min(least, cpuSince(began));
  }
  return least;
}
