import type { ChildProcess } from 'node:child_process';
import type { Spawn } from '../model/spawn.ts';

/** Starts processes, and knows which of them live: none is to outlive netdrift and go on writing in its name. */
export interface Children {
  readonly spawn: Spawn;
  /** Kills those that live, each with its group if it leads one. Synchronous, so that it can be the last thing a process does. */
  kill(): void;
}

export function createChildren(start: Spawn): Children {
  const alive = new Map<ChildProcess, { readonly grouped: boolean }>();
  const spawn = (...request: Parameters<Spawn>): ChildProcess => {
    const child = start(...request);
    // A group is named by its leader's id, which is ours only until somebody has waited for the leader.
    if (child.pid !== undefined) {
      alive.set(child, { grouped: request[2].detached === true && process.platform !== 'win32' });
      child.once('exit', () => alive.delete(child));
    }
    return child;
  };
  return {
    spawn: spawn as Spawn,
    kill: () => {
      for (const [child, { grouped }] of alive) {
        try {
          if (grouped && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
          else child.kill('SIGKILL');
        } catch {
          // ESRCH: it has ended, and nobody has told us yet.
        }
      }
    },
  };
}
