// `npm run fuzz [-- --minutes N] [-- --target NAME] [-- --seed S]`: throws hostile input at every parser, round after round, and a million
// datagrams at the embedded server. Prints what ran; exit status 1 with the seed and the shrunk input if something did not hold.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { MOST_AMPLIFIED } from '../../src/sinks/embedded/respond.ts';
import { targets } from './registry.ts';
import { flood } from './support/flood.ts';
import type { FuzzTarget, RunReport } from './support/target.ts';

const FLOOD = 'a million datagrams';
const DATAGRAMS = 1_000_000;
/** Inputs of one target in one round, in multiples of those of a bounded run. */
const ROUND = 4;
/** Milliseconds of CPU for one input: everything here takes well under 50. One that hangs is for the watchdog. */
const LIMIT = 2_000;
/** Milliseconds without a new input after which a parser is taken to hang. */
const PATIENCE = 20_000;

interface Plan {
  readonly names: readonly string[];
  readonly minutes: number;
  readonly seed: number;
}

type Said =
  | { readonly kind: 'began'; readonly target: string; readonly seed: number }
  | { readonly kind: 'ended'; readonly target: string; readonly report: RunReport }
  | { readonly kind: 'superlinear'; readonly target: string; readonly shapes: readonly string[] };

if (isMainThread) await main();
else await work(workerData as { readonly plan: Plan; readonly counter: Int32Array });

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      target: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    },
  });
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  const known = [...targets.map(({ name }) => name), FLOOD];
  const names =
    values.target.length === 0
      ? known
      : known.filter((name) => values.target.some((word) => name.includes(word)));
  if (names.length === 0 || !(minutes > 0) || !Number.isSafeInteger(seed)) {
    console.error(
      `usage: npm run fuzz [-- --minutes N] [-- --target NAME] [-- --seed S]\ntargets:\n  ${known.join('\n  ')}`,
    );
    process.exitCode = 2;
    return;
  }
  console.log(`seed ${seed}, ${minutes} min, ${names.length} targets\n`);
  const failures: string[] = [];
  if (names.includes(FLOOD)) failures.push(...(await floodOnce(seed)));
  const parsers = names.filter((name) => name !== FLOOD);
  if (parsers.length > 0) failures.push(...(await supervise({ names: parsers, minutes, seed })));
  for (const failure of failures) console.error(`\n${failure}`);
  console.log(failures.length === 0 ? '\nall held' : `\n${failures.length} did not hold`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

async function floodOnce(seed: number): Promise<readonly string[]> {
  const report = await flood({ datagrams: DATAGRAMS, seed });
  const { sent, arrived, answered, milliseconds, amplification, worst } = report;
  const figures = `${sent} sent, ${arrived} arrived, ${answered} answered in ${(milliseconds / 1_000).toFixed(1)} s, ${amplification.toFixed(2)} octets for one, ${worst.toFixed(2)} at worst`;
  console.log(`${FLOOD}: ${figures}`);
  return [
    ...(report.alive ? [] : [`${FLOOD}: the server does not answer any more (seed ${seed})`]),
    ...(arrived > sent * 0.9 ? [] : [`${FLOOD}: only ${arrived} of ${sent} arrived (seed ${seed})`]),
    ...(worst <= MOST_AMPLIFIED ? [] : [`${FLOOD}: ${worst.toFixed(2)} octets for one (seed ${seed})`]),
  ];
}

/** The parsers run in a thread of their own, because a loop without end can only be stopped from outside. */
function supervise(plan: Plan): Promise<readonly string[]> {
  const counter = new Int32Array(new SharedArrayBuffer(4));
  const failures: string[] = [];
  const inputs = new Map<string, number>();
  const worker = new Worker(process.argv[1] ?? '', { workerData: { plan, counter }, argv: [] });
  let current = { target: '', seed: plan.seed };
  let before = -1;
  return new Promise((resolve) => {
    const watchdog = setInterval(() => {
      const now = Atomics.load(counter, 0);
      if (now !== before) {
        before = now;
        return;
      }
      failures.push(
        `${current.target}: hangs at an input of seed ${current.seed} (--seed ${current.seed} --target "${current.target}")`,
      );
      void worker.terminate();
    }, PATIENCE);
    worker.on('message', (said: Said) => {
      switch (said.kind) {
        case 'began':
          current = said;
          return;
        case 'superlinear':
          failures.push(
            ...said.shapes.map((shape) => `${said.target}: grows faster than its input, ${shape}`),
          );
          return;
        case 'ended': {
          inputs.set(said.target, (inputs.get(said.target) ?? 0) + said.report.inputs);
          const { failure } = said.report;
          if (failure !== undefined)
            failures.push(`${said.target}: seed ${failure.seed}, input ${failure.input}\n${failure.error}`);
        }
      }
    });
    worker.on('error', (error) => failures.push(`the fuzzer itself: ${error.stack}`));
    worker.on('exit', () => {
      clearInterval(watchdog);
      const width = Math.max(...[...inputs.keys()].map((name) => name.length));
      for (const [name, count] of inputs)
        console.log(`${name.padEnd(width)}  ${String(count).padStart(9)} inputs`);
      const total = [...inputs.values()].reduce((sum, count) => sum + count, 0);
      console.log(`${'all'.padEnd(width)}  ${String(total).padStart(9)} inputs`);
      resolve(failures);
    });
  });
}

async function work({ plan, counter }: { readonly plan: Plan; readonly counter: Int32Array }): Promise<void> {
  const say = (said: Said): void => parentPort?.postMessage(said);
  const onInput = (): void => void Atomics.add(counter, 0, 1);
  const until = performance.now() + plan.minutes * 60_000;
  // What has failed once fails again and again: it is reported once.
  let left: readonly FuzzTarget[] = targets.filter(({ name }) => plan.names.includes(name));
  for (const one of left) {
    onInput();
    say({ kind: 'began', target: one.name, seed: plan.seed });
    const shapes = await one.superlinear();
    if (shapes.length > 0) say({ kind: 'superlinear', target: one.name, shapes });
  }
  for (let round = 0; performance.now() < until && left.length > 0; round += 1) {
    const failed = new Set<FuzzTarget>();
    for (const one of left) {
      if (performance.now() >= until) break;
      const seed = (plan.seed + round) | 0;
      say({ kind: 'began', target: one.name, seed });
      const report = await one.run({ seed, runs: ROUND * one.runs, onInput, limit: LIMIT });
      say({ kind: 'ended', target: one.name, report });
      if (report.failure !== undefined) failed.add(one);
    }
    left = left.filter((one) => !failed.has(one));
  }
}
