// Writes the figures of the README and of docs/figures.md from what the benches measured:
//   npm run bench -- --json bench.json
//   npm run bench -- --peers --json peers.json
//   node scripts/run-ts.mjs scripts/generate-figures.ts peers.json bench.json [MORE.json ...]
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

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

const [peersFile, ...benchFiles] = process.argv.slice(2);
if (peersFile === undefined || benchFiles.length === 0) {
  console.error('generate-figures PEERS.json BENCH.json [MORE.json ...]');
  process.exit(2);
}
const peers = read(peersFile) as Comparison;
const runs = benchFiles.map((file) => read(file) as Measured);
const figures = runs.flatMap((run) => run.figures);
const promised = figures.filter(({ target }) => target !== undefined);
const missed = promised.filter((figure) => !reached(figure));
const told =
  missed.length === 0
    ? `All ${promised.length} targets are reached.`
    : `Of ${promised.length} targets ${missed.length} are missed: ${missed.map(({ title }) => title).join('; ')}.`;

const section = [
  '<!-- figures -->',
  markdown(peers),
  `netdrift by itself, with targets: [docs/figures.md](docs/figures.md). ${told}`,
  '<!-- /figures -->',
].join('\n\n');
const readme = `${root}README.md`;
const before = readFileSync(readme, 'utf8');
const after = before.replace(/<!-- figures -->[\s\S]*<!-- \/figures -->/, () => section);
if (!after.includes(section)) throw new Error('README.md has no place for the figures');
writeFileSync(readme, after);

const page = [
  '# Figures',
  'What `npm run bench` measured. Everything runs against servers on the same machine, in network namespaces where a network is needed. The comparison with other clients is in the [README](../README.md#figures).',
  ...runs.flatMap(({ date, machine, node, figures: own }) => [
    `Measured ${date} on ${machine}, Node ${node}:`,
    table(own),
  ]),
  told,
];
writeFileSync(`${root}docs/figures.md`, `${page.join('\n\n')}\n`);
console.log('wrote README.md and docs/figures.md');
