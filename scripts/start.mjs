// `npm start`: builds if a source is newer than dist/, then becomes `netdrift run` with config.yaml (or the arguments given). All in one
// process, because each more takes a tenth of a second. No pre-script, because .npmrc turns those off.
import path from 'node:path';
import { buildProgramAlone, isStale, tellFailure } from './build.mjs';

const root = path.resolve(import.meta.dirname, '..');

// npm puts a shell in between, which dies of a SIGTERM without passing it on: an orphan ends itself, as the signal asked. Looked up
// before the build: who is asked to end during it is an orphan already when it is done.
const parent = process.ppid;

if (isStale()) {
  try {
    await buildProgramAlone();
  } catch (error) {
    tellFailure(error);
    process.exit(1);
  }
}

if (process.ppid !== parent) process.exit(143);
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  process.kill(process.pid, 'SIGTERM');
}, 500).unref();

const launcher = path.join(root, 'dist/netdrift.cjs');
const given = process.argv.slice(2);
const words = given.length > 0 ? given : ['run', '--config', path.join(root, 'config.yaml')];
process.argv = [process.execPath, launcher, ...words];
await import(launcher);
