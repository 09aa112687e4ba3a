import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Feed } from '../../lab/support/feed.ts';
import { now } from '../../lab/support/moment.ts';
import { type Exchange, SILENCE } from '../judge.ts';

/** What the provider does about one request. */
export interface Answer {
  /** Its word, for the judge; `SILENCE` where the client cannot know. */
  readonly said: string;
  readonly taken: boolean;
  /** Milliseconds that the answer asks to wait. */
  readonly wait?: number;
  /** Octets on the wire. Nothing more happens to the connection than what this does to it. */
  readonly play: (socket: Socket) => void;
}

/** A script line: it sees the request as it is asked. */
export type Script = (asked: readonly string[], standing: readonly string[]) => Answer;

export interface Asked extends Exchange {
  readonly authorization: string;
}

export interface ProviderOptions {
  /** PEM; with it the provider speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly port?: number;
  readonly address?: string;
}

/** What is sent with `said: good` or `nochg`, as Dyn documents it. */
export const text = (body: string, status = '200 OK', headers: readonly string[] = []): string =>
  [
    `HTTP/1.1 ${status}`,
    'content-type: text/plain',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
    '',
    body,
  ].join('\r\n');

export const agree: Script = (asked, standing) => {
  const word = asked.join() === standing.join() ? 'nochg' : 'good';
  return { said: word, taken: true, play: (socket) => void socket.write(text(`${word} ${asked.join()}\n`)) };
};

/**
 * A dyndns2 provider on loopback that keeps records, obeys its script, and remembers every request for the judge. The script is
 * asked per request, so that it can be changed at any time.
 */
export class Provider {
  readonly exchanges = new Feed<Asked>('requests of the provider');
  /** With TLS, those whose handshake the client has agreed to. */
  connections = 0;
  script: Script = agree;
  readonly #records = new Map<string, readonly string[]>();
  #options: ProviderOptions;
  #server: Server;
  #port = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(options: ProviderOptions) {
    this.#options = options;
    this.#server = this.#make();
  }

  static async start(options: ProviderOptions = {}): Promise<Provider> {
    const provider = new Provider(options);
    await provider.listen();
    return provider;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return this.#options.tls === undefined
      ? `http://127.0.0.1:${this.#port}`
      : `https://localhost:${this.#port}`;
  }

  standing(record: string): readonly string[] {
    return this.#records.get(record) ?? [];
  }

  /** Shows this certificate after the next `listen`. */
  certify(tls: NonNullable<ProviderOptions['tls']>): void {
    this.#options = { ...this.#options, tls };
  }

  async listen(): Promise<void> {
    this.#server = this.#make();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      const address = this.#options.address ?? '127.0.0.1';
      this.#server.listen(this.#port || (this.#options.port ?? 0), address, resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** From here on connections are refused, until `listen`. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.refuse();
  }

  #make(): Server {
    const { tls } = this.#options;
    const take = (request: IncomingMessage): void => this.#take(request);
    const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
    server.keepAliveTimeout = 0;
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.connections += 1;
      socket.on('error', () => {});
    });
    // Those in the middle of a handshake, too: with one of them left the server would never be closed.
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    // A client that hangs up during the handshake, because it does not like the certificate.
    server.on('tlsClientError', () => {});
    return server;
  }

  #take(request: IncomingMessage): void {
    const at = now();
    const query = new URL(request.url ?? '', 'http://provider').searchParams;
    const record = `${query.get('hostname') ?? ''}/A`;
    const asked = (query.get('myip') ?? '').split(',').filter((value) => value !== '');
    const answer = this.script(asked, this.standing(record));
    const { said, taken, wait } = answer;
    if (taken) this.#records.set(record, asked);
    const authorization = request.headers.authorization ?? '';
    this.exchanges.push({
      at,
      record,
      asked,
      said,
      taken,
      authorization,
      ...(wait === undefined ? {} : { wait }),
    });
    answer.play(request.socket);
  }
}

export { SILENCE };
