import type { ChildProcess } from 'node:child_process';
import { ANSWER_LIMIT } from './answer.ts';

export type CommandResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'failed'; readonly why: string };

/** Signals the child and everything it started; a group that is gone already is no error. */
export type KillGroup = (child: ChildProcess, signal: NodeJS.Signals) => void;

/** Milliseconds a command has between SIGTERM and SIGKILL. */
const GRACE = 1_000;

/** The child must lead a group of its own (`detached`), or this would signal netdrift itself. Windows has no groups. */
export const killGroup: KillGroup = (child, signal) => {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // ESRCH: all of the group have ended.
  }
};

/**
 * Collects what a child writes, until it has ended and closed its output. Too much output ends it. Rejects with the
 * signal's reason, at once, when that aborts; the group then gets SIGTERM, and SIGKILL when its leader ends or the grace is over.
 */
export function runCommand(
  start: () => ChildProcess,
  signal: AbortSignal,
  kill: KillGroup = killGroup,
): Promise<CommandResult> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = started(start);
    if (child === undefined) return resolve(failed('cannot be started: its arguments are not valid'));
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let settled = false;

    const finish = (act: () => void) => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', abort);
      act();
    };
    const end = () => {
      if (child.exitCode !== null || child.signalCode !== null) return kill(child, 'SIGKILL');
      const timer = setTimeout(() => kill(child, 'SIGKILL'), GRACE);
      child.once('exit', () => {
        clearTimeout(timer);
        kill(child, 'SIGKILL');
      });
      kill(child, 'SIGTERM');
    };
    const abort = () => {
      end();
      finish(() => reject(signal.reason));
    };

    signal.addEventListener('abort', abort, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => {
      if (keep(stdout, chunk) || settled) return;
      end();
      finish(() => resolve(failed(`it wrote more than ${ANSWER_LIMIT} octets`)));
    });
    child.stderr?.on('data', (chunk: Buffer) => keep(stderr, chunk));
    child.on('error', (error: NodeJS.ErrnoException) => {
      finish(() => resolve(failed(`cannot be started (${error.code ?? error.message})`)));
    });
    child.on('close', (code, by) => {
      finish(() =>
        resolve(
          code === null
            ? failed(`was ended by ${by ?? 'a signal'}`)
            : { kind: 'exited', code, stdout: text(stdout), stderr: text(stderr) },
        ),
      );
    });
  });
}

/** Node refuses some arguments (a NUL in them) by throwing. */
function started(start: () => ChildProcess): ChildProcess | undefined {
  try {
    return start();
  } catch {
    return undefined;
  }
}

/** Keeps the chunk if all of it still fits. */
function keep(kept: Buffer[], chunk: Buffer): boolean {
  const size = kept.reduce((sum, part) => sum + part.length, chunk.length);
  if (size <= ANSWER_LIMIT) kept.push(chunk);
  return size <= ANSWER_LIMIT;
}

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');

const failed = (why: string): CommandResult => ({ kind: 'failed', why });
