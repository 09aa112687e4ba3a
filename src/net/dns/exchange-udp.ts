import { createSocket, type RemoteInfo } from 'node:dgram';
import { familyOf, parseAddress } from '../../model/address.ts';
import {
  type Exchange,
  ExchangeFailure,
  type Judgement,
  type Peer,
  peerText,
  systemErrorText,
} from './exchange.ts';

export type UdpResult<Value> =
  | { readonly kind: 'answered'; readonly value: Value; readonly sendings: number }
  | { readonly kind: 'truncated'; readonly sendings: number }
  | { readonly kind: 'silent'; readonly sendings: number; readonly failure: ExchangeFailure };

/**
 * One exchange over a connected UDP socket of its own, so with a source port of its own: the kernel drops what comes from elsewhere.
 * The same octets are sent again after each wait, so one that arrives twice has the same id and the same signature.
 */
export function exchangeUdp<Value>(task: Exchange<Value>): Promise<UdpResult<Value>> {
  const { peer, signal, timing } = task;
  return new Promise((resolve, reject) => {
    const socket = createSocket(familyOf(peer.host) === 'ipv4' ? 'udp4' : 'udp6');
    let sendings = 0;
    let suspicion: string | undefined;
    let resend: NodeJS.Timeout | undefined;
    let doubt: NodeJS.Timeout | undefined;
    let over = false;

    const finish = (end: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(resend);
      clearTimeout(doubt);
      signal.removeEventListener('abort', abort);
      socket.close();
      end();
    };
    const fail = (kind: ExchangeFailure['kind'], sent: boolean, message: string): void =>
      finish(() => reject(new ExchangeFailure(kind, sent, message)));
    const abort = (): void => fail('aborted', sendings > 0, `stopped while waiting for ${peerText(peer)}`);

    const send = (): void => {
      if (over) return;
      const wait = timing.datagramWaits[sendings];
      if (wait === undefined) {
        const times = sendings === 1 ? '1 datagram' : `${sendings} datagrams`;
        const words = suspicion === undefined ? '' : `; an answer came, but ${suspicion}`;
        const message = `no answer from ${peerText(peer)} to ${times}${words}`;
        const failure = new ExchangeFailure('timeout', sendings > 0, message);
        finish(() => resolve({ kind: 'silent', sendings, failure }));
        return;
      }
      sendings += 1;
      socket.send(task.request, (error) => {
        if (error) failSocket(error);
      });
      resend = setTimeout(send, wait);
    };

    // ICMP says that nobody listens; a copy sent before may all the same have been taken by a server that then ended.
    const failSocket = (error: NodeJS.ErrnoException): void =>
      fail('unreachable', sendings > 1, `cannot reach ${peerText(peer)}: ${systemErrorText(error)}`);

    const take = (judgement: Judgement<Value>): void => {
      switch (judgement.kind) {
        case 'answer':
          finish(() => resolve({ kind: 'answered', value: judgement.value, sendings }));
          break;
        case 'truncated':
          finish(() => resolve({ kind: 'truncated', sendings }));
          break;
        case 'doubtful':
          clearTimeout(resend);
          doubt ??= setTimeout(
            () => finish(() => resolve({ kind: 'answered', value: judgement.value, sendings })),
            timing.doubt,
          );
          break;
        case 'stranger':
          suspicion = judgement.why ?? suspicion;
          break;
      }
    };

    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', failSocket);
    socket.on('message', (datagram, sender) => {
      // Datagrams that came in between bind and connect are still in the socket's queue, whoever sent them.
      if (!over && isFrom(sender, peer)) take(task.judge(datagram));
    });
    // As an event, not as a callback: the callback would get the error as well.
    socket.on('connect', send);
    const connect = (): void => {
      if (!over) socket.connect(peer.port, peer.host);
    };
    if (task.localAddress === undefined) connect();
    else socket.bind({ address: task.localAddress, port: 0, exclusive: true }, connect);
  });
}

const isFrom = (sender: RemoteInfo, peer: Peer): boolean =>
  sender.port === peer.port && parseAddress(sender.address.replace(/%.*$/, '')) === peer.host;
