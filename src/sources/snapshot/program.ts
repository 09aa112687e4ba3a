import { firstValueFrom, map, Observable, race, type SchedulerLike, timer } from 'rxjs';
import type { Spawn } from '../../model/spawn.ts';

/** Characters of an answer: a router with a thousand addresses writes a quarter of it. */
const LONGEST = 1_048_576;

/** What a program wrote, or why it did not answer; `final` if it never will. */
export type Answer = { readonly text: string } | { readonly why: string; readonly final: boolean };

export interface Question {
  readonly program: string;
  readonly words: readonly string[];
  /** Milliseconds for the whole answer; the program is ended then. */
  readonly deadline: number;
}

/** Runs a program without a shell, and answers what it wrote to its standard output if it ended with 0. Never rejects. */
export function askProgram(
  { spawn, scheduler }: { readonly spawn: Spawn; readonly scheduler: SchedulerLike },
  question: Question,
): Promise<Answer> {
  const silence = timer(question.deadline, scheduler).pipe(
    map((): Answer => ({ why: `no answer within ${question.deadline} ms`, final: false })),
  );
  return firstValueFrom(race(answerOf(spawn, question), silence));
}

/** Emits one answer and completes. Unsubscribing ends the program. */
function answerOf(spawn: Spawn, { program, words }: Question): Observable<Answer> {
  return new Observable((subscriber) => {
    const answer = (value: Answer): void => {
      subscriber.next(value);
      subscriber.complete();
    };
    const child = spawn(program, [...words], { stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
    let text = '';
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > LONGEST) answer({ why: 'it writes without end', final: true });
    });
    child.stdout?.on('error', () => {});
    child.on('error', (error: NodeJS.ErrnoException) => {
      answer({ why: error.code ?? error.message, final: error.code === 'ENOENT' });
    });
    child.on('close', (code) => {
      if (code === 0) answer({ text });
      else answer({ why: `it ended with ${code ?? 'a signal'}`, final: code !== null });
    });
    return () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      child.stdout?.destroy();
    };
  });
}
