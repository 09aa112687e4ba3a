// Loaded before the program (`node --import`): ends it by SIGKILL at one step of replacing the state file, once. NETDRIFT_KILL_ARM names a file:
// nothing happens until it is there, and it is removed before the kill. NETDRIFT_KILL_AT is `STEP` or `STEP 2` for the second replacement.
import { existsSync, rmSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const arm = process.env['NETDRIFT_KILL_ARM'] ?? '';
const [step, turn = '1'] = (process.env['NETDRIFT_KILL_AT'] ?? '').split(' ');
let left = Number(turn);

function at(reached) {
  if (reached !== step || !existsSync(arm)) return;
  left -= 1;
  if (left > 0) return;
  rmSync(arm);
  process.kill(process.pid, 'SIGKILL');
}

const { open, rename } = promises;
promises.open = async (path, flags, ...more) => {
  const handle = await open(path, flags, ...more);
  const what = /state\.json\.tmp-/.test(String(path)) ? 'file' : flags === 'r' ? 'folder' : undefined;
  if (what === undefined) return handle;
  const sync = handle.sync.bind(handle);
  handle.sync = async () => {
    at(`before-${what}-sync`);
    await sync();
    at(`after-${what}-sync`);
  };
  return handle;
};
promises.rename = async (from, to) => {
  const whole = /state\.json$/.test(String(to));
  if (whole) at('before-rename');
  await rename(from, to);
  if (whole) at('after-rename');
};
syncBuiltinESMExports();
