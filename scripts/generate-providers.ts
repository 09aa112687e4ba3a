// Writes docs/providers/README.md: node scripts/run-ts.mjs scripts/generate-providers.ts
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { providers } from '../src/sinks/registry.ts';
import { providersPage } from './providers-page.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const file = 'docs/providers/README.md';
mkdirSync(`${root}docs/providers`, { recursive: true });
writeFileSync(root + file, providersPage(providers));
console.log(`wrote ${file}`);
