import path from 'node:path';
import * as esbuild from 'esbuild';

/** A program beside this file, as one file in `folder` that Node can run; answers its path. */
export async function bundledChild(folder: string, source: string): Promise<string> {
  const program = path.join(folder, source.replace(/\.ts$/, '.mjs'));
  await esbuild.build({
    entryPoints: [path.join(import.meta.dirname, source)],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // What is written for CommonJS asks for Node's own modules by `require`.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.filename);",
    },
    logLevel: 'warning',
  });
  return program;
}
