import { existsSync, readFileSync } from 'node:fs';

/** True while the process runs. One that has ended but that nobody has waited for (a zombie) does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const file = `/proc/${pid}/stat`;
  // The state follows the program's name, which is in brackets and may itself hold some.
  return !existsSync(file) || !/\) Z [^)]*$/.test(readFileSync(file, 'utf8'));
}
