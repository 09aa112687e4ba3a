import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { allProviders } from '../../src/sinks/catalogue.ts';
import { rows } from '../../src/sinks/table/providers.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** The first words that `describeSinkConformance` is called with, over all test files. */
function underTheSuite(): ReadonlySet<string> {
  const names = new Set<string>();
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/^\s*describeSinkConformance\(\s*['`]([a-z0-9-]+)/gm))
      names.add(name);
  }
  return names;
}

it('every provider of the catalogue is put under the suite, or is a row of the table, all of which share one sink', async () => {
  const suite = underTheSuite();
  const table = new Set(rows.map(({ name }) => name));
  // The sink that the rows share is under it, by the rows that differ most.
  expect(suite).toContain('custom');
  const missing = (await allProviders())
    .map(({ name }) => name)
    .filter((name) => !suite.has(name) && !table.has(name));
  expect(missing).toEqual([]);
});
