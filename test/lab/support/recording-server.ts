import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { now } from './moment.ts';

/** One request as it arrived. */
export interface Recorded {
  /** When the head was read, as `now()` gives it. */
  readonly at: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Counts the connections of this server from 1. */
  readonly connection: number;
  /** The peer's address. */
  readonly from: string;
}

/** How to answer from now on. */
export interface Reply {
  /** `dyndns2`: one `good ADDRESS` line a hostname; any other text is the body itself. */
  readonly body?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds between request and answer. */
  readonly delay?: number;
  /** The head at once, then the body octet by octet with this many milliseconds before each. */
  readonly drip?: number;
  /** `hang` never answers, `reset` cuts the connection. */
  readonly instead?: 'hang' | 'reset';
}

export interface RecordingServerOptions {
  readonly address?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly reply?: Reply;
  readonly onRequest?: (request: Recorded) => void;
}

/**
 * An HTTP server that takes down every request with its time and answers as told, by default like a dyndns2 service that
 * agrees to everything. Used in this process (benchmarks) and, through `recorder.ts`, inside a namespace.
 */
export class RecordingServer {
  readonly requests: Recorded[] = [];
  /** Connections accepted since the start, and the most that were open at one time. */
  connections = 0;
  peak = 0;
  reply: Reply;
  readonly #server: Server;
  readonly #numbers = new WeakMap<Socket, number>();
  readonly #onRequest: (request: Recorded) => void;
  #open = 0;

  private constructor({ reply = {}, onRequest = () => {} }: RecordingServerOptions) {
    this.reply = reply;
    this.#onRequest = onRequest;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#open += 1;
      this.peak = Math.max(this.peak, this.#open);
      this.#numbers.set(socket, this.connections);
      socket.once('close', () => {
        this.#open -= 1;
      });
      socket.on('error', () => {});
    });
  }

  static async start(options: RecordingServerOptions = {}): Promise<RecordingServer> {
    const recording = new RecordingServer(options);
    const server = recording.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, options.address ?? '127.0.0.1', resolve);
    });
    return recording;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = now();
    const reply = this.reply;
    let body = '';
    try {
      for await (const part of request.setEncoding('utf8')) body += part;
    } catch {
      // The peer left in the middle of its request: there is nobody to answer.
      return;
    }
    const { method = '', url = '', socket } = request;
    const headers = Object.fromEntries(
      Object.entries(request.headersDistinct).map(([k, v = []]) => [k, v.join(', ')]),
    );
    const connection = this.#numbers.get(socket) ?? 0;
    const recorded = { at, method, url, headers, body, connection, from: socket.remoteAddress ?? '' };
    this.requests.push(recorded);
    this.#onRequest(recorded);

    if (reply.instead === 'hang') return;
    if (reply.instead === 'reset') return void socket.resetAndDestroy();
    if (reply.delay !== undefined) await new Promise((resolve) => setTimeout(resolve, reply.delay));
    const text = reply.body === undefined || reply.body === 'dyndns2' ? agree(url) : reply.body;
    response.writeHead(reply.status ?? 200, { 'content-type': 'text/plain', ...reply.headers });
    if (reply.drip !== undefined) await drip(response, text, reply.drip);
    response.end(text);
  }
}

async function drip(response: ServerResponse, text: string, interval: number): Promise<void> {
  response.flushHeaders();
  for (const character of text) {
    await new Promise((resolve) => setTimeout(resolve, interval));
    if (response.destroyed) return;
    response.write(character);
  }
}

/** What a dyndns2 server says when it takes everything: https://help.dyn.com/remote-access-api/perform-update/ */
function agree(url: string): string {
  const query = new URL(url, 'http://server').searchParams;
  const names = (query.get('hostname') ?? '').split(',');
  return names.map(() => `good ${query.get('myip') ?? ''}\n`).join('');
}
