import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { hostLater, type Later } from './later.ts';

/**
 * Where log lines go. Nothing here waits for the reader: what the reader does not take is kept up to a bound, then the newest lines
 * are dropped and counted. A reader that is gone for good costs the lines and nothing else.
 */
export interface Destination {
  /** Takes one line, without its newline. Never throws, never blocks on the reader. */
  write(line: string): void;
  /** Called with the number of lines dropped, once the reader takes lines again. */
  onDropped: ((count: number) => void) | undefined;
  /** Resolves when all is out, the reader is gone, or `milliseconds` have passed: whichever is first. */
  flush(milliseconds?: number): Promise<void>;
  /** True for a terminal; the text format uses colour only there. */
  readonly terminal: boolean;
}

/** What one attempt to write did: `wait` means that `resume` will be called when there is room again. */
type Attempt = 'written' | 'wait' | 'gone';

/** One way to get octets out; behind it are a pipe, a terminal or a file. */
interface Outlet {
  readonly terminal: boolean;
  attempt(chunk: string): Attempt;
}

const MOST_BUFFERED = 1_048_576;
const CHUNK = 65_536;
const FILE_RETRY = 5_000;
const FLUSH_LIMIT = 200;

export interface DestinationInit {
  /** The file descriptor to write to; standard output by default. */
  readonly descriptor?: number;
  /** Octets kept for a reader that is slow; default 1 MiB. */
  readonly mostBuffered?: number;
}

export interface DestinationComponents {
  readonly later: Later;
  /** Writes to a file or device at once, and answers how many octets it took; throws as `fs.writeSync` does. */
  readonly writeFile: (descriptor: number, octets: Uint8Array, offset: number) => number;
}

const HOST: DestinationComponents = { later: hostLater, writeFile: writeSync };

export function openDestination(
  init: DestinationInit = {},
  components: DestinationComponents = HOST,
): Destination {
  const most = init.mostBuffered ?? MOST_BUFFERED;
  let queue: string[] = [];
  let queued = 0;
  let waiting = false;
  let gone = false;
  let dropped = 0;
  let idle: Array<() => void> = [];

  const outlet = openOutlet(
    init.descriptor ?? 1,
    () => {
      if (!waiting) return;
      waiting = false;
      pump();
    },
    () => {
      gone = true;
      settle();
    },
    components,
  );

  const settle = (): void => {
    if (gone) {
      queue = [];
      queued = 0;
    }
    const waiters = idle;
    idle = [];
    for (const done of waiters) done();
  };

  const pump = (): void => {
    while (!waiting && !gone && queue.length > 0) {
      const chunk = takeChunk(queue);
      queued -= Buffer.byteLength(chunk);
      const result = outlet.attempt(chunk);
      if (result === 'wait') waiting = true;
      if (result === 'gone') gone = true;
    }
    if (gone || (queue.length === 0 && !waiting)) settle();
    if (dropped > 0 && !waiting && !gone) {
      const count = dropped;
      dropped = 0;
      destination.onDropped?.(count);
    }
  };

  const destination: Destination = {
    terminal: outlet.terminal,
    onDropped: undefined,
    write(line) {
      if (gone) return;
      const text = `${line}\n`;
      const size = Buffer.byteLength(text);
      if (queued + size > most) {
        dropped += 1;
        return;
      }
      queue.push(text);
      queued += size;
      if (!waiting) pump();
    },
    flush(milliseconds = FLUSH_LIMIT) {
      if (gone || (queue.length === 0 && !waiting)) return Promise.resolve();
      return new Promise((resolve) => {
        // Not `later`: this one timer must hold the process, or the last lines would leave with it.
        const limit = setTimeout(resolve, milliseconds);
        idle.push(() => {
          clearTimeout(limit);
          resolve();
        });
      });
    },
  };
  return destination;
}

function takeChunk(queue: string[]): string {
  let count = 0;
  let size = 0;
  while (count < queue.length && size < CHUNK) {
    size += queue[count]?.length ?? 0;
    count += 1;
  }
  return queue.splice(0, count).join('');
}

function openOutlet(
  descriptor: number,
  resume: () => void,
  lost: () => void,
  components: DestinationComponents,
): Outlet {
  const terminal = isatty(descriptor);
  const kind = fstatSync(descriptor);
  if (!terminal && !kind.isFIFO() && !kind.isSocket()) return fileOutlet(descriptor, resume, components);
  return streamOutlet(openStream(descriptor), terminal, resume, lost);
}

/**
 * The standard streams are Node's own, shared with everyone who prints. A stopped terminal (Ctrl-S) or a full pipe would block the
 * process where Node made them blocking (terminals everywhere, pipes on Windows), so that is undone: libuv then queues.
 */
function openStream(descriptor: number): Writable {
  const standard = descriptor === 1 ? process.stdout : descriptor === 2 ? process.stderr : undefined;
  const stream = standard ?? new Socket({ fd: descriptor, readable: false, writable: true });
  const handle: unknown = Reflect.get(stream, '_handle');
  if (typeof handle === 'object' && handle !== null) {
    const setBlocking: unknown = Reflect.get(handle, 'setBlocking');
    if (typeof setBlocking === 'function') setBlocking.call(handle, false);
  }
  return stream;
}

function streamOutlet(stream: Writable, terminal: boolean, resume: () => void, lost: () => void): Outlet {
  // EPIPE (reader gone), EIO (terminal gone): Node has destroyed the stream; without a listener it would end the process.
  stream.on('error', lost);
  stream.on('close', lost);
  return {
    terminal,
    attempt(chunk) {
      if (stream.destroyed || stream.writableEnded) return 'gone';
      stream.write(chunk, (error) => {
        if (!error && stream.writableLength === 0) resume();
      });
      // Nothing left means that the kernel has taken it within the call.
      return stream.writableLength === 0 && !stream.destroyed ? 'written' : 'wait';
    },
  };
}

/** Regular files and devices: the page cache takes the octets at once. A full disk is asked again every 5 s. */
function fileOutlet(
  descriptor: number,
  resume: () => void,
  { later, writeFile }: DestinationComponents,
): Outlet {
  const push = (rest: Buffer): Attempt => {
    let from = 0;
    while (from < rest.length) {
      try {
        from += writeFile(descriptor, rest, from);
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined;
        if (code === 'EBADF' || code === 'EPIPE') return 'gone';
        const left = rest.subarray(from);
        later(FILE_RETRY, () => {
          if (push(left) !== 'wait') resume();
        });
        return 'wait';
      }
    }
    return 'written';
  };
  return { terminal: false, attempt: (chunk) => push(Buffer.from(chunk)) };
}
