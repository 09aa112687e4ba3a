import type { ChildProcess } from 'node:child_process';
import { Observable } from 'rxjs';
import type { Spawn } from '../../model/spawn.ts';
import { lineSplitter, tidy } from './lines.ts';

/** What a watching child program says. */
export type ChildEvent =
  | { readonly kind: 'started'; readonly pid: number | undefined }
  | { readonly kind: 'line'; readonly text: string }
  /** It wrote to its standard error: of the programs used here that always means events were lost or will not come. */
  | { readonly kind: 'complaint'; readonly text: string }
  /** It ended or never started; `missing` if there is no such program. */
  | { readonly kind: 'ended'; readonly why: string; readonly missing: boolean };

export interface Command {
  readonly program: string;
  readonly arguments: readonly string[];
  /** Written to its standard input, which then stays open; without it there is none. */
  readonly input?: string;
}

/**
 * Runs a program for as long as it is subscribed to. Never errors; completes after `ended`. Unsubscribing sends SIGTERM, and lets go of
 * its pipes at once.
 */
export function runChild(spawn: Spawn, command: Command): Observable<ChildEvent> {
  return new Observable((subscriber) => {
    let child: ChildProcess;
    const end = (why: string, missing = false): void => {
      subscriber.next({ kind: 'ended', why, missing });
      subscriber.complete();
    };
    try {
      const input = command.input === undefined ? 'ignore' : 'pipe';
      child = spawn(command.program, [...command.arguments], {
        stdio: [input, 'pipe', 'pipe'],
        windowsHide: true,
        // Out of the terminal's group: Ctrl-C is for us, and the child is ended when we have stopped listening.
        detached: process.platform !== 'win32',
      });
    } catch (error) {
      end(`could not start: ${tidy(String(error))}`);
      return undefined;
    }

    subscriber.next({ kind: 'started', pid: child.pid });
    const splitOutput = lineSplitter();
    const splitComplaints = lineSplitter();
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (chunk: string) => {
      for (const text of splitOutput(chunk)) subscriber.next({ kind: 'line', text });
    });
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (chunk: string) => {
      for (const text of splitComplaints(chunk))
        if (text.trim() !== '') subscriber.next({ kind: 'complaint', text: tidy(text) });
    });
    // A missing program is told by `error` alone. `close` comes after the last of its words, `exit` might come before.
    child.on('error', (error: NodeJS.ErrnoException) => end(tidy(error.message), error.code === 'ENOENT'));
    child.on('close', (code, signal) =>
      end(signal === null ? `ended with status ${code}` : `ended by ${signal}`),
    );
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {});
    if (command.input !== undefined) child.stdin?.write(command.input);

    return () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    };
  });
}
