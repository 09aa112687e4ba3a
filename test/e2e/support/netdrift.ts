import { Feed } from '../../lab/support/feed.ts';
import { now } from '../../lab/support/moment.ts';
import type { LabProcess } from '../../lab/support/process.ts';

/** One line of the log, as documented in docs/logs.md. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Milliseconds from the signal to the end. */
  readonly took: number;
}

/** A netdrift that runs. What it writes to standard output must be JSON lines: anything else ends up in `other`. */
export class Netdrift {
  readonly process: LabProcess;
  readonly log = new Feed<LogLine>('log lines of netdrift');
  /** Lines of standard output that are no JSON object. */
  readonly other: string[] = [];

  constructor(process: LabProcess) {
    this.process = process;
    process.lines.each((line) => {
      if (line.from !== 'stdout') return;
      const parsed = parse(line.text);
      if (parsed === undefined) this.other.push(line.text);
      else this.log.push(parsed);
    });
  }

  /** The first line with this event and these fields, past or to come; fails at once if the program ends before. */
  async line(
    event: string,
    fields: Readonly<Record<string, unknown>> = {},
    more: { readonly after?: number; readonly timeout?: number } = {},
  ): Promise<LogLine> {
    const fits = (line: LogLine): boolean =>
      line.event === event &&
      Object.entries(fields).every(
        ([name, value]) => JSON.stringify(line[name])?.includes(String(value)) === true,
      );
    const ended = this.process.exited.then(({ code, signal }) => {
      const late = this.log.items.slice(more.after ?? 0).find(fits);
      if (late !== undefined) return late;
      throw new Error(`netdrift ended (${code ?? signal}) before ${event}:\n${this.process.output()}`);
    });
    return Promise.race([this.log.find(fits, more), ended]);
  }

  events(): readonly string[] {
    return this.log.items.map((line) => line.event);
  }

  mark(): number {
    return this.log.mark();
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    const sent = now();
    this.process.signal(signal);
    const { code, signal: by } = await this.process.exited;
    return { code, signal: by, took: now() - sent };
  }
}

function parse(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as LogLine) : undefined;
  } catch {
    return undefined;
  }
}
