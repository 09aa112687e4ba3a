import { chmod, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { NetdriftError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import { readLines } from './lines.ts';
import { isPipe, reachSocket } from './path.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  LONGEST_REQUEST,
  parseRequest,
  type ReloadReport,
  type TriggerReport,
} from './protocol.ts';
import type { StatusReport } from './status.ts';

/** What the running netdrift can be asked. A handler that throws answers with its message; nothing else happens. */
export interface ControlHandlers {
  status(): StatusReport | Promise<StatusReport>;
  trigger(request: { readonly release?: string }): TriggerReport | Promise<TriggerReport>;
  reload(): ReloadReport | Promise<ReloadReport>;
  /** Calls the listener with one line for each event and decision, until the function it answers is called. */
  watch(listener: (line: string) => void): () => void;
}

export interface ControlServer {
  readonly path: string;
  /** Ends every conversation and removes the socket. */
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 32;
/** Milliseconds in which a request must arrive; whoever says nothing holds one of the few connections. */
const REQUEST_TIME = 5_000;
/** Octets waiting for a watcher that does not read; further lines are left out for it. */
const MOST_WAITING = 262_144;

/**
 * Listens on the control socket (mode 0600). A socket left by a killed process is replaced; one that answers is not.
 *
 * @throws NetdriftError NETDRIFT_ALREADY_RUNNING if somebody answers there. The system's own error if the path cannot be used.
 */
export async function startControl(
  path: string,
  handlers: ControlHandlers,
  parent: Log,
  requestTime: number = REQUEST_TIME,
): Promise<ControlServer> {
  const log = parent.child({ component: 'control' });
  const conversations = new Set<Socket>();
  // Half-open, because a client may end its side with the request and still wait for the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    conversations.add(socket);
    socket.on('close', () => conversations.delete(socket));
    converse(socket, handlers, log, requestTime);
  });
  server.maxConnections = MOST_CONNECTIONS;
  // Held until the end: the socket is removed by the name under which it was made.
  const reach = await reachSocket(path);
  try {
    await bind(server, path, reach.path);
  } catch (error) {
    await reach.close();
    throw error;
  }
  return {
    path,
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of conversations) socket.destroy();
        server.close(() => resolve());
      }).then(() => reach.close()),
  };
}

async function bind(server: Server, path: string, reached: string): Promise<void> {
  try {
    await listen(server, reached);
  } catch (error) {
    if (!isInUse(error)) throw error;
    if (isPipe(path) || (await answers(reached))) throw new NetdriftError('NETDRIFT_ALREADY_RUNNING', [path]);
    // Two starters could both come to here; the lock of the state folder, taken before, lets only one.
    await unlink(reached).catch(() => {});
    await listen(server, reached);
  }
  if (!isPipe(path)) await chmod(reached, 0o600);
}

function converse(socket: Socket, handlers: ControlHandlers, log: Log, requestTime: number): void {
  // A client that goes away in the middle is its own affair.
  socket.on('error', () => {});
  const deadline = setTimeout(() => socket.destroy(), requestTime);
  socket.on('close', () => clearTimeout(deadline));
  let asked = false;
  const last = (answer: ControlAnswer): void => {
    // Whoever does not fetch the answer holds one of the few connections just as well.
    socket.setTimeout(requestTime, () => socket.destroy());
    socket.end(answerLine(answer), () => socket.destroy());
  };
  const refuse = (why: string): void => {
    asked = true;
    log.warn('control_refused', `refused a control request: ${why}`);
    last({ ok: false, error: why });
  };
  socket.on('end', () => {
    if (!asked) socket.destroy();
  });
  readLines(
    socket,
    LONGEST_REQUEST,
    (line) => {
      if (asked) return;
      asked = true;
      // From here on the time is the handler's; the client has a deadline of its own.
      clearTimeout(deadline);
      const request = parseRequest(line);
      if (request === undefined) {
        refuse('not a request of this version');
        return;
      }
      log.debug('control_request', `asked for ${request.ask}`, { ask: request.ask });
      if (request.ask === 'watch') {
        stream(socket, handlers);
        return;
      }
      answer(request, handlers).then(
        (value) => last({ ok: true, value }),
        (error: unknown) => refuse(error instanceof Error ? error.message : String(error)),
      );
    },
    () => {
      if (!asked) refuse(`longer than ${LONGEST_REQUEST} characters`);
      else socket.destroy();
    },
  );
}

async function answer(
  request: Exclude<ControlRequest, { ask: 'watch' }>,
  handlers: ControlHandlers,
): Promise<unknown> {
  switch (request.ask) {
    case 'status':
      return handlers.status();
    case 'trigger':
      return handlers.trigger(request.release === undefined ? {} : { release: request.release });
    case 'reload':
      return handlers.reload();
  }
}

function stream(socket: Socket, handlers: ControlHandlers): void {
  socket.write(answerLine({ ok: true, value: 'watching' }));
  let leftOut = 0;
  const stop = handlers.watch((line) => {
    if (socket.writableLength > MOST_WAITING) {
      leftOut += 1;
      return;
    }
    if (leftOut > 0) socket.write(`${JSON.stringify({ event: 'log_lines_dropped', count: leftOut })}\n`);
    leftOut = 0;
    socket.write(`${line.replaceAll('\n', ' ')}\n`);
  });
  socket.on('end', () => socket.end());
  socket.on('close', stop);
}

const answerLine = (answer: ControlAnswer): string => `${JSON.stringify(answer)}\n`;

function isInUse(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
  );
}

/** bind(2) makes the socket with the rights that the umask leaves: set for the moment of the call, so that it is never open to others. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = isMainThread && !isPipe(path) ? process.umask(0o177) : undefined;
    try {
      server.listen(path, () => {
        server.off('error', reject);
        server.on('error', () => {});
        resolve();
      });
    } finally {
      if (before !== undefined) process.umask(before);
    }
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT' && code !== 'ENOTSOCK');
    });
  });
}
