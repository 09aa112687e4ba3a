import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import YAML from 'yaml';
import { Feed } from './feed.ts';
import type { Lab } from './lab.ts';
import { execute, type Namespace, type Result } from './namespace.ts';
import { type Exit, LabProcess } from './process.ts';

/** The built program (`npm run test:lab` builds it first), or the one that NETDRIFT_LAB_PROGRAM names, such as an installed release. */
export const PROGRAM = path.resolve(
  process.env['NETDRIFT_LAB_PROGRAM'] ?? path.join(import.meta.dirname, '../../../dist/netdrift.cjs'),
);

/** One line of netdrift's log, as documented in docs/logs.md. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
  /** When it arrived in the test, as `now()` gives it. */
  readonly at: number;
}

export interface NetdriftOptions {
  /** Where it runs; without one in the host's own network. */
  readonly namespace?: Namespace;
  /** The configuration: YAML text, or what becomes it. `state_dir` is added to the latter where it is not given. */
  readonly config: string | Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than the one built, such as an older release. */
  readonly program?: string;
  /** What stands before `node` on the command line: `['env', 'PATH=/nowhere']`. It has to become netdrift (exec). */
  readonly wrapper?: readonly string[];
}

/** A running netdrift with its configuration, its state folder and its log. Survives its own restarts. */
export class Netdrift {
  readonly folder: string;
  readonly configFile: string;
  /** All lines since the first start. */
  readonly log = new Feed<LogLine>('log lines of netdrift');
  readonly #lab: Lab;
  readonly #options: NetdriftOptions;
  readonly #program: string;
  #process: LabProcess;

  constructor(lab: Lab, options: NetdriftOptions) {
    this.#lab = lab;
    this.#options = options;
    this.#program = options.program ?? PROGRAM;
    if (!existsSync(this.#program)) throw new Error(`${this.#program} is missing: npm run build`);
    this.folder = lab.folder('netdrift');
    this.configFile = path.join(this.folder, 'config.yaml');
    mkdirSync(this.stateFolder, { mode: 0o700 });
    this.writeConfig(options.config);
    this.#process = this.#start();
  }

  get stateFolder(): string {
    return path.join(this.folder, 'state');
  }

  /** The process that runs now, or ran last. */
  get process(): LabProcess {
    return this.#process;
  }

  /** Replaces the configuration file; netdrift reads it again on SIGHUP or at its next start. */
  writeConfig(config: NetdriftOptions['config']): void {
    const text =
      typeof config === 'string' ? config : YAML.stringify({ state_dir: this.stateFolder, ...config });
    writeFileSync(this.configFile, text, { mode: 0o600 });
  }

  /** The first log line that fits, of those after `after` (see `log.mark()`), with all fields given equal. */
  line(
    wanted: Readonly<Record<string, unknown>> | ((line: LogLine) => boolean),
    options: { timeout?: number; after?: number } = {},
  ): Promise<LogLine> {
    const fits =
      typeof wanted === 'function'
        ? wanted
        : (line: LogLine) => Object.entries(wanted).every(([field, value]) => line[field] === value);
    return this.log.find(fits, options);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** SIGTERM; answers how it ended. */
  stop(grace?: number): Promise<Exit> {
    return this.#process.stop(grace);
  }

  /** SIGKILL: the crash. */
  kill(): Promise<Exit> {
    return this.#process.kill();
  }

  /** Starts it again after `stop` or `kill`, with the same configuration file and state folder. */
  start(): void {
    if (this.#process.running) throw new Error('netdrift runs already');
    this.#process = this.#start();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  /** Another command on the same configuration: `netdrift.command('status', '--json')`. */
  command(...words: readonly string[]): Promise<Result> {
    return execute(this.#commandLine([...words, '--config', this.configFile]));
  }

  #commandLine(words: readonly string[]): string[] {
    const command = [...(this.#options.wrapper ?? []), process.execPath, this.#program, ...words];
    return this.#options.namespace?.command(command) ?? command;
  }

  #start(): LabProcess {
    const started = new LabProcess(this.#commandLine(['run', '--config', this.configFile]), {
      env: { ...process.env, ...this.#options.env },
      folder: this.folder,
    });
    this.#lab.track(started);
    started.lines.each(({ text, from, at }) => {
      if (from !== 'stdout') return;
      try {
        this.log.push({ ...JSON.parse(text), at });
      } catch {
        // Not a log line; it stays in `process.output()`.
      }
    });
    return started;
  }
}

export function startNetdrift(lab: Lab, options: NetdriftOptions): Netdrift {
  return new Netdrift(lab, options);
}
