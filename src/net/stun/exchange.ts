import { createSocket, type RemoteInfo } from 'node:dgram';
import type { LookupFunction } from 'node:net';
import type { IpAddress } from '../../model/address.ts';
import { familyOf, parseAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import { hostLookup } from '../lookup.ts';
import type { StunAnswer } from './message.ts';
import { decodeBindingAnswer, encodeBindingRequest, TRANSACTION_ID_LENGTH } from './message.ts';

/** First retransmission timeout, requests in all, and the last wait as a multiple of it (RFC 8489 section 6.2.1). */
export interface Retransmission {
  readonly timeout: number;
  readonly requests: number;
  readonly lastWait: number;
}

/** 7 requests over 31.5 s, given up after 39.5 s; the caller's signal usually comes first. */
export const RFC_8489_RETRANSMISSION: Retransmission = { timeout: 500, requests: 7, lastWait: 16 };

/** What the exchange uses of the host. */
export interface StunNetwork {
  readonly createSocket: typeof createSocket;
  readonly lookup: LookupFunction;
  readonly retransmission: Retransmission;
}

export const hostNetwork: StunNetwork = {
  createSocket,
  lookup: hostLookup,
  retransmission: RFC_8489_RETRANSMISSION,
};

export interface StunQuestion {
  readonly host: string;
  readonly port: number;
  readonly family: Family;
  /** Source address, where the uplink is bound; of the same family. */
  readonly localAddress?: IpAddress | undefined;
  readonly signal: AbortSignal;
  /** Told the address that the server's name stands for. */
  readonly resolved?: (server: IpAddress) => void;
}

export type StunResult = StunAnswer | { readonly kind: 'failed'; readonly why: string };

/**
 * One binding transaction over a socket of its own, connected, so that the kernel drops what others send and reports
 * refusals. Whatever the world does wrong is a result; rejects only with the signal's reason. The socket is closed in every case.
 */
export async function askStun(
  question: StunQuestion,
  randomBytes: (count: number) => Uint8Array,
  network: StunNetwork = hostNetwork,
): Promise<StunResult> {
  question.signal.throwIfAborted();
  const resolved = await resolve(question, network);
  if (resolved.kind === 'failed') return resolved;
  question.signal.throwIfAborted();
  question.resolved?.(resolved.address);
  return await transact(question, resolved.address, randomBytes(TRANSACTION_ID_LENGTH), network);
}

export type Resolved =
  | { readonly kind: 'resolved'; readonly address: IpAddress }
  | { readonly kind: 'failed'; readonly why: string };

/** getaddrinfo cannot be cancelled: on abort its late answer is dropped. */
export function resolve(
  { host, family, signal }: Pick<StunQuestion, 'host' | 'family' | 'signal'>,
  network: Pick<StunNetwork, 'lookup'>,
): Promise<Resolved> {
  return new Promise((settle, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    network.lookup(host, { family: family === 'ipv4' ? 4 : 6 }, (error, text) => {
      signal.removeEventListener('abort', abort);
      const address = error === null ? parseAddress(String(text)) : undefined;
      if (address !== undefined && familyOf(address) === family) settle({ kind: 'resolved', address });
      else
        settle(failed(`no ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address of ${host} found${codeOf(error)}`));
    });
  });
}

function transact(
  question: StunQuestion,
  server: IpAddress,
  transactionId: Uint8Array,
  { createSocket, retransmission }: StunNetwork,
): Promise<StunResult> {
  const { family, localAddress, port, signal } = question;
  const request = encodeBindingRequest(transactionId);
  const socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
  let timer: NodeJS.Timeout | undefined;
  let settled = false;
  return new Promise((resolve, reject) => {
    const finish = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.close();
      act();
    };
    const done = (result: StunResult) => finish(() => resolve(result));
    const fail = (error: NodeJS.ErrnoException) => done(failed(explain(error, localAddress)));
    const abort = () => finish(() => reject(signal.reason));

    const send = (count: number) => {
      if (settled) return;
      socket.send(request, (error) => error && fail(error));
      const last = count === retransmission.requests;
      const wait = retransmission.timeout * (last ? retransmission.lastWait : 2 ** (count - 1));
      const silent = () => done(failed(`no answer to ${count} requests`));
      timer = setTimeout(last ? silent : () => send(count + 1), wait);
    };

    signal.addEventListener('abort', abort, { once: true });
    // Stays on after the end: an error of a closing socket without a listener would end the process.
    socket.on('error', fail);
    socket.on('message', (datagram, sender) => {
      // Datagrams that came in before the socket was connected are still in its queue.
      if (!isFrom(sender, server, port)) return;
      const answer = decodeBindingAnswer(datagram, transactionId);
      if (answer !== undefined) done(answer);
    });
    const connect = () => {
      // Node passes connect's error to the callback, which its type does not say.
      const connected = (error?: NodeJS.ErrnoException) => (error ? fail(error) : send(1));
      if (!settled) socket.connect(port, server, connected as () => void);
    };
    if (localAddress === undefined) connect();
    else socket.bind({ address: localAddress, port: 0, exclusive: true }, connect);
  });
}

export function isFrom(
  sender: Pick<RemoteInfo, 'address' | 'port'>,
  server: IpAddress,
  port: number,
): boolean {
  return sender.port === port && parseAddress(sender.address.replace(/%.*$/, '')) === server;
}

export function explain(error: NodeJS.ErrnoException, localAddress: IpAddress | undefined): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused: nothing listens on that port';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return `no route to it (${error.code})`;
    case 'EADDRNOTAVAIL':
      return `cannot ask from ${localAddress ?? 'this host'} (EADDRNOTAVAIL)`;
    default:
      return `the socket failed${codeOf(error)}`;
  }
}

export const failed = (why: string) => ({ kind: 'failed', why }) as const;

const codeOf = (error: NodeJS.ErrnoException | null): string => (error?.code ? ` (${error.code})` : '');
