import { clouds } from '../../../../../src/sources/addresses/metadata/clouds.ts';

// Whatever ends V8 itself cannot be caught, so this runs in a process of its own.
const deep = (open: string, shut: string, depth: number): string =>
  `network-config:\n  config: ${open.repeat(depth)}${shut.repeat(depth)}`;
const bodies = [
  '['.repeat(1_000),
  '{'.repeat(1_000),
  '- '.repeat(1_000),
  deep('[', '', 30_000),
  deep('[', ']', 30_000),
  deep('{a: ', '}', 10_000),
  `${'x:\n'}${Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}- a:`).join('\n')}`,
  `network-config:\n  config:\n${'  - '.repeat(15_000)}`,
];
for (let round = 0; round < 5; round += 1) {
  for (const cloud of clouds) {
    for (const family of cloud.tells) {
      for (const body of bodies) {
        const headers = { 'metadata-flavor': 'Google' };
        const answer = async () => ({ status: 200, headers, body });
        await cloud.read(answer, family, { tokenless: true }).catch(() => []);
      }
    }
  }
}
process.stdout.write('alive\n');
