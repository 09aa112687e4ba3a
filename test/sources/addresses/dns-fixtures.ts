import { createSocket, type RemoteInfo } from 'node:dgram';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import packet, { type OtherMessage } from 'dns-packet';
import type { TestCertificate } from '../../fakes/certificate.ts';

const AUTHORITATIVE = packet.AUTHORITATIVE_ANSWER;
const TRUNCATED = 0x0200;

/** An answer in the words of another codec than the one under test. */
export interface Told {
  readonly rcode?: number;
  readonly authoritative?: boolean;
  readonly truncated?: boolean;
  readonly id?: number;
  readonly questions?: OtherMessage['questions'];
  readonly answers?: OtherMessage['answers'];
}

/** The answer to a query; with nothing said an empty one that repeats its question. */
export function reply(query: OtherMessage, told: Told = {}): Buffer {
  const flags =
    (told.rcode ?? 0) | (told.authoritative ? AUTHORITATIVE : 0) | (told.truncated ? TRUNCATED : 0);
  return packet.encode({
    type: 'response',
    id: told.id ?? query.id ?? 0,
    flags,
    questions: told.questions ?? query.questions ?? [],
    answers: told.answers ?? [],
  });
}

/** What the real services say: the caller's address in a record of the type asked. */
export function whoami(query: OtherMessage, address: string, told: Told = {}): Buffer {
  const [asked] = query.questions ?? [];
  if (asked === undefined) throw new Error('a query without a question');
  const data = asked.type === 'TXT' ? [Buffer.from(address)] : address;
  return reply(query, { answers: [{ ...asked, ttl: 0, data }], ...told });
}

export interface Asked {
  readonly query: OtherMessage;
  readonly octets: Buffer;
  readonly via: 'udp' | 'tcp' | 'https';
  readonly from: string;
}

/** The messages to send back; none for silence. `udp` sends whatever it likes, from wherever it likes. */
export type Responder = (asked: Asked, udp?: { from: RemoteInfo }) => readonly Buffer[] | 'close';

export interface WhoamiServer {
  readonly host: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  /** Connections that the client has left open. */
  readonly open: () => number;
  close(): Promise<void>;
}

interface Scene {
  readonly host?: '127.0.0.1' | '::1';
  readonly tls?: TestCertificate;
}

/** A name server on the loopback: UDP and TCP on one port, or TLS. */
export async function nameServer(
  respond: Responder,
  { host = '127.0.0.1', tls }: Scene = {},
): Promise<WhoamiServer> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const take = (octets: Buffer, via: Asked['via'], from: string): Asked => {
    const entry = { query: packet.decode(octets), octets, via, from };
    asked.push(entry);
    return entry;
  };
  const serve = (socket: Socket): void => {
    let held = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      const messages = respond(
        take(held.subarray(2, 2 + held.readUInt16BE(0)), 'tcp', socket.remoteAddress ?? ''),
      );
      held = Buffer.alloc(0);
      if (messages === 'close') return void socket.end();
      for (const message of messages) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(Buffer.concat([length, message]));
      }
    });
    socket.on('error', () => {});
  };
  const server: Server = tls === undefined ? createServer(serve) : createTlsServer({ ...tls }, serve);
  server.on('tlsClientError', () => {});
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((ready) => server.listen(0, host, ready));
  const { port } = server.address() as AddressInfo;
  const udp = createSocket(host === '::1' ? 'udp6' : 'udp4');
  udp.on('message', (octets, from) => {
    const messages = respond(take(octets, 'udp', from.address), { from });
    if (messages === 'close') return;
    for (const message of messages) udp.send(message, from.port, from.address);
  });
  await new Promise<void>((ready) => udp.bind(port, host, ready));
  return {
    host,
    port,
    asked,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise((done) => server.close(done)),
        new Promise<void>((done) => udp.close(done)),
      ]);
    },
  };
}

export interface HttpsReply {
  readonly status?: number;
  readonly type?: string;
  readonly octets: Buffer;
}

/** A DNS-over-HTTPS server (RFC 8484, GET only) at `/dns-query`, plain HTTP without a certificate. */
export async function httpsNameServer(
  respond: (asked: Asked, request: IncomingMessage) => HttpsReply,
  { host = '127.0.0.1', tls }: Scene = {},
): Promise<WhoamiServer & { readonly url: string }> {
  const asked: Asked[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://any');
    const octets = Buffer.from(url.searchParams.get('dns') ?? '', 'base64url');
    const entry: Asked = {
      query: packet.decode(octets),
      octets,
      via: 'https',
      from: request.socket.remoteAddress ?? '',
    };
    asked.push(entry);
    const { status = 200, type = 'application/dns-message', octets: body } = respond(entry, request);
    response.writeHead(status, { 'content-type': type });
    response.end(body);
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer({ ...tls }, listener);
  server.on('tlsClientError', () => {});
  await new Promise<void>((ready) => server.listen(0, host, ready));
  const { port } = server.address() as AddressInfo;
  const authority = host === '::1' ? `[::1]:${port}` : `${host}:${port}`;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${authority}/dns-query`,
    host,
    port,
    asked,
    open: () => 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
