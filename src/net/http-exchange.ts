import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import type { HttpAnswer, HttpRequest } from './http.ts';
import { createAnswerReader } from './http-body.ts';
import { isParserError, type Progress } from './http-faults.ts';
import type { Routes } from './http-routes.ts';

/**
 * One request and its whole answer; keeps `progress` up to date. Rejects with undici's or Node's error, an `HttpFailure`, or
 * at once with the signal's reason: undici itself looks at a signal only when there is a connection.
 */
export async function runExchange(
  request: HttpRequest,
  routes: Routes,
  progress: Progress,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const dispatcher = routes.towards(request.url);
  const reader = createAnswerReader(request);

  return new Promise((resolve, reject) => {
    let running: Dispatcher.DispatchController | undefined;
    let socket: Socket | undefined;
    const abort = (): void => {
      reject(signal.reason);
      // undici's own abort ends the connection with an error after which it opens another for the request just given up.
      if (socket !== undefined) socket.destroy(signal.reason);
      else running?.abort(signal.reason);
    };
    const end = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      settle();
    };
    signal.addEventListener('abort', abort, { once: true });

    dispatcher.dispatch(optionsOf(request), {
      // Called when the connection is there and free, right before the request is written to it.
      onRequestStart: (controller) => {
        // Thrown, and not `controller.abort`, which would take the idle connection along.
        signal.throwIfAborted();
        running = controller;
        progress.sent = true;
        onSocket = (used) => {
          socket = used;
        };
      },
      onResponseStart: (_, status, headers) => {
        // 1xx come before the answer (RFC 9110 section 15.2).
        if (status < 200) return;
        progress.answered = true;
        reader.start(status, headers);
      },
      onResponseData: (_, chunk) => reader.data(chunk),
      onResponseEnd: () =>
        afterItsTurn(() =>
          end(() => {
            const error = socket?.errored;
            if (isParserError(error)) reject(error);
            else resolve(reader.answer());
          }),
        ),
      onResponseError: (_, error) => end(() => reject(error)),
    });
  });
}

/**
 * By then the connection is back in the pool (undici waits one turn of the loop), and what came behind the end of the answer
 * has been parsed: octets too many mean that the length was wrong and the body perhaps cut.
 */
function afterItsTurn(task: () => void): void {
  setImmediate(() => setImmediate(task));
}

// undici keeps the connection to itself and names it on this channel only, in the same call as `onRequestStart`.
let onSocket: ((socket: Socket) => void) | undefined;
subscribe('undici:client:sendHeaders', (message) => {
  onSocket?.((message as { readonly socket: Socket }).socket);
  onSocket = undefined;
});

function optionsOf(request: HttpRequest): Dispatcher.DispatchOptions {
  const { origin, pathname, search, username, password } = request.url;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return {
    origin,
    path: `${pathname}${search}`,
    method: request.method,
    headers: { ...(username === '' ? {} : { authorization }), ...request.headers },
    body: request.body ?? null,
    ...(request.closing === true && { reset: true }),
  };
}
