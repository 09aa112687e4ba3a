// Writes the figures of the README from what the benches measured:
//   npm run bench -- --json bench.json && npm run bench -- --peers --full --json peers.json
//   node scripts/run-ts.mjs scripts/generate-figures.ts bench.json peers.json
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Comparison, markdown } from '../bench/peers/report.ts';
import type { Figure } from '../bench/support/bench.ts';
import { reached, table } from '../bench/support/table.ts';

interface Measured {
  readonly date: string;
  readonly node: string;
  readonly machine: string;
  readonly figures: readonly Figure[];
}

const [benchFile, peersFile] = process.argv.slice(2);
if (benchFile === undefined || peersFile === undefined) {
  console.error('generate-figures BENCH.json PEERS.json');
  process.exit(2);
}
const own = JSON.parse(readFileSync(benchFile, 'utf8')) as Measured;
const peers = JSON.parse(readFileSync(peersFile, 'utf8')) as Comparison;
const missed = own.figures.filter((figure) => !reached(figure)).length;

const section = [
  '<!-- figures -->',
  '### Beside other clients',
  markdown(peers),
  '### By itself',
  `Measured ${own.date} on ${own.machine}, Node ${own.node}. ${missed === 0 ? 'Every target is reached' : `Targets missed: ${missed}`}.`,
  table(own.figures),
  '<!-- /figures -->',
].join('\n\n');

const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const before = readFileSync(readme, 'utf8');
const after = before.replace(/<!-- figures -->[\s\S]*<!-- \/figures -->/, () => section);
if (!after.includes(section)) throw new Error('README.md has no place for the figures');
writeFileSync(readme, after);
console.log('wrote README.md');
