// `npm start`: builds if a source is newer than dist/, then becomes `netdrift run` with config.yaml (or the arguments given).
// No pre-script, because .npmrc turns those off.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { isStale } from './build.mjs';

const root = path.resolve(import.meta.dirname, '..');

// npm puts a shell in between, which dies of a SIGTERM without passing it on: an orphan ends itself, as the signal asked. Looked up
// before the build: who is asked to end during it is an orphan already when it is done.
const parent = process.ppid;

if (isStale()) {
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs'), '--program'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

if (process.ppid !== parent) process.exit(143);
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  process.kill(process.pid, 'SIGTERM');
}, 500).unref();

const program = path.join(root, 'dist/netdrift.js');
const given = process.argv.slice(2);
const words = given.length > 0 ? given : ['run', '--config', path.join(root, 'config.yaml')];
process.argv = [process.execPath, program, ...words];
await import(program);
