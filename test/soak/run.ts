// `npm run soak -- --minutes 30 --seed 7`: one netdrift, random troubles, the judge all the time. Ends with 1 if the judge objects, if
// a record does not come right, or if memory, files, sockets, threads or children grow.
import { parseArgs } from 'node:util';
import { eventually, now, pause } from '../lab/support/moment.ts';
import { missing } from '../lab/support/needs.ts';
import { PROGRAM } from '../lab/support/netdrift.ts';
import { Chance } from './random.ts';
import { formatTable } from './report.ts';
import { SoakScene } from './scene.ts';
import { CRASHES, TROUBLES, type Trouble } from './troubles.ts';
import { flatness, type Sample, sample } from './vital-signs.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed ?? Date.now() % 100_000);
if (!(minutes > 0) || !Number.isInteger(seed))
  throw new Error('--minutes N (more than 0), --seed a whole number');

// Throws where it must run.
const why = missing(['openssl', 'unshare']);
if (why !== undefined) {
  console.log(`soak: skipped (${why})`);
  process.exit(0);
}

/** Requests that may break a rule together reach back no further than the longest wait in use here. */
const WINDOW = 130_000;
const SETTLE = 20_000;
const SAMPLE_EVERY = 1_000;
/** The share of the time after which the process is killed at times, too: until then its memory is measured. */
const UNTIL_CRASHES = 0.75;
/** The share of all answers that the judge must have judged by their word, or it has shown nothing. */
const LEAST_JUDGED = 0.7;

const KINDS = [...new Set(TROUBLES.map(({ kind }) => kind))];

const chance = new Chance(seed);
const scene = await SoakScene.open(PROGRAM);
const { netdrift } = scene.field;
const samples: Sample[] = [];
const problems: string[] = [];
const met = new Map<string, number>();
let slowest = 0;

/** Three troubles at most, of different kinds, begun at different moments; in the last part often a crash. */
async function trouble(crashing: boolean): Promise<void> {
  const chosen = new Map<Trouble['kind'], Trouble>();
  if (crashing && chance.between(0, 1) === 1) chosen.set('process', chance.one(CRASHES));
  for (let count = chance.between(1, 3); count > 0; count -= 1) {
    // Of each kind as many, however many there are of it: else a short run may meet no refusal at all.
    const kind = chance.one(KINDS);
    if (!chosen.has(kind)) chosen.set(kind, chance.one(TROUBLES.filter((one) => one.kind === kind)));
  }
  await Promise.all(
    [...chosen.values()].map(async (one) => {
      met.set(one.name, (met.get(one.name) ?? 0) + 1);
      await pause(chance.between(0, 1_000));
      await one.run(scene, chance);
    }),
  );
}

async function changesWhile(work: Promise<void>): Promise<void> {
  let working = true;
  const end = (): void => {
    working = false;
  };
  // A failure is thrown by the last line; here it only ends the loop.
  work.then(end, end);
  while (working) {
    await scene.change(chance.one(['v4', 'v4', 'v6']));
    await pause(chance.between(30, 900));
  }
  await work;
}

async function round(crashing: boolean): Promise<void> {
  const began = now();
  await changesWhile(trouble(crashing));
  await scene.change(chance.one(['v4', 'v6']));
  const mended = now();
  await eventually('every record is right', () => scene.settled, { timeout: SETTLE });
  slowest = Math.max(slowest, now() - mended);
  problems.push(...scene.faults(began - WINDOW, true).map(({ check, message }) => `${check}: ${message}`));
}

const until = now() + minutes * 60_000;
const calm = now() + minutes * 60_000 * UNTIL_CRASHES;
const sampler = setInterval(() => {
  if (netdrift.process.running) samples.push(sample(netdrift.process.pid));
}, SAMPLE_EVERY);
let count = 0;
try {
  await eventually('the first publication', () => scene.settled, { timeout: SETTLE });
  const rounds = async (end: number, crashing: boolean): Promise<void> => {
    while (now() < end && problems.length === 0) {
      await round(crashing);
      count += 1;
      if (count % 50 === 0) console.log(`${count} rounds, ${scene.changes} changes`);
    }
  };
  await rounds(calm, false);
  // Idle connections are closed after 4 s.
  await pause(6_000);
  clearInterval(sampler);
  samples.push(sample(netdrift.process.pid));
  await rounds(until, true);
  problems.push(...scene.faults(0, true).map(({ check, message }) => `${check}: ${message}`));
} catch (error) {
  problems.push(error instanceof Error ? error.message : String(error));
} finally {
  clearInterval(sampler);
}
if (!netdrift.process.running) problems.push('netdrift has ended');
const defects = netdrift.log.items.filter(({ event }) => /defect/.test(event));
problems.push(...defects.map((line) => `${line.event}: ${String(line['message'])}`));

const { answers, judged, refusals } = scene.judged();
if (judged < answers * LEAST_JUDGED) problems.push(`only ${judged} of ${answers} answers could be judged`);
if (refusals === 0) problems.push('no refusal was among the answers judged');

const signs = flatness(samples);
problems.push(...signs.filter(({ flat }) => !flat).map(({ sign }) => `${sign} grew`));
const requests = scene.providers.map((one) => one.exchanges.items.length);
console.log(
  formatTable({
    minutes,
    seed,
    rounds: count,
    changes: scene.changes,
    requests,
    judged,
    refusals,
    slowest,
    met,
    signs,
    samples: samples.length,
  }),
);
for (const problem of [...new Set(problems)].slice(0, 20)) console.log(`PROBLEM ${problem}`);
if (problems.length > 0) {
  for (const line of netdrift.process.lines.items.slice(-30)) console.log(`  ${line.text}`);
}
console.log(problems.length === 0 ? 'soak: passed' : `soak: FAILED, repeat with --seed ${seed}`);
await scene.close();
process.exitCode = problems.length === 0 ? 0 : 1;
