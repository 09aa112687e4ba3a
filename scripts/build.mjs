// Builds dist/: `node scripts/build.mjs` everything, `--code` without the type declarations, `--program` what `npm start` runs and no
// more; with `--if-needed` the code, and only if a source is newer than it. `--sizes` adds what each package weighs. Nothing is fetched.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const LAUNCHER = path.join(dist, 'netdrift.cjs');
const PROGRAM = path.join(dist, 'program.cjs');
const BILL = path.join(dist, 'sbom.cdx.json');

// The library is an ES module, but stun and dns-packet are CommonJS inside it: they need a `require`.
const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);";

/** Newest modification below a file or folder, in milliseconds. */
function newest(entry) {
  const status = statSync(entry);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(status.mtimeMs, ...readdirSync(entry).map((name) => newest(path.join(entry, name))));
}

/** True if the file, the program unless another is named, is missing or older than anything it is made of. */
export function isStale(file = LAUNCHER) {
  if (!existsSync(file)) return true;
  const built = statSync(file).mtimeMs;
  const tools = [
    'build.mjs',
    'code-cache.mjs',
    'code-cache-run.cjs',
    'licences.mjs',
    'sbom.mjs',
    'stand-ins',
  ];
  const inputs = ['src', ...tools.map((tool) => `scripts/${tool}`), 'package.json', 'package-lock.json'];
  return inputs.some((input) => newest(path.join(root, input)) > built);
}

/** undici loads HTTP/2 where it can, and does without where it cannot; netdrift never speaks it. 0.4 MiB of memory. */
const withoutHttp2 = {
  name: 'without-http2',
  setup(build) {
    build.onResolve({ filter: /^node:http2$/ }, () => ({ path: 'node:http2', namespace: 'absent' }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: "throw new Error('HTTP/2 is left out');",
      loader: 'js',
    }));
  },
};

/** Packages that ours ask for and that do not ship, whatever an older `node_modules` holds; docs/dependencies.md has the reasons. */
const withStandIns = {
  name: 'with-stand-ins',
  setup(build) {
    build.onResolve({ filter: /^ip$/ }, () => ({ path: path.join(root, 'scripts/stand-ins/ip/index.cjs') }));
  },
};

/** What all have in common. Identifiers are not minified: stacks in bug reports stay readable. */
function common(version) {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    define: { __NETDRIFT_VERSION__: JSON.stringify(version) },
    logLevel: 'warning',
    plugins: [withoutHttp2, withStandIns],
  };
}

/** The command: dist/netdrift.cjs, which starts dist/program.cjs. One file, because each more costs a start a millisecond. */
async function buildProgram({ build }, version, { metafile }) {
  const [program, launch] = await Promise.all([
    build({
      ...common(version),
      entryPoints: ['src/main.ts'],
      outfile: PROGRAM,
      metafile,
      format: 'cjs',
      // What a configuration does not name is not run: providers, detectors and commands are functions that `import()` calls.
      banner: { js: '(function (require) {"use strict";' },
      footer: { js: '})' },
      // On Node rxjs offers itself as CommonJS, which cannot be tree-shaken: 250 KiB and 9 ms of each start instead of 18 KiB.
      alias: { rxjs: path.join(root, 'node_modules/rxjs/dist/esm/index.js') },
      // Optional and native: found at run time where it is installed (Windows events).
      external: ['@koromix/*'],
    }),
    build({
      ...common(version),
      entryPoints: ['src/launch.ts'],
      outfile: LAUNCHER,
      write: false,
      format: 'cjs',
      banner: { js: '#!/usr/bin/env node' },
      define: { __NETDRIFT_DIGEST__: '"DIGEST OF THE PROGRAM"' },
    }),
  ]);
  const digest = createHash('sha256').update(readFileSync(PROGRAM)).digest('hex').slice(0, 16);
  // Of an earlier build: the name of a cache carries a digest.
  for (const name of readdirSync(dist)) if (name.endsWith('.cache')) rmSync(path.join(dist, name));
  writeFileSync(LAUNCHER, launch.outputFiles[0].text.replace('DIGEST OF THE PROGRAM', digest));
  chmodSync(LAUNCHER, 0o755);
  return program.metafile;
}

