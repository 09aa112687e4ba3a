import type { createSocket } from 'node:dgram';
import { parseAddress } from '../../model/address.ts';
import type { Family } from '../../model/family.ts';
import {
  type BehaviourAnswer,
  type Change,
  decodeBehaviourAnswer,
  type Endpoint,
  encodeBehaviourRequest,
  sameEndpoint,
  transactionIdOf,
} from './behaviour-message.ts';
import { TRANSACTION_ID_LENGTH } from './message.ts';

export interface BehaviourHost {
  readonly createSocket: typeof createSocket;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Milliseconds after which a request is sent again, doubling; and how many there are in all. */
  readonly retransmission: { readonly timeout: number; readonly requests: number };
}

/** 3 datagrams, given up after 1.75 s: silence is an answer in half of these tests, so it has to come soon. */
export const BEHAVIOUR_RETRANSMISSION = { timeout: 250, requests: 3 } as const;

export interface BehaviourQuestion {
  readonly to: Endpoint;
  readonly change?: Change;
  /** Where the answer has to come from; where the question went unless a change was asked for. */
  readonly from?: Endpoint;
}

/** One socket for many questions: that they leave from the same port is the point of the tests (RFC 5780 section 4.3). */
export interface BehaviourSocket {
  /** `undefined` if there was no answer, or the socket failed. Never rejects. */
  ask(question: BehaviourQuestion): Promise<BehaviourAnswer | undefined>;
  /** Idempotent; what is asked still is answered with `undefined`. */
  close(): void;
}

interface Waiting {
  readonly id: Uint8Array;
  readonly from: Endpoint;
  readonly settle: (answer: BehaviourAnswer | undefined) => void;
}

export function openBehaviourSocket(
  family: Family,
  host: BehaviourHost,
  localAddress?: string,
): BehaviourSocket {
  const socket = host.createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
  const waiting = new Map<string, Waiting>();
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const { settle } of waiting.values()) settle(undefined);
    socket.close();
  };
  socket.on('error', close);
  socket.on('message', (datagram, sender) => {
    const id = transactionIdOf(datagram);
    const question = id && waiting.get(Buffer.from(id).toString('hex'));
    const address = parseAddress(sender.address.replace(/%.*$/, ''));
    if (question === undefined || address === undefined) return;
    // Unconnected, since answers come from several places; so the kernel drops nothing and it is done here.
    if (!sameEndpoint(question.from, { address, port: sender.port })) return;
    const answer = decodeBehaviourAnswer(datagram, question.id);
    if (answer !== undefined) question.settle(answer);
  });
  const bound = new Promise<void>((resolve) => {
    socket.once('close', resolve);
    socket.bind(
      { port: 0, exclusive: true, ...(localAddress !== undefined && { address: localAddress }) },
      resolve,
    );
  });

  return {
    close,
    ask: async ({ to, change, from = to }) => {
      await bound;
      if (closed) return undefined;
      const id = host.randomBytes(TRANSACTION_ID_LENGTH);
      const key = Buffer.from(id).toString('hex');
      const request = encodeBehaviourRequest(id, change);
      return await new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const settle = (answer: BehaviourAnswer | undefined): void => {
          clearTimeout(timer);
          waiting.delete(key);
          resolve(answer);
        };
        const send = (count: number): void => {
          // An unreachable place is one that does not answer: the other tests go on.
          socket.send(request, to.port, to.address, (error) => error && settle(undefined));
          const next = () => (count < host.retransmission.requests ? send(count + 1) : settle(undefined));
          timer = setTimeout(next, host.retransmission.timeout * 2 ** (count - 1));
        };
        waiting.set(key, { id, from, settle });
        send(1);
      });
    },
  };
}
