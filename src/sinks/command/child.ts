import type { ChildProcess } from 'node:child_process';
import type { Spawn } from '../../model/spawn.ts';

export interface ChildRequest {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
}

/** How a child ended. `errors` is the end of what it wrote to stderr. */
export type ChildEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly errors: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly errors: string }
  /** Stopped by us, since the call was aborted. */
  | { readonly kind: 'stopped'; readonly deadline: boolean; readonly errors: string }
  | { readonly kind: 'unstartable'; readonly code: string };

/** Between SIGTERM and SIGKILL. */
const GRACE = 2_000;
/** For what is still in the pipes once the child itself has ended; a grandchild may hold them open for ever. */
const DRAIN = 200;
const KEPT_ERRORS = 4_096;

export interface ChildSignals {
  /** The child is to end. */
  readonly stop: AbortSignal;
  /** It has had time enough: what has not ended by now is killed. */
  readonly kill: AbortSignal;
}

/**
 * Runs one child to its end, with nothing of a shell and nothing of our own environment. When it is to stop, its whole process group
 * gets SIGTERM, and SIGKILL after 2 s or when told; the promise is settled when the child has ended.
 */
export function runChild(request: ChildRequest, spawn: Spawn, signals: ChildSignals): Promise<ChildEnd> {
  const { stop: signal, kill: last } = signals;
  const [file, ...args] = request.command;
  // A group of its own, so that what the child has started can be ended with it. On Windows `detached` means a console window.
  const grouped = process.platform !== 'win32';
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      env: request.environment,
      detached: grouped,
      shell: false,
      windowsHide: true,
      stdio: 'pipe',
    });
  } catch (error) {
    return Promise.resolve({ kind: 'unstartable', code: codeOf(error) });
  }

  return new Promise((resolve) => {
    let errors = '';
    let killer: NodeJS.Timeout | undefined;
    let drain: NodeJS.Timeout | undefined;

    const kill = (): void => end(child, 'SIGKILL', grouped);
    const stop = (): void => {
      end(child, 'SIGTERM', grouped);
      killer = setTimeout(kill, GRACE);
    };
    let settled = false;
    const settle = (result: ChildEnd): void => {
      if (settled) return;
      settled = true;
      clearTimeout(killer);
      clearTimeout(drain);
      signal.removeEventListener('abort', stop);
      last.removeEventListener('abort', kill);
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
      // Whoever of the group has not minded SIGTERM ends with its leader.
      if (signal.aborted) kill();
      resolve(result);
    };
    const ended = (code: number | null, by: string | null): void => {
      if (signal.aborted) settle({ kind: 'stopped', deadline: isDeadline(signal), errors });
      else if (code === null) settle({ kind: 'killed', signal: by ?? 'unknown', errors });
      else settle({ kind: 'exited', code, errors });
    };

    child.on('error', (error) => {
      // Also sent when a signal cannot be delivered: then the child lives, and its end is still to come.
      if (child.pid === undefined) settle({ kind: 'unstartable', code: codeOf(error) });
    });
    child.on('exit', (code, by) => {
      drain = setTimeout(() => ended(code, by), DRAIN);
    });
    child.on('close', ended);
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      errors = lastOf(errors + chunk);
    });
    // A child that does not read its input closes it (EPIPE), which is its right.
    child.stdin?.on('error', () => {});
    child.stdin?.end(request.input);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    last.addEventListener('abort', kill, { once: true });
  });
}

function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL', grouped: boolean): void {
  if (child.pid === undefined) return;
  try {
    if (grouped) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // ESRCH: the group has ended already.
  }
}

/** Cut at the front and at a space, so that no half of a secret is left that nobody would recognise. */
const lastOf = (text: string): string =>
  text.length <= KEPT_ERRORS ? text : text.slice(-KEPT_ERRORS).replace(/^\S*/, '');

const isDeadline = (signal: AbortSignal): boolean =>
  signal.reason instanceof Error && signal.reason.name === 'TimeoutError';

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === 'string' ? code : 'unknown';
}