/** The library face: dist/index.js. */
async function buildLibrary({ build }, version) {
  const { metafile } = await build({
    ...common(version),
    entryPoints: ['src/index.ts'],
    outfile: 'dist/index.js',
    metafile: true,
    format: 'esm',
    // One rxjs for the library and the program that uses it: operators and `instanceof` must agree.
    external: ['@koromix/*', 'rxjs', 'rxjs/*'],
    banner: { js: REQUIRE_BANNER },
  });
  return metafile;
}

/** esbuild lives for a second: without Go's collector, as in its own command, that is a quarter less. */
async function withEsbuild(work) {
  const before = process.env.GOGC;
  process.env.GOGC ??= 'off';
  try {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    return await work(await import('esbuild'), version);
  } finally {
    if (before === undefined) delete process.env.GOGC;
  }
}

/** What `npm start` runs, and no more; nothing of esbuild stays in this process. */
export const buildProgramAlone = () =>
  withEsbuild(async (esbuild, version) => {
    await buildProgram(esbuild, version, { metafile: false });
    await esbuild.stop();
  });

const buildCode = () =>
  withEsbuild(async (esbuild, version) => {
    const [{ licences }, { sbom }, { makeCodeCache }] = await Promise.all(
      ['licences', 'sbom', 'code-cache'].map((name) => import(`./${name}.mjs`)),
    );
    const [metafile, library] = await Promise.all([
      buildProgram(esbuild, version, { metafile: true }),
      buildLibrary(esbuild, version),
    ]);
    await makeCodeCache(LAUNCHER).catch((error) =>
      console.error('netdrift: built without a code cache, so each start takes longer:', error.message),
    );
    const used = [...new Set([...usedInputs(metafile), ...usedInputs(library)])];
    writeFileSync(path.join(dist, 'LICENCES.txt'), licences(root, used));
    // Last, because its time says whether the build is stale.
    writeFileSync(BILL, sbom(root, used));
    return metafile;
  });

/** The files of which something is in the output. */
function usedInputs(metafile) {
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([input]) => input);
}

/** The declarations of everything the library face reaches, made to be read without `.ts` in their imports. */
function buildTypes() {
  const types = path.join(dist, 'types');
  rmSync(types, { recursive: true, force: true });
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const name of readdirSync(types, { recursive: true })) {
    const file = path.join(types, name);
    if (!file.endsWith('.d.ts')) continue;
    // The compiler leaves `./x.ts` in declarations; consumers have no such file.
    const text = readFileSync(file, 'utf8').replaceAll(
      /(from\s+|import\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g,
      '$1$2$3.js$2',
    );
    writeFileSync(file, text);
  }
}

/** Octets each package and folder of ours adds to the program, largest first: `--sizes`. */
function printSizes(metafile) {
  const sizes = new Map();
  for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs['dist/program.cjs'].inputs)) {
    const name =
      input.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? input.split('/').slice(0, 2).join('/');
    sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
  }
  for (const [name, bytes] of [...sizes].sort((a, b) => b[1] - a[1])) {
    console.log(`${String(bytes).padStart(9)}  ${name}`);
  }
}

async function main(options) {
  const programOnly = options.has('--program');
  if (options.has('--if-needed') && !isStale(programOnly ? LAUNCHER : BILL)) return;
  if (programOnly) return buildProgramAlone();
  const metafile = await buildCode();
  if (!options.has('--if-needed') && !options.has('--code')) buildTypes();
  if (options.has('--sizes')) printSizes(metafile);
}

/** Says on stderr that a build failed, and why. */
export function tellFailure(error) {
  // esbuild and tsc have already printed what is wrong, with file and line; nobody else has.
  const told = Array.isArray(error.errors) || error.status !== undefined;
  console.error('netdrift: the build failed', told ? '' : error);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main(new Set(process.argv.slice(2)));
  } catch (error) {
    tellFailure(error);
    process.exitCode = 1;
  }
}
