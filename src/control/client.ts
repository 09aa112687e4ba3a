import { connect, type Socket } from 'node:net';
import { NetdriftError } from '../errors.ts';
import { readLines } from './lines.ts';
import { reachSocket } from './path.ts';
import { type ControlAnswers, type ControlRequest, LONGEST_ANSWER, parseAnswer } from './protocol.ts';

/** The running netdrift answered that it could not do it; the message says why. */
export class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
}

/**
 * Asks the running netdrift.
 *
 * @throws NetdriftError NETDRIFT_NOT_RUNNING if nobody (or somebody else) answers there; ControlRefused if it says no; the signal's reason when
 * that aborts.
 */
export async function askControl<Ask extends keyof ControlAnswers>(
  path: string,
  request: Extract<ControlRequest, { ask: Ask }>,
  signal: AbortSignal,
): Promise<ControlAnswers[Ask]> {
  let value: unknown;
  await converse(path, request, signal, (line, end) => {
    value = unwrap(line, path);
    end();
  });
  if (value === undefined) throw new NetdriftError('NETDRIFT_NOT_RUNNING', [path]);
  return value as ControlAnswers[Ask];
}

/**
 * Calls `onLine` for every event and decision of the running netdrift. Resolves when that ends; rejects as `askControl` does, also
 * with the signal's reason, which is the usual way to stop watching.
 */
export async function watchControl(
  path: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let welcomed = false;
  await converse(path, { ask: 'watch' }, signal, (line) => {
    if (welcomed) {
      onLine(line);
      return;
    }
    unwrap(line, path);
    welcomed = true;
  });
  if (!welcomed) throw new NetdriftError('NETDRIFT_NOT_RUNNING', [path]);
}

function unwrap(line: string, path: string): unknown {
  const answer = parseAnswer(line);
  if (answer === undefined) throw new NetdriftError('NETDRIFT_NOT_RUNNING', [path]);
  if (!answer.ok) throw new ControlRefused(answer.error);
  return answer.value;
}

async function converse(
  path: string,
  request: ControlRequest,
  signal: AbortSignal,
  onLine: (line: string, end: () => void) => void,
): Promise<void> {
  const reach = await reachSocket(path).catch((error: unknown) => {
    throw new NetdriftError('NETDRIFT_NOT_RUNNING', [path], { cause: error });
  });
  return new Promise<void>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket: Socket = connect(reach.path);
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      settle();
    };
    const abort = (): void => finish(() => reject(signal.reason));
    signal.addEventListener('abort', abort, { once: true });
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('error', (error) =>
      finish(() => reject(new NetdriftError('NETDRIFT_NOT_RUNNING', [path], { cause: error }))),
    );
    socket.on('close', () => finish(resolve));
    readLines(
      socket,
      LONGEST_ANSWER,
      (line) => {
        try {
          onLine(line, () => finish(resolve));
        } catch (error) {
          finish(() => reject(error));
        }
      },
      () => finish(() => reject(new NetdriftError('NETDRIFT_NOT_RUNNING', [path]))),
    );
  }).finally(() => reach.close());
}
