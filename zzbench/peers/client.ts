import { spawnSync } from 'node:child_process';

/** What a client is to publish, and how eagerly. */
export interface Task {
  readonly names: readonly string[];
  /** `default`: as it comes. `shortest`: the shortest wait that it accepts. */
  readonly pace: Pace;
  /** Where updates go, plain http: `203.0.113.1:8080`. */
  readonly provider: string;
  /** Exists, and is this client's own. */
  readonly folder: string;
  /** Exists, and is empty at a first start: whatever is to be remembered belongs here. */
  readonly stateFolder: string;
}

export type Pace = 'default' | 'shortest';

/** A dynamic DNS client as this machine has it. */
export interface Client {
  readonly name: string;
  /** Seconds between two looks at each pace; `undefined` for one that is told instead of looking. */
  readonly interval: Readonly<Record<Pace, number | undefined>>;
  /** Where the default interval stands. */
  readonly intervalSource: string;
  /** As the package manager knows it; `undefined` if it is not installed. */
  version(): string | undefined;
  /** Writes its configuration; gives the command that runs it in the foreground. */
  prepare(task: Task): readonly string[];
}

/** The version of a Debian package, if its program is there. */
export function packageVersion(name: string): string | undefined {
  if (spawnSync('which', [name], { env: WIDE_PATH }).status !== 0) return undefined;
  const { stdout } = spawnSync('dpkg', ['--status', name], { encoding: 'utf8' });
  return /^Version: (.+)$/m.exec(stdout ?? '')?.[1] ?? 'of unknown version';
}

/** Debian keeps daemons in /usr/sbin, which not every PATH has. */
export const WIDE_PATH = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

/** `host0.example.org` and so on. */
export const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `host${index}.example.org`);
