import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** One ESM file of a TypeScript program next to a test, as the build makes it: for tests that need a process of their own. */
export interface Bundle {
  readonly file: string;
  readonly folder: string;
  remove(): void;
}

export async function bundle(source: URL): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'netdrift-test-'));
  const file = join(folder, 'child.mjs');
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    // CommonJS packages inside an ESM bundle call require() for Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return { file, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
