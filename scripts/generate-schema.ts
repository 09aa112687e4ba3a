// Writes schema/netdrift.schema.json: node scripts/run-ts.mjs scripts/generate-schema.ts
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationSchema } from '../src/config/json-schema.ts';
import { providers } from '../src/sinks/registry.ts';
import { detectorKinds } from '../src/sources/addresses/registry.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const file = 'schema/netdrift.schema.json';
mkdirSync(`${root}schema`, { recursive: true });
writeFileSync(root + file, `${JSON.stringify(configurationSchema(providers, detectorKinds), null, 2)}\n`);
// In the form that the lint step asks for.
execFileSync(process.execPath, [`${root}node_modules/@biomejs/biome/bin/biome`, 'format', '--write', file], {
  cwd: root,
});
console.log(`wrote ${file}`);
