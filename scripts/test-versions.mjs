// `npm run test:versions [-- MAJOR ...] [-- vitest arguments]`: runs the tests on each Node netdrift supports. The binaries come from the npm
// packages node-PLATFORM-ARCH, without install scripts, into a temporary folder that is removed at the end.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const MAJORS = ['20', '22', '24', '26'];

const root = path.resolve(import.meta.dirname, '..');
const system = process.platform === 'win32' ? 'win' : process.platform;
const binaryPackage = `node-${system}-${os.arch()}`;

const words = process.argv.slice(2);
const chosen = words.filter((word) => /^\d+$/.test(word));
const forVitest = words.filter((word) => !/^\d+$/.test(word));

/** The path of a node binary of this major version. @throws Error if it cannot be installed. */
function install(major, folder) {
  const prefix = path.join(folder, major);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status, stderr } = spawnSync(
    npm,
    [
      'install',
      '--prefix',
      prefix,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `${binaryPackage}@${major}`,
    ],
    { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' },
  );
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const binary = path.join(prefix, 'node_modules', binaryPackage, 'bin', name);
  if (status !== 0 || !existsSync(binary))
    throw new Error(/^npm error (?!code ).*\S.*$/m.exec(stderr)?.[0] ?? 'no binary in the package');
  return binary;
}

/** Runs all tests with this binary, also for the children the tests start. */
function runTests(binary, report) {
  const started = performance.now();
  const { status } = spawnSync(
    binary,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...forVitest,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, PATH: `${path.dirname(binary)}${path.delimiter}${process.env.PATH}` },
    },
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (!existsSync(report)) return { ok: false, seconds, passed: 0, failed: 0, skipped: 0 };
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  return {
    ok: status === 0,
    seconds,
    passed: counts.numPassedTests,
    failed: counts.numFailedTests,
    skipped: counts.numPendingTests + counts.numTodoTests,
  };
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'netdrift-versions-'));
const rows = [];
try {
  for (const major of chosen.length > 0 ? chosen : MAJORS) {
    try {
      const binary = install(major, folder);
      const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim();
      console.log(`\n== Node ${version}`);
      rows.push({ node: version, ...runTests(binary, path.join(folder, `${major}.json`)) });
      // One binary takes 100 MB and more: keep one at a time.
      rmSync(path.join(folder, major), { recursive: true, force: true });
    } catch (error) {
      rows.push({ node: major, ok: false, why: error instanceof Error ? error.message : String(error) });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log('\nNode          result  passed  failed  skipped  seconds');
for (const row of rows) {
  const figures = [row.passed, row.failed, row.skipped, row.seconds].map((value, index) =>
    String(value ?? '-').padStart([6, 6, 7, 7][index]),
  );
  console.log(
    `${row.node.padEnd(12)}  ${row.ok ? 'ok    ' : 'FAILED'}  ${figures.join('  ')}${row.why ? `  ${row.why}` : ''}`,
  );
}
process.exitCode = rows.every((row) => row.ok) ? 0 : 1;
