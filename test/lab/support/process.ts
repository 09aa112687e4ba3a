import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Feed } from './feed.ts';
import { now, pause } from './moment.ts';

export interface Line {
  readonly text: string;
  readonly from: 'stdout' | 'stderr';
  /** When it arrived here, as `now()` gives it. */
  readonly at: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** True if the process is gone, or a zombie that waits for an init in no hurry. */
export function hasEnded(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly folder?: string;
}

/**
 * A program of the lab, known by its pid. `ip netns exec` replaces itself by the program, so the pid is the program's
 * own and signals reach it.
 */
export class LabProcess {
  readonly name: string;
  readonly lines: Feed<Line>;
  readonly child: ChildProcess;
  /** Settles when the program has ended and its output is complete; never rejects. */
  readonly exited: Promise<Exit>;
  #exit: Exit | undefined;

  constructor(command: readonly string[], options: ProcessOptions = {}) {
    const [file, ...words] = command;
    if (file === undefined) throw new TypeError('an empty command');
    this.name = command.join(' ');
    this.lines = new Feed(`output of ${this.name}`);
    this.child = spawn(file, words, { env: options.env ?? process.env, cwd: options.folder, stdio: 'pipe' });
    for (const from of ['stdout', 'stderr'] as const) {
      const stream = this.child[from];
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (text) => this.lines.push({ text, from, at: now() }));
    }
    // A program that is gone does not read on: what is written to it then is of no interest.
    this.child.stdin?.on('error', () => {});
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit): void => {
        this.#exit ??= exit;
        resolve(this.#exit);
      };
      this.child.once('error', (error) => {
        this.lines.push({ text: String(error), from: 'stderr', at: now() });
        end({ code: 127, signal: null });
      });
      this.child.once('close', (code, signal) => end({ code, signal }));
    });
  }

  /** @throws Error if the program could not be started at all. */
  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.child.pid;
  }

  get running(): boolean {
    return this.#exit === undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Everything printed so far. */
  output(): string {
    return this.lines.items.map((line) => line.text).join('\n');
  }

  /**
   * The first line that contains the text or matches the expression.
   * @throws Error if it does not come in time, or at once if the program ends before.
   */
  async line(wanted: string | RegExp, timeout = 5_000): Promise<Line> {
    const fits = (line: Line): boolean =>
      typeof wanted === 'string' ? line.text.includes(wanted) : wanted.test(line.text);
    const ended = this.exited.then((exit) => {
      const late = this.lines.items.find(fits);
      if (late !== undefined) return late;
      throw new Error(
        `${this.name} ended (${exit.code ?? exit.signal}) before it said ${wanted}:\n${this.output()}`,
      );
    });
    return Promise.race([this.lines.find(fits, { timeout }), ended]);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** SIGTERM, and SIGKILL after `grace` milliseconds; answers how it ended. */
  async stop(grace = 5_000): Promise<Exit> {
    if (this.running) this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), grace);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  async kill(): Promise<Exit> {
    if (this.running) this.signal('SIGKILL');
    // A grandchild that holds the pipes open must not hold the test.
    await Promise.race([this.exited, pause(1_000)]);
    return this.#exit ?? { code: this.child.exitCode, signal: this.child.signalCode };
  }
}
