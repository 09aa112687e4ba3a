import type { Command } from './child.ts';

/** What a line of a child means; `noise` is understood and uninteresting. */
export type LineVerdict =
  | { readonly kind: 'event'; readonly detail: string }
  | { readonly kind: 'noise'; readonly why: string };

/** One way to listen. */
export interface Rung {
  /** Named in triggers and logs: `ip-monitor`. */
  readonly name: string;
  readonly command: Command;
  /** Whether the child of that pid listens by now; `undefined` where the system does not tell. */
  readonly isListening?: (pid: number) => boolean | undefined;
  /** A fresh judge of lines for each run of the child; it may remember earlier lines. */
  readonly judge: () => (line: string) => LineVerdict;
}

/** A line that breaks the judge is one nobody has seen before: something may have changed. */
export function guardedJudge(judge: (line: string) => LineVerdict): (line: string) => LineVerdict {
  return (line) => {
    try {
      return judge(line);
    } catch (error) {
      return { kind: 'event', detail: `unreadable line: ${String(error)}` };
    }
  };
}
