import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import { type HttpAnswer, HttpFailure, type HttpRequest } from './http.ts';
import { DEFAULT_MAX_BYTES, readAnswer } from './http-body.ts';
import type { Progress } from './http-faults.ts';
import type { Routes } from './http-routes.ts';

/**
 * One request and its whole answer; keeps `progress` up to date. Rejects with Node's error or an `HttpFailure`, once the
 * connection is back in the pool or closed: so who waits for its end never opens one connection too many.
 */
export async function runExchange(
  request: HttpRequest,
  routes: Routes,
  progress: Progress,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const route = await routes.towards(request.url, signal);
  signal.throwIfAborted();
  const library = (route.protocol ?? request.url.protocol) === 'https:' ? https : http;
  const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
  const place = request.url.origin;

  return new Promise((resolve, reject) => {
    const outgoing = library.request({
      ...route,
      method: request.method,
      headers: headersOf(request, route),
    });
    let reading: Promise<HttpAnswer> | undefined;
    let failure: unknown;
    const abort = (): void => void outgoing.destroy();
    signal.addEventListener('abort', abort, { once: true });
    outgoing.on('socket', () => watchProgress(outgoing, library === https, progress));
    outgoing.on('response', (response) => {
      progress.answered = true;
      reading = readAnswer(response, maxBytes, place, request.octets);
      reading.catch(abort);
    });
    outgoing.on('error', (error) => {
      failure ??= error;
    });
    outgoing.on('close', () => {
      signal.removeEventListener('abort', abort);
      if (failure !== undefined) reject(failure);
      else if (reading !== undefined) reading.then(resolve, reject);
      else reject(new HttpFailure('reset', progress.sent, `${place}: closed without an answer`));
    });
    outgoing.end(request.body);
  });
}

function watchProgress(outgoing: ClientRequest, secure: boolean, progress: Progress): void {
  const { socket } = outgoing;
  const onSent = (): void => {
    progress.connected = true;
    progress.sent = true;
  };
  if (socket === null) return;
  const onConnected = (): void => {
    progress.connected = true;
    if (!secure) progress.sent = true;
  };
  if (outgoing.reusedSocket) onSent();
  else if (socket.connecting) socket.once('connect', onConnected);
  // Closed already: it could not even be bound to the source address.
  else if (!socket.destroyed) onConnected();
  // What is written before the handshake is done stays here: nothing has left before `secureConnect`.
  if (secure && !outgoing.reusedSocket) socket.once('secureConnect', onSent);
}

function headersOf(request: HttpRequest, route: https.RequestOptions): Record<string, string> {
  const { username, password } = request.url;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    // By Node's own reckoning a tunnel to port 443 would be `name:443`, which some servers do not know.
    host: request.url.host,
    ...(username === '' ? {} : { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }),
    ...(route.headers as Record<string, string> | undefined),
    ...request.headers,
  };
}
