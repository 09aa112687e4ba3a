import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '../telemetry/log.ts';

/** Milliseconds from the first signal to an end by force: all that should end has its own limit, and together they take less. */
export const LIMIT = 4_600;

/** Milliseconds between two looks whether the threads are done. */
const LOOK = 20;

/** Work of libuv's threads: files and name lookups. They cannot be stopped, and exit(3) waits for them without end. */
const THREADED: ReadonlySet<string> = new Set([
  'FSReqCallback',
  'FSReqPromise',
  'GetAddrInfoReqWrap',
  'GetNameInfoReqWrap',
]);

export interface EndingComponents {
  readonly log: Log;
  readonly flush: () => Promise<void>;
  /** Kills what this process has started. */
  readonly endChildren: () => void;
  /** The names of what is under way, as `process.getActiveResourcesInfo` gives them. */
  readonly resources: () => readonly string[];
  readonly exit: (code: number) => void;
  /** Ends this process with nothing more done. */
  readonly kill: () => void;
}

export interface Ending {
  /** Ends the process by force when the limit has passed, whatever hangs: a disk, a name server. */
  limit(): void;
  /** Ends the process with this status, as soon as that cannot hang. */
  leave(code: number): Promise<void>;
  /** Ends the process at once. */
  leaveNow(code: number): void;
}

export function createEnding(components: EndingComponents): Ending {
  const { log, flush, resources, exit } = components;
  const hangs = (): boolean => resources().some((name) => THREADED.has(name));
  const kill = (): void => {
    components.endChildren();
    components.kill();
  };
  return {
    limit: () => {
      setTimeout(() => {
        log.error(
          'stop_overdue',
          'something under way does not end, such as a disk that hangs; ended by force',
        );
        void flush().finally(kill);
      }, LIMIT);
    },
    leave: async (code) => {
      while (hangs()) await pause(LOOK);
      exit(code);
    },
    leaveNow: (code) => {
      if (hangs()) kill();
      else exit(code);
    },
  };
}
