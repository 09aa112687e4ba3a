// `npm run bench [-- NAME ...] [-- --runs N] [--json FILE]`: measures and prints; exit status 1 if a target is missed.
// `npm run bench -- --peers [NAME ...] [--full] [--json FILE]`: netdrift beside ddclient and inadyn, about a quarter of an hour.
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { coldStart } from './cold-start.ts';
import { fanOut } from './fan-out.ts';
import { idle } from './idle.ts';
import { nat } from './nat.ts';
import { markdown } from './peers/report.ts';
import { comparePeers, PEER_MEASURES } from './peers.ts';
import { reaction } from './reaction.ts';
import { stormBench } from './storm.ts';
import type { Bench, Figure } from './support/bench.ts';
import { reached, table } from './support/table.ts';
import { zonesBench } from './zones.ts';

const BENCHES: readonly Bench[] = [reaction, nat, coldStart, fanOut, idle, stormBench, zonesBench];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '30' },
    json: { type: 'string' },
    peers: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
  },
});

const known = values.peers ? PEER_MEASURES : BENCHES.map(({ name }) => name);
const unknown = positionals.filter((name) => !known.includes(name));
const runs = Number(values.runs);
if (unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
  console.error(
    unknown.length > 0 ? `no such bench: ${unknown.join(', ')}` : '--runs takes a whole number from 1',
  );
  console.error(
    values.peers
      ? `  ${known.join(', ')}`
      : BENCHES.map(({ name, about }) => `  ${name}: ${about}`).join('\n'),
  );
  process.exit(2);
}

const machine = `${os.cpus().length} x ${os.cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GiB`;
console.log(`Node ${process.version}, ${os.type()} ${os.release()} ${os.arch()}, ${machine}\n`);

if (values.peers) {
  const comparison = await comparePeers({
    full: values.full,
    only: positionals,
    machine: `${machine}, Node ${process.version}`,
    progress: (line) => console.error(line),
  });
  console.log(markdown(comparison));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(comparison)}\n`);
  process.exit(0);
}

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
  writeFileSync(
    values.json,
    `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), node: process.version, machine, figures })}\n`,
  );
process.exitCode = figures.every(reached) ? 0 : 1;
