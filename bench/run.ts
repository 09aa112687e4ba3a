// `npm run bench [-- NAME ...] [-- --runs N] [--json FILE]`: measures and prints; exit status 1 if a target is missed.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { coldStart } from './cold-start.ts';
import { fanOut } from './fan-out.ts';
import { idle } from './idle.ts';
import { nat } from './nat.ts';
import { reaction } from './reaction.ts';
import { stormBench } from './storm.ts';
import type { Bench, Figure } from './support/bench.ts';
import { reached, table } from './support/table.ts';

const BENCHES: readonly Bench[] = [reaction, nat, coldStart, fanOut, idle, stormBench];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '30' }, json: { type: 'string' } },
});

const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
const runs = Number(values.runs);
if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
  console.error(
    unknown.length > 0 ? `no such bench: ${unknown.join(', ')}` : '--runs takes a whole number from 1',
  );
  console.error(BENCHES.map(({ name, about }) => `  ${name}: ${about}`).join('\n'));
  process.exit(2);
}

const machine = `${os.cpus().length} x ${os.cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GiB`;
console.log(`Node ${process.version}, ${os.type()} ${os.release()} ${os.arch()}, ${machine}\n`);

const figures: Figure[] = [];
for (const bench of BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const why = bench.missing?.();
  if (why !== undefined) {
    console.log(`${bench.name}: not run, ${why}\n`);
    continue;
  }
  console.log(`${bench.name}: ${bench.about}\n`);
  const measured = await bench.run({ runs });
  console.log(`${table(measured)}\n`);
  figures.push(...measured);
}

if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ node: process.version, machine, figures })}\n`);
process.exitCode = figures.every(reached) ? 0 : 1;
