// `node scripts/run-ts.mjs FILE.ts [arguments]`: Node 20 cannot run TypeScript, so the file is bundled (packages stay outside)
// and run in a child of its own. Signals are passed on; the exit status is the child's.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';

const [file, ...words] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE.ts [arguments]');
  process.exit(2);
}

// Below node_modules, so that the packages left outside are found from there.
const folder = path.resolve(import.meta.dirname, '../node_modules/.cache/netdrift');
const bundle = path.join(folder, `${path.basename(file, '.ts')}-${process.pid}.mjs`);

/** Each module keeps the `import.meta.url` and `.dirname` of its source: scripts find files beside themselves. */
const ownPlace = {
  name: 'own-place',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path: source }) => ({
      loader: 'ts',
      contents: readFileSync(source, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(source).href))
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(source))),
    }));
  },
};

mkdirSync(folder, { recursive: true });
await esbuild.build({
  entryPoints: [file],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
  plugins: [ownPlace],
});
await esbuild.stop();

const child = spawn(process.execPath, ['--enable-source-maps', bundle, ...words], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => {
  rmSync(bundle, { force: true });
  process.exitCode = code ?? (signal === null ? 1 : 128);
});
