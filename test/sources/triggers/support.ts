import { EventEmitter } from 'node:events';
import { VirtualTimeScheduler } from 'rxjs';
import type { Clock } from '../../../src/model/clock.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { Spawn } from '../../../src/model/spawn.ts';
import type { Trigger } from '../../../src/model/trigger.ts';
import type { TriggerComponents } from '../../../src/sources/triggers/contract.ts';
import type { Log, LogFields } from '../../../src/telemetry/log.ts';

/** Time that moves only when told to, however many periodic timers run. */
export class ManualTime extends VirtualTimeScheduler {
  advance(milliseconds: number): void {
    const until = this.frame + milliseconds;
    this.maxFrames = until;
    this.flush();
    this.frame = until;
  }
}

/** A child program whose every word and its end are the test's. */
export class FakeChild extends EventEmitter {
  readonly stdout = new FakeStream();
  readonly stderr = new FakeStream();
  readonly stdin = new FakeStream();
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  readonly killed: NodeJS.Signals[] = [];
  readonly program: string;
  readonly words: readonly string[];

  readonly pid: number;

  constructor(program: string, words: readonly string[], pid = 1_000) {
    super();
    this.pid = pid;
    this.program = program;
    this.words = words;
  }

  kill(signal: NodeJS.Signals): boolean {
    this.killed.push(signal);
    return true;
  }

  says(text: string): void {
    this.stdout.emit('data', text);
  }

  complains(text: string): void {
    this.stderr.emit('data', text);
  }

  ends(code: number): void {
    this.exitCode = code;
    this.emit('close', code, null);
  }

  isMissing(): void {
    this.emit('error', Object.assign(new Error(`spawn ${this.program} ENOENT`), { code: 'ENOENT' }));
  }
}

class FakeStream extends EventEmitter {
  destroyed = false;
  readonly written: string[] = [];
  setEncoding(): void {}
  write(text: string): void {
    this.written.push(text);
  }
  destroy(): void {
    this.destroyed = true;
    this.removeAllListeners('data');
  }
}

export interface LoggedLine {
  readonly level: string;
  readonly event: string;
  readonly message: string;
}

export function memoryLog(): Log & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const at = (level: string) => (event: string, message: string, _fields?: LogFields) => {
    lines.push({ level, event, message });
  };
  const log: Log & { readonly lines: LoggedLine[] } = {
    lines,
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}

/** A line of /proc/net/netlink, as recorded; `groups` in hexadecimal. */
export const netlinkLine = (pid: number, groups: string): string =>
  `000000005220baac 0   ${pid}       ${groups} 0        0        0     2        0        312197  \n`;

export const emptySnapshot: Snapshot = { interfaces: [], routes: [] };

export function bench(overrides: Partial<TriggerComponents> = {}) {
  const time = new ManualTime();
  const children: FakeChild[] = [];
  const log = memoryLog();
  const spawn = ((program: string, words: readonly string[]) => {
    const child = new FakeChild(program, words, 1_000 + children.length);
    children.push(child);
    return child;
  }) as unknown as Spawn;
  const clock: Clock = { monotonic: () => time.frame, wall: () => time.frame, boot: () => time.frame };
  const components: TriggerComponents = {
    clock,
    scheduler: time,
    random: () => 0,
    spawn,
    platform: 'linux',
    snapshot: () => Promise.resolve(emptySnapshot),
    // As if every child listened from the first moment.
    readFile: () => children.map(({ pid }) => netlinkLine(pid, '04000551')).join(''),
    log,
    signals: new EventEmitter() as unknown as NonNullable<TriggerComponents['signals']>,
    ...overrides,
  };
  const child = (index: number): FakeChild => {
    const found = children[index];
    if (found === undefined) throw new Error(`no child ${index} was started`);
    return found;
  };
  const seen: Trigger[] = [];
  const told = (): readonly string[] =>
    seen.splice(0).map(({ reason, source, mode }) => `${reason} ${source} ${mode}`);
  return { time, children, child, log, components, seen, told };
}

/** Lets promises settle; virtual time stands still. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
