import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Family } from '../../../src/model/family.ts';

const COOKIE = 0x2112_a442;

/** An attribute of RFC 8489 section 14, padded; written here from the RFC and not with the codec under test. */
export function attribute(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

export function message(type: number, id: Uint8Array, attributes: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(attributes);
  const head = Buffer.alloc(8);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length, 2);
  head.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([head, id, body]);
}

/** Octets of an address, without any library. */
export function octets(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail = ''] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = text.includes('::') ? new Array(8 - left.length - right.length).fill('0') : [];
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

export function mappedAddress(address: string, port: number, type = 0x0001): Buffer {
  const value = octets(address);
  return attribute(
    type,
    Buffer.concat([Buffer.from([0, value.length === 4 ? 1 : 2, port >> 8, port & 0xff]), value]),
  );
}

export function xorMappedAddress(address: string, port: number, id: Uint8Array): Buffer {
  const cookie = Buffer.alloc(4);
  cookie.writeUInt32BE(COOKIE);
  const key = Buffer.concat([cookie, id]);
  const value = octets(address).map((octet, index) => octet ^ (key[index] ?? 0));
  const masked = port ^ (COOKIE >>> 16);
  return attribute(
    0x0020,
    Buffer.concat([Buffer.from([0, value.length === 4 ? 1 : 2, masked >> 8, masked & 0xff]), value]),
  );
}

export function errorCode(code: number, reason: string): Buffer {
  const head = Buffer.from([0, 0, Math.floor(code / 100), code % 100]);
  return attribute(0x0009, Buffer.concat([head, Buffer.from(reason)]));
}

export interface StunServer {
  readonly host: string;
  readonly port: number;
  /** Datagrams received so far. */
  readonly requests: readonly Buffer[];
  close(): Promise<void>;
}

export type Answer = (request: Buffer, from: RemoteInfo, socket: Socket, count: number) => void;

/** A real UDP server on the loopback; `answer` sees every request. */
export async function stunServer(family: Family, answer: Answer): Promise<StunServer> {
  const host = family === 'ipv4' ? '127.0.0.1' : '::1';
  const socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
  const requests: Buffer[] = [];
  socket.on('message', (request, from) => {
    requests.push(request);
    answer(request, from, socket, requests.length);
  });
  await new Promise<void>((ready) => socket.bind(0, host, ready));
  return {
    host,
    port: socket.address().port,
    requests,
    close: () => new Promise((closed) => socket.close(closed)),
  };
}

export const idOf = (request: Buffer): Buffer => request.subarray(8, 20);

/** Answers as a good server does, with the address given or the one it sees. */
export const truthful =
  (address?: string): Answer =>
  (request, from, socket) => {
    const id = idOf(request);
    const answer = message(0x0101, id, [xorMappedAddress(address ?? from.address, from.port, id)]);
    socket.send(answer, from.port, from.address);
  };

/** A UDP port of the loopback where nothing listens. */
export async function closedPort(family: Family): Promise<number> {
  const server = await stunServer(family, () => {});
  await server.close();
  return server.port;
}
