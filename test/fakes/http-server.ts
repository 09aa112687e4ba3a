import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCertificate } from './certificate.ts';

export interface SeenRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly url: URL;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** The address it came from. */
  readonly from?: string | undefined;
}

/** What the server does with one request. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Milliseconds before the first octet of the answer. */
  readonly delay?: number;
  /** Content-Length to announce, right or wrong; default: the true one. */
  readonly announce?: number;
  /** Octets sent at a time, one millisecond apart. */
  readonly slow?: number;
  /** Sent as it is in place of a whole HTTP answer; then the connection is closed. */
  readonly raw?: string;
  /** `headers`: nothing is sent; `body`: the header and half the body; then silence until the client leaves. */
  readonly hang?: 'headers' | 'body';
  /** RST instead of an answer, or after half the body. */
  readonly reset?: 'headers' | 'body';
}

export type Responder = (request: SeenRequest) => Reply | Promise<Reply>;

export interface FakeHttpServer {
  /** `http://127.0.0.1:port/`, a new one at each access. */
  readonly url: URL;
  /** All that has come, in order. */
  readonly requests: readonly SeenRequest[];
  /** These requests are answered so, in turn, before the responder is asked again. */
  next(...replies: readonly Reply[]): void;
  /** Answers everything that `next` did not settle. */
  respond(responder: Responder): void;
  /** Requests being answered now, the most there were at once, connections open now, and ever opened. */
  readonly load: {
    readonly now: number;
    readonly peak: number;
    readonly open: number;
    readonly opened: number;
  };
  close(): Promise<void>;
}

export interface FakeHttpServerInit {
  readonly host?: '127.0.0.1' | '::1';
  readonly tls?: TestCertificate;
  readonly respond?: Responder;
}

/**
 * A real HTTP(S) server on a free loopback port that can misbehave in every way a client meets, scripted for each request.
 * Answers 404 to what nobody scripted. Close it in `afterEach`: it ends open connections too.
 */
export async function startHttpServer(init: FakeHttpServerInit = {}): Promise<FakeHttpServer> {
  const requests: SeenRequest[] = [];
  const queue: Reply[] = [];
  const sockets = new Set<Socket>();
  const load = { now: 0, peak: 0, open: 0, opened: 0 };
  let responder: Responder = init.respond ?? (() => ({ status: 404, body: 'nobody scripted this request' }));

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    load.now += 1;
    load.peak = Math.max(load.peak, load.now);
    response.on('close', () => {
      load.now -= 1;
    });
    const request = await readRequest(incoming, `http://${incoming.headers.host ?? 'localhost'}`);
    requests.push(request);
    await answer(response, queue.shift() ?? (await responder(request)));
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    serve(incoming, response).catch(() => response.destroy());
  };
  const server =
    init.tls === undefined ? http.createServer(listener) : https.createServer({ ...init.tls }, listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    load.opened += 1;
    load.open += 1;
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      load.open -= 1;
    });
  });
  server.on('tlsClientError', () => {});
  const host = init.host ?? '127.0.0.1';
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const authority = host === '::1' ? `[::1]:${port}` : `${host}:${port}`;

  return {
    get url() {
      return new URL(`${init.tls === undefined ? 'http' : 'https'}://${authority}/`);
    },
    requests,
    next: (...replies) => void queue.push(...replies),
    respond: (next) => {
      responder = next;
    },
    load,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(incoming: IncomingMessage, base: string): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const target = incoming.url ?? '/';
  return {
    method: incoming.method ?? '',
    target,
    url: new URL(target, base),
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
    from: incoming.socket.remoteAddress,
  };
}

async function answer(response: ServerResponse, reply: Reply): Promise<void> {
  if (reply.delay !== undefined) await sleep(reply.delay);
  const socket = response.socket;
  if (socket === null || socket.destroyed || reply.hang === 'headers') return;
  if (reply.reset === 'headers') return void socket.resetAndDestroy();
  if (reply.raw !== undefined) return void socket.end(reply.raw);
  const body = Buffer.from(reply.body ?? '');
  const headers = { 'content-length': String(reply.announce ?? body.length), ...reply.headers };
  // Node refuses to send what contradicts Content-Length, so a wrong one is written past it.
  if (reply.announce !== undefined) return void socket.end(rawAnswer(reply.status ?? 200, headers, body));
  response.writeHead(reply.status ?? 200, headers as http.OutgoingHttpHeaders);
  if (reply.hang === 'body' || reply.reset === 'body') {
    response.write(body.subarray(0, Math.ceil(body.length / 2)));
    if (reply.reset === 'body') setTimeout(() => socket.resetAndDestroy(), 20);
    return;
  }
  if (reply.slow === undefined) return void response.end(body);
  for (let start = 0; start < body.length && !socket.destroyed; start += reply.slow) {
    response.write(body.subarray(start, start + reply.slow));
    await sleep(1);
  }
  response.end();
}

function rawAnswer(status: number, headers: object, body: Buffer): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Fake\r\n${lines.join('')}\r\n`), body]);
}
