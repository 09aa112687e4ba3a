import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { LabProcess } from '../../lab/support/process.ts';
import { Netdrift } from './netdrift.ts';

/** The built program; `npm test` builds it first. */
export const PROGRAM = path.resolve(import.meta.dirname, '../../../dist/netdrift.cjs');

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the program sees of the environment: nothing that would change where it looks or keeps its state. */
const environment = (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: os.tmpdir(),
  TZ: 'UTC',
  ...more,
});

/** A folder for one test: configurations, state, files of addresses, and the processes started from it. */
export class Workspace implements AsyncDisposable {
  readonly folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'netdrift-e2e-')));
  readonly #processes: LabProcess[] = [];

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** Writes a file that only we can read, and answers its path. */
  write(name: string, text: string): string {
    const file = this.path(name);
    writeFileSync(file, text, { mode: 0o600 });
    chmodSync(file, 0o600);
    return file;
  }

  command(words: readonly string[], { config = 'config.yaml' }: StartOptions = {}): readonly string[] {
    const [name = '', ...rest] = words;
    const configured = name === '' || name.startsWith('-') ? [] : ['--config', this.path(config)];
    return [process.execPath, PROGRAM, ...words.slice(0, 1), ...configured, ...rest];
  }

  /** Runs a command to its end, in this folder. */
  async run(words: readonly string[], options: StartOptions = {}): Promise<Result> {
    return this.execute(this.command(words, options), options.env);
  }

  /** The same with every word given. */
  async execute(command: readonly string[], env?: Readonly<Record<string, string>>): Promise<Result> {
    const process = this.#spawn(command, env);
    const exit = await process.exited;
    const text = (from: 'stdout' | 'stderr'): string =>
      process.lines.items
        .filter((line) => line.from === from)
        .map((line) => `${line.text}\n`)
        .join('');
    return { code: exit.code, signal: exit.signal, stdout: text('stdout'), stderr: text('stderr') };
  }

  /** Starts `netdrift run` and answers at once. */
  start(options: StartOptions = {}): Netdrift {
    return this.follow(['run'], options);
  }

  /** Starts a command that goes on until it is told to stop. */
  follow(words: readonly string[], options: StartOptions = {}): Netdrift {
    return new Netdrift(this.#spawn(this.command(words, options), options.env));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(command: readonly string[], env?: Readonly<Record<string, string>>): LabProcess {
    const process = new LabProcess(command, { folder: this.folder, env: environment(env) });
    this.#processes.push(process);
    return process;
  }
}
