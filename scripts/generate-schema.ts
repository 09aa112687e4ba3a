// Writes schema/netdrift.schema.json: node scripts/run-ts.mjs scripts/generate-schema.ts
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { configurationSchema } from '../src/config/json-schema.ts';
import { providers } from '../src/sinks/registry.ts';
import { detectorKinds } from '../src/sources/addresses/registry.ts';

const file = fileURLToPath(new URL('../schema/netdrift.schema.json', import.meta.url));
await mkdir(new URL('../schema/', import.meta.url), { recursive: true });
await writeFile(file, `${JSON.stringify(configurationSchema(providers, detectorKinds), null, 2)}\n`);
console.log(`wrote ${file}`);
