import type { ChildProcess } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import { interval, type SchedulerLike, type Subscription } from 'rxjs';
import type { Spawn } from '../model/spawn.ts';

/** Tells systemd how netdrift fares, as sd_notify(3) has it. Without a service manager every call does nothing. */
export interface ServiceManager {
  /** Everything is started; the watchdog is fed from here on. */
  ready(status: string): Promise<void>;
  /** Brackets the work with RELOADING=1 and READY=1; `status` makes the line shown afterwards. Rejects as the work does. */
  reloading<Value>(work: () => Promise<Value>, status: (value: Value) => string): Promise<Value>;
  /** The end has begun: the watchdog is fed no more. */
  stopping(): Promise<void>;
}

export interface ServiceManagerComponents {
  /** NOTIFY_SOCKET and WATCHDOG_* are taken out of it: what netdrift starts must not speak in its name. */
  readonly environment: Record<string, string | undefined>;
  readonly pid: number;
  readonly spawn: Spawn;
  readonly scheduler: SchedulerLike;
  /** CLOCK_MONOTONIC in microseconds: `systemd` compares it with its own, so a clock that starts with the process will not do. */
  readonly monotonicMicroseconds: () => bigint;
  readonly isExecutable: (file: string) => boolean;
  /** Called once for each different reason why the service manager could not be told. */
  readonly complain: (words: string) => void;
}

/** Milliseconds one message may take; `systemd-notify` needs about five. Two of them still end within a stop's 5 s. */
const LIMIT = 2_000;
/** Of systemd's status line; `systemctl status` shows one line. */
const LONGEST_STATUS = 120;

const SILENT: ServiceManager = {
  ready: async () => {},
  reloading: (work) => work(),
  stopping: async () => {},
};

/**
 * Node has no datagram sockets of the Unix family, so the messages are sent by `systemd-notify`, which comes with systemd: the unit
 * needs `NotifyAccess=all`, since the sender is a child. A message that cannot be sent is no reason to stop publishing.
 */
export function createServiceManager(components: ServiceManagerComponents): ServiceManager {
  const { environment, scheduler, complain } = components;
  const socket = environment['NOTIFY_SOCKET'];
  const period = watchdogPeriod(environment, components.pid);
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  if (socket === undefined || socket === '') return SILENT;

  const program = findProgram('systemd-notify', environment['PATH'] ?? '', components.isExecutable);
  if (program === undefined) {
    complain('systemd-notify is not on the PATH: systemd cannot be told that netdrift is ready');
    return SILENT;
  }

  const complained = new Set<string>();
  const send = async (messages: readonly string[]): Promise<void> => {
    const problem = await notify(components, program, socket, messages);
    if (problem === undefined || complained.has(problem)) return;
    complained.add(problem);
    complain(`systemd could not be told ${messages.join(' ')}: ${problem}`);
  };
  // One after the other: READY=1 that overtakes RELOADING=1 would leave the unit reloading for ever.
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;
  const tell = (...messages: readonly string[]): Promise<void> => {
    waiting += 1;
    last = last
      .then(() => send(messages))
      .finally(() => {
        waiting -= 1;
      });
    return last;
  };

  let watchdog: Subscription | undefined;
  return {
    ready: (status) => {
      if (period !== undefined) {
        // A tick of this process's own event loop: one that is blocked sends nothing, and is what systemd then ends.
        watchdog ??= interval(period, scheduler).subscribe(() => {
          if (waiting === 0) void tell('WATCHDOG=1');
        });
      }
      return tell('READY=1', statusLine(status));
    },
    reloading: async (work, status) => {
      void tell('RELOADING=1', `MONOTONIC_USEC=${components.monotonicMicroseconds()}`);
      let words = 'reading the configuration failed; the old one stays in force';
      try {
        const value = await work();
        words = status(value);
        return value;
      } finally {
        void tell('READY=1', statusLine(words));
      }
    },
    stopping: () => {
      watchdog?.unsubscribe();
      return tell('STOPPING=1', statusLine('finishing what is under way'));
    },
  };
}

/** Milliseconds between two signs of life: half of what systemd waits, as sd_watchdog_enabled(3) recommends. */
function watchdogPeriod(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: meant } = environment;
  // Inherited from a service that started us by itself: not our watchdog.
  if (meant !== undefined && meant !== String(pid)) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(microseconds)) return undefined;
  // Node's timers hold 31 bits of milliseconds, and fire at once beyond.
  return Math.min(Math.max(1, Math.floor(Number(microseconds) / 2_000)), 2 ** 31 - 1);
}

const statusLine = (words: string): string =>
  `STATUS=${words.replace(/\p{Cc}+/gu, ' ').slice(0, LONGEST_STATUS)}`;

/** Absolute folders of the PATH only: what a working directory holds is nobody's systemd. */
function findProgram(
  name: string,
  path: string,
  isExecutable: (file: string) => boolean,
): string | undefined {
  return path
    .split(':')
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Runs one `systemd-notify` to its end or its limit. Answers what went wrong; never rejects. */
function notify(
  { spawn, scheduler }: ServiceManagerComponents,
  program: string,
  socket: string,
  messages: readonly string[],
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(program, [...messages], { stdio: 'ignore', env: { NOTIFY_SOCKET: socket } });
    } catch (error) {
      resolve(`${program} could not be started: ${String(error)}`);
      return;
    }
    const limit = scheduler.schedule(() => {
      child.kill('SIGKILL');
      resolve(`${program} did not end within ${LIMIT} ms`);
    }, LIMIT);
    const end = (problem?: string): void => {
      limit.unsubscribe();
      resolve(problem);
    };
    child.once('error', (error) => end(`${program} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      end(code === 0 ? undefined : `${program} ended with ${signal ?? `status ${code}`}`);
    });
  });
}
